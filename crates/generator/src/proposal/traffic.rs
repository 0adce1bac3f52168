//! The TCP of the map by who opened it and on which port, which is how App Mesh looks at it.

use std::collections::BTreeMap;

use egressmap_aggregator::map::{Dependency, DependencyMap, Key, Protocol};

use super::demand::virtual_node;

/// TCP dependencies by virtual node of the caller and port, without those that were only ever refused.
#[derive(Debug)]
pub(super) struct Traffic<'a>(BTreeMap<&'a str, BTreeMap<u16, Vec<Seen<'a>>>>);

type Seen<'a> = (&'a Key, &'a Dependency);

impl<'a> Traffic<'a> {
    pub(super) fn of(map: &'a DependencyMap) -> Self {
        let mut callers: BTreeMap<&'a str, BTreeMap<u16, Vec<Seen<'a>>>> = BTreeMap::new();
        for (key, dependency) in &map.dependencies {
            if key.protocol == Protocol::Tcp && !dependency.only_refused(key.protocol) {
                let caller = callers.entry(virtual_node(map, &key.service)).or_default();
                caller.entry(key.port).or_default().push((key, dependency));
            }
        }
        Traffic(callers)
    }

    /// What a caller opened on a port.
    pub(super) fn on(&self, caller: &str, port: u16) -> &[Seen<'a>] {
        self.0
            .get(caller)
            .and_then(|ports| ports.get(&port))
            .map_or(&[], Vec::as_slice)
    }

    /// All of it, caller by caller.
    pub(super) fn callers(&self) -> impl Iterator<Item = (&'a str, impl Iterator<Item = Seen<'a>>)> {
        let callers = self.0.iter();
        callers.map(|(caller, ports)| (*caller, ports.values().flatten().copied()))
    }

    /// Every port that anybody opened a connection to.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.values().flat_map(|ports| ports.keys().copied())
    }
}
