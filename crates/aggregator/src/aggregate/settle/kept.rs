//! From the rows of one family to its edges: row after row, so that flows take no memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use serde::de::DeserializeOwned;

use super::{name_sources, start_of};
use crate::aggregate::edges::{self, Edges};
use crate::aggregate::flows::{Flow, FlowKey};
use crate::aggregate::kept::keys::Numbers;
use crate::aggregate::kept::merged::{FlowRow, PairRow};
use crate::aggregate::kept::{Family, damaged, rest};
use crate::aggregate::pairs::{Pair, PairKey};
use crate::aggregate::parties::{Parties, Party};
use crate::aggregate::plane::Plane;
use crate::aggregate::roster::Roster;
use crate::aggregate::rule3::{Conversation, decide};
use crate::aggregate::turned::Turned;
use crate::aggregate::words::Words;
use crate::identity::ServiceName;
use crate::map::{Sources, Starts};
use crate::observed::FlowEdge;
use crate::table::part::{Part, Rows};

/// The flows and pairs of a part, which can be gone through any number of times.
pub(in crate::aggregate) struct Reading<'a> {
    pub(in crate::aggregate) part: &'a Part,
    pub(in crate::aggregate) numbers: &'a Numbers,
    pub(in crate::aggregate) words: &'a Words,
    /// What went wrong: rows end there.
    failed: RefCell<Option<io::Error>>,
}

impl<'a> Reading<'a> {
    pub(in crate::aggregate) fn new(part: &'a Part, numbers: &'a Numbers, words: &'a Words) -> Self {
        Reading {
            part,
            numbers,
            words,
            failed: RefCell::default(),
        }
    }

    fn flows<A: Family>(&self) -> impl Iterator<Item = (FlowKey<A>, Flow, Starts)> {
        let rows = self.rows(A::FLOWS, |key, (mut flow, aws, starts): FlowRow| {
            flow.aws = self.words.number(&aws);
            Some((self.numbers.flow(key)?, flow, starts))
        });
        rows.into_iter().flatten()
    }

    fn pairs<A: Family>(&self) -> impl Iterator<Item = (PairKey<A>, Pair)> {
        let rows = self.rows(A::PAIRS, |key, (mut pair, aws): PairRow| {
            for (sent, aws) in pair.sent.iter_mut().zip(&aws) {
                sent.aws = self.words.number(aws);
            }
            Some((self.numbers.pair(key)?, pair))
        });
        rows.into_iter().flatten()
    }

    fn rows<V: DeserializeOwned, T>(
        &self,
        table: usize,
        read: impl Fn(&[u8], V) -> Option<T>,
    ) -> Option<impl Iterator<Item = T>> {
        let mut rows = self.sound(self.part.rows(table))?;
        Some(std::iter::from_fn(move || {
            let next = |rows: &mut Rows| {
                let Some((key, value)) = rows.row() else {
                    return Ok(None);
                };
                let row = read(key, rest::decoded(value)?).ok_or_else(damaged)?;
                rows.step()?;
                Ok(Some(row))
            };
            self.sound(next(&mut rows))?
        }))
    }

    fn sound<T>(&self, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| *self.failed.borrow_mut() = Some(error)).ok()
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
    let turned = Turned::find(flows, pairs, &plane.listeners, foreign);
    let decisions = decide(pairs, flows, &plane.listeners, &turned, foreign, |key, end| {
        parties.sender(end.address, end.owner, key.place, 0) != Party::Foreign
    });
    let mut edges = Edges::new(parties, reading.words);
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
    to.extend(edges::shown(&[edges.finish()], roster, reading.words));
    Ok(inbound)
}
