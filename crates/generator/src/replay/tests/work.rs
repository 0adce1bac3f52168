//! What a replay costs.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn the_time_for_a_service_does_not_grow_with_the_other_services() {
    // Twice the services take about twice the time; a scan of all of them for each would take four times.
    let time = |services: u32| {
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
        let once = |semantics| {
            let began = Instant::now();
            assert_eq!(
                replay(&map, &ledger, &proposal, semantics, None).judged.len(),
                map.dependencies.len()
            );
            began.elapsed()
        };
        SEMANTICS
            .iter()
            .map(|semantics| (0..3).map(|_| once(semantics)).min().unwrap())
            .sum::<Duration>()
    };
    let (small, large) = (time(100), time(800));
    assert!(large < small * 32, "{small:?} for 100 services, {large:?} for 800");
}
