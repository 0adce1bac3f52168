//! Who claims a port of a caller, and whether all of them can have it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Class;

use super::clients::Clients;
use super::demand::{Demand, Kind};
use super::node::{Fleet, Listener};
use super::traffic::Traffic;
use crate::ledger::{self, Destination};

/// The decisions of all callers, by virtual node and port.
#[derive(Debug, Default)]
pub(super) struct Ports<'a> {
    pub(super) by_door: BTreeMap<(&'a str, u16), Port<'a>>,
    /// The hosts that a caller does not get yet, with the port that holds them back.
    waiting: BTreeMap<&'a str, BTreeMap<&'a DnsName, u16>>,
}

/// Who claims one port of one caller.
#[derive(Debug, Default)]
pub(super) struct Port<'a> {
    /// External hosts whose node has the port, whether this caller used it or another did.
    pub(super) external: BTreeMap<&'a DnsName, Listener>,
    /// Services of ours, as the map shows or the ledger allows them: backends of the mesh's own.
    pub(super) internal: BTreeMap<String, Listener>,
    /// Allowed destinations that App Mesh cannot express.
    pub(super) unmodelled: Vec<&'a ledger::Entry>,
    /// Allowed destinations that the mesh lets through only if their server name is of AWS, as their addresses are.
    pub(super) aws: BTreeSet<String>,
    /// Whether an allowed host of this caller waits, so that nobody gets the port: without a backend of its own the host
    /// would be cut off by those of its neighbours.
    pub(super) closed: bool,
}

/// What a port's claims come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// All can have it.
    Shared,
    /// The one TCP host can have it, and gets everything else on the port too.
    LoneTcp,
    /// TCP is matched by port alone, so only one can.
    SecondTcp,
    /// A port speaks one protocol.
    Mixed,
    /// Attaching any would cut off an allowed destination that cannot be modelled.
    UnmodelledNeighbour,
}

impl Port<'_> {
    pub(super) fn decision(&self) -> Decision {
        let count = |wanted: Listener| {
            let claims = self.external.values().chain(self.internal.values());
            claims.filter(|listener| **listener == wanted).count()
        };
        let (http, tcp) = (count(Listener::Http), count(Listener::Tcp));
        if !self.unmodelled.is_empty() {
            Decision::UnmodelledNeighbour
        } else if http > 0 && tcp > 0 {
            Decision::Mixed
        } else if tcp > 1 {
            Decision::SecondTcp
        } else if tcp == 1 {
            Decision::LoneTcp
        } else {
            Decision::Shared
        }
    }

    pub(super) fn is_conflict(&self) -> bool {
        !matches!(self.decision(), Decision::Shared | Decision::LoneTcp)
    }
}

impl<'a> Ports<'a> {
    /// Whether a host must wait before it is attached to a caller: a backend opens all ports of its node at once, so
    /// one port that it cannot have suffices.
    pub(super) fn waits(&self, caller: &str, host: &DnsName) -> bool {
        self.held_by(caller, host).is_some()
    }

    /// The port that holds a host of a caller back.
    pub(super) fn held_by(&self, caller: &str, host: &DnsName) -> Option<u16> {
        self.waiting.get(caller)?.get(host).copied()
    }

    /// Closes every port on which an allowed host waits, and holds back all hosts that would open it, until nothing more
    /// follows from that.
    fn spread(&mut self, clients: &Clients<'a>) {
        let waiting = self.waiting.iter();
        let waiting = waiting.flat_map(|(caller, hosts)| hosts.keys().map(|host| (*caller, *host)));
        let mut fresh: Vec<(&'a str, &'a DnsName)> = waiting.collect();
        while let Some((caller, host)) = fresh.pop() {
            for number in clients.ports(caller, host) {
                let Some(port) = self.by_door.get_mut(&(caller, number)) else {
                    continue;
                };
                if std::mem::replace(&mut port.closed, true) {
                    continue;
                }
                let waiting = self.waiting.entry(caller).or_default();
                for neighbour in port.external.keys() {
                    if let Entry::Vacant(place) = waiting.entry(neighbour) {
                        place.insert(number);
                        fresh.push((caller, neighbour));
                    }
                }
            }
        }
    }
}

/// Decides every port of every caller on which it would get an external backend.
pub(super) fn decide<'a>(
    traffic: &Traffic<'_>,
    demands: &[Demand<'a>],
    clients: &Clients<'a>,
    fleet: &Fleet<'a>,
) -> Ports<'a> {
    let mut ports = Ports::default();
    for (caller, host, wanted, number) in demands.iter().filter_map(Demand::for_host) {
        let contested = fleet.is_contested(host, number);
        if contested {
            ports.waiting.entry(caller).or_default().insert(host, number);
        }
        // A contested port is none of the node's, and still one that this caller needs.
        let own = contested.then_some((number, wanted));
        for (port, listener) in fleet.listeners(host).chain(own) {
            let door = ports.by_door.entry((caller, port)).or_default();
            door.external.insert(host, listener);
        }
    }
    for demand in demands {
        let Some(caller) = demand.caller else {
            continue;
        };
        let Some(door) = ports.by_door.get_mut(&(caller, demand.entry.port)) else {
            continue;
        };
        match demand.kind {
            Kind::Ours(listener) => {
                door.internal.insert(demand.entry.destination.to_string(), listener);
            }
            // The proxy does not see the port.
            _ if demand.exempt => {}
            Kind::Nameless | Kind::Wildcard | Kind::ServerFirst => door.unmodelled.push(demand.entry),
            Kind::AllowedByMesh if matches!(demand.entry.destination, Destination::Aws(_)) => {
                door.aws.insert(demand.entry.destination.to_string());
            }
            Kind::Host(..) | Kind::AllowedByMesh | Kind::NotIntercepted => {}
        }
    }
    for ((caller, number), port) in &mut ports.by_door {
        for (key, dependency) in traffic.on(caller, *number) {
            if dependency.class == Class::Internal {
                port.internal
                    .insert(key.destination.clone(), Listener::of(dependency.application));
            }
        }
    }
    for (&(caller, number), port) in &ports.by_door {
        if port.is_conflict() {
            let waiting = ports.waiting.entry(caller).or_default();
            for host in port.external.keys() {
                waiting.entry(host).or_insert(number);
            }
        }
    }
    ports.spread(clients);
    ports
}
