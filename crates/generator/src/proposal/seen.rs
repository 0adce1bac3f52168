//! Where the map saw what an entry allows.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egressmap_aggregator::map::{Dependency, DependencyMap, Key, Protocol};

use crate::ledger::{Destination, Entry};

/// The addresses that the caller of an entry reached its destination at, on its port.
pub(super) fn addresses(map: &DependencyMap, entry: &Entry) -> BTreeSet<IpAddr> {
    let wide = matches!(entry.destination, Destination::Below(_) | Destination::Range(_));
    let reached: Vec<&Dependency> = if wide {
        let first = Key {
            service: entry.service.clone(),
            destination: String::new(),
            port: 0,
            protocol: Protocol::Icmp,
        };
        let own = map.dependencies.range(first..);
        let own = own.take_while(|(key, _)| key.service == entry.service);
        own.filter(|(key, dependency)| covers(entry, key, dependency))
            .map(|(_, dependency)| dependency)
            .collect()
    } else {
        let key = Key {
            service: entry.service.clone(),
            destination: entry.destination.to_string(),
            port: entry.port,
            protocol: entry.protocol(),
        };
        map.dependencies.get(&key).into_iter().collect()
    };
    reached
        .iter()
        .flat_map(|dependency| dependency.addresses.iter().copied())
        .collect()
}

fn covers(entry: &Entry, key: &Key, dependency: &Dependency) -> bool {
    let far_end = || key.destination.parse::<Destination>();
    let here = key.port == entry.port && key.protocol == entry.protocol();
    here && far_end().is_ok_and(|far_end| entry.destination.covers(&far_end, &dependency.addresses))
}
