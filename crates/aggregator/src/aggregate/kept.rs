//! What a run counted before anything is decided, as rows that mean the same in every run.
//!
//! A map carries them, so that it can grow: what a later run counts is added to what this one counted, and everything is
//! decided anew. A run that is short of memory puts its flows aside in the same form.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Aggregator;
use super::flows::{Flow, FlowKey, Signs};
use super::interfaces::index;
use super::plane::{Endpoint, Plane};
use super::slot::Slotted;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, Owned};
use crate::map::ServiceFacts;
use crate::observed::Observed;
use crate::table::part::{Part, Writer};

mod cells;
pub(super) mod keys;
pub(super) mod merged;
pub(super) mod rest;
mod row;
mod sorted;

use keys::Order;
use rest::Place;

/// The tables, in order.
pub(super) const NAMES: &[&str] = &[
    "word",
    "service",
    "place",
    "interface",
    "flow_v4",
    "flow_v6",
    "pair_v4",
    "pair_v6",
    "listener_v4",
    "listener_v6",
    "access",
    "answer",
    "gap",
    "total",
    "alias",
];

/// Where each of them is.
mod table {
    pub(super) const WORDS: usize = 0;
    pub(super) const SERVICES: usize = 1;
    pub(super) const PLACES: usize = 2;
    pub(super) const INTERFACES: usize = 3;
    pub(super) const FLOWS_4: usize = 4;
    pub(super) const FLOWS_6: usize = 5;
    pub(super) const PAIRS_4: usize = 6;
    pub(super) const PAIRS_6: usize = 7;
    pub(super) const LISTENERS_4: usize = 8;
    pub(super) const LISTENERS_6: usize = 9;
    pub(super) const ACCESSES: usize = 10;
    pub(super) const ANSWERS: usize = 11;
    pub(super) const GAPS: usize = 12;
    pub(super) const TOTALS: usize = 13;
    pub(super) const ALIASES: usize = 14;
}

/// All that runs counted, as a map keeps it. Every thread count and every order of objects gives the same bytes.
#[derive(Debug, Clone)]
pub struct Kept(Part);

impl Kept {
    /// What lies in a map, from there on.
    pub(crate) fn of_map(map: &Arc<[u8]>, from: usize, length: usize) -> io::Result<Self> {
        Part::of_bytes(map, from, length).map(Kept)
    }

    /// All of it, as a map has it.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        self.0.reader()
    }

    /// Makes an inventory know the services of earlier runs: what they counted can be added to what is counted under it. Of
    /// what two of them say of a service, what sorts first counts.
    ///
    /// # Errors
    /// When one is damaged.
    pub fn remember(all: &[Kept], inventory: &mut Inventory) -> io::Result<()> {
        let mut services: BTreeMap<ServiceName, ServiceFacts> = BTreeMap::new();
        for kept in all {
            rest::services(&kept.0, |name, facts| services.entry(name).or_default().add(facts))?;
        }
        services
            .into_iter()
            .for_each(|(name, facts)| inventory.remember(name, facts));
        Ok(())
    }
}

/// A family of addresses, as rows have it.
pub(super) trait Family: Slotted + Owned + Serialize + DeserializeOwned {
    const FLOWS: usize;
    const PAIRS: usize;

    fn wide(self) -> u128;
    fn of_wide(wide: u128) -> Option<Self>;
    /// The address of the family that flows mostly come from at a place.
    fn usual(place: &Place) -> Option<Self>;
    fn plane<'a>(of: &'a Aggregator<'_>) -> &'a Plane<Self>;
    fn plane_mut<'a>(of: &'a mut Aggregator<'_>) -> &'a mut Plane<Self>;
}

impl Family for u32 {
    const FLOWS: usize = table::FLOWS_4;
    const PAIRS: usize = table::PAIRS_4;

    fn wide(self) -> u128 {
        u128::from(self)
    }

    fn of_wide(wide: u128) -> Option<Self> {
        u32::try_from(wide).ok()
    }

    fn usual(place: &Place) -> Option<Self> {
        place.v4
    }

    fn plane<'a>(of: &'a Aggregator<'_>) -> &'a Plane<Self> {
        &of.v4
    }

    fn plane_mut<'a>(of: &'a mut Aggregator<'_>) -> &'a mut Plane<Self> {
        &mut of.v4
    }
}

impl Family for u128 {
    const FLOWS: usize = table::FLOWS_6;
    const PAIRS: usize = table::PAIRS_6;

    fn wide(self) -> u128 {
        self
    }

    fn of_wide(wide: u128) -> Option<Self> {
        Some(wide)
    }

    fn usual(place: &Place) -> Option<Self> {
        place.v6
    }

