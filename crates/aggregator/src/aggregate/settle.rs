//! From what all threads counted of one family to its edges.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::edges::{self, Edge, EdgeKey, Edges};
use super::flow_table::{PARTS, Shard, place_of};
use super::flows::{Flow, FlowKey};
use super::interfaces::Interfaces;
use super::kept::rest::Remembered;
use super::own::{Asked, Book, Candidates, own_addresses};
use super::parties::{Parties, Party};
use super::plane::{Plane, Table};
use super::roster::Roster;
use super::rule3::{Conversation, decide};
use super::slot::Slotted;
use super::turned::{Turned, may_be_turned};
use super::words::Words;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, Owned, ServiceId};
use crate::map::{Certainty, Sources, Starts};
use crate::observed::FlowEdge;

mod kept;

pub(super) use kept::{Reading, settle_kept};

/// What the inventory says of addresses, and those of earlier runs said.
pub(super) struct Books<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) remembered: &'a Remembered,
}

impl<A: Owned> Book<A> for Books<'_> {
    fn states(&self, interface: &[u8], address: A) -> bool {
        let address = address.to_ip();
        self.inventory.states(interface, address) || self.remembered.states(interface, address)
    }

    fn owns(&self, address: A) -> bool {
        self.inventory.owns_ever(address) || self.remembered.owns(address.to_ip())
    }
}

/// Whose the addresses of a family are, now that all is read.
pub(super) fn parties<'i, A: Owned + Slotted>(
    plane: &Plane<A>,
    interfaces: &'i Interfaces,
    books: &Books<'_>,
) -> Parties<'i, A> {
    let candidates = plane.candidates.iter().copied();
    let asked: Vec<Asked<'_, A>> = interfaces
        .names()
        .zip(candidates.chain(std::iter::repeat(Candidates::Any)))
        .map(|(name, candidates)| Asked { name, candidates })
        .collect();
    let own = own_addresses(&asked, books);
    Parties::new(own, interfaces.places())
}

/// Adds the edges of a family to `to` and whom they were opened from to `sources`, and returns how many records were
/// inbound.
pub(super) fn settle<A: Owned + Slotted>(
    plane: Plane<A>,
    parties: &Parties<'_, A>,
    roster: &Roster<'_>,
    words: &Words,
    to: &mut Vec<FlowEdge>,
    sources: &mut BTreeMap<ServiceName, Sources>,
) -> u64 {
    let foreign = |key: &FlowKey<A>| parties.sender(key.initiator, key.initiator_owner, key.place, 0) == Party::Foreign;
    let (flows, pairs) = (|| plane.flows.iter(), || plane.pairs.iter());
    let doubtful = plane.flows.shards().par_iter().flat_map_iter(|shard| {
        let keys = shard.keys().filter(|(_, key)| may_be_turned(key));
        keys.map(|(at, _)| shard.flow(at))
    });
    let doubtful: Vec<_> = doubtful.collect();
    let turned = Turned::find(doubtful, flows, pairs, &plane.listeners, foreign);
    let decisions = decide(pairs, flows, &plane.listeners, &turned, foreign, |key, end| {
        parties.sender(end.address, end.owner, key.place, 0) != Party::Foreign
    });
    let right = |(key, flow): &(FlowKey<A>, Flow)| turned.right(key, flow).filter(|_| !foreign(key));
    let shards = plane.flows.into_shards();
    let mut decided: Vec<_> = shards.iter().map(|_| [(); PARTS].map(|()| Vec::new())).collect();
    if !turned.is_empty() {
        // Another responder is in another place.
        let moved = shards
            .par_iter()
            .flat_map_iter(|shard| shard.iter().filter_map(|it| right(&it)));
        for (key, flow) in moved.collect::<Vec<_>>() {
            let (shard, part) = place_of(key.responder);
            decided[shard][part].push((key, flow, None));
        }
    }
    let mut began = by_place(plane.starts, shards.len());
    for (key, pair) in plane.pairs {
        let decision = &decisions[&Conversation::of(&key)];
        let client_port = key.ends[decision.initiator].port;
        let (key, flow) = key.flow(&pair, decision.initiator);
        let (shard, part) = place_of(key.responder);
        if let Some(starts) = start_of(&key, &flow, client_port) {
            began[shard][part].push((key, starts));
        }
        decided[shard][part].push((key, flow, Some(decision.certainty)));
    }
    let shards = shards.into_par_iter().zip(decided.into_par_iter().zip(began));
    let shards = shards.map(|(shard, (decided, began))| edges_of(&shard, decided, began, parties, words, right));
    let shards: Vec<Vec<_>> = shards.collect();
    let mut inbound = plane.inbound;
    let mut parts = Vec::new();
    for (of_part, seen_at, edges) in shards.into_iter().flatten() {
        inbound += of_part;
        name_sources(&seen_at, roster, sources);
        parts.push(edges);
    }
    let shown = edges::shown(&parts, roster, words);
    if to.is_empty() {
        *to = shown;
    } else {
        to.extend(shown);
    }
    inbound
}

