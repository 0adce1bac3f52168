//! Flows added up over interfaces and addresses, until they are the edges that are shown.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::flows::{ClientPorts, Flow, FlowKey, Signs};
use super::interfaces::index;
use super::parties::{Parties, Party, Seat};
use super::plane::Table;
use super::ports::PortRank;
use super::roster::Roster;
use super::row::{ICMP, TCP, UDP};
use super::seen::Seen;
use super::words::Words;
use crate::address::Address;
use crate::identity::ServiceName;
use crate::inventory::ServiceId;
use crate::map::{Certainty, OnlySource, Protocol, Sources, Starts, Tally};
use crate::observed::FlowEdge;

/// The edges of one family to some responders.
pub(super) struct Edges<'a, A> {
    parties: &'a Parties<'a, A>,
    words: &'a Words,
    index: Table<EdgeKey<A>, u32>,
    edges: Vec<(EdgeKey<A>, Edge)>,
    /// The addresses that each service was seen at, by its number.
    pub(super) sources: Vec<Sources>,
    /// Records of flows whose initiator is not ours.
    pub(super) inbound: u64,
}

/// A flow as a part of its edge.
struct Piece {
    seat: Seat,
    /// What flags, telling ports or rule 3 say of its direction.
    told: Option<Certainty>,
    flow: Flow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EdgeKey<A> {
    caller: Caller<A>,
    responder: A,
    owner: ServiceId,
    port: u16,
    protocol: u8,
}

/// Who opened: a service, or an address of ours that no service owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller<A> {
    Service(ServiceId),
    Unattributed(A),
}

#[derive(Debug, Default)]
pub(super) struct Edge {
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
    source: OnlySource,
    starts: Starts,
}

impl<'a, A: Address> Edges<'a, A> {
    /// No edges yet.
    pub(super) fn new(parties: &'a Parties<'a, A>, words: &'a Words) -> Self {
        Edges {
            parties,
            words,
            index: Table::default(),
            edges: Vec::new(),
            sources: Vec::new(),
            inbound: 0,
        }
    }

    /// Adds a flow; `decided` is the certainty where rule 3 decided.
    pub(super) fn add(&mut self, key: &FlowKey<A>, flow: Flow, decided: Option<Certainty>) {
        let at = flow.seen.first();
        let Some(caller) = self.caller(key, at) else {
            self.inbound += flow.lines;
            return;
        };
        if flow.counts_nowhere() {
            return;
        }
        if let Caller::Service(service) = caller {
            let (first, last) = flow.seen.span();
            self.sources_of(service).see(key.initiator.to_ip(), first, last);
        }
        let edge = self.edge(key, caller, at);
        let piece = Piece {
            seat: self.parties.seat(key),
            told: decided.or_else(|| told(key.port, flow.signs)),
            flow,
        };
        let words = self.words;
        let edge = self.entry(edge);
        edge.source.add(OnlySource::One(key.initiator.to_ip()));
        edge.add(&piece, words);
    }

    /// The edge of a key, new if there was none.
    fn entry(&mut self, key: EdgeKey<A>) -> &mut Edge {
        let next = u32::try_from(self.edges.len()).expect("four billion edges do not fit in memory");
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            self.edges.push((key, Edge::default()));
        }
        &mut self.edges[index(at)].1
    }

    /// Adds when connections of a flow began to the edge that the flow is part of, if it is of one.
    pub(super) fn add_starts(&mut self, key: &FlowKey<A>, starts: &Starts) {
        let Some(first) = starts.iter().next() else { return };
        let at = u64::from(first.second);
        let Some(caller) = self.caller(key, at) else { return };
        if let Some(edge) = self.index.get(&self.edge(key, caller, at)) {
            self.edges[index(*edge)].1.starts.union(starts);
        }
    }

    /// The addresses of a service so far.
    fn sources_of(&mut self, service: ServiceId) -> &mut Sources {
        let at = index(service.number());
        if at >= self.sources.len() {
            self.sources.resize_with(at + 1, Sources::default);
        }
        &mut self.sources[at]
    }

    /// Who opened a flow; `None` where it is nobody of ours.
    fn caller(&self, key: &FlowKey<A>, at: u64) -> Option<Caller<A>> {
        match self.parties.initiator(key, at) {
            Party::Service(service) => Some(Caller::Service(service)),
            Party::Unattributed => Some(Caller::Unattributed(key.initiator)),
            Party::Foreign => None,
        }
    }

    fn edge(&self, key: &FlowKey<A>, caller: Caller<A>, at: u64) -> EdgeKey<A> {
        EdgeKey {
            caller,
            responder: key.responder,
            owner: self.parties.responder(key, at),
            port: key.port,
            protocol: key.protocol,
        }
    }

    /// Each edge once.
    pub(super) fn finish(self) -> Vec<(EdgeKey<A>, Edge)> {
        self.edges
    }
}

/// All edges of a family as they are shown, in order.
pub(super) fn shown<A: Address>(
    parts: &[Vec<(EdgeKey<A>, Edge)>],
    roster: &Roster<'_>,
    words: &Words,
) -> Vec<FlowEdge> {
    let name = |service| roster.name(service).cloned();
    let callers = callers(parts.iter().flatten().map(|(key, _)| key.caller), roster);
    let ranked = |part: usize| {
        let callers = &callers;
        let edges = parts[part].iter().enumerate();
        edges.map(move |(at, (key, _))| (callers[&key.caller].0, *key, part, at))
    };
    let mut ranked: Vec<_> = (0..parts.len()).flat_map(ranked).collect();
    let place = |rank: u32, key: &EdgeKey<A>| (rank, key.responder, key.port, protocol(key.protocol));
    ranked.par_sort_unstable_by(|(rank, key, ..), (other_rank, other, ..)| {
        place(*rank, key)
            .cmp(&place(*other_rank, other))
            .then_with(|| roster.name(key.owner).cmp(&roster.name(other.owner)))
    });
    let shown = ranked.into_par_iter().map(|(_, key, part, at)| {
        let edge = &parts[part][at].1;
        FlowEdge {
            service: callers[&key.caller].1.clone(),
            address: key.responder.to_ip(),
            owner: name(key.owner),
            port: key.port,
            protocol: protocol(key.protocol),
            aws_service: words.get(edge.aws).map(str::to_owned),
            initiator: edge.certainty(),
            at_initiator: edge.at_initiator,
            at_responder: edge.at_responder,
            elsewhere: edge.elsewhere,
            refused: edge.refused,
            seen: edge.seen.clone().into_hours(),
            source: edge.source,
            starts: edge.starts.clone(),
        }
    });
    shown.collect()
}

/// The name of each caller, and its place among all names.
fn callers<A: Address>(
    all: impl Iterator<Item = Caller<A>>,
    roster: &Roster<'_>,
) -> Table<Caller<A>, (u32, ServiceName)> {
    let mut callers: Table<Caller<A>, (u32, ServiceName)> = Table::default();
    for caller in all {
        callers.entry(caller).or_insert_with(|| {
            let name = match caller {
                Caller::Service(service) => roster
                    .name(service)
                    .cloned()
                    .expect("an id comes from the inventory that is asked"),
                Caller::Unattributed(address) => ServiceName::unattributed(address.to_ip()),
            };
            (0, name)
        });
    }
    let mut in_order: Vec<_> = callers.values_mut().collect();
    in_order.sort_unstable_by(|(_, name), (_, other)| name.cmp(other));
    for ((rank, _), place) in in_order.into_iter().zip(0..) {
        *rank = place;
    }
    callers
}

impl Edge {
    fn add(&mut self, piece: &Piece, words: &Words) {
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
