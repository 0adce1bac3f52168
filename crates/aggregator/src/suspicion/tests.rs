//! Each factor where it should speak, and where it should be silent.

use std::collections::BTreeMap;

use super::*;
use crate::identity::ServiceName;
use crate::map::{Application, Certainty, Grade, Hours, Naming, OnlySource, Protocol, Sources, Tally};

const DAY: u64 = 86_400;
/// Midnight.
const BEGIN: u64 = 20_000 * DAY;

fn service(name: &str) -> ServiceName {
    ServiceName::try_from(name.to_owned()).unwrap()
}

pub(crate) fn key(caller: &str, destination: &str) -> Key {
    Key {
        service: service(caller),
        destination: destination.to_owned(),
        port: 443,
        protocol: Protocol::Tcp,
    }
}

/// Seen at noon of these days, named by its SNI, and nothing to be said against it.
pub(crate) fn honest(days: std::ops::Range<u64>) -> Dependency {
    let mut seen = Hours::default();
    for day in days {
        for hour in [12, 15] {
            let start = BEGIN + day * DAY + hour * 3_600;
            seen.mark(start, start + 60);
        }
    }
    Dependency {
        addresses: ["203.0.113.7".parse().unwrap()].into(),
        application: Application::Tls,
        name: Naming {
            evidence: [(Grade::Sni, 9)].into(),
            also: BTreeMap::new(),
        },
        at_initiator: Tally {
            records: 100,
            bytes_out: 50_000,
            bytes_in: 900_000,
            packets_out: 100,
            packets_in: 100,
        },
        seen,
        initiator: Certainty::Certain,
        source: OnlySource::Several,
        ..Dependency::default()
    }
}

/// A window of 20 days in which `checkout` reaches the ledger from the first day on, and these.
fn map(others: impl IntoIterator<Item = (Key, Dependency)>) -> DependencyMap {
    let mut map = DependencyMap::default();
    map.manifest.window = Some((BEGIN, BEGIN + 20 * DAY));
    let ledger = Dependency {
        class: Class::Internal,
        ..honest(0..20)
    };
    map.dependencies.insert(key("checkout", "ledger"), ledger);
    map.dependencies.extend(others);
    map
}

/// What is said of what `checkout` reaches at `destination`.
fn said(map: &DependencyMap, destination: &str) -> Vec<(&'static str, String)> {
    let key = key("checkout", destination);
    let all = Suspicions::of(map).about(&key, &map.dependencies[&key]);
    all.into_iter().map(|it| (it.factor.as_str(), it.evidence)).collect()
}

fn only(factor: &'static str, destination: &str, dependency: Dependency) -> String {
    let mut said = said(&map([(key("checkout", destination), dependency)]), destination);
    assert_eq!(said.iter().map(|(word, _)| *word).collect::<Vec<_>>(), [factor]);
    said.remove(0).1
}

fn nothing(destination: &str, dependency: Dependency) {
    assert_eq!(
        said(&map([(key("checkout", destination), dependency)]), destination),
        []
    );
}

#[test]
fn nothing_is_said_of_what_is_usual_nor_of_attempts_nor_of_our_own() {
    nothing("api.shop.example", honest(0..20));
    let mut bad = honest(16..20);
    bad.at_initiator.bytes_out = 900_000_000;
    let own = Dependency {
        class: Class::Internal,
        ..bad.clone()
    };
    nothing("api.shop.example", own);
    bad.refused_flow = bad.at_initiator.records;
    bad.at_initiator = Tally::default();
    nothing("api.shop.example", bad);
}

