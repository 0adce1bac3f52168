//! Nothing that may hold a record of the window is pruned: generated buckets, listed in full by a slow obvious rule.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

/// 2026-03-01T00:00:00Z, so that days before it are in another month.
const MIDDLE: u64 = 1_772_323_200;
const DAY: u64 = 86_400;

/// One object of a generated bucket.
#[derive(Debug, Clone)]
struct Generated {
    key: String,
    /// The first and last second in which one of its records may start, as far as its name tells; `None` if it tells nothing.
    starts: Option<(u64, u64)>,
    /// Whether that is told by its folder alone.
    by_day: bool,
}

fn layout() -> impl Strategy<Value = (&'static str, bool, bool)> {
    (
        prop::sample::select(vec!["", "logs/", "a/b-c/"]),
        any::<bool>(),
        any::<bool>(),
    )
}

fn object() -> impl Strategy<Value = Generated> {
    let time = (MIDDLE - 5 * DAY..MIDDLE + 5 * DAY).prop_map(|time| time / 300 * 300);
    let place = (1..4_u64, prop::sample::select(vec!["us-east-1", "eu-west-1"]));
    (layout(), place, time, 0..10_u8, "[a-f0-9]{4}").prop_map(
        |((prefix, hive, hours), (account, region), time, kind, hash)| {
            let at = Timestamp::from_second(time.try_into().unwrap()).unwrap();
            let date = |format: &str| at.strftime(format).to_string();
            let service = if kind == 8 { "vpcdnsquerylogs" } else { "vpcflowlogs" };
            let region = if kind == 8 { "vpc-0a1b" } else { region };
            let mut folder = match hive {
                true => format!(
                    "{prefix}AWSLogs/aws-account-id={account:012}/aws-service={service}/aws-region={region}/{}",
                    date("year=%Y/month=%m/day=%d/")
                ),
                false => format!("{prefix}AWSLogs/{account:012}/{service}/{region}/{}", date("%Y/%m/%d/")),
            };
            if hours && kind != 8 {
                folder += &date(if hive { "hour=%H/" } else { "%H/" });
            }
            let named = format!(
                "{account:012}_{service}_{region}_fl-{account}_{}_{hash}.log.gz",
                date("%Y%m%dT%H%MZ")
            );
            let day = time / DAY * DAY;
            let hour = time / 3600 * 3600;
            match kind {
                9 => Generated {
                    key: format!("{prefix}envoy/{}{hash}.log", date("%Y/%m/%d/")),
                    starts: None,
                    by_day: false,
                },
                8 => Generated {
                    key: folder + &named,
                    starts: Some((day, day + DAY - 1)),
                    by_day: true,
                },
                7 if hours => Generated {
                    key: format!("{folder}test_{hash}.log.gz"),
                    starts: Some((hour - 600, hour + 3599)),
                    by_day: true,
                },
                7 => Generated {
                    key: format!("{folder}test_{hash}.log.gz"),
                    starts: Some((day, day + DAY - 1)),
                    by_day: true,
                },
                _ => Generated {
                    key: folder + &named,
                    starts: Some((time - 600, time + 299)),
                    by_day: false,
                },
            }
        },
    )
}

fn window() -> impl Strategy<Value = (Option<u64>, Option<u64>)> {
    let bound = || MIDDLE - 6 * DAY..MIDDLE + 6 * DAY;
    prop_oneof![
        (bound(), 1..2 * DAY).prop_map(|(since, length)| (Some(since), Some(since + length))),
        bound().prop_map(|since| (Some(since), None)),
        bound().prop_map(|until| (None, Some(until))),
        Just((None, None)),
    ]
}

#[test]
fn a_pruned_listing_is_the_full_one_without_what_the_window_cannot_want() {
    let server = S3Server::start();
    let cases = (
        prop::collection::vec(object(), 1..60),
        window(),
        any::<prop::sample::Index>(),
        0..4_usize,
    );
    proptest!(ProptestConfig::with_cases(64), |((mut objects, (since, until), which, cut) in cases)| {
        objects.sort_by(|one, other| one.key.cmp(&other.key));
        objects.dedup_by(|one, other| one.key == other.key);
        server.empty("logs");
        for object in &objects {
            server.put("logs", &object.key, "x");
        }
        // A prefix that ends anywhere within one of the keys.
        let key = &which.get(&objects).key;
        let prefix = key.get(..key.len() * cut / 4).unwrap();
        let wanted = Wanted { since, until, ..Wanted::default() };
        let (found, _) = keys(source(&server.url(), &format!("s3://logs/{prefix}")), wanted);
        for object in &objects {
            let listed = found.contains(&object.key);
            prop_assert!(!listed || object.key.starts_with(prefix));
            let (first, last) = object.starts.unwrap_or((0, u64::MAX));
            let after = since.is_none_or(|since| last >= since);
            let before = until.is_none_or(|until| first < until);
            if object.key.starts_with(prefix) && after && before {
                prop_assert!(listed, "{} was pruned", object.key);
            }
            // And what is far from the window is not listed: its slack is an hour and a half, a day for days.
            let slack = if object.by_day { 2 * DAY } else { 5400 };
            let early = since.is_some_and(|since| object.starts.is_some() && last + slack < since);
            let late = until.is_some_and(|until| object.starts.is_some() && first > until + slack);
            let by_hand = object.by_day && prefix.len() > object.key.rfind('/').unwrap_or(0);
            prop_assert!(!listed || by_hand || !(early || late), "{} was listed", object.key);
        }
    });
}
