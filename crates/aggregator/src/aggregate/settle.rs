//! From what all threads counted of one family to its edges.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::edges::{self, Edges};
use super::flow_table::shard_of;
use super::flows::{Flow, FlowKey};
use super::interfaces::Interfaces;
use super::own::{Asked, Book, Candidates, own_addresses};
use super::parties::{Parties, Party};
use super::plane::{Plane, Table};
use super::roster::Roster;
use super::rule3::{Conversation, decide};
use super::slot::Slotted;
use super::turned::Turned;
use super::words::Words;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, Owned, ServiceId};
use crate::map::{Sources, Starts};
use crate::observed::FlowEdge;

impl<A: Owned> Book<A> for Inventory {
    fn states(&self, interface: &[u8], address: A) -> bool {
        Inventory::states(self, interface, address.to_ip())
    }

    fn owns(&self, address: A) -> bool {
        self.owns_ever(address)
    }
}

/// Whose the addresses of a family are, now that all is read.
pub(super) fn parties<'i, A: Owned + Slotted>(
    plane: &Plane<A>,
    interfaces: &'i Interfaces,
    inventory: &Inventory,
) -> Parties<'i, A> {
    let candidates = plane.candidates.iter().copied();
    let asked: Vec<Asked<'_, A>> = interfaces
        .names()
        .zip(candidates.chain(std::iter::repeat(Candidates::Any)))
        .map(|(name, candidates)| Asked { name, candidates })
        .collect();
    let own = own_addresses(&asked, inventory);
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
    let turned = Turned::find(&plane.flows, &plane.pairs, &plane.listeners, foreign);
    let decisions = decide(
        &plane.pairs,
        &plane.flows,
        &plane.listeners,
        &turned,
        foreign,
        |key, end| parties.sender(end.address, end.owner, key.place, 0) != Party::Foreign,
    );
    let right = |(key, flow): &(FlowKey<A>, Flow)| turned.right(key, flow).filter(|_| !foreign(key));
    let shards = plane.flows.into_shards();
    let mut decided: Vec<Vec<_>> = shards.iter().map(|_| Vec::new()).collect();
    if !turned.is_empty() {
        // Another responder is another shard.
        let moved = shards
            .par_iter()
            .flat_map_iter(|shard| shard.iter().filter_map(|it| right(&it)));
        for (key, flow) in moved.collect::<Vec<_>>() {
            decided[shard_of(key.responder)].push((key, flow, None));
        }
    }
    let mut began = by_shard(plane.starts, shards.len());
    for (key, pair) in plane.pairs {
        let decision = &decisions[&Conversation::of(&key)];
        let client_port = key.ends[decision.initiator].port;
        let (key, flow) = key.flow(&pair, decision.initiator);
        let shard = shard_of(key.responder);
        began[shard].extend(start_of(&key, &flow, client_port).map(|starts| (key, starts)));
        decided[shard].push((key, flow, Some(decision.certainty)));
    }
    let shards = shards.into_par_iter().zip(decided.into_par_iter().zip(began));
    let shards = shards.map(|(shard, (decided, began))| {
        let mut edges = Edges::new(parties, words);
        for (key, flow, certainty) in decided {
            edges.add(&key, flow, certainty);
        }
        for it in shard.iter() {
            if right(&it).is_none() {
                edges.add(&it.0, it.1, None);
            }
        }
        drop(shard);
        began.iter().for_each(|(key, starts)| edges.add_starts(key, starts));
        let seen_at = std::mem::take(&mut edges.sources);
        (edges.inbound, seen_at, edges.finish().collect::<Vec<_>>())
    });
    let shards: Vec<_> = shards.collect();
    let inbound: u64 = shards.iter().map(|(inbound, ..)| inbound).sum();
    for (_, seen_at, _) in &shards {
        name_sources(seen_at, roster, sources);
    }
    let all = shards.into_iter().flat_map(|(.., edges)| edges).collect();
    let shown = edges::shown(all, roster, words);
    if to.is_empty() {
        *to = shown;
    } else {
        to.extend(shown);
    }
    plane.inbound + inbound
}

/// When connections began, by the shard that their responder is in.
fn by_shard<A: Slotted>(starts: Table<FlowKey<A>, Starts>, shards: usize) -> Vec<Vec<(FlowKey<A>, Starts)>> {
    let mut began: Vec<Vec<_>> = (0..shards).map(|_| Vec::new()).collect();
    for (key, starts) in starts {
        began[shard_of(key.responder)].push((key, starts));
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
