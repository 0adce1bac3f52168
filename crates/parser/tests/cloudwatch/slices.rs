//! Which hours are read: those that are past, wanted, and not counted before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use egressmap_parser::source::Extent;

use super::*;

/// A group with an event every half hour of a day.
fn a_day() -> CloudWatchServer {
    let server = CloudWatchServer::start();
    for n in 0..48 {
        server.put("/aws/flow", "s", (DAY + n * 1800) * 1000, &format!("event {n}"));
    }
    server
}

fn at(time: u64) -> CloudWatchOptions {
    CloudWatchOptions {
        now: Some(time),
        ..options()
    }
}

fn notes<S>(outcome: &Outcome<S, String>) -> Vec<&str> {
    outcome.notes.iter().map(String::as_str).collect()
}

fn filtered(server: &CloudWatchServer) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|asked| asked.operation == "FilterLogEvents")
        .count()
}

#[test]
fn a_run_reads_what_is_past_and_says_what_it_leaves() {
    let server = a_day();
    let (texts, outcome) = read(source(&server).with_options(at(DAY + 5 * HOUR + 100)));
    assert_eq!((hours(&texts), faults(&outcome)), (vec![0, 1, 2], vec![]));
    let note = "cloudwatch:///aws/flow: events from 2026-10-01T03:00:00Z on are not read yet, because more may arrive; \
                an hour is read 2 hours after its end";
    assert_eq!(notes(&outcome), [note]);
}

#[test]
fn a_later_run_asks_only_for_what_an_earlier_one_has_not_counted_and_nothing_is_counted_twice() {
    let server = a_day();
    let mut counted = BTreeSet::new();
    let mut seen = Vec::new();
    // The first run was killed after it had read two slices that the second finds counted.
    for (now, new) in [(4, 2), (4, 0), (9, 5), (26, 17)] {
        let known = counted.clone();
        let wanted = Wanted {
            counted: Some(Arc::new(move |id| known.contains(&id.uri))),
            ..Wanted::default()
        };
        let before = filtered(&server);
        let source = source_of(&server, "cloudwatch:///aws/flow", &wanted);
        let texts = read_well(source.with_options(at(DAY + now * HOUR)));
        assert_eq!(filtered(&server) - before, new);
        for (uri, text) in texts {
            assert!(text.is_empty() || !counted.contains(&uri), "{uri}");
            seen.extend(messages(&text));
            counted.insert(uri);
        }
    }
    let expected: Vec<_> = (0..48).map(|n| ("s".to_owned(), format!("event {n}"))).collect();
    assert_eq!(seen, expected);
}

#[test]
fn what_there_is_to_read_is_known_in_hours() {
    let server = a_day();
    let wanted = Wanted {
        counted: Some(Arc::new(|id| id.uri.contains("T01:00:00Z&until"))),
        ..Wanted::default()
    };
    let source = source_of(&server, "cloudwatch:///aws/flow", &wanted).with_options(at(DAY + 5 * HOUR));
    assert_eq!(source.extent(), None);
    let (to, deliveries) = sync_channel(8);
    source.deliver(&to).unwrap();
    assert_eq!(deliveries.try_iter().count(), 4, "three hours and a note");
    let expected = Extent {
        objects: 3,
        counted: 1,
        bytes: None,
    };
    assert_eq!(source.extent(), Some(expected));
}

#[test]
fn a_window_asks_for_its_hours_and_one_more() {
    let server = a_day();
    let wanted = Wanted {
        since: Some(DAY + 2 * HOUR + 1800),
        until: Some(DAY + 4 * HOUR),
        ..Wanted::default()
    };
    let (texts, outcome) = read(source_of(&server, "cloudwatch:///aws/flow", &wanted));
    assert_eq!((hours(&texts), filtered(&server)), (vec![2, 3, 4], 3));
    assert!(
        outcome.faults.is_empty() && outcome.notes.is_empty(),
        "{:?}",
        outcome.notes
    );
}

#[test]
fn reading_begins_with_the_first_event_of_the_streams_that_are_wanted() {
    let server = CloudWatchServer::start();
    // More streams than a page of them has.
    for n in 0..120 {
        server.put(
            "/aws/flow",
            &format!("eni-{n:03}"),
            (DAY + (130 - n) * HOUR / 10) * 1000,
            "x",
        );
    }
    server.put("/aws/flow", "other", DAY * 1000, "x");
    let uri = "cloudwatch:///aws/flow?stream-prefix=eni-";
    let texts = read_well(source_of(&server, uri, &Wanted::default()));
    assert_eq!(hours(&texts).first(), Some(&1));
    assert_eq!(texts.values().map(|text| messages(text).len()).sum::<usize>(), 120);
}

#[test]
fn what_the_group_no_longer_keeps_is_not_asked_for_as_far_as_that_may_be_known() {
    let server = a_day();
    server.retain("/aws/flow", 1);
    let two_days_on = || source(&server).with_options(at(DAY + 34 * HOUR));
    assert_eq!(hours(&read_well(two_days_on())).first(), Some(&10));
    server.refuse("DescribeLogGroups", "AccessDeniedException");
    assert_eq!(hours(&read_well(two_days_on())).first(), Some(&0));
}

#[test]
fn a_group_without_a_stream_is_no_fault_and_is_named() {
    let server = CloudWatchServer::start();
    server.create_group("/aws/flow");
    let (texts, outcome) = read(source(&server));
    assert_eq!((texts.len(), faults(&outcome)), (0, vec![]));
    assert_eq!(
        notes(&outcome),
        ["cloudwatch:///aws/flow: there is no log stream in it"]
    );
}
