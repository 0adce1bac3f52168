//! Whatever the layout, every key is listed once, and folders that cannot matter are not even listed.

use super::*;

/// 2026-08-01T00:00:00Z.
const AUGUST: u64 = 1_785_542_400;
const HOUR: u64 = 3600;

fn wanted(since: u64, until: u64) -> Wanted {
    Wanted {
        since: Some(since),
        until: Some(until),
        ..Wanted::default()
    }
}

fn folder(account: u64, region: &str, day: u64) -> String {
    format!("org/AWSLogs/{account:012}/vpcflowlogs/{region}/2026/08/{day:02}/")
}

/// The key of a flow log's object.
fn flow(account: u64, region: &str, day: u64, minute: u64, log: &str) -> String {
    let (hour, minute) = (minute / 60, minute % 60);
    format!(
        "{}{account:012}_vpcflowlogs_{region}_{log}_202608{day:02}T{hour:02}{minute:02}Z_abcd.log.gz",
        folder(account, region, day)
    )
}

fn lists(server: &S3Server) -> Vec<String> {
    let prefix = "ListObjectsV2 logs ";
    let requests = server.requests().into_iter();
    requests
        .filter_map(|request| Some(request.strip_prefix(prefix)?.to_owned()))
        .collect()
}

#[test]
fn ten_thousand_keys_of_many_accounts_and_regions_are_listed_once_each() {
    let server = S3Server::start();
    let mut expected = Vec::new();
    for account in 0..40 {
        for region in ["us-east-1", "eu-central-1", "ap-south-1"] {
            for (day, slot) in (1..4).flat_map(|day| (0..30).map(move |slot| (day, slot))) {
                expected.push(flow(account, region, day, slot * 5, "fl-1"));
            }
        }
        server.put(
            "logs",
            &format!("org/AWSLogs/{account:012}/CloudTrail/us-east-1/2026/08/01/x.json.gz"),
            "x",
        );
    }
    expected.sort_unstable();
    for key in &expected {
        server.put("logs", key, "x");
    }
    assert!(expected.len() > 10_000);
    for uri in ["s3://logs", "s3://logs/org/AWSLogs/", "s3://logs/o"] {
        let (found, notes) = keys(source(&server.url(), uri), Wanted::default());
        assert!(found == expected, "{uri}: {} keys", found.len());
        let note = notes.first().unwrap();
        assert!(
            note.starts_with("s3://logs/org/AWSLogs/000000000000/CloudTrail/ and 39 more like it not read"),
            "{note}"
        );
    }
    let (found, _) = keys(
        source(&server.url(), "s3://logs"),
        wanted(AUGUST + 90_000, AUGUST + 90_001),
    );
    assert_eq!(found.len(), 40 * 3 * 16, "all of 00:55 to 02:10 on the second day");
    let trail = "s3://logs/org/AWSLogs/000000000001/CloudTrail/";
    let (found, notes) = keys(source(&server.url(), trail), Wanted::default());
    assert_eq!((found.len(), notes.len()), (1, 0), "what is named is read");
}

#[test]
fn only_the_days_of_the_window_are_listed() {
    let server = S3Server::start();
    for day in 1..=28 {
        for slot in 0..24 {
            server.put("logs", &flow(7, "us-east-1", day, slot * 60, "fl-1"), "x");
        }
        server.put("logs", &format!("{}test_file.log.gz", folder(7, "us-east-1", day)), "x");
    }
    let window = wanted(AUGUST + 9 * 24 * HOUR + 10 * HOUR, AUGUST + 9 * 24 * HOUR + 12 * HOUR);
    let (found, notes) = keys(source(&server.url(), "s3://logs/"), window);
    let expected: Vec<String> = [600, 660, 720, 780]
        .map(|minute| flow(7, "us-east-1", 10, minute, "fl-1"))
        .into();
    let strangers = [9, 10, 11].map(|day| format!("{}test_file.log.gz", folder(7, "us-east-1", day)));
    let mut expected = [expected, strangers.to_vec()].concat();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let days: Vec<String> = lists(&server)
        .into_iter()
        .filter(|list| list.contains("/08/"))
        .collect();
    let days_of = |days: &[String]| {
        days.iter()
            .filter(|list| list.contains("/08/0") || list.contains("/08/1"))
            .count()
    };
    assert_eq!(
        (days.len(), days_of(&days)),
        (4, 3),
        "the month, and three of its days: {days:?}"
    );
    let note = notes.first().unwrap();
    assert!(
        note.starts_with("s3://logs/: 25 folders of other dates were not listed, and 68 objects"),
        "{note}"
    );
}