#[test]
fn an_address_that_nothing_names_is_one() {
    let nameless = |days| {
        let mut it = honest(days);
        it.name.evidence.clear();
        it
    };
    assert_eq!(
        only("address-without-name", "203.0.113.7", nameless(6..20)),
        "nothing names it: no line of a proxy, no DNS answer, no published range, no reverse name; 100 records lead there"
    );
    only("address-without-name", "203.0.113.7", nameless(0..14));
    let alone = Dependency {
        source: OnlySource::One("10.0.0.1".parse().unwrap()),
        ..nameless(0..20)
    };
    only("address-without-name", "203.0.113.7", alone.clone());
    nothing("203.0.113.7", nameless(0..20));

    let address = "203.0.113.7";
    let from_another = Dependency {
        source: OnlySource::One("10.0.0.2".parse().unwrap()),
        ..alone.clone()
    };
    let shared = map([
        (key("checkout", address), alone.clone()),
        (key("media", address), from_another.clone()),
    ]);
    assert_eq!(said(&shared, address), [], "another service reaches it as well");
    let beside = map([
        (key("checkout", address), alone.clone()),
        (key("checkout", "203.0.113.8"), from_another),
    ]);
    assert_eq!(said(&beside, address), [], "another task reaches what is beside it");
    let elsewhere = ["198.51.100.1", "192.0.2.1"].map(|other| {
        let addresses = [other.parse().unwrap()].into();
        let it = Dependency {
            addresses,
            ..alone.clone()
        };
        (key("checkout", other), it)
    });
    let many = map(elsewhere.into_iter().chain([(key("checkout", address), alone)]));
    assert_eq!(said(&many, address), [], "hardly any has a name");
    let mut short = map([(key("checkout", address), nameless(12..20))]);
    short.manifest.window = Some((BEGIN + 12 * DAY, BEGIN + 20 * DAY));
    assert_eq!(
        said(&short, address).len(),
        1,
        "in so short a window nothing is a habit"
    );
}

#[test]
fn what_dns_never_told_is_seen_only_where_dns_is_logged() {
    let resolved = |name: &str| {
        let mut it = honest(0..20);
        it.name.evidence.insert(Grade::Dns, 3);
        (key("checkout", name), it)
    };
    let unresolved = || (key("checkout", "direct.example"), honest(0..20));
    let logged = map([resolved("a.example"), resolved("b.example"), unresolved()]);
    assert_eq!(
        said(&logged, "direct.example"),
        [(
            "never-resolved",
            "no DNS answer ever told this name or address, though answers told 2 of the 2 other far ends that the service \
             reaches"
                .to_owned()
        )]
    );
    assert_eq!(
        said(&map([resolved("a.example"), unresolved()]), "direct.example"),
        [],
        "one answer is not a log"
    );
    let (known, mut early) = unresolved();
    early.seen = honest(0..1).seen;
    let early = map([resolved("a.example"), resolved("b.example"), (known, early)]);
    assert_eq!(
        said(&early, "direct.example"),
        [],
        "an answer from before the window may have held"
    );
    let (known, mut shared) = unresolved();
    shared.name.also.insert("cdn.example".to_owned(), 4);
    let shared = map([resolved("a.example"), resolved("b.example"), (known, shared)]);
    assert_eq!(
        said(&shared, "direct.example"),
        [],
        "its address was told under another name"
    );
}

#[test]
fn one_address_of_many_is_one_only_while_the_others_are_there() {
    let address = |host: u8| std::net::IpAddr::from([10, 0, 0, host]);
    let with = |others: &[(u8, u64, u64)], change: fn(&mut Dependency)| {
        let mut it = honest(5..9);
        it.source = OnlySource::One(address(1));
        change(&mut it);
        let mut map = map([(key("checkout", "one.example"), it)]);
        let mut sources = Sources::default();
        for &(host, first, last) in [(1, 0, 20)].iter().chain(others) {
            sources.see(address(host), BEGIN + first * DAY, BEGIN + last * DAY);
        }
        map.manifest.sources.insert(service("checkout"), sources);
        said(&map, "one.example")
    };
    let there = [(2, 0, 20), (3, 0, 6), (4, 8, 20)];
    assert_eq!(
        with(&there, |_| {}),
        [(
            "one-of-many",
            "opened from 10.0.0.1 alone, in 100 records and 8 hours; at least 3 other addresses of the service were there at \
             that time and never did"
                .to_owned()
        )]
    );
    assert_eq!(
        with(&[(2, 0, 20), (3, 0, 4), (4, 9, 20)], |_| {}),
        [],
        "gone before, or not there yet"
    );
    assert_eq!(with(&there, |it| it.at_initiator.records = 7), [], "too few to tell");
    assert_eq!(with(&there, |it| it.source = OnlySource::Several), []);
    assert_eq!(with(&there, |it| it.source = OnlySource::Unknown), []);
}

