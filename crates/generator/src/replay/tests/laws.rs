//! What holds of every map, ledger and target.

use proptest::prelude::*;

use super::*;

const HOSTS: [&str; 6] = [
    "a.example",
    "b.example",
    "x.b.example",
    "203.0.113.7",
    "aws/s3/eu-west-1",
    "s3.amazonaws.com",
];
const PATTERNS: [&str; 4] = ["*.example", "203.0.113.0/24", "a.example", "b.example"];
const PORTS: [u16; 5] = [22, 80, 443, 3306, 8080];
const SPOKEN: [&str; 4] = ["http", "tls", "tcp", "udp"];

pub(super) fn seen() -> impl Strategy<Value = Seen> {
    let service = prop::sample::select(vec!["shop", "media", "unattributed/10.0.0.9"]);
    let (host, port) = (
        prop::sample::select(HOSTS.to_vec()),
        prop::sample::select(PORTS.to_vec()),
    );
    let kind = (
        0..4usize,
        prop::sample::select(Class::ALL.to_vec()),
        any::<bool>(),
        any::<bool>(),
    );
    (service, host, port, kind).prop_map(|(service, host, port, (spoken, class, proxy, address))| {
        let mut seen = match spoken {
            0 => Seen::http(service, host, port),
            1 => Seen::tls(service, host, port),
            2 => Seen::tcp(service, host, port),
            _ => Seen::udp(service, host, port),
        };
        seen.dependency.class = class;
        seen.dependency.access.records = u64::from(proxy);
        if address {
            seen = at(seen, "203.0.113.7");
        }
        seen
    })
}

pub(super) type Allow = (&'static str, &'static str, u16, &'static str);

pub(super) fn allows() -> impl Strategy<Value = Vec<Allow>> {
    let destination = prop::sample::select([HOSTS.as_slice(), PATTERNS.as_slice()].concat());
    let service = prop::sample::select(vec!["shop", "media"]);
    let entry = (
        service,
        destination,
        prop::sample::select(PORTS.to_vec()),
        prop::sample::select(SPOKEN.to_vec()),
    );
    prop::collection::vec(entry, 0..12).prop_map(distinct)
}

/// A ledger holds no two entries of one service, destination, port and transport.
fn distinct(entries: Vec<Allow>) -> Vec<Allow> {
    let mut taken = BTreeSet::new();
    let fresh = entries
        .into_iter()
        .filter(|(service, destination, port, spoken)| taken.insert((*service, *destination, *port, *spoken == "udp")));
    fresh.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_dependency_has_one_verdict_with_a_rule_on_every_target(seen in prop::collection::vec(seen(), 0..24), allowed in allows()) {
        let (map, ledger) = (sample::map(seen), ledger(&allowed));
        let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
        for semantics in SEMANTICS {
            let replay = replay(&map, &ledger, &proposal, semantics, None);
            let keys: BTreeSet<&Key> = replay.judged.iter().map(|judged| judged.key).collect();
            prop_assert_eq!(keys.len(), map.dependencies.len());
            prop_assert_eq!(replay.judged.len(), map.dependencies.len());
            prop_assert_eq!(replay.totals().all().dependencies, map.dependencies.len() as u64);
            let by_service: u64 = replay.services().values().map(|totals| totals.all().dependencies).sum();
            prop_assert_eq!(by_service, replay.totals().all().dependencies);
            prop_assert!(replay.judged.iter().all(|judged| !judged.judgement.rule.is_empty()));
            prop_assert!(replay.judged.is_sorted_by_key(|judged| (judged.judgement.verdict, judged.key)));
        }
    }

    /// Where hosts are told apart, another host on the port harms none. (In Istio it must speak what the port speaks, in App
    /// Mesh a second TCP backend harms: there are tests for both.)
    #[test]
    fn an_entry_more_never_cuts_http_that_passed(seen in prop::collection::vec(seen(), 1..16), allowed in allows(), more in allows()) {
        let map = sample::map(seen);
        let http_alone = |entries: Vec<Allow>| entries.into_iter().filter(|entry| entry.3 == "http" && !entry.1.contains('/'));
        for target in ["istio", "envoy"] {
            // Envoy takes any further entry, Istio one of HTTP.
            let pick = |entries: &[Allow]| match target {
                "istio" => http_alone(entries.to_vec()).collect(),
                _ => entries.iter().filter(|entry| entry.3 != "tcp").copied().collect::<Vec<_>>(),
            };
            let before = pick(&allowed);
            let after = distinct([before.clone(), pick(&more)].concat());
            let passed = |entries: &[Allow]| -> BTreeSet<Key> {
                let ledger = ledger(entries);
                let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
                let replay = replay(&map, &ledger, &proposal, semantics_named(target).unwrap(), None);
                let http = replay.judged.iter().filter(|judged| judged.dependency.application == Application::Http);
                http.filter(|judged| judged.judgement.verdict == Verdict::Allow).map(|judged| judged.key.clone()).collect()
            };
            let (before, after) = (passed(&before), passed(&after));
            prop_assert!(before.is_subset(&after), "{target}: {:?}", before.difference(&after).collect::<Vec<_>>());
        }
    }
}
