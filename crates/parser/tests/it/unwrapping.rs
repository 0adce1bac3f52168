//! Deliveries that are long, hostile or broken: every line of them is counted, and memory stays bounded.

#![expect(clippy::string_slice, reason = "the texts are cut where they are ASCII")]

use std::io::{self, Read};

use egressmap_parser::Options;

use crate::collected::{Collected, collect, collect_from};

const ROW: &str = "2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 1024 443 6 1 40 1790000010 1790000070 ACCEPT OK";

fn envelope(messages: &[&str]) -> String {
    let events: Vec<_> = messages
        .iter()
        .map(|message| serde_json::json!({"id": "1", "timestamp": 0, "message": message}))
        .collect();
    serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events})
        .to_string()
}

fn read(text: &str) -> Collected {
    collect(text.as_bytes(), &Options::default())
}

/// A line of ten megabytes in every delivery, between two rows.
#[test]
fn a_line_of_10_megabytes_is_read_in_every_delivery() {
    let long = "7".repeat(10 << 20);
    let lines = [ROW, &long, ROW];
    let each = |wrap: &dyn Fn(&str) -> String| lines.iter().map(|line| wrap(line)).collect::<String>();
    for text in [
        each(&|line| format!("2026-04-05T10:47:35.000Z {line}\n")),
        each(&|line| format!("2026-04-05T10:47:35.000Z stdout F {line}\n")),
        each(&|line| format!("[pod/a/b] {line}\n")),
        each(&|line| {
            format!(
                "{}\n",
                serde_json::json!({"log": format!("{line}\n"), "stream": "stdout", "time": "t"})
            )
        }),
        each(&|line| serde_json::json!({"log": line, "container_name": "a"}).to_string()),
        each(&|line| format!("{}\n", envelope(&[line]))),
        envelope(&lines),
    ] {
        let found = read(&text);
        let counted = (
            found.counters.lines,
            found.records.len(),
            found.set_aside("malformed:columns"),
        );
        assert_eq!(counted, (3, 2, 1), "{}", &text[..60]);
    }
}

#[test]
fn touching_envelopes_longer_than_any_line_are_read_to_the_last_event() {
    let one = envelope(&[ROW; 4_000]);
    let count = (20 << 20) / one.len() + 1;
    let whole = one.repeat(count);
    let found = collect_from(Pieces(io::Cursor::new(whole.into_bytes())), &Options::default());
    assert_eq!(
        (found.error.as_deref(), found.counters.used()),
        (None, 4_000 * count as u64)
    );
    assert!(found.records.iter().all(|record| record["line"] == 1));
}

/// Hands bytes out in pieces of no particular size.
struct Pieces<R>(R);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(99_991);
        self.0.read(&mut into[..length])
    }
}

#[test]
fn an_envelope_of_100_megabytes_is_set_aside_unheld_and_the_next_is_read() {
    let next = envelope(&[ROW]);
    let long = || io::repeat(b'7').take(100 << 20);
    let open = r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":""#;
    for (before, between) in [("", "\n"), ("", ""), (next.as_str(), ""), (&format!("{next}\n"), "\n")] {
        let body = io::Cursor::new(format!("{before}{open}"))
            .chain(long())
            .chain(io::Cursor::new(format!("\"}}]}}{between}{next}")));
        let found = collect_from(body, &Options::default());
        let expected = 1 + u64::from(!before.is_empty());
        assert_eq!(
            (found.counters.used(), found.set_aside("too-long")),
            (expected, 1),
            "{before} {between:?}"
        );
    }
}

#[test]
fn parts_that_never_end_are_not_held_without_bound() {
    let part = "7".repeat(16 * 1024);
    let mut text = format!("2026-04-05T10:47:35.000Z stdout F {ROW}\n");
    for _ in 0..1_200 {
        text.push_str("2026-04-05T10:47:35.000Z stdout P ");
        text.push_str(&part);
        text.push('\n');
    }
    let open = read(&text);
    assert_eq!((open.set_aside("continued"), open.set_aside("cut-off")), (1_199, 1));
    text.push_str("2026-04-05T10:47:35.000Z stdout F end\n2026-04-05T10:47:35.000Z stdout F ");
    text.push_str(ROW);
    let found = read(&text);
    assert_eq!((found.set_aside("continued"), found.set_aside("too-long")), (1_200, 1));
    assert_eq!(found.counters.used(), 2);
}

