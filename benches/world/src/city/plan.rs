//! Who calls whom in a city: drawn once, so that every dependency is met often enough to be told.

use std::collections::BTreeSet;

use super::people::People;
use super::places::{NAMES_PER_GROUP, Places};
use crate::prng::Prng;
use crate::scene::Scene;
use crate::service::Listing;

/// For each service, the hosts and the services that it calls, by index.
pub(super) struct Plan {
    pub(super) hosts: Vec<Vec<usize>>,
    pub(super) callees: Vec<Vec<usize>>,
}

impl Plan {
    pub(super) fn new(people: &People, places: &Places, rng: &mut Prng) -> Self {
        let hosts = (0..people.services.len())
            .map(|caller| hosts_of(people, places, caller, rng))
            .collect();
        let callees = (0..people.services.len())
            .map(|caller| callees_of(people, caller, rng))
            .collect();
        Plan { hosts, callees }
    }
}

/// Some hosts of each caller: at most one name of those that share their addresses.
fn hosts_of(people: &People, places: &Places, caller: usize, rng: &mut Prng) -> Vec<usize> {
    let service = &people.services[caller];
    let v6_only = !people.speaks_ipv4(caller);
    if &*service.name == "orders-db" {
        return Vec::new();
    }
    let mut chosen = BTreeSet::new();
    for group in 0..places.shared() / NAMES_PER_GROUP {
        if rng.chance(40) {
            chosen.insert(group * NAMES_PER_GROUP + rng.index(NAMES_PER_GROUP));
        }
    }
    for _ in 0..rng.between(5, 11) {
        let others = places.hosts.len() - places.shared();
        chosen.insert(places.shared() + rng.index(others));
    }
    if v6_only {
        // Whoever has IPv6 alone knows every host that has it.
        chosen = (0..places.hosts.len())
            .filter(|&host| places.hosts[host].addresses[0].is_ipv6())
            .take(4)
            .collect();
    }
    chosen
        .into_iter()
        .filter(|&host| Scene::may_call(service, &places.hosts[host]))
        .collect()
}

fn callees_of(people: &People, caller: usize, rng: &mut Prng) -> Vec<usize> {
    let mut chosen = BTreeSet::new();
    let crowd = people.crowd();
    if people.speaks_ipv4(caller) && &*people.services[caller].name != "orders-db" {
        for _ in 0..rng.between(2, 4) {
            chosen.insert(rng.index(crowd));
        }
        chosen.extend(people.find("pods").filter(|_| caller % 9 == 1));
        chosen.extend(people.find("orders-db").filter(|_| caller % 5 == 2));
    }
    let listens = |callee: usize| {
        let service = &people.services[callee];
        service.listener.is_some() && service.listing != Listing::Nowhere && callee != caller
    };
    chosen.into_iter().filter(|&callee| listens(callee)).collect()
}
