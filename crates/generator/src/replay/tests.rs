//! Semantics, one sentence each.

use std::collections::BTreeSet;

use egressmap_aggregator::map::{Application, Class, Grade, ServiceFacts};

use super::*;
use crate::proposal::{Settings, propose};
use crate::sample::{self, Seen};

mod appmesh;
mod by_name;
mod laws;
mod rendered;
mod work;

/// A ledger that allows these: service, destination, port and what is spoken.
fn ledger(allowed: &[(&str, &str, u16, &str)]) -> Ledger {
    let entries: String = allowed
        .iter()
        .map(|(service, destination, port, application)| {
            format!(
                "  - {{service: {service}, destination: \"{destination}\", port: {port}, application: {application}, \
                 verdict: allow}}\n"
            )
        })
        .collect();
    let list = if allowed.is_empty() { "[]\n" } else { "\n" };
    Ledger::parse(&format!("schema: egressmap/ledger/v1\ndependencies: {list}{entries}")).unwrap()
}

/// What a target does with each dependency of a map, as `destination:port verdict`.
fn verdicts(target: &str, map: &DependencyMap, ledger: &Ledger) -> Vec<String> {
    let replay = replayed(target, map, ledger);
    replay
        .into_iter()
        .map(|(what, judgement)| format!("{what} {}", judgement.verdict))
        .collect()
}

/// In the order of the map.
fn replayed(target: &str, map: &DependencyMap, ledger: &Ledger) -> Vec<(String, Judgement)> {
    let proposal = propose(map, ledger, &Settings::for_mesh("shop"));
    let replay = replay(map, ledger, &proposal, semantics_named(target).unwrap(), None);
    let mut judged = replay.judged;
    judged.sort_by_key(|judged| judged.key);
    judged
        .into_iter()
        .map(|judged| {
            (
                format!("{}:{}", judged.key.destination, judged.key.port),
                judged.judgement,
            )
        })
        .collect()
}

/// The one judgement on a map of one dependency.
fn judged(target: &str, seen: Seen, allowed: &[(&str, &str, u16, &str)]) -> Judgement {
    let map = sample::map([seen]);
    replayed(target, &map, &ledger(allowed)).remove(0).1
}

/// Seen in flow logs at this address, and nowhere else.
fn at(seen: Seen, address: &str) -> Seen {
    let mut seen = seen;
    seen.dependency.addresses = BTreeSet::from([address.parse().unwrap()]);
    seen
}

/// Known by its address alone.
fn nameless(service: &str, address: &str, port: u16, application: Application) -> Seen {
    let mut seen = at(Seen::tcp(service, address, port), address);
    seen.dependency.name.evidence.clear();
    seen.dependency.application = application;
    seen
}

/// Logged by the caller's own proxy.
fn proxied(mut seen: Seen) -> Seen {
    seen.dependency.access.records = 1;
    seen
}

/// Named by reverse DNS alone.
fn by_ptr(mut seen: Seen) -> Seen {
    seen.dependency.name.evidence = [(Grade::Ptr, 1)].into();
    seen
}

#[test]
fn every_target_has_semantics() {
    for target in crate::target::REGISTRY {
        assert!(semantics_named(target.name()).is_ok(), "{}", target.name());
    }
    let error = semantics_named("isto").unwrap_err().to_string();
    assert!(error.ends_with("did you mean \"istio\"?"), "{error}");
}

#[test]
fn a_verdict_names_the_entry_that_decided_or_else_the_one_that_speaks_for_it() {
    let map = sample::map([Seen::tls("shop", "a.example", 443), Seen::tls("shop", "b.example", 443)]);
    let text = "schema: egressmap/ledger/v1\ndependencies:\n  - {service: shop, destination: a.example, port: 443, application: tls, \
                verdict: allow}\n  - {service: shop, destination: b.example, port: 443, application: tls, verdict: deny}\n";
    let ledger = Ledger::parse(text).unwrap();
    let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
    let replay = replay(&map, &ledger, &proposal, semantics_named("istio").unwrap(), None);
    let standing = |at: usize| (replay.judged[at].judgement.verdict, replay.judged[at].entry.unwrap());
    let said = |line, verdict| Standing {
        line,
        verdict,
        expired: false,
    };
    assert_eq!(standing(0), (Verdict::Drop, said(4, ledger::Verdict::Deny)));
    assert_eq!(standing(1), (Verdict::Allow, said(3, ledger::Verdict::Allow)));
    assert_eq!(
        (replay.judged[0].judgement.line, replay.judged[1].judgement.line),
        (None, Some(3))
    );
}

#[test]
fn what_was_only_ever_refused_breaks_nothing() {
    let refused = |mut seen: Seen| {
        seen.dependency.at_initiator.records = 0;
        seen.dependency.refused_flow = 3;
        seen
    };
    for (seen, breaks) in [
        (Seen::tls("shop", "a.example", 443), true),
        (refused(Seen::tls("shop", "a.example", 443)), false),
    ] {
        let map = sample::map([seen]);
        let (ledger, target) = (ledger(&[]), semantics_named("istio").unwrap());
        let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
        let replay = replay(&map, &ledger, &proposal, target, None);
        assert_eq!(replay.totals().drop.dependencies, 1);
        assert_eq!(replay.breaks(), breaks);
    }
}

#[test]
fn hostile_names_stay_on_their_line() {
    let map = sample::map([Seen::tls("sh\u{202e}op", "a\u{1b}[2J", 443)]);
    let ledger = ledger(&[]);
    let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
    for semantics in SEMANTICS {
        let replay = replay(&map, &ledger, &proposal, semantics, None);
        let inert = |text: String| {
            text.lines()
                .all(|line| !line.chars().any(egressmap_parser::printable::is_deceptive))
        };
        assert!(inert(table(&replay)) && inert(json(&replay)), "{}", semantics.name);
    }
}