#[test]
fn inside_a_day_of_many_objects_the_listing_jumps_to_the_window_and_behind_it() {
    let server = S3Server::start();
    let mut objects = Vec::new();
    for log in ["fl-a", "fl-b", "fl-c"] {
        for (slot, part) in (0..288).flat_map(|slot| (0..12).map(move |part| (slot, part))) {
            let key = flow(7, "us-east-1", 1, slot * 5, log).replace("abcd", &format!("{part:04}"));
            server.put("logs", &key, "x");
            objects.push((slot, key));
        }
    }
    let odd = format!("{}_odd.log", folder(7, "us-east-1", 1));
    server.put("logs", &odd, "x");
    let day = format!("s3://logs/{}", folder(7, "us-east-1", 1));
    for (hour, slots) in [(18, 12 * 18 - 1..=12 * 20 + 2), (0, 0..=12 * 2 + 2)] {
        let mut expected = objects.clone();
        expected.retain(|(slot, _)| slots.contains(slot));
        let mut expected: Vec<String> = expected.into_iter().map(|(_, key)| key).collect();
        expected.push(odd.clone());
        let earlier = lists(&server).len();
        let window = wanted(AUGUST + hour * HOUR, AUGUST + (hour + 1) * HOUR);
        let (found, _) = keys(source(&server.url(), &day), window);
        assert!(found == expected, "{} keys, expected {}", found.len(), expected.len());
        let lists = lists(&server).split_off(earlier);
        assert!(lists.len() < 6, "10,369 keys would be 11 pages: {lists:?}");
        assert!(lists.iter().any(|list| list.contains(" after ")), "{lists:?}");
    }
}

#[test]
fn deliveries_of_aws_are_found_wherever_they_lie_and_pruned_there() {
    let server = S3Server::start();
    let mut plain = Vec::new();
    for n in 0..3000 {
        plain.push(format!("teams/{:03}/envoy/{n}.log", n % 60));
    }
    plain.push("teams/zz".to_owned());
    for key in &plain {
        server.put("logs", key, "x");
    }
    let deep = |key: String| key.replace("org/", "teams/030/network/");
    for (day, slot) in (1..=28).flat_map(|day| (0..96).map(move |slot| (day, slot))) {
        server.put("logs", &deep(flow(7, "us-east-1", day, slot * 15, "fl-1")), "x");
    }
    let window = wanted(AUGUST + HOUR, AUGUST + 2 * HOUR);
    let mut expected: Vec<String> = (4..=12)
        .map(|slot| deep(flow(7, "us-east-1", 1, slot * 15, "fl-1")))
        .collect();
    expected.extend(plain);
    expected.sort_unstable();
    let (found, _) = keys(source(&server.url(), "s3://logs"), window);
    assert!(found == expected, "{} keys, expected {}", found.len(), expected.len());
    let (all, _) = keys(source(&server.url(), "s3://logs"), Wanted::default());
    assert_eq!(all.len(), 3001 + 28 * 96);
}

#[test]
fn a_folder_that_cannot_be_listed_is_named_and_costs_no_other() {
    let server = S3Server::start();
    server.put("logs", "a/x", "x");
    server.put("logs", "b/x", "x");
    server.refuse_folder("logs", "b/", "AccessDenied");
    let (bytes, outcome) = read(source(&server.url(), "s3://logs"));
    let text = fault(&outcome);
    assert!(
        text.starts_with("cannot list s3://logs/b/: access denied (needs s3:ListBucket)"),
        "{text}"
    );
    assert_eq!(bytes.keys().collect::<Vec<_>>(), ["s3://logs/a/x"]);
}
