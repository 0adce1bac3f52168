//! Which callers are allowed which port of which external host.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;

use super::demand::{Demand, Kind};

/// Callers by host and port, from the demands for hosts.
#[derive(Debug)]
pub(super) struct Clients<'a> {
    by_door: BTreeMap<(&'a DnsName, u16), BTreeSet<&'a str>>,
    pairs: BTreeSet<(&'a str, &'a DnsName)>,
}

impl<'a> Clients<'a> {
    pub(super) fn of(demands: &'a [Demand<'_>]) -> Self {
        let mut clients = Clients {
            by_door: BTreeMap::new(),
            pairs: BTreeSet::new(),
        };
        for demand in demands {
            if let (Some(caller), Kind::Host(host, _)) = (&demand.caller, &demand.kind) {
                clients
                    .by_door
                    .entry((host, demand.entry.port))
                    .or_default()
                    .insert(caller);
                clients.pairs.insert((caller, host));
            }
        }
        clients
    }

    /// The callers that are allowed a host's port.
    pub(super) fn of_door(&'a self, host: &'a DnsName, port: u16) -> impl Iterator<Item = &'a str> {
        self.by_door.get(&(host, port)).into_iter().flatten().copied()
    }

    /// Whether a caller is allowed a host's port by an entry of its own.
    pub(super) fn has(&self, caller: &str, host: &DnsName, port: u16) -> bool {
        self.by_door
            .get(&(host, port))
            .is_some_and(|callers| callers.contains(caller))
    }

    /// The ports of a host that a caller is allowed.
    pub(super) fn ports(&self, caller: &str, host: &DnsName) -> Vec<u16> {
        let doors = self.by_door.range((host, u16::MIN)..=(host, u16::MAX));
        doors
            .filter(|(_, callers)| callers.contains(caller))
            .map(|((_, port), _)| *port)
            .collect()
    }

    /// Every caller with every host it is allowed.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a DnsName)> + '_ {
        self.pairs.iter().copied()
    }
}
