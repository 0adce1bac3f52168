//! Which callers are allowed which port of which external host.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;

use super::demand::Demand;
use super::node::Fleet;

/// Callers by host and by the port that they dial, from the demands for hosts.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_door: BTreeMap<(DnsName, u16), BTreeSet<String>>,
    pairs: BTreeSet<(String, DnsName)>,
}

impl Clients {
    pub(super) fn of(demands: &[Demand<'_>], fleet: &Fleet) -> Self {
        let mut clients = Clients::default();
        for (caller, host, _, port) in demands.iter().filter_map(Demand::for_host) {
            let door = (host.clone(), fleet.moves().dialled(host, port));
            clients.by_door.entry(door).or_default().insert(caller.to_owned());
            clients.pairs.insert((caller.to_owned(), host.clone()));
        }
        clients
    }

    /// The callers that are allowed a host's port.
    pub(super) fn of_door(&self, host: &DnsName, port: u16) -> impl Iterator<Item = &str> {
        let callers = self.by_door.get(&(host.clone(), port));
        callers.into_iter().flatten().map(String::as_str)
    }

    /// Whether a caller is allowed a host's port by an entry of its own.
    pub(super) fn has(&self, caller: &str, host: &DnsName, port: u16) -> bool {
        self.by_door
            .get(&(host.clone(), port))
            .is_some_and(|callers| callers.contains(caller))
    }

    /// The ports of a host that a caller is allowed.
    pub(super) fn ports(&self, caller: &str, host: &DnsName) -> Vec<u16> {
        let doors = self.by_door.range((host.clone(), u16::MIN)..=(host.clone(), u16::MAX));
        doors
            .filter(|(_, callers)| callers.contains(caller))
            .map(|((_, port), _)| *port)
            .collect()
    }

    /// Every caller with every host it is allowed.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &DnsName)> + '_ {
        self.pairs.iter().map(|(caller, host)| (caller.as_str(), host))
    }
}
