//! From what all threads counted of one family to its edges.

use std::collections::BTreeMap;

use super::edges::Edges;
use super::interfaces::Interfaces;
use super::own::{Asked, Book, Candidates, own_addresses};
use super::parties::{Parties, Party};
use super::plane::Plane;
use super::rule3::{Conversation, decide};
use super::slot::Slotted;
use super::words::Words;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, Owned};
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
    inventory: &Inventory,
    words: &Words,
    to: &mut Vec<FlowEdge>,
    sources: &mut BTreeMap<ServiceName, Sources>,
) -> u64 {
    let decisions = decide(&plane.pairs, &plane.flows, &plane.listeners, |key, end| {
        parties.sender(end.address, end.owner, key.place, 0) != Party::Foreign
    });
    let mut edges = Edges::new(parties, words);
    for (key, pair) in plane.pairs {
        let decision = &decisions[&Conversation::of(&key)];
        let client_port = key.ends[decision.initiator].port;
        let (key, flow) = key.flow(&pair, decision.initiator);
        let (began, refused) = (flow.seen.first(), flow.records == 0);
        edges.add(&key, flow, Some(decision.certainty));
        if !refused && !key.responder_owner.is_somebody() && !key.responder.is_private() {
            let mut starts = Starts::default();
            starts.mark(began, client_port);
            edges.add_starts(&key, &starts);
        }
    }
    for (key, flow) in plane.flows.iter() {
        edges.add(&key, flow, None);
    }
    for (key, starts) in &plane.starts {
        edges.add_starts(key, starts);
    }
    let inbound = plane.inbound + edges.inbound;
    edges.sources(inventory, sources);
    edges.finish(inventory, to);
    inbound
}

/// Puts the edges of both families in order. Records that mix the families can make one edge in each: they are added.
pub(super) fn order(edges: &mut Vec<FlowEdge>) {
    edges.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
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
