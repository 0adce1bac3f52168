//! Every event of a group arrives once, in order, with its stream, however the answers are cut.

use egressmap_loopback::Paging;

use super::*;

/// Events of three streams over six hours, many at one time.
fn busy() -> CloudWatchServer {
    let server = CloudWatchServer::start();
    for n in 0..900 {
        let stream = ["eni-1-all", "eni-2-all", "task/ü x"][usize::try_from(n % 7).unwrap() % 3];
        server.put(
            "/aws/flow",
            stream,
            (DAY + n / 5 * 120) * 1000,
            &format!("record {n} \"{n}\""),
        );
    }
    server
}

#[test]
fn neither_pages_nor_slices_at_a_time_change_a_byte() {
    let server = busy();
    let expected = read_well(source(&server));
    assert_eq!(hours(&expected), (0..22).collect::<Vec<_>>());
    let found: usize = expected.values().map(|text| messages(text).len()).sum();
    assert_eq!(found, 900);
    for (events, bytes, empty, parallel) in [(1, 1_048_576, 0, 8), (7, 1_048_576, 3, 3), (10_000, 100, 1, 1)] {
        server.page_by(Paging { events, bytes, empty });
        let options = CloudWatchOptions { parallel, ..options() };
        assert_eq!(
            read_well(source(&server).with_options(options)),
            expected,
            "{events} {bytes} {empty}"
        );
    }
}

#[test]
fn events_keep_their_order_their_text_and_their_stream() {
    let server = CloudWatchServer::start();
    let sent = [
        ("b", "second\nline \u{1b}[0m"),
        ("a", "{\"json\": \"\\u0000\"}"),
        ("a", ""),
        ("c/🦀", "é"),
        ("b", "last"),
    ];
    for (at, (stream, message)) in (0..).zip(sent) {
        server.put("/aws/flow", stream, DAY * 1000 + at, message);
    }
    let texts = read_well(source(&server));
    let found = messages(texts.values().next().unwrap());
    assert_eq!(
        found,
        sent.map(|(stream, message)| (stream.to_owned(), message.to_owned()))
    );
}

#[test]
fn an_event_at_the_edge_of_two_slices_is_in_one() {
    let server = CloudWatchServer::start();
    for (at, message) in [
        (0, "0"),
        (HOUR * 1000 - 1, "0"),
        (HOUR * 1000, "1"),
        (2 * HOUR * 1000 - 1, "1"),
    ] {
        server.put("/aws/flow", "s", DAY * 1000 + at, message);
    }
    let texts = read_well(source(&server));
    let found: Vec<Vec<String>> = texts
        .values()
        .take(3)
        .map(|text| messages(text).into_iter().map(|(_, message)| message).collect())
        .collect();
    assert_eq!(found, [vec!["0", "0"], vec!["1", "1"], vec![]]);
}

#[test]
fn a_stream_prefix_and_a_region_are_asked_for_and_are_part_of_the_name() {
    let server = busy();
    server.put("/aws/flow", "task/late", (DAY + 5 * HOUR) * 1000, "x");
    let uri = "cloudwatch:///aws/flow?stream-prefix=task/%C3%BC%20&region=us-west-2";
    let texts = read_well(source_of(&server, uri, &Wanted::default()));
    let first = "cloudwatch:///aws/flow?account=001234567890&region=us-west-2&stream-prefix=task/%C3%BC%20\
                 &from=2026-10-01T00:00:00Z&until=2026-10-01T01:00:00Z";
    assert_eq!(texts.keys().next().map(String::as_str), Some(first));
    let streams: Vec<String> = texts
        .values()
        .flat_map(|text| messages(text))
        .map(|(stream, _)| stream)
        .collect();
    assert!(!streams.is_empty() && streams.iter().all(|stream| stream == "task/ü x"));
    assert!(server.requests().iter().all(|asked| asked.region == "us-west-2"));
}

#[test]
fn a_large_slice_arrives_whole() {
    let server = CloudWatchServer::start();
    let message = "m".repeat(200_000);
    for n in 0..100 {
        server.put("/aws/flow", "s", DAY * 1000 + n, &format!("{n} {message}"));
    }
    let texts = read_well(source(&server));
    let found = messages(texts.values().next().unwrap());
    assert_eq!(found.len(), 100);
    assert!(
        found
            .iter()
            .enumerate()
            .all(|(n, (_, text))| *text == format!("{n} {message}"))
    );
}
