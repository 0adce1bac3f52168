//! A record becomes a row of one family of addresses, and is counted.

use std::hint::select_unpredictable;
use std::net::IpAddr;

use egressmap_parser::batch::{FlowBatch, ROWS, Refused};
use egressmap_parser::record::Verdict;
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, Action, DnsRecord, FlowRecord, Gap, Sink};

use super::Aggregator;
use super::flow_table::Waiting;
use super::flows::{Packets, Signs};
use super::interfaces::{GATEWAY, Known, NO_INTERFACE, Told};
use super::plane::{Plane, Sighting};
use super::row::{End, ICMP, Row, Side, counted_protocol};
use super::slot::Slotted;
use super::words::Words;
use crate::address::{mapped_v4, widened};
use crate::inventory::{Owned, ServiceId};

const OUTSIDE_WINDOW: Verdict = Verdict::SetAside("outside-window");
const GATEWAY_REPEATS: Verdict = Verdict::SetAside("nat-gateway");

impl Sink for Aggregator<'_> {
    fn object(&mut self, id: &ObjectId) {
        self.accesses.object(id);
    }

    fn origin(&mut self, origin: &str) {
        self.accesses.origin(origin);
    }

    fn flow(&mut self, _line: u64, record: &FlowRecord<'_>) -> Verdict {
        if !self.settings.want(record.start) {
            return OUTSIDE_WINDOW;
        }
        let seen = [record.srcaddr, record.dstaddr];
        let parties = [
            record.pkt_srcaddr.unwrap_or(seen[0]),
            record.pkt_dstaddr.unwrap_or(seen[1]),
        ];
        let narrow = (both_narrowed(parties), both_narrowed(seen));
        self.aside_if_needed();
        let counted = if let (Some(parties), Some(seen)) = narrow {
            self.row(record, parties, seen)
                .map(|(row, interface)| count(&mut self.v4, &row, interface, seen, record, &self.words))
        } else {
            let (parties, seen) = (parties.map(widened), seen.map(widened));
            self.row(record, parties, seen)
                .map(|(row, interface)| count(&mut self.v6, &row, interface, seen, record, &self.words))
        };
        if counted.is_none() {
            return GATEWAY_REPEATS;
        }
        self.used(record.start, record.end.max(record.start));
        Verdict::Used
    }

    fn flows(&mut self, batch: &FlowBatch<'_>, refused: &mut Refused) {
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.rows.clear();
        let by_address = !self.inventory.knows_interfaces();
        for (row, line) in (0..=u8::MAX).zip(batch.line()) {
            if let Some((interface, place)) = self.common_place(batch, row.into(), by_address) {
                lanes.rows.push(Lane { row, interface, place });
            } else if let Verdict::SetAside(reason) = self.flow(*line, &batch.record(row.into())) {
                refused.push((*line, reason));
            }
        }
        self.count_common(batch, &mut lanes);
        self.lanes = lanes;
        self.aside_if_too_much();
    }

    fn access(&mut self, _line: u64, record: &AccessRecord<'_>) -> Verdict {
        if !self.settings.want(record.start) {
            return OUTSIDE_WINDOW;
        }
        let verdict = self.accesses.count(record, self.inventory);
        if verdict == Verdict::Used {
            self.used(record.start, record.start);
        }
        verdict
    }

    fn dns(&mut self, _line: u64, record: &DnsRecord<'_>) -> Verdict {
        if !self.settings.want(record.time) {
            return OUTSIDE_WINDOW;
        }
        let verdict = self.answers.count(record, self.inventory);
        if verdict == Verdict::Used {
            self.used(record.time, record.time);
        }
        verdict
    }

    fn gap(&mut self, _line: u64, gap: &Gap<'_>) {
        if self.settings.want(gap.start) {
            self.gaps.count(gap);
        }
    }
}