#[test]
fn more_containers_than_can_be_followed_lose_parts_by_name() {
    let line =
        |pod: usize, tag: &str, text: &str| format!("[pod/p{pod}/c] 2026-04-05T10:47:35.000Z stdout {tag} {text}\n");
    let (head, tail) = ROW.split_at(30);
    let mut text = line(0, "F", ROW);
    text.extend((0..40).map(|pod| line(pod, "P", head)));
    text.extend((0..40).map(|pod| line(pod, "F", tail)));
    let found = read(&text);
    assert_eq!(found.counters.lines, 81);
    assert_eq!(
        (
            found.counters.used(),
            found.set_aside("continued"),
            found.set_aside("cut-off")
        ),
        (17, 16, 24)
    );
    assert_eq!(found.set_aside("malformed:columns"), 24);
}

#[test]
fn nesting_as_deep_as_an_object_is_no_deeper_than_any_other_fault() {
    let deep = "[".repeat(3 << 20);
    let closed = format!("{{\"a\":{deep}{}}}", "]".repeat(3 << 20));
    let first = envelope(&[ROW]);
    let found = read(&format!("{first}\n{{\"a\":{deep}\n{first}\n{closed}\n{first}\n"));
    assert_eq!(found.counters.used(), 3);
    assert_eq!(
        found.set_aside("malformed:json") + found.set_aside("malformed:columns"),
        2
    );
    let mut within = ROW.to_owned();
    for _ in 0..12 {
        within = envelope(&[&within]);
    }
    let found = read(&format!("{first}\n{within}\n"));
    assert_eq!((found.counters.lines, found.counters.used()), (2, 1));
}

#[test]
fn what_is_not_utf8_and_what_is_half_a_character_stays_in_its_line() {
    let proxy = |agent: &str| {
        format!(
            r#"[2026-11-20T01:58:00.996Z] "GET / HTTP/1.1" 200 - 1 2 3 4 "-" "{agent}" "-" "a.test" "203.0.113.10:443""#
        )
    };
    let text = envelope(&[&proxy("x"), &proxy("MARK"), &proxy("y")]);
    for hostile in [
        &b"caf\xe9 \0"[..],
        br"\ud800",
        br"\udc00\ud800 \u0000",
        br"\ud83d\ude00",
        b"\xff\xfe",
    ] {
        let mark = text.find("MARK").unwrap();
        // A raw NUL is no JSON: then the envelope is broken, and says so.
        let bytes = [&text.as_bytes()[..mark], hostile, &text.as_bytes()[mark + 4..]].concat();
        let found = collect(&bytes, &Options::default());
        if hostile.contains(&0) {
            assert_eq!(found.counters.used(), 0, "{:?}", found.counters);
            assert_eq!(found.counters.lines, 1);
        } else {
            assert_eq!(
                (found.counters.used(), found.counters.lines),
                (3, 3),
                "{:?}",
                found.counters
            );
        }
    }
}

#[test]
fn an_object_that_breaks_off_within_an_envelope_keeps_the_events_before_it() {
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset"))
        }
    }
    let one = envelope(&[ROW, ROW]);
    let text = format!("{one}{one}");
    for cut in [one.len(), one.len() + 1, one.len() + 50, text.len() - 1] {
        let body = io::Cursor::new(text[..cut].to_owned()).chain(Breaks);
        let found = collect_from(body, &Options::default());
        assert!(found.error.as_deref().unwrap().contains("connection reset"), "{cut}");
        let cut_off = u64::from(cut > one.len());
        assert_eq!(
            (found.counters.used(), found.set_aside("cut-off")),
            (2, cut_off),
            "{cut}"
        );
    }
    // Without a fault it is an object that ends so, and broken.
    let found = read(&text[..text.len() - 1]);
    assert_eq!((found.counters.used(), found.set_aside("malformed:json")), (2, 1));
}

#[test]
fn a_forced_kind_is_unwrapped_too() {
    let options = Options {
        kind: Some("flow-text".to_owned()),
        ..Options::default()
    };
    for text in [
        format!("2026-04-05T10:47:35.000Z {ROW}\n"),
        envelope(&[ROW]),
        format!("what\n[pod/a/b] {ROW}\n"),
    ] {
        assert_eq!(collect(text.as_bytes(), &options).counters.used(), 1, "{text}");
    }
}

#[test]
fn within_a_bare_log_only_what_is_a_delivery_beyond_doubt_is_unwrapped() {
    // A time alone may be a part of the line; an envelope is nothing else.
    let text = format!("{ROW}\n2026-04-05T10:47:35.000Z {ROW}\n{}\n", envelope(&[ROW]));
    let found = read(&text);
    assert_eq!((found.counters.used(), found.counters.lines), (2, 3));
}
