//! What a replay costs.

use super::super::work::looks;
use super::*;

#[test]
fn the_work_for_a_service_does_not_grow_with_the_other_services() {
    let work = |services: u32, semantics: &Semantics| {
        let seen = (0..services).flat_map(|service| {
            (0..10).map(move |host| Seen::tls(&format!("service-{service}"), &format!("host-{host}.example"), 443))
        });
        let map = sample::map(seen);
        let names: Vec<String> = (0..services).map(|service| format!("service-{service}")).collect();
        let allowed: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), "host-1.example", 443, "tls"))
            .collect();
        let ledger = ledger(&allowed);
        let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
        looks(|| {
            let replay = replay(&map, &ledger, &proposal, semantics, None);
            assert_eq!(replay.judged.len(), map.dependencies.len());
        })
    };
    for semantics in SEMANTICS {
        let (few, many) = (work(10, semantics), work(80, semantics));
        assert!(few > 0, "{}: nothing is counted", semantics.name);
        // Rules of a whole VPC are fewer than its services, so the work may grow more slowly.
        assert!(
            many <= 8 * few,
            "{}: {few} for 10 services, {many} for 80",
            semantics.name
        );
    }
}
