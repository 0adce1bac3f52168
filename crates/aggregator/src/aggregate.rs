//! Counts records as they come, one aggregator a thread, until all is read and the edges can be told.
//!
//! The answer depends neither on the order of records nor on which thread took which: everything kept adds up, and
//! whatever needs all records (an interface's own address, equal ports) waits for [`Aggregator::finish`].

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use crate::inventory::{Inventory, ServiceId};
use crate::observed::{AccessEdge, FlowEdge, Observed};
use crate::table::part::Part;

mod access;
mod aside;
mod compact;
mod counting;
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
mod pieces;
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
use counting::Lanes;
use dns::Answers;
use gaps::GapTable;
use interfaces::Interfaces;
pub use kept::Kept;
use kept::keys::Order;
use kept::merged::Counted;
use kept::rest::Remembered;
use plane::Plane;
use roster::Roster;
use settle::{Books, Reading};
use words::Words;

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
/// Memory follows the distinct flows without their clients' ports; clients on the internet that call us are
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
    lanes: Lanes,
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
            lanes: Lanes::default(),
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
    ///
    /// # Errors
    /// When what was put aside could not be written or read.
    pub fn finish(mut self) -> io::Result<Observed> {
        if self.aside.is_used() {
            return Ok(self.finish_with(&[])?.0);
        }
        self.settle();
        self.decided(None)
    }

    /// Decides what needed all records. `rows` has the flows and pairs, where they are not in memory.
    fn decided(mut self, rows: Option<&Part>) -> io::Result<Observed> {
        let order = rows.map(|rows| {
            let order = Order::of(&self);
            Ok::<_, io::Error>((rows, order.ranks(rows)?, order))
        });
        let order = order.transpose()?;
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
        let (mut flows, mut sources) = (Vec::new(), BTreeMap::new());
        if let Some((rows, ranks, order)) = &order {
            let reading = Reading::of(Counted {
                part: rows,
                order,
                ranks,
                words,
            });
            inbound += settle::settle_kept(&reading, &self.v4, &v4, &roster, &mut flows, &mut sources)?;
            inbound += settle::settle_kept(&reading, &self.v6, &v6, &roster, &mut flows, &mut sources)?;
        } else {
            inbound += settle::settle(self.v4, &v4, &roster, words, &mut flows, &mut sources);
            inbound += settle::settle(self.v6, &v6, &roster, words, &mut flows, &mut sources);
        }
        settle::order(&mut flows);
        let aliases = self.answers.chains(reached(&flows, &accesses));
        let answers = self.answers.finish(&roster, holder);
        let callers = flows.iter().map(|edge| &edge.service);
        let services = called.add_to(
            roster.services(),
            callers.chain(accesses.iter().map(|edge| &edge.service)),
        );
        Ok(Observed {
            flows,
            accesses,
            answers,
            aliases,
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
        self.accesses.settle();
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
}

/// The addresses of all far ends.
fn reached(flows: &[FlowEdge], accesses: &[AccessEdge]) -> impl Iterator<Item = IpAddr> {
    let by_flows = flows.iter().map(|edge| edge.address);
    by_flows.chain(accesses.iter().filter_map(|edge| edge.address))
}

#[cfg(test)]
mod tests;