    fn plane<'a>(of: &'a Aggregator<'_>) -> &'a Plane<Self> {
        &of.v6
    }

    fn plane_mut<'a>(of: &'a mut Aggregator<'_>) -> &'a mut Plane<Self> {
        &mut of.v6
    }
}

/// What was counted as flows while nothing told that their initiators are clients on the internet.
#[derive(Debug)]
pub(super) struct Dropped<A> {
    inbound: u64,
    listeners: Vec<(Endpoint<A>, Signs)>,
}

impl<A> Default for Dropped<A> {
    fn default() -> Self {
        Dropped {
            inbound: 0,
            listeners: Vec::new(),
        }
    }
}

impl<A: Family> Dropped<A> {
    fn add(&mut self, key: &FlowKey<A>, flow: &Flow) {
        self.inbound += flow.lines;
        if flow.signs.show_listener() {
            let endpoint = Endpoint {
                address: key.responder,
                port: key.port,
                protocol: key.protocol,
            };
            self.listeners.push((endpoint, flow.signs));
        }
    }

    fn extend(&mut self, other: Self) {
        self.inbound += other.inbound;
        self.listeners.extend(other.listeners);
    }
}

impl<'i> Aggregator<'i> {
    /// [`Aggregator::finish`] together with what `earlier` runs counted, and all of it as a map keeps it. The inventory
    /// knows the services of those runs: see [`Kept::remember`].
    ///
    /// # Errors
    /// When what is kept is damaged, or what was put aside could not be written or read.
    pub fn finish_with(mut self, earlier: &[Kept]) -> io::Result<(Observed, Kept)> {
        self.settle();
        if earlier.is_empty() && !self.aside.is_used() {
            let kept = Part::written(None, NAMES, |to| self.all_rows(to))?;
            return Ok((self.decided(None)?, Kept(kept)));
        }
        for kept in earlier {
            rest::load(&mut self, &kept.0)?;
        }
        let mut parts: Vec<Part> = earlier.iter().map(|kept| kept.0.clone()).collect();
        parts.extend(self.put_all_aside()?);
        let whole = self.part(|all, to| all.merged_rows(&parts, to))?;
        drop(parts);
        Ok((self.decided(Some(&whole))?, Kept(whole)))
    }

    /// Writes everything counted.
    fn all_rows(&self, to: &mut Writer<'_>) -> io::Result<()> {
        let order = Order::of(self);
        rest::write_first(self, &order, to)?;
        let dropped = sorted::write(self, &order, to)?;
        rest::write_last(self, &order, &dropped, to)
    }

    /// Writes everything counted: the flows and pairs are in parts.
    fn merged_rows(&mut self, parts: &[Part], to: &mut Writer<'_>) -> io::Result<()> {
        let order = Order::of(self);
        rest::write_first(self, &order, to)?;
        let dropped = merged::write(self, &order, parts, to)?;
        self.take_in(dropped);
        rest::write_last(self, &order, &Default::default(), to)
    }

    /// Writes the flows and pairs in memory, and forgets them.
    pub(super) fn drain_rows(&mut self, to: &mut Writer<'_>) -> io::Result<()> {
        self.settle();
        let order = Order::of(self);
        rest::write_order(&order, to)?;
        let dropped = sorted::write(self, &order, to)?;
        self.v4.forget_flows();
        self.v6.forget_flows();
        self.take_in(dropped);
        Ok(())
    }

    /// Writes the flows and pairs of parts, each key once.
    pub(super) fn join_rows(&mut self, parts: &[Part], to: &mut Writer<'_>) -> io::Result<()> {
        let order = Order::of(self);
        rest::write_order(&order, to)?;
        let dropped = merged::write(self, &order, parts, to)?;
        self.take_in(dropped);
        Ok(())
    }

    fn take_in(&mut self, (dropped, too): (Dropped<u32>, Dropped<u128>)) {
        self.v4.take_in(dropped);
        self.v6.take_in(too);
    }

    /// Whether a flow is known to be of a client on the internet, now that more was read than when it was counted.
    fn is_foreign<A: Family>(&self, key: &FlowKey<A>) -> bool {
        let interface = self.interfaces.places()[index(key.place)].interface;
        !key.initiator_owner.is_somebody() && A::plane(self).is_surely_not_ours(key.initiator, interface)
    }
}

impl<A: Family> Plane<A> {
    fn take_in(&mut self, dropped: Dropped<A>) {
        self.inbound += dropped.inbound;
        for (endpoint, signs) in dropped.listeners {
            self.listeners.entry(endpoint).or_default().add(signs);
        }
    }
}

/// What was kept is not as it was written.
pub(super) fn damaged() -> io::Error {
    io::Error::other("what it keeps of its logs is not what was written")
}
