//! From the rows of one family to its edges: row after row, so that flows take no memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use super::{name_sources, start_of};
use crate::aggregate::edges::{self, Edges};
use crate::aggregate::flows::{Flow, FlowKey};
use crate::aggregate::kept::Family;
use crate::aggregate::kept::merged::Counted;
use crate::aggregate::pairs::{Pair, PairKey};
use crate::aggregate::parties::{Parties, Party};
use crate::aggregate::plane::Plane;
use crate::aggregate::roster::Roster;
use crate::aggregate::rule3::{Conversation, decide};
use crate::aggregate::turned::Turned;
use crate::identity::ServiceName;
use crate::map::{Sources, Starts};
use crate::observed::FlowEdge;

/// The flows and pairs of a part, which can be gone through any number of times.
pub(in crate::aggregate) struct Reading<'a> {
    counted: Counted<'a>,
    /// What went wrong: rows end there.
    failed: RefCell<Option<io::Error>>,
}

impl<'a> Reading<'a> {
    pub(in crate::aggregate) fn of(counted: Counted<'a>) -> Self {
        Reading {
            counted,
            failed: RefCell::default(),
        }
    }

    fn flows<A: Family>(&self) -> impl Iterator<Item = (FlowKey<A>, Flow, Starts)> {
        self.sound(self.counted.flows())
            .map(|(key, row)| (key, row.flow, row.starts))
    }

    fn pairs<A: Family>(&self) -> impl Iterator<Item = (PairKey<A>, Pair)> {
        self.sound(self.counted.pairs())
    }

    fn sound<T>(&self, rows: impl Iterator<Item = io::Result<T>>) -> impl Iterator<Item = T> {
        rows.map_while(|row| row.map_err(|error| *self.failed.borrow_mut() = Some(error)).ok())
    }
}

/// As [`super::settle`], of flows and pairs that are read; `plane` has everything else.
pub(in crate::aggregate) fn settle_kept<A: Family>(
    reading: &Reading<'_>,
    plane: &Plane<A>,
    parties: &Parties<'_, A>,
    roster: &Roster<'_>,
    to: &mut Vec<FlowEdge>,
    sources: &mut BTreeMap<ServiceName, Sources>,
) -> io::Result<u64> {
    let foreign = |key: &FlowKey<A>| parties.sender(key.initiator, key.initiator_owner, key.place, 0) == Party::Foreign;
    let flows = || reading.flows::<A>().map(|(key, flow, _)| (key, flow));
    let pairs = || reading.pairs::<A>();
    let turned = Turned::find(flows(), flows, pairs, &plane.listeners, foreign);
    let decisions = decide(pairs, flows, &plane.listeners, &turned, foreign, |key, end| {
        parties.sender(end.address, end.owner, key.place, 0) != Party::Foreign
    });
    let mut edges = Edges::new(parties, reading.counted.words);
    for (key, flow) in flows() {
        match turned.right(&key, &flow).filter(|_| !foreign(&key)) {
            Some((key, flow)) => edges.add(&key, flow, None),
            None => edges.add(&key, flow, None),
        }
    }
    let decided = || {
        pairs().filter_map(|(key, pair)| {
            let decision = decisions.get(&Conversation::of(&key))?;
            let client_port = key.ends[decision.initiator].port;
            Some((key.flow(&pair, decision.initiator), client_port, decision.certainty))
        })
    };
    for ((key, flow), _, certainty) in decided() {
        edges.add(&key, flow, Some(certainty));
    }
    // Starts go to edges that are there.
    for (key, _, starts) in reading.flows::<A>() {
        edges.add_starts(&key, &starts);
    }
    for ((key, flow), client_port, _) in decided() {
        if let Some(starts) = start_of(&key, &flow, client_port) {
            edges.add_starts(&key, &starts);
        }
    }
    if let Some(error) = reading.failed.take() {
        return Err(error);
    }
    name_sources(&edges.sources, roster, sources);
    let inbound = plane.inbound + edges.inbound;
    to.extend(edges::shown(&[edges.finish()], roster, reading.counted.words));
    Ok(inbound)
}
