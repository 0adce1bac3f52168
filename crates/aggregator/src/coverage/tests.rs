//! Whole maps and what is said of them.

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{Class, Coverage, Job, Question, Reason, Service, Unit, coverage, json};
use crate::identity::ServiceName;
use crate::map::{Application, Certainty, Class as FarEnd, Dependency, DependencyMap, Hours, Key, Protocol, Tally};

/// 2026-08-01, in days since 1970.
const AUGUST: u32 = 20_666;

fn dependency(days: &[u32], hours: u32) -> Dependency {
    let second = |day: &u32| u64::from(*day) * 86_400;
    Dependency {
        addresses: ["203.0.113.7".parse().unwrap()].into(),
        class: FarEnd::External,
        application: Application::Tls,
        at_initiator: Tally {
            records: 5,
            packets_in: 5,
            ..Tally::default()
        },
        seen: Hours {
            first: days.first().map(second).unwrap_or_default(),
            last: days.last().map(second).unwrap_or_default(),
            days: days.iter().map(|day| (*day, hours)).collect(),
        },
        initiator: Certainty::Certain,
        ..Dependency::default()
    }
}

fn add(map: &mut DependencyMap, service: &str, destination: &str, days: &[u32]) {
    let key = Key {
        service: ServiceName::try_from(service.to_owned()).unwrap(),
        destination: destination.to_owned(),
        port: 443,
        protocol: Protocol::Tcp,
    };
    map.dependencies.insert(key, dependency(days, 0xff_ffff));
}

fn every_day(count: u32) -> Vec<u32> {
    (AUGUST..AUGUST + count).collect()
}

fn one<'a>(all: &'a Coverage, service: &str) -> &'a Service {
    all.services.iter().find(|it| it.service == service).unwrap()
}

fn ask(map: &DependencyMap) -> Coverage {
    coverage(map, &Question::default())
}

/// August and September of a service that reaches two places daily.
fn steady() -> DependencyMap {
    let mut map = DependencyMap::default();
    add(&mut map, "payments", "api.test", &every_day(62));
    add(&mut map, "payments", "bank.test", &every_day(62));
    map
}

#[test]
fn two_steady_months_over_a_quarters_end_are_sufficient_and_still_no_promise() {
    let all = ask(&steady());
    let payments = one(&all, "payments");
    assert_eq!(payments.verdict(), "sufficient", "{payments:#?}");
    assert_eq!(
        (payments.coverage, payments.expected_new, payments.at_most_new),
        (Some(1.0), 0.0, 1)
    );
    assert_eq!(payments.sufficient_on(), None);
    assert_eq!(
        (payments.dependencies, payments.days, payments.unit),
        (2, 62, Unit::Day)
    );
    assert_eq!(payments.back_test.origins.len(), 4);
}

#[test]
fn a_missing_quarters_end_is_a_calendar_reason_with_a_date() {
    let mut map = DependencyMap::default();
    add(&mut map, "payments", "api.test", &every_day(61));
    let all = ask(&map);
    let payments = one(&all, "payments");
    assert_eq!(payments.verdict(), "insufficient: calendar");
    assert_eq!(payments.sufficient_on().unwrap().to_string(), "2026-10-02");
    let question = Question {
        calendar: vec![Class::Weekdays],
        ..Question::default()
    };
    assert!(coverage(&map, &question).services[0].is_sufficient());
}

#[test]
fn a_declared_job_is_missed_by_the_services_it_concerns() {
    let mut map = steady();
    add(&mut map, "media", "cdn.test", &every_day(62));
    let jobs = Job::parse_all("DR test@payments=90d\naudit=0 0 15 * *").unwrap();
    let all = coverage(
        &map,
        &Question {
            jobs,
            ..Question::default()
        },
    );
    assert_eq!(one(&all, "payments").verdict(), "insufficient: calendar");
    assert_eq!(one(&all, "payments").sufficient_on().unwrap().to_string(), "2026-10-30");
    assert!(one(&all, "media").is_sufficient());
}

#[test]
fn a_short_window_is_counted_in_hours_and_never_suffices() {
    let mut map = DependencyMap::default();
    add(&mut map, "payments", "api.test", &every_day(5));
    let all = ask(&map);
    let payments = one(&all, "payments");
    assert_eq!((payments.unit, payments.units, payments.days), (Unit::Hour, 120, 5));
    assert_eq!(payments.findings[0].reason, Reason::Window);
    assert_eq!(payments.findings[0].until.unwrap().to_string(), "2026-08-31");
    assert!(payments.back_test.origins.is_empty());
}

#[test]
fn a_service_is_judged_from_its_first_record_on() {
    let mut map = steady();
    add(&mut map, "young", "api.test", &every_day(62)[40..]);
    let all = ask(&map);
    let young = one(&all, "young");
    assert_eq!((young.days, young.units), (22, 22));
    assert_eq!(young.since.unwrap().to_string(), "2026-09-10");
    assert!(young.findings.iter().any(|finding| finding.reason == Reason::Window));
}

