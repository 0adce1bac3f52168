//! Counts records as they come, one aggregator a thread, until all is read and the edges can be told.
//!
//! The answer depends neither on the order of records nor on which thread took which: everything kept adds up, and
//! whatever needs all records (an interface's own address, equal ports) waits for [`Aggregator::finish`].

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use egressmap_parser::batch::{FlowBatch, Refused};
use egressmap_parser::record::Verdict;
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, Action, DnsRecord, FlowRecord, Gap, Sink};

use crate::address::{mapped_v4, widened};
use crate::inventory::{Inventory, Owned, ServiceId};
use crate::observed::Observed;
use crate::table::part::Part;

mod access;
mod aside;
mod compact;
mod dns;
mod edges;
mod eni;
mod flow_table;
mod flows;
mod gaps;
mod interfaces;
mod kept;
mod opened;
mod own;
mod pages;
mod pairs;
mod parties;
mod plane;
mod ports;
mod roster;
mod row;
mod rule3;
mod seen;
mod settle;
mod slot;
mod turned;
mod words;

use access::Accesses;
use aside::Aside;
pub use aside::Budget;
use dns::Answers;
use gaps::GapTable;
use interfaces::{GATEWAY, Interfaces, Known, NO_INTERFACE, Told};
pub use kept::Kept;
use kept::keys::Numbers;
use kept::rest::Remembered;
use plane::{Plane, Sighting};
use roster::Roster;
use row::{End, ICMP, Row, counted_protocol};
use settle::{Books, Reading};
use slot::Slotted;
use words::Words;

const OUTSIDE_WINDOW: Verdict = Verdict::SetAside("outside-window");
const GATEWAY_REPEATS: Verdict = Verdict::SetAside("nat-gateway");

/// What of the logs is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// The first second, in Unix time, in which a record may start.
    pub since: Option<u64>,
    /// The first second in which it may no longer.
    pub until: Option<u64>,
}

impl Settings {
    fn want(&self, start: u64) -> bool {
        self.since.is_none_or(|since| since <= start) && self.until.is_none_or(|until| start < until)
    }
}

/// Takes records and counts them; one a thread, merged at the end.
///
/// Memory follows the distinct flows without their clients' ports; clients on the internet that call us over IPv4 are
/// counted and not kept. Flows whose two ports are of equal rank are kept with both. DNS answers are kept once for each
/// source, name and address.
#[derive(Debug)]
pub struct Aggregator<'i> {
    inventory: &'i Inventory,
    settings: Settings,
    interfaces: Interfaces,
    words: Words,
    v4: Plane<u32>,
    v6: Plane<u128>,
    accesses: Accesses,
    answers: Answers,
    gaps: GapTable,
    /// First start and last end of any record used.
    window: Option<(u64, u64)>,
    remembered: Remembered,
    aside: Aside,
}

impl<'i> Aggregator<'i> {
    /// An aggregator that has seen nothing.
    #[must_use]
    pub fn new(inventory: &'i Inventory, settings: &Settings) -> Self {
        Aggregator {
            inventory,
            settings: *settings,
            interfaces: Interfaces::default(),
            words: Words::default(),
            v4: Plane::default(),
            v6: Plane::default(),
            accesses: Accesses::default(),
            answers: Answers::default(),
            gaps: GapTable::default(),
            window: None,
            remembered: Remembered::default(),
            aside: Aside::default(),
        }
    }

    /// Adds what another thread counted under the same inventory and settings. Commutative and associative.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        if self.aside.is_used() || other.aside.is_used() {
            // Together they may be more than the budget.
            self.put_aside();
            other.put_aside();
        }
        self.settle();
        other.settle();
        let (mut whole, part) = if self.weight() < other.weight() {
            (other, self)
        } else {
            (self, other)
        };
        let word = whole.words.absorb(&part.words);
        let renumbered = whole.interfaces.absorb(&part.interfaces, &word);
        whole.v4.absorb(part.v4, &renumbered, &whole.words, &word);
        whole.v6.absorb(part.v6, &renumbered, &whole.words, &word);
        whole.accesses.absorb(part.accesses);
        whole.answers.absorb(part.answers);
        whole.gaps.absorb(&part.gaps);
        whole.remembered.absorb(part.remembered);
        whole.aside.absorb(part.aside);
        if let Some((first, last)) = part.window {
            whole.used(first, last);
        }
        whole
    }

    /// Decides what needed all records, and gives the edges in order.
    #[must_use]
    pub fn finish(mut self) -> Observed {
        self.settle();
        self.decided(None).expect("nothing is read")
    }

    /// Decides what needed all records. `rows` has the flows and pairs, where they are not in memory.
    fn decided(mut self, rows: Option<&Part>) -> io::Result<Observed> {
        let numbers = rows.map(|rows| (rows, Numbers::of(&self)));
        let (inventory, words) = (self.inventory, &self.words);
        let called = self.accesses.called(inventory);
        let roster = Roster::of(inventory, &mut self.interfaces, words, called.names());
        let books = Books {
            inventory,
            remembered: &self.remembered,
        };
        let mut v4 = settle::parties(&self.v4, &self.interfaces, &books);
        let mut v6 = settle::parties(&self.v6, &self.interfaces, &books);
        for (address, tenure) in self.accesses.tenures(&called, &roster) {
            match address {
                IpAddr::V4(address) => v4.tell(address.to_bits(), tenure),
                IpAddr::V6(address) => v6.tell(address.to_bits(), tenure),
            }
        }
        let holder = |address: IpAddr, at: u64| match address {
            IpAddr::V4(address) => v4.holder(address.to_bits(), at),
            IpAddr::V6(address) => v6.holder(address.to_bits(), at),
        };
        let holder = |address, at| holder(address, at).unwrap_or(ServiceId::NOBODY);
        let mut inbound = self.accesses.inbound();
        let accesses = self.accesses.finish(&roster, &called, holder);
        let answers = self.answers.finish(&roster, holder);
        let (mut flows, mut sources) = (Vec::new(), BTreeMap::new());
        if let Some((rows, numbers)) = &numbers {
            let reading = Reading::new(rows, numbers, words);
            inbound += settle::settle_kept(&reading, &self.v4, &v4, &roster, &mut flows, &mut sources)?;
            inbound += settle::settle_kept(&reading, &self.v6, &v6, &roster, &mut flows, &mut sources)?;
        } else {
            inbound += settle::settle(self.v4, &v4, &roster, words, &mut flows, &mut sources);
            inbound += settle::settle(self.v6, &v6, &roster, words, &mut flows, &mut sources);
        }
        settle::order(&mut flows);
        let callers = flows.iter().map(|edge| &edge.service);
        let services = called.add_to(
            roster.services(),
            callers.chain(accesses.iter().map(|edge| &edge.service)),
        );
        Ok(Observed {
            flows,
            accesses,
            answers,
            inbound,
            gaps: self.gaps.finish(),
            window: self.window,
            services,
            sources,
        })
    }

    fn book(&self) -> Books<'_> {
        Books {
            inventory: self.inventory,
            remembered: &self.remembered,
        }
    }

    fn settle(&mut self) {
        self.v4.flows.settle(&self.words);
        self.v6.flows.settle(&self.words);
    }

    fn weight(&self) -> usize {
        self.v4.flows.len() + self.v4.pairs.len() + self.v6.flows.len() + self.v6.pairs.len()
    }

    fn used(&mut self, start: u64, end: u64) {
        self.window = Some(match self.window {
            Some((first, last)) => (first.min(start), last.max(end)),
            None => (start, end),
        });
    }

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

#[cfg(test)]
mod tests;