impl Aggregator<'_> {
    /// Reduces a record to a row of one family, which `plane` counts. `seen` are the addresses as the interface saw them.
    fn row<A: Owned>(
        &mut self,
        record: &FlowRecord<'_>,
        parties: [A; 2],
        seen: [A; 2],
    ) -> Option<(Row<A>, Option<u32>)> {
        let inventory = self.inventory;
        let [sender, receiver] = parties;
        let owners = [
            inventory.owner(sender, record.start),
            inventory.owner(receiver, record.start),
        ];
        let listed = inventory.is_gateway(record.eni);
        let gateway = listed || is_nat_gateway(record.interface_type);
        // What a gateway sends or gets as itself, it does for a client.
        let as_itself = listed && parties.iter().any(|party| inventory.states(record.eni, party.to_ip()));
        let nobodys = as_itself || !owners.iter().any(|owner| owner.is_somebody());
        if gateway && nobodys && !inventory.lists_interface(record.eni) {
            return None;
        }
        let (interface, place) = self.place(record, gateway);
        let protocol = counted_protocol(record.protocol);
        let mut end = |at: usize, port: u16, aws: &[u8]| End {
            address: parties[at],
            port: if protocol == ICMP { 0 } else { port },
            owner: owners[at],
            stood_in: parties[at] != seen[at],
            aws: if aws.is_empty() { 0 } else { self.words.intern(aws) },
        };
        let row = Row {
            sender: end(0, record.srcport, record.src_aws_service),
            receiver: end(1, record.dstport, record.dst_aws_service),
            protocol,
            packets: record.packets,
            bytes: record.bytes,
            start: record.start,
            end: record.end.max(record.start),
            rejected: record.action == Action::Reject,
            tcp_flags: record.tcp_flags.unwrap_or(0),
            place,
        };
        Some((row, interface))
    }

    /// The interface and the place of a row of the common kind: one that is wanted, from an interface that is no gateway's.
    /// `by_address` where no entry of the inventory is about interfaces.
    #[inline(always)]
    fn common_place(&mut self, batch: &FlowBatch<'_>, row: usize, by_address: bool) -> Option<(u32, u32)> {
        let eni = batch.eni(row);
        let common = !eni.is_empty() && batch.interface_type(row).is_empty() && self.settings.want(batch.start()[row]);
        if !common || self.inventory.is_gateway(eni) {
            return None;
        }
        if !by_address || !batch.ecs_service(row).is_empty() {
            let (interface, place) = self.place(&batch.record(row), false);
            return Some((interface?, place));
        }
        let known = self.interfaces.intern(eni);
        Some((known.interface, known.unowned))
    }

    /// Counts rows of the common kind as [`Sink::flow`] would. Each step is done for all of them before the next, so that
    /// while one waits for memory others do not.
    fn count_common(&mut self, batch: &FlowBatch<'_>, lanes: &mut Lanes) {
        lanes.ends.iter_mut().for_each(Vec::clear);
        for lane in &lanes.rows {
            let numbers = batch.numbers(lane.row);
            lanes.ends[0].push((numbers.pkt_srcaddr, numbers.start));
            lanes.ends[1].push((numbers.pkt_dstaddr, numbers.start));
            self.v4.meet(&Sighting {
                interface: lane.interface,
                source: numbers.srcaddr,
                destination: numbers.dstaddr,
                direction: batch.flow_direction(lane.row.into()),
            });
        }
        for (ends, owners) in lanes.ends.iter().zip(&mut lanes.owners) {
            self.inventory.owners(ends, owners);
        }
        let (mut first, mut last) = (u64::MAX, 0);
        lanes.flows.clear();
        let [sent, received] = &lanes.owners;
        for ((lane, sender), receiver) in lanes.rows.iter().zip(sent).zip(received) {
            let owners = [*sender, *receiver];
            let row = Row {
                packets: 0,
                bytes: 0,
                ..self.common_row(batch, lane, owners)
            };
            (first, last) = (first.min(row.start), last.max(row.end));
            let Some(found) = self.v4.flow_of(&row, Some(lane.interface)) else {
                self.count_apart(batch, lane, owners);
                continue;
            };
            self.v4.note_start(&found, &row);
            let adds = Adds {
                row: lane.row,
                opened: found.opened,
                signs: found.signs,
                aws: found.aws,
            };
            lanes.flows.push(Waiting::new(found.key, found.responder, adds));
        }
        self.v4
            .flows
            .count_all(&lanes.flows, |adds| adds.packets(batch), &self.words);
        if !lanes.rows.is_empty() {
            self.used(first, last);
        }
    }

    #[inline(never)]
    fn count_apart(&mut self, batch: &FlowBatch<'_>, lane: &Lane, owners: [ServiceId; 2]) {
        let row = self.common_row(batch, lane, owners);
        self.v4.count_apart(&row, &self.words);
    }

    #[inline(always)]
    fn common_row(&mut self, batch: &FlowBatch<'_>, lane: &Lane, [sender, receiver]: [ServiceId; 2]) -> Row<u32> {
        let numbers = batch.numbers(lane.row);
        let protocol = counted_protocol(numbers.protocol);
        let mut end = |address, seen, port, owner, aws: &[u8]| End {
            address,
            port: if protocol == ICMP { 0 } else { port },
            owner,
            stood_in: address != seen,
            aws: if aws.is_empty() { 0 } else { word(&mut self.words, aws) },
        };
        let row = usize::from(lane.row);
        Row {
            sender: end(
                numbers.pkt_srcaddr,
                numbers.srcaddr,
                numbers.srcport,
                sender,
                batch.src_aws_service(row),
            ),
            receiver: end(
                numbers.pkt_dstaddr,
                numbers.dstaddr,
                numbers.dstport,
                receiver,
                batch.dst_aws_service(row),
            ),
            protocol,
            packets: numbers.packets,
            bytes: numbers.bytes,
            start: numbers.start,
            end: numbers.end.max(numbers.start),
            rejected: batch.is_rejected(row),
            tcp_flags: numbers.tcp_flags,
            place: lane.place,
        }
    }

    fn place(&mut self, record: &FlowRecord<'_>, gateway: bool) -> (Option<u32>, u32) {
        if record.eni.is_empty() {
            let on_the_way = gateway || record.on_the_way;
            return (None, if on_the_way { GATEWAY } else { NO_INTERFACE });
        }
        let known = self.interfaces.intern(record.eni);
        let span = (record.start, record.end.max(record.start));
        let owner = if self.inventory.knows_interfaces() {
            self.inventory
                .interface_owner(record.eni, record.instance, record.account, record.start)
        } else if record.ecs_service.is_empty() {
            return (Some(known.interface), known.unowned);
        } else {
            ServiceId::NOBODY
        };
        let place = if owner.is_somebody() || record.ecs_service.is_empty() {
            self.interfaces.place(known, owner, Told::default(), span)
        } else {
            self.told_place(known, record.ecs_cluster, record.ecs_service, span)
        };
        (Some(known.interface), place)
    }

    /// The place of an interface whose records name the ECS service behind it.
    fn told_place(&mut self, known: Known, cluster: &[u8], service: &[u8], span: (u64, u64)) -> u32 {
        let told = Told {
            cluster: self.words.intern(cluster),
            service: self.words.intern(service),
        };
        self.interfaces.place(known, ServiceId::NOBODY, told, span)
    }
}