#[test]
fn only_what_a_rule_would_have_to_match_is_counted() {
    let mut map = steady();
    for at in 0..4 {
        add(&mut map, "mixed", &format!("{at}.test"), &every_day(62));
    }
    add(&mut map, "mixed", "attempt.test", &every_day(1));
    let attempt = map
        .dependencies
        .values_mut()
        .find(|it| it.seen.days.len() == 1)
        .unwrap();
    (attempt.at_initiator, attempt.refused_flow) = (Tally::default(), 3);
    for (key, it) in &mut map.dependencies {
        it.class = match key.destination.as_str() {
            "0.test" => FarEnd::Internal,
            "1.test" => FarEnd::Infrastructure,
            "2.test" => FarEnd::Aws,
            "3.test" => FarEnd::Private,
            _ => FarEnd::External,
        };
    }
    assert_eq!(one(&ask(&map), "mixed").dependencies, 2);
}

#[test]
fn a_service_that_reaches_nothing_outside_is_judged_by_window_and_calendar_alone() {
    let mut map = steady();
    add(&mut map, "inner", "ledger", &every_day(62));
    for (key, it) in &mut map.dependencies {
        if key.service.as_str() == "inner" {
            it.class = FarEnd::Internal;
        }
    }
    let all = ask(&map);
    let inner = one(&all, "inner");
    assert_eq!((inner.dependencies, inner.coverage, inner.at_most_new), (0, None, 1));
    assert!(inner.is_sufficient());
}

#[test]
fn what_was_seen_on_one_day_is_named_and_lowers_the_coverage() {
    let mut map = steady();
    add(&mut map, "payments", "files.test", &[AUGUST + 20]);
    add(&mut map, "payments", "tax.test", &[AUGUST + 21]);
    let all = ask(&map);
    let payments = one(&all, "payments");
    let named: Vec<_> = payments
        .one_day_only
        .iter()
        .map(|named| named.destination.as_str())
        .collect();
    assert_eq!(named, ["files.test", "tax.test"]);
    assert_eq!(payments.one_day_only[0].day.to_string(), "2026-08-21");
    assert!(payments.coverage.unwrap() < 1.0 && payments.expected_new > 0.0 && payments.at_most_new >= 1);
    // The last origin of the test still had seen them.
    assert_eq!(payments.back_test.broken, 0);
}

#[test]
fn what_is_new_in_the_last_week_breaks_the_back_test_unless_it_was_declared() {
    let mut map = steady();
    add(&mut map, "payments", "sftp.bank.test", &[AUGUST + 57, AUGUST + 58]);
    let all = ask(&map);
    let payments = one(&all, "payments");
    let latest = &payments.back_test.origins[0];
    assert_eq!(
        (latest.from.to_string().as_str(), latest.refused, latest.dependency_days),
        ("2026-09-25", 2, 16)
    );
    assert_eq!(payments.verdict(), "insufficient: back-test");
    assert_eq!(payments.sufficient_on().unwrap().to_string(), "2026-10-05");
    let declared = Question {
        jobs: vec![Job::parse("settlement=0 0 27 * *").unwrap()],
        ..Question::default()
    };
    assert!(coverage(&map, &declared).services[0].is_sufficient());
}

#[test]
fn a_service_that_changed_lately_is_not_judged_by_its_past() {
    let mut map = steady();
    for name in ["a.test", "b.test", "c.test"] {
        add(&mut map, "payments", name, &every_day(62)[52..]);
    }
    let all = ask(&map);
    let payments = one(&all, "payments");
    assert_eq!(payments.deployed.unwrap().to_string(), "2026-09-22");
    assert_eq!(payments.verdict(), "insufficient: deployment");
    assert_eq!(payments.sufficient_on().unwrap().to_string(), "2026-10-07");
}

#[test]
fn a_budget_is_held_against_the_bound() {
    let map = steady();
    let verdict = |budget| {
        let question = Question {
            budget: Some(budget),
            ..Question::default()
        };
        coverage(&map, &question).services[0].verdict()
    };
    assert_eq!([verdict(0), verdict(1)], ["insufficient: budget", "sufficient"]);
}

#[test]
fn a_singleton_among_few_is_a_coverage_reason_with_its_days() {
    let mut map = DependencyMap::default();
    add(&mut map, "payments", "api.test", &every_day(62));
    add(&mut map, "payments", "once.test", &[AUGUST + 9]);
    add(&mut map, "payments", "twice.test", &[AUGUST + 3, AUGUST + 12]);
    let all = ask(&map);
    let payments = one(&all, "payments");
    assert_eq!(payments.verdict(), "insufficient: coverage");
    assert!(payments.coverage.unwrap() < 0.99 && payments.days_to_target.unwrap() > 0);
    assert!(payments.sufficient_on().is_some());
}

