//! Flows added up over interfaces and addresses, until they are the edges that are shown.

use super::flows::{ClientPorts, Flow, FlowKey, Signs};
use super::parties::{Parties, Party, Seat};
use super::ports::PortRank;
use super::row::{ICMP, TCP, UDP};
use super::seen::Seen;
use super::words::Words;
use crate::address::Address;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, ServiceId};
use crate::map::{Certainty, Protocol, Tally};
use crate::observed::FlowEdge;

/// The edges of one family, in pieces that are put together at the end: sorting them takes half the memory of a table.
pub(super) struct Edges<'a, A> {
    parties: &'a Parties<'a, A>,
    words: &'a Words,
    pieces: Vec<Piece<A>>,
    /// Records of flows whose initiator is not ours.
    pub(super) inbound: u64,
}

/// A flow as a part of its edge.
struct Piece<A> {
    key: EdgeKey<A>,
    seat: Seat,
    /// What flags, telling ports or rule 3 say of its direction.
    told: Option<Certainty>,
    flow: Flow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct EdgeKey<A> {
    caller: Caller<A>,
    responder: A,
    owner: ServiceId,
    port: u16,
    protocol: u8,
}

/// Who opened: a service, or an address of ours that no service owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caller<A> {
    Service(ServiceId),
    Unattributed(A),
}

#[derive(Debug, Default)]
struct Edge {
    at_initiator: Tally,
    at_responder: Tally,
    elsewhere: Tally,
    refused: u64,
    seen: Seen,
    aws: u32,
    /// The best that flags, telling ports or rule 3 say.
    told: Option<Certainty>,
    /// What speaks for the flows that have no more than a port below the ephemeral range.
    by_range: Option<(Signs, ClientPorts)>,
}

impl<'a, A: Address> Edges<'a, A> {
    /// No edges yet, with room for so many flows.
    pub(super) fn new(parties: &'a Parties<'a, A>, words: &'a Words, flows: usize) -> Self {
        Edges {
            parties,
            words,
            pieces: Vec::with_capacity(flows),
            inbound: 0,
        }
    }

    /// Adds a flow; `decided` is the certainty where rule 3 decided.
    pub(super) fn add(&mut self, key: &FlowKey<A>, flow: Flow, decided: Option<Certainty>) {
        let at = flow.seen.first();
        let caller = match self.parties.initiator(key, at) {
            Party::Service(service) => Caller::Service(service),
            Party::Unattributed => Caller::Unattributed(key.initiator),
            Party::Foreign => {
                self.inbound += flow.lines;
                return;
            }
        };
        if flow.counts_nowhere() {
            return;
        }
        self.pieces.push(Piece {
            key: EdgeKey {
                caller,
                responder: key.responder,
                owner: self.parties.responder(key, at),
                port: key.port,
                protocol: key.protocol,
            },
            seat: self.parties.seat(key),
            told: decided.or_else(|| told(key.port, flow.signs)),
            flow,
        });
    }

    /// Puts the pieces together, each edge once, in no order.
    pub(super) fn finish(mut self, inventory: &Inventory, to: &mut Vec<FlowEdge>) {
        let name = |service| inventory.name(service).cloned();
        self.pieces.sort_unstable_by_key(|piece| piece.key);
        for pieces in self.pieces.chunk_by(|a, b| a.key == b.key) {
            let key = &pieces[0].key;
            let mut edge = Edge::default();
            for piece in pieces {
                edge.add(piece, self.words);
            }
            to.push(FlowEdge {
                service: match key.caller {
                    Caller::Service(service) => name(service).expect("an id comes from the inventory that is asked"),
                    Caller::Unattributed(address) => ServiceName::unattributed(address.to_ip()),
                },
                address: key.responder.to_ip(),
                owner: name(key.owner),
                port: key.port,
                protocol: protocol(key.protocol),
                aws_service: self.words.get(edge.aws).map(str::to_owned),
                initiator: edge.certainty(),
                at_initiator: edge.at_initiator,
                at_responder: edge.at_responder,
                elsewhere: edge.elsewhere,
                refused: edge.refused,
                seen: edge.seen.into_hours(),
            });
        }
    }
}

impl Edge {
    fn add<A>(&mut self, piece: &Piece<A>, words: &Words) {
        let flow = &piece.flow;
        let tally = match piece.seat {
            Seat::Initiator => &mut self.at_initiator,
            Seat::Responder => &mut self.at_responder,
            Seat::Elsewhere => &mut self.elsewhere,
        };
        tally.add(&flow.tally());
        self.refused += flow.refused;
        self.seen.union(&flow.seen);
        self.aws = words.first(self.aws, flow.aws);
        match piece.told {
            Some(certainty) => self.told = Some(self.told.map_or(certainty, |told| told.min(certainty))),
            None => {
                let (signs, ports) = self.by_range.get_or_insert_default();
                signs.add(flow.signs);
                ports.add(flow.client_ports);
            }
        }
    }

    /// The best that anything says.
    fn certainty(&self) -> Certainty {
        let by_range = match self.by_range {
            Some((signs, ports)) if signs.both_ways() && ports.are_many() => Certainty::Likely,
            _ => Certainty::Guess,
        };
        self.told.map_or(by_range, |told| told.min(by_range))
    }
}

/// What the records of a flow tell by themselves, where it is more than that one port is below the ephemeral range.
fn told(port: u16, signs: Signs) -> Option<Certainty> {
    if signs.has(Signs::FLAGS) {
        Some(Certainty::Certain)
    } else if PortRank::of(port).is_telling() {
        Some(Certainty::Likely)
    } else {
        None
    }
}

fn protocol(number: u8) -> Protocol {
    match number {
        ICMP => Protocol::Icmp,
        TCP => Protocol::Tcp,
        UDP => Protocol::Udp,
        other => Protocol::Other(other),
    }
}