#[test]
fn a_late_start_needs_a_long_window_and_a_service_that_was_there() {
    assert_eq!(
        only("late-start", "new.example", honest(17..20)),
        "first seen 2024-10-21T12:00:00Z, day 18 of 21, and in 6 hours since; the service is seen from 2024-10-04T12:00:00Z"
    );
    nothing("new.example", honest(14..20));
    nothing("new.example", honest(19..20));
    let mut short = map([(key("checkout", "new.example"), honest(17..20))]);
    short.manifest.window = Some((BEGIN + 11 * DAY, BEGIN + 20 * DAY));
    assert_eq!(said(&short, "new.example"), []);
    let mut new_service = map([(key("checkout", "new.example"), honest(17..20))]);
    new_service.dependencies.remove(&key("checkout", "ledger"));
    assert_eq!(said(&new_service, "new.example"), []);
}

fn starting(starts: impl IntoIterator<Item = (u64, u16)>) -> Dependency {
    let mut it = honest(0..20);
    for (second, port) in starts {
        it.starts.mark(BEGIN + 5 * 3_600 + second, port);
    }
    it
}

#[test]
fn a_beat_is_told_through_jitter_and_missed_beats() {
    // Asleep for 51 to 69 seconds, and each ninth beat is missed.
    let mut second = 0;
    let beats: Vec<_> = (0..55_u16)
        .map(|beat| {
            second += 51 + u64::from(beat) * 7 % 19;
            (second, 40_000 + beat)
        })
        .filter(|(_, port)| port % 9 != 4)
        .collect();
    let evidence = only("fixed-period", "beat.example", starting(beats));
    assert!(
        evidence.starts_with("connections begin every 61 s, give or take 6 s (median"),
        "{evidence}"
    );
    let shared = map([
        (
            key("checkout", "beat.example"),
            starting((0..60).map(|beat| (beat * 60, 0))),
        ),
        (key("media", "beat.example"), honest(0..20)),
    ]);
    assert_eq!(
        said(&shared, "beat.example"),
        [],
        "what others reach as well is a service"
    );
}

#[test]
fn records_of_one_connection_and_connections_at_random_have_no_beat() {
    nothing("long.example", starting((0..60).map(|window| (window * 60, 40_000))));
    nothing("few.example", starting((0..12).map(|beat| (beat * 60, 0))));
    nothing("busy.example", starting((0..60).map(|beat| (beat * 2, 0))));
    // Intervals as a clock with exponential waits has them, drawn once by a generator of the test's own.
    let mut state = 12_345_u64;
    let mut second = 0;
    let random: Vec<(u64, u16)> = (0..50)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            second += 3 + (60 - (state >> 58).min(59)) * ((state >> 40) % 3);
            (second, 0)
        })
        .collect();
    nothing("random.example", starting(random));
}

#[test]
fn an_upload_is_large_and_one_sided() {
    let sending = |out, back| {
        let mut it = honest(0..20);
        (it.at_initiator.bytes_out, it.at_initiator.bytes_in) = (out, back);
        it
    };
    assert_eq!(
        only("upload-heavy", "paste.example", sending(52_000_000, 100_000)),
        "sent 52 MB and received 100 kB, 520 times as much"
    );
    assert_eq!(
        only("upload-heavy", "paste.example", sending(10_000_000, 0)),
        "sent 10 MB and received 0 B"
    );
    nothing("paste.example", sending(9_999_999, 1));
    nothing("paste.example", sending(52_000_000, 5_200_001));
}

#[test]
fn a_generated_name_reads_like_no_word() {
    assert_eq!(
        only("generated-name", "www.xq9zkvj2wf7h.example", honest(0..20)),
        "\"xq9zkvj2wf7h\" reads like no word: 5.9 bits of surprise a letter, where words stay below 5.7"
    );
    for name in [
        "googletagmanager.example",
        "githubusercontent.example",
        "rubygemscdn.example",
        "rhythmhotels.example",
        "d111111abcdef8.hosting.example",
        "xkcdqz.example",
        "volkswagenbank.example",
        // What DNS has for letters beyond ASCII.
        "www.xn--80aswg9zkvjq.example",
    ] {
        nothing(name, honest(0..20));
    }
}
