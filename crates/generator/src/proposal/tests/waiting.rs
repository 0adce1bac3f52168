//! Who waits with whom, one sentence each, and what holds for every proposal.
use proptest::prelude::*;

use super::*;

/// Says where the backends of a caller take a port from something that it is allowed there and does not get.
fn cut_off(proposal: &Proposal, allowed: &Allowed) -> Option<String> {
    let lost = [Placement::Waits, Placement::Inexpressible, Placement::PortBypass].contains(&allowed.placement);
    let caller = proposal
        .callers
        .iter()
        .find(|caller| Some(&caller.virtual_node) == allowed.caller.as_ref())?;
    let port = allowed.entry.port;
    let taken_by = proposal
        .nodes
        .iter()
        .find(|node| caller.backends.contains(&node.host) && node.listeners.contains_key(&port))?;
    lost.then(|| {
        format!(
            "{}: {}:{port} to {}",
            caller.virtual_node, allowed.entry.destination, taken_by.host
        )
    })
}

#[test]
fn a_host_that_waits_keeps_its_neighbours_waiting_on_every_port_it_needs() {
    let proposal = of([
        Seen::tls("shop", "one.example", 443),
        Seen::tls("shop", "two.example", 443),
        Seen::http("shop", "one.example", 8000),
        Seen::http("shop", "three.example", 8000),
        Seen::http("shop", "three.example", 9000),
        Seen::http("shop", "four.example", 9000),
        Seen::http("shop", "five.example", 80),
        Seen::http("till", "three.example", 8000),
    ]);
    let waiting = ["four.example", "one.example", "three.example", "two.example"];
    assert_eq!(backends(&proposal, "shop"), pair(&["five.example"], &waiting));
    assert_eq!(backends(&proposal, "till"), pair(&["three.example"], &[]));
    let evidence: Vec<_> = proposal
        .findings
        .iter()
        .filter(|found| found.code == Code::WaitingNeighbour)
        .map(|found| (found.severity, found.port.unwrap(), found.evidence.join("; ")))
        .collect();
    let told = |port, facts: &str| (Severity::Decision, port, facts.to_owned());
    assert_eq!(
        evidence,
        [
            told(
                8000,
                "waits: one.example, because of port 443; waits with it: three.example"
            ),
            told(
                9000,
                "waits with it: four.example; waits: three.example, because of port 8000"
            ),
        ]
    );
}

#[test]
fn a_contested_host_still_claims_its_port() {
    let proposal = of([
        Seen::tls("desk", "api.example", 443),
        Seen::tls("desk", "other.example", 443),
        Seen::http("hall", "api.example", 443),
        Seen::http("hall", "web.example", 443),
    ]);
    assert_eq!(
        backends(&proposal, "desk"),
        pair(&[], &["api.example", "other.example"])
    );
    assert_eq!(backends(&proposal, "hall"), pair(&[], &["api.example", "web.example"]));
    assert_eq!(
        finding(&proposal, Code::SecondTcpOnPort).caller.as_deref(),
        Some("desk")
    );
    assert_eq!(
        finding(&proposal, Code::WaitingNeighbour).evidence,
        [
            "waits: api.example, which callers need as HTTP and as TCP on this port",
            "waits with it: web.example",
        ]
    );
}

#[test]
fn a_neighbours_port_that_only_other_callers_use_holds_nobody_back() {
    let proposal = of([
        Seen::tls("shop", "one.example", 443),
        Seen::tls("shop", "two.example", 443),
        Seen::http("shop", "three.example", 8000),
        Seen::http("till", "one.example", 8000),
    ]);
    assert_eq!(
        backends(&proposal, "shop"),
        pair(&["three.example"], &["one.example", "two.example"])
    );
}

#[test]
fn a_server_that_speaks_first_holds_its_port() {
    let proposal = of([
        Seen::tcp("shop", "db.example", 3306),
        Seen::http("shop", "a.example", 3306),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["a.example"]));
    let conflict = finding(&proposal, Code::UnmodelledNeighbour);
    assert_eq!(conflict.evidence[1], "cannot be expressed: db.example:3306 (tcp)");
    assert!(
        conflict.ways_out[0].starts_with("add 3306 to the ports"),
        "{conflict:?}"
    );
}

proptest! {
    #[test]
    fn no_caller_gets_a_listener_that_envoy_would_refuse_or_that_cuts_off_what_it_is_allowed(
        seen in prop::collection::vec((0..3_u8, 0..5_u8, prop::sample::select(vec![80, 443, 3306, 8080]), 0..5_u8), 0..24),
    ) {
        let seen: Vec<Seen> = seen.into_iter().map(|(caller, host, port, kind)| {
            let (caller, host) = (format!("caller{caller}"), format!("h{host}.example"));
            match kind {
                0 => Seen::http(&caller, &host, port),
                1 => Seen::tls(&caller, &host, port),
                2 => Seen::tcp(&caller, &host, port),
                3 => Seen::tcp(&caller, &host, port).class(Class::Internal),
                _ => Seen::tls(&caller, "203.0.113.7", port),
            }
        }).collect();
        let map = sample::map(seen);
        let proposal = proposed(&map);
        for caller in &proposal.callers {
            let mut by_port: BTreeMap<u16, Vec<Listener>> = BTreeMap::new();
            for node in proposal.nodes.iter().filter(|node| caller.backends.contains(&node.host)) {
                for (port, listener) in &node.listeners {
                    by_port.entry(*port).or_default().push(*listener);
                }
            }
            let ours = map.dependencies.iter().filter(|(key, found)| {
                found.class == Class::Internal && caller.services.contains(&key.service)
            });
            for (key, found) in ours {
                if let Some(listeners) = by_port.get_mut(&key.port) {
                    listeners.push(Listener::of(found.application));
                }
            }
            for (port, listeners) in by_port {
                let all_http = listeners.iter().all(|listener| *listener == Listener::Http);
                prop_assert!(all_http || listeners.len() == 1, "{port}: {listeners:?}");
            }
            prop_assert!(caller.backends.is_disjoint(&caller.waiting));
        }
        let cut_off: Vec<String> = proposal.allowed.iter().filter_map(|allowed| cut_off(&proposal, allowed)).collect();
        prop_assert!(cut_off.is_empty(), "{cut_off:?}");
        // Every external dependency was allowed, and every allowed entry has its placement.
        let external = map.dependencies.values().filter(|found| found.class == Class::External).count();
        prop_assert_eq!(proposal.allowed.len(), external);
        let waits = proposal.allowed.iter().filter(|allowed| allowed.placement == Placement::Waits);
        let has_decision = proposal.findings.iter().any(|found| found.severity == Severity::Decision);
        prop_assert!(waits.count() == 0 || has_decision);
    }
}
