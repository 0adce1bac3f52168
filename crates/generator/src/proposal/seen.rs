//! Where the map saw what an entry allows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use egressmap_aggregator::map::{Dependency, DependencyMap, Key, Protocol};

use crate::ledger::{Destination, Entry};

/// The dependencies of a map, found without making a key of each question.
pub(super) struct Seen<'a> {
    map: &'a DependencyMap,
    by_place: HashMap<Place<'a>, &'a Dependency>,
}

/// A service, a destination, a port and a transport.
type Place<'a> = (&'a str, &'a str, u16, Protocol);

impl<'a> Seen<'a> {
    pub(super) fn of(map: &'a DependencyMap) -> Self {
        let place = |key: &'a Key| (key.service.as_str(), key.destination.as_str(), key.port, key.protocol);
        let by_place = map
            .dependencies
            .iter()
            .map(|(key, dependency)| (place(key), dependency));
        Seen {
            map,
            by_place: by_place.collect(),
        }
    }

    /// The addresses that the caller of an entry reached its destination at, on its port.
    pub(super) fn addresses(&self, entry: &Entry) -> BTreeSet<IpAddr> {
        let written = match &entry.destination {
            Destination::Below(_) | Destination::Range(_) => {
                let covered = covered(self.map, entry);
                return covered
                    .flat_map(|(_, dependency)| dependency.addresses.clone())
                    .collect();
            }
            Destination::Name(host) => Cow::from(host.as_str()),
            other => Cow::from(other.to_string()),
        };
        let by_place: &HashMap<Place<'_>, &Dependency> = &self.by_place;
        let found = by_place.get(&(entry.service.as_str(), &*written, entry.port, entry.protocol()));
        found.map(|dependency| dependency.addresses.clone()).unwrap_or_default()
    }
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
