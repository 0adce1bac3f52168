//! A record becomes a row of one family of addresses, and is counted.

use std::net::IpAddr;

use egressmap_parser::batch::{FlowBatch, Refused};
use egressmap_parser::record::Verdict;
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, Action, DnsRecord, FlowRecord, Gap, Sink};

use super::Aggregator;
use super::interfaces::{GATEWAY, Known, NO_INTERFACE, Told};
use super::plane::{Plane, Sighting};
use super::row::{End, ICMP, Row, counted_protocol};
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
        let plain = !self.inventory.knows_interfaces();
        let mut before = None;
        for (row, line) in batch.line().iter().enumerate() {
            before = if plain {
                self.count_plainly(batch, row, before)
            } else {
                None
            };
            if before.is_none()
                && let Verdict::SetAside(reason) = self.flow(*line, &batch.record(row))
            {
                refused.push((*line, reason));
            }
        }
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

    /// Counts a row of the common kind as [`Sink::flow`] would: one that is wanted, from an interface that is no gateway's,
    /// where the inventory knows addresses alone. `None` for any other row. `before` is what the row before came to.
    #[inline]
    fn count_plainly(&mut self, batch: &FlowBatch<'_>, row: usize, before: Option<Before>) -> Option<Before> {
        let start = batch.start()[row];
        if !batch.interface_type(row).is_empty() || !self.settings.want(start) {
            return None;
        }
        let known = match before {
            Some(before) if batch.has_the_interface_before(row) => before.known,
            _ => self.plain_interface(batch.eni(row))?,
        };
        let end = batch.end()[row].max(start);
        let protocol = counted_protocol(batch.protocol()[row]);
        let (source, destination) = (batch.srcaddr()[row], batch.dstaddr()[row]);
        let direction = batch.flow_direction(row);
        let place = match batch.ecs_service(row) {
            b"" => known.unowned,
            service => self.told_place(known, batch.ecs_cluster(row), service, (start, end)),
        };
        let inventory = self.inventory;
        let mut side = |address: u32, seen: u32, port: u16, aws: &[u8]| End {
            address,
            port: if protocol == ICMP { 0 } else { port },
            owner: before
                .and_then(|before| before.owner(address, start))
                .unwrap_or_else(|| inventory.owner(address, start)),
            stood_in: address != seen,
            aws: if aws.is_empty() { 0 } else { self.words.intern(aws) },
        };
        let sender = side(
            batch.pkt_srcaddr()[row],
            source,
            batch.srcport()[row],
            batch.src_aws_service(row),
        );
        let receiver = side(
            batch.pkt_dstaddr()[row],
            destination,
            batch.dstport()[row],
            batch.dst_aws_service(row),
        );
        let ends = [(sender.address, sender.owner), (receiver.address, receiver.owner)];
        let row = Row {
            sender,
            receiver,
            protocol,
            packets: batch.packets()[row],
            bytes: batch.bytes()[row],
            start,
            end,
            rejected: batch.is_rejected(row),
            tcp_flags: batch.tcp_flags()[row],
            place,
        };
        self.v4.meet(&Sighting {
            interface: known.interface,
            source,
            destination,
            direction,
        });
        self.v4.count(&row, Some(known.interface), &self.words);
        self.used(start, end);
        Some(Before { known, start, ends })
    }

    /// An interface that has a name and is no gateway's.
    #[inline]
    fn plain_interface(&mut self, eni: &[u8]) -> Option<Known> {
        let plain = !eni.is_empty() && !self.inventory.is_gateway(eni);
        plain.then(|| self.interfaces.intern(eni))
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

/// What a row of the common kind came to: the next one is often of the same interface, and its answer.
#[derive(Debug, Clone, Copy)]
struct Before {
    known: Known,
    start: u64,
    ends: [(u32, ServiceId); 2],
}

impl Before {
    /// Who owns an address at a moment, if that was found.
    #[inline]
    fn owner(&self, address: u32, at: u64) -> Option<ServiceId> {
        let mut ends = self.ends.iter();
        let found = ends.find(|(known, _)| *known == address && self.start == at);
        found.map(|(_, owner)| *owner)
    }
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
