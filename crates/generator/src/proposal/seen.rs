//! Where the map saw what an entry allows.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egressmap_aggregator::map::{Dependency, DependencyMap, Key, Protocol};

use crate::ledger::{Destination, Entry};

/// The addresses that the caller of an entry reached its destination at, on its port.
pub(super) fn addresses(map: &DependencyMap, entry: &Entry) -> BTreeSet<IpAddr> {
    let of = |dependency: &Dependency| dependency.addresses.clone();
    if matches!(entry.destination, Destination::Below(_) | Destination::Range(_)) {
        return covered(map, entry).flat_map(|(_, dependency)| of(dependency)).collect();
    }
    let key = Key {
        service: entry.service.clone(),
        destination: entry.destination.to_string(),
        port: entry.port,
        protocol: entry.protocol(),
    };
    map.dependencies.get(&key).map(of).unwrap_or_default()
}

/// What of its caller's dependencies a wide entry speaks for.
pub(super) fn covered<'a>(
    map: &'a DependencyMap,
    entry: &'a Entry,
) -> impl Iterator<Item = (&'a Key, &'a Dependency)> + 'a {
    let first = Key {
        service: entry.service.clone(),
        destination: String::new(),
        port: 0,
        protocol: Protocol::Icmp,
    };
    let own = map.dependencies.range(first..);
    let own = own.take_while(|(key, _)| key.service == entry.service);
    own.filter(|(key, dependency)| {
        let far_end = || key.destination.parse::<Destination>();
        let here = key.port == entry.port && key.protocol == entry.protocol();
        here && far_end().is_ok_and(|far_end| entry.destination.covers(&far_end, &dependency.addresses))
    })
}
