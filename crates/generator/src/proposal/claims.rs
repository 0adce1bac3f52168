//! Who claims a port of a caller, and whether all of them can have it.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Class;

use super::demand::{Demand, Kind};
use super::node::{Fleet, Listener};
use super::traffic::Traffic;
use crate::ledger::Entry;

/// The decisions of all callers, by virtual node and port.
#[derive(Debug, Default)]
pub(super) struct Ports {
    pub(super) by_door: BTreeMap<(String, u16), Port>,
    waiting: BTreeSet<(String, DnsName)>,
}

/// Who claims one port of one caller.
#[derive(Debug, Default)]
pub(super) struct Port {
    /// External hosts whose node has the port, whether this caller used it or another did.
    pub(super) external: BTreeMap<DnsName, Listener>,
    /// Services of ours, as the map shows them: backends of the mesh's own.
    pub(super) internal: BTreeMap<String, Listener>,
    /// Allowed destinations that App Mesh cannot express.
    pub(super) unmodelled: Vec<Entry>,
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

impl Port {
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

impl Ports {
    /// Whether a host must wait before it is attached to a caller: a backend opens all ports of its node at once, so
    /// one conflict suffices.
    pub(super) fn waits(&self, caller: &str, host: &DnsName) -> bool {
        self.waiting.contains(&(caller.to_owned(), host.clone()))
    }
}

/// Decides every port of every caller on which it would get an external backend.
pub(super) fn decide(traffic: &Traffic<'_>, demands: &[Demand<'_>], fleet: &Fleet) -> Ports {
    let mut ports = Ports::default();
    for demand in demands {
        let (Some(caller), Kind::Host(host, _)) = (&demand.caller, &demand.kind) else {
            continue;
        };
        for (port, listener) in fleet.listeners(host) {
            let door = ports.by_door.entry((caller.clone(), port)).or_default();
            door.external.insert(host.clone(), listener);
        }
        if fleet.is_contested(host, demand.entry.port) {
            ports.waiting.insert((caller.clone(), host.clone()));
        }
    }
    for demand in demands {
        let (Some(caller), Kind::Nameless | Kind::Wildcard) = (&demand.caller, &demand.kind) else {
            continue;
        };
        if let Some(door) = ports.by_door.get_mut(&(caller.clone(), demand.entry.port)) {
            door.unmodelled.push(demand.entry.clone());
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
    for ((caller, _), port) in &ports.by_door {
        if port.is_conflict() {
            let hosts = port.external.keys().map(|host| (caller.clone(), host.clone()));
            ports.waiting.extend(hosts);
        }
    }
    ports
}