#[test]
fn days_without_records_do_not_count_and_are_named_and_so_are_half_days_at_the_ends() {
    let mut map = DependencyMap::default();
    let mut days = every_day(40);
    days.drain(10..13);
    add(&mut map, "payments", "api.test", &days);
    // The first day has 3 hours of logs.
    map.dependencies.values_mut().next().unwrap().seen.days[0].1 = 0b111 << 21;
    map.manifest.gaps.skipdata = BTreeMap::from([(
        "eni-1".to_owned(),
        BTreeMap::from([(AUGUST * 24, 1), (AUGUST * 24 + 1, 4)]),
    )]);
    let window = ask(&map).window;
    assert_eq!(window.complete_days, 36);
    assert_eq!(
        window.partial.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["2026-08-01"]
    );
    let hole = window.without_records[0];
    assert_eq!(
        (
            hole.from.to_string().as_str(),
            hole.until.to_string().as_str(),
            hole.days
        ),
        ("2026-08-11", "2026-08-13", 3)
    );
    assert_eq!(window.lossy_hours["eni-1"], 2);
    // A log that says there was no traffic is a log.
    let nodata = (10..13).map(|day| ((AUGUST + day) * 24, 1)).collect();
    map.manifest.gaps.nodata = BTreeMap::from([("eni-1".to_owned(), nodata)]);
    let window = ask(&map).window;
    assert_eq!(
        (window.complete_days, window.without_records.len(), window.silent_hours),
        (39, 0, 3 * 23)
    );
}

#[test]
fn an_empty_map_has_no_service_and_no_day() {
    let all = ask(&DependencyMap::default());
    assert!(all.services.is_empty() && all.window.span.is_none() && all.fleet_mean == 0.0);
}

#[test]
fn the_floor_is_what_services_of_the_fleet_have_on_the_mean() {
    let mut map = steady();
    for at in 0..40 {
        add(&mut map, "restless", &format!("{at}.test"), &[AUGUST + at + 1]);
    }
    add(&mut map, "restless", "api.test", &every_day(62));
    add(&mut map, "restless", "pair.test", &[AUGUST, AUGUST + 9]);
    let all = ask(&map);
    assert!(all.fleet_mean > 5.0, "{}", all.fleet_mean);
    assert!(one(&all, "payments").at_most_new > 5);
}

#[test]
fn json_says_all_of_it_and_nothing_that_a_terminal_obeys() {
    let mut map = steady();
    add(&mut map, "evil\u{202e}", "x\u{9b}31m", &[AUGUST + 3]);
    let text = json(&ask(&map), &Question::default());
    assert!(!text.contains(['\u{202e}', '\u{9b}']));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "egressmap/coverage/v1");
    assert_eq!(
        document["window"]["span"],
        serde_json::json!(["2026-08-01", "2026-10-01"])
    );
    assert_eq!(document["services"][1]["verdict"], "sufficient");
    assert_eq!(
        document["services"][1]["calendar"][0],
        serde_json::json!({"name": "weekdays", "declared": false, "times": 7, "needed": 7})
    );
    assert_eq!(document["services"][0]["service"], "evil\u{202e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Days from 1970 to the end of what four bytes hold, as a forged log may claim them.
    #[test]
    fn any_map_gets_an_answer_within_its_limits_and_the_same_again(
        rows in proptest::collection::vec((0_u8..4, proptest::collection::btree_set(any::<u32>(), 0..6), 1_u32..0xff_ffff), 0..20),
        ordinary in 0_u32..70,
    ) {
        let mut map = DependencyMap::default();
        add(&mut map, "a", "daily.test", &every_day(ordinary));
        for (at, (service, days, hours)) in rows.into_iter().enumerate() {
            let key = Key {
                service: ServiceName::try_from(format!("s{service}")).unwrap(),
                destination: format!("{at}.test"),
                port: 443,
                protocol: Protocol::Tcp,
            };
            map.dependencies.insert(key, dependency(&days.into_iter().collect::<Vec<_>>(), hours));
        }
        let all = ask(&map);
        for service in &all.services {
            prop_assert!(service.coverage.is_none_or(|coverage| (0.0..=1.0).contains(&coverage)));
            prop_assert!(service.coverage_after >= service.coverage);
            prop_assert!(service.at_most_new >= 1 && service.expected_new <= service.unseen + 1e-9);
            prop_assert!(service.unseen_interval.0 <= service.unseen && service.unseen <= service.unseen_interval.1);
            prop_assert!(service.days >= super::LEAST_DAYS || !service.is_sufficient());
        }
        prop_assert_eq!(json(&all, &Question::default()), json(&ask(&map), &Question::default()));
    }

    #[test]
    fn more_that_was_seen_once_never_lowers_the_bound(once in 1_u32..40) {
        let bound = |once: u32| {
            let mut map = steady();
            for at in 0..once {
                add(&mut map, "payments", &format!("{at}.test"), &[AUGUST + 10 + at]);
            }
            ask(&map).services[0].at_most_new
        };
        prop_assert!(bound(once) <= bound(once + 1));
    }
}