/// The rows of a batch that are of the common kind; reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    rows: Vec<Lane>,
    /// The addresses of the senders, and of the receivers, each with the time.
    ends: [Vec<(u32, u64)>; 2],
    /// Who owns them.
    owners: [Vec<ServiceId>; 2],
    flows: Vec<Waiting<u32, Adds>>,
}

/// What a row of a batch adds to its flow.
#[derive(Debug, Clone, Copy)]
struct Adds {
    row: u8,
    opened: Side,
    signs: Signs,
    aws: u32,
}

impl Adds {
    #[inline(always)]
    fn packets(&self, batch: &FlowBatch<'_>) -> Packets {
        let numbers = batch.numbers(self.row);
        let sent = self.opened == Side::Sender;
        Packets {
            packets: numbers.packets,
            bytes: numbers.bytes,
            start: numbers.start,
            end: numbers.end.max(numbers.start),
            aws: self.aws,
            client_port: select_unpredictable(sent, numbers.srcport, numbers.dstport),
            opened: self.opened,
            rejected: batch.is_rejected(self.row.into()),
            signs: self.signs,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    /// Which row of the batch it is.
    row: u8,
    interface: u32,
    place: u32,
}

const _: () = assert!(ROWS == 1 << 8, "a byte numbers the rows of a batch");

/// The number of a word. Not inlined: most rows have none.
#[inline(never)]
fn word(words: &mut Words, text: &[u8]) -> u32 {
    words.intern(text)
}

fn count<A: Owned + Slotted>(
    plane: &mut Plane<A>,
    row: &Row<A>,
    interface: Option<u32>,
    [source, destination]: [A; 2],
    record: &FlowRecord<'_>,
    words: &Words,
) {
    if let Some(interface) = interface {
        plane.meet(&Sighting {
            interface,
            source,
            destination,
            direction: record.flow_direction,
        });
    }
    plane.count(row, interface, words);
}

fn both_narrowed([source, destination]: [IpAddr; 2]) -> Option<[u32; 2]> {
    Some([narrowed(source)?, narrowed(destination)?])
}

fn narrowed(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(address) => Some(address.to_bits()),
        IpAddr::V6(address) => mapped_v4(address.to_bits()),
    }
}

fn is_nat_gateway(interface_type: &[u8]) -> bool {
    matches!(interface_type, b"nat_gateway" | b"regional_nat_gateway")
}
