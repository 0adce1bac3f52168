//! Flows whose ports alone misled: a server on a high port, met by clients whose own ports are lower.
//!
//! A NAT gateway, a balancer or a router at home takes client ports from 1024 on. Where such a port outranks the server's,
//! a record without a SYN reads as if the server had called its client, once for every client port. All records
//! together show it: the port that is called from many others, each of which meets it alone, is the one that serves.

use std::borrow::Borrow;

use hashbrown::{HashMap, HashSet};

use super::flows::{Flow, FlowKey, Signs, StoodIn};
use super::pairs::{Pair, PairKey};
use super::plane::{Endpoint, Table};
use super::row::TCP;
use super::slot::Slotted;

/// From so many ports of others on, an endpoint that each of them met alone is taken for the one that serves.
pub(super) const FAN_IN: u32 = 3;

/// A connection has that many packets each way; what answers a scanner has fewer.
pub(super) const CONNECTION: u64 = 3;

/// A scanner meets the same few ports at many addresses. Clients' own ports are spread.
const SAME_PORT: usize = 16;

/// The endpoints that serve, though ports say that they called.
pub(super) struct Turned<A>(HashSet<Endpoint<A>, foldhash::fast::RandomState>);

/// What speaks for an endpoint.
#[derive(Debug)]
struct Met<A> {
    /// Ports of others that met it, some more than once.
    peers: Vec<(A, u16)>,
    /// Flags or ports show elsewhere that it serves.
    shown: bool,
    /// What records of clients on the internet show of it.
    signs: Signs,
}

impl<A> Default for Met<A> {
    fn default() -> Self {
        Met {
            peers: Vec::new(),
            shown: false,
            signs: Signs::default(),
        }
    }
}

impl<A: Slotted> Turned<A> {
    /// Finds them by those flows that [may be turned](may_be_turned), by all flows of a family, by the pairs that no port
    /// decides, and by what dropped records showed. Of `foreign` flows, whose caller is not ours, signs alone count: the
    /// rest of them may have been dropped as they came.
    pub(super) fn find<F, P, K, V>(
        doubtful_ones: impl IntoIterator<Item = (FlowKey<A>, Flow)>,
        flows: impl Fn() -> F,
        pairs: impl Fn() -> P,
        listeners: &Table<Endpoint<A>, Signs>,
        foreign: impl Fn(&FlowKey<A>) -> bool,
    ) -> Self
    where
        F: Iterator<Item = (FlowKey<A>, Flow)>,
        P: Iterator<Item = (K, V)>,
        K: Borrow<PairKey<A>>,
        V: Borrow<Pair>,
    {
        let mut met: HashMap<Endpoint<A>, Met<A>, foldhash::fast::RandomState> = HashMap::default();
        for (key, flow) in doubtful_ones {
            if let Some(caller) = doubtful(&key, &flow).filter(|_| !foreign(&key)) {
                let met = met.entry(caller).or_default();
                if flow.packets_out.min(flow.packets_in) >= CONNECTION {
                    met.peers.push((key.responder, key.port));
                }
            }
        }
        if met.is_empty() {
            return Turned(HashSet::default());
        }
        for (key, flow) in flows() {
            if let Some(met) = met.get_mut(&served(&key)) {
                if foreign(&key) {
                    met.signs.add(flow.signs);
                } else {
                    met.shown |= flow.signs.has(Signs::FLAGS) || flow.is_of_many();
                }
            }
        }
        for (endpoint, signs) in listeners {
            if let Some(met) = met.get_mut(endpoint) {
                met.signs.add(*signs);
            }
        }
        let connections = pairs().filter(|(_, pair)| {
            let sent = &pair.borrow().sent;
            sent.iter().all(|sent| sent.packets() >= CONNECTION)
        });
        for (key, _) in connections {
            let key: &PairKey<A> = key.borrow();
            for (at, end) in key.ends.iter().enumerate() {
                let endpoint = Endpoint {
                    address: end.address,
                    port: end.port,
                    protocol: key.protocol,
                };
                if let Some(met) = met.get_mut(&endpoint) {
                    let peer = &key.ends[1 - at];
                    met.peers.push((peer.address, peer.port));
                }
            }
        }
        let serving = met
            .into_iter()
            .filter_map(|(endpoint, met)| met.serves().then_some(endpoint));
        Turned(serving.collect())
    }

    /// Whether an endpoint is one of them.
    pub(super) fn serves(&self, endpoint: &Endpoint<A>) -> bool {
        self.0.contains(endpoint)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The flow, whose caller is ours, the other way round, where that serves.
    pub(super) fn right(&self, key: &FlowKey<A>, flow: &Flow) -> Option<(FlowKey<A>, Flow)> {
        if self.is_empty() {
            return None;
        }
        let caller = doubtful(key, flow).filter(|caller| self.serves(caller))?;
        Some((turned(key, caller.port), flow.clone().turned(key.port)))
    }
}

impl<A: Slotted> Met<A> {
    fn serves(mut self) -> bool {
        if self.shown || self.signs.has(Signs::FLAGS) || self.signs.served_several() {
            return true;
        }
        self.peers.sort_unstable();
        self.peers.dedup();
        let ports: HashSet<u16, foldhash::fast::RandomState> = self.peers.iter().map(|(_, port)| *port).collect();
        ports.len() as u64 >= u64::from(FAN_IN) && ports.len().saturating_mul(SAME_PORT) >= self.peers.len()
    }
}

/// The caller's end of a flow over TCP that ports alone decided, and that used one client port only: as a connection read
/// the wrong way does, whose client port is the server's.
fn doubtful<A: Slotted>(key: &FlowKey<A>, flow: &Flow) -> Option<Endpoint<A>> {
    let told = !may_be_turned(key) || flow.signs.has(Signs::FLAGS);
    let port = flow.client_ports.only().filter(|port| !told && *port >= 1024)?;
    Some(Endpoint {
        address: key.initiator,
        port,
        protocol: key.protocol,
    })
}

/// Whether the key of a flow leaves open which end opened it.
pub(super) fn may_be_turned<A: Slotted>(key: &FlowKey<A>) -> bool {
    key.protocol == TCP && key.port >= 1024
}

fn served<A: Slotted>(key: &FlowKey<A>) -> Endpoint<A> {
    Endpoint {
        address: key.responder,
        port: key.port,
        protocol: key.protocol,
    }
}

fn turned<A: Slotted>(key: &FlowKey<A>, port: u16) -> FlowKey<A> {
    FlowKey {
        initiator: key.responder,
        responder: key.initiator,
        initiator_owner: key.responder_owner,
        responder_owner: key.initiator_owner,
        port,
        stood_in: StoodIn::new(key.stood_in.responder(), key.stood_in.initiator()),
        ..*key
    }
}
