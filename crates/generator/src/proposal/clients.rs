//! Which callers are allowed which port of which external host.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use egressmap_aggregator::identity::DnsName;

use super::demand::Demand;
use super::node::Fleet;

/// Callers by host and by the port that they dial, from the demands for hosts.
#[derive(Debug, Default)]
pub(super) struct Clients<'a> {
    by_host: HashMap<&'a DnsName, BTreeMap<u16, BTreeSet<&'a str>>>,
    pairs: Vec<(&'a str, &'a DnsName)>,
}

impl<'a> Clients<'a> {
    pub(super) fn of(demands: &[Demand<'a>], fleet: &Fleet<'_>) -> Self {
        let mut clients = Clients::default();
        for (caller, host, _, port) in demands.iter().filter_map(Demand::for_host) {
            let doors = clients.by_host.entry(host).or_default();
            let door = doors.entry(fleet.moves().dialled(host, port)).or_default();
            door.insert(caller);
            clients.pairs.push((caller, host));
        }
        clients.pairs.sort_unstable();
        clients.pairs.dedup();
        clients
    }

    /// The callers that are allowed a host's port.
    pub(super) fn of_door(&self, host: &DnsName, port: u16) -> impl Iterator<Item = &'a str> {
        self.door(host, port).into_iter().flatten().copied()
    }

    /// Whether a caller is allowed a host's port by an entry of its own.
    pub(super) fn has(&self, caller: &str, host: &DnsName, port: u16) -> bool {
        self.door(host, port).is_some_and(|callers| callers.contains(caller))
    }

    /// The ports of a host that a caller is allowed.
    pub(super) fn ports(&self, caller: &str, host: &DnsName) -> Vec<u16> {
        let doors = self.by_host.get(host).into_iter().flatten();
        doors
            .filter(|(_, callers)| callers.contains(caller))
            .map(|(port, _)| *port)
            .collect()
    }

    /// Every caller with every host it is allowed, in their order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a DnsName)> + '_ {
        self.pairs.iter().copied()
    }

    fn door(&self, host: &DnsName, port: u16) -> Option<&BTreeSet<&'a str>> {
        self.by_host.get(host)?.get(&port)
    }
}