/// Flows of another part or of pairs, with the certainty where rule 3 decided.
type Decided<A> = Vec<(FlowKey<A>, Flow, Option<Certainty>)>;

/// What one part of a shard comes to: its inbound records, where each service was seen, and its edges.
type Part<A> = (u64, Vec<Sources>, Vec<(EdgeKey<A>, Edge)>);

/// The edges of a shard, a part of it at a time: so they fit in the processor's caches.
fn edges_of<A: Owned + Slotted>(
    shard: &Shard<A>,
    decided: [Decided<A>; PARTS],
    began: [Began<A>; PARTS],
    parties: &Parties<'_, A>,
    words: &Words,
    right: impl Fn(&(FlowKey<A>, Flow)) -> Option<(FlowKey<A>, Flow)>,
) -> Vec<Part<A>> {
    let told = decided.into_iter().zip(began);
    let parts = told.zip(shard.parts()).map(|((decided, began), flows)| {
        let mut edges = Edges::new(parties, words);
        for (key, flow, certainty) in decided {
            edges.add(&key, flow, certainty);
        }
        for it in flows.into_iter().map(|at| shard.flow(at)) {
            if right(&it).is_none() {
                edges.add(&it.0, it.1, None);
            }
        }
        for (key, starts) in &began {
            edges.add_starts(key, starts);
        }
        (edges.inbound, std::mem::take(&mut edges.sources), edges.finish())
    });
    parts.collect()
}

/// What began when, by the place of the responder.
type Began<A> = Vec<(FlowKey<A>, Starts)>;

/// When connections began, by the part of a shard that their responder is in.
fn by_place<A: Slotted>(starts: Table<FlowKey<A>, Starts>, shards: usize) -> Vec<[Began<A>; PARTS]> {
    let mut began: Vec<_> = (0..shards).map(|_| [(); PARTS].map(|()| Vec::new())).collect();
    for (key, starts) in starts {
        let (shard, part) = place_of(key.responder);
        began[shard][part].push((key, starts));
    }
    began
}

/// When the one connection of a pair began, if its far end is not ours.
fn start_of<A: Slotted>(key: &FlowKey<A>, flow: &Flow, client_port: u16) -> Option<Starts> {
    let wanted = flow.records > 0 && !key.responder_owner.is_somebody() && !key.responder.is_private();
    let mut starts = Starts::default();
    if wanted {
        starts.mark(flow.seen.first(), client_port);
    }
    (!starts.is_empty()).then_some(starts)
}

/// Adds the addresses that services were seen at, given by their numbers.
fn name_sources(seen_at: &[Sources], roster: &Roster<'_>, to: &mut BTreeMap<ServiceName, Sources>) {
    for (number, seen_at) in (0..).zip(seen_at) {
        if let (false, Some(name)) = (seen_at.is_empty(), roster.name(ServiceId::of_number(number))) {
            to.entry(name.clone()).or_default().union(seen_at);
        }
    }
}

/// Puts the edges of both families in order. Records that mix the families can make one edge in each: they are added.
pub(super) fn order(edges: &mut Vec<FlowEdge>) {
    // Those of one family are in order.
    if edges.is_sorted_by(|a, b| key(a) < key(b)) {
        return;
    }
    edges.par_sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    edges.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            kept.at_initiator.add(&later.at_initiator);
            kept.at_responder.add(&later.at_responder);
            kept.elsewhere.add(&later.elsewhere);
            kept.refused += later.refused;
            kept.seen.union(&later.seen);
            kept.initiator = kept.initiator.min(later.initiator);
            kept.source.add(later.source);
            kept.starts.union(&later.starts);
            kept.aws_service = [kept.aws_service.take(), later.aws_service.take()]
                .into_iter()
                .flatten()
                .min();
        }
        same
    });
}

fn key(edge: &FlowEdge) -> impl Ord + use<'_> {
    (&edge.service, edge.address, edge.port, edge.protocol, &edge.owner)
}
