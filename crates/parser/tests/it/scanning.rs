//! One object through the whole reader: detection, options, samples and the counters' balance.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Options, Reason, Sink, Verdict, format, scan};
use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::collected::{collect, collect_from};

const ROW: &str = "2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 1024 443 6 1 40 1790000010 1790000070 ACCEPT OK";

#[test]
fn an_object_that_no_format_knows_is_set_aside_with_samples() {
    let found = collect(b"Nothing of a log\n\nwhat\n", &Options::default());
    assert_eq!(found.error, None);
    assert_eq!((found.set_aside("unrecognised"), found.set_aside("blank")), (2, 1));
    assert_eq!(
        found.counters.samples["unrecognised"][0].message,
        r#"expected a line of a known log format, found "Nothing of a log""#
    );
}

#[test]
fn an_empty_object_has_no_lines_and_is_counted() {
    let found = collect(b"", &Options::default());
    assert_eq!(
        (found.counters.objects, found.counters.lines, found.objects),
        (1, 0, vec!["input".to_owned()])
    );
}

#[test]
fn a_line_of_10_megabytes_is_read_and_one_of_17_is_set_aside_unheld() {
    let row = || io::Cursor::new(format!("{ROW}\n"));
    let long = |megabytes: u64| io::repeat(b'7').take(megabytes << 20);
    let found = collect_from(
        row().chain(long(10)).chain(&b"\n"[..]).chain(row()),
        &Options::default(),
    );
    assert_eq!(
        (
            found.counters.lines,
            found.records.len(),
            found.set_aside("malformed:columns")
        ),
        (3, 2, 1)
    );
    let found = collect_from(
        row().chain(long(17)).chain(&b"\n"[..]).chain(row()),
        &Options::default(),
    );
    assert_eq!(
        (found.counters.lines, found.records.len(), found.set_aside("too-long")),
        (3, 2, 1)
    );
    assert_eq!(found.counters.samples["too-long"][0].line, 2);
    assert_eq!(found.records[1]["line"], 3);
}

#[test]
fn a_kind_that_does_not_exist_names_the_near_one() {
    let options = Options {
        kind: Some("flow-txt".to_owned()),
        ..Options::default()
    };
    let names: Vec<_> = format::REGISTRY.iter().map(|kind| kind.name).collect();
    let expected = format!(
        r#"kind: expected one of {} (did you mean flow-text?), found "flow-txt""#,
        names.join(", ")
    );
    assert_eq!(options.check().unwrap_err().to_string(), expected);
    let found = collect(ROW.as_bytes(), &options);
    assert_eq!(found.error, Some(format!("input: {expected}")));
    assert_eq!(found.counters, Counters::default());
}

#[test]
fn a_forced_kind_is_not_asked_for_its_opinion() {
    for kind in format::REGISTRY {
        let options = Options {
            kind: Some(kind.name.to_owned()),
            ..Options::default()
        };
        let found = collect(b"what is this\n", &options);
        assert_eq!(
            (found.counters.lines, found.set_aside("unrecognised")),
            (1, 0),
            "{}",
            kind.name
        );
    }
}

#[test]
fn options_are_checked_together() {
    assert_eq!(Options::default().check(), Ok(()));
    let options = Options {
        flow_format: vec!["${srcaddr} ${dstadr}".to_owned()],
        ..Options::default()
    };
    assert!(
        options
            .check()
            .unwrap_err()
            .to_string()
            .starts_with("flow_format: expected a format with dstaddr")
    );
    let envoy_json = BTreeMap::from([("a".to_owned(), "%PROTOCOL%".to_owned())]);
    let options = Options {
        envoy_json,
        ..Options::default()
    };
    assert!(
        options
            .check()
            .unwrap_err()
            .to_string()
            .starts_with("envoy_json: expected a key for %START_TIME%")
    );
}

/// A sink that wants nothing.
struct Refusal;

impl Sink for Refusal {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, _: &FlowRecord<'_>) -> Verdict {
        Verdict::SetAside("outside-window")
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        Verdict::SetAside("outside-window")
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        Verdict::SetAside("outside-window")
    }
}

#[test]
fn what_the_sink_does_not_want_is_set_aside_for_its_reason() {
    for kind in format::REGISTRY.iter().filter(|kind| !kind.example.is_empty()) {
        let id = ObjectId {
            uri: "input".to_owned(),
            version: None,
            size: None,
        };
        let mut counters = Counters::default();
        let object = Object::new(id, Box::new(kind.example.as_bytes()));
        scan(object, &Options::default(), &mut Refusal, &mut counters).unwrap();
        assert_eq!(
            (counters.lines, counters.used(), counters.set_aside["outside-window"]),
            (1, 0, 1)
        );
        assert!(counters.balanced() && counters.samples.is_empty());
    }
}

#[test]
fn hostile_names_of_objects_do_not_reach_the_terminal() {
    let id = ObjectId {
        uri: "a\u{1b}[2J".to_owned(),
        version: None,
        size: None,
    };
    let options = Options {
        kind: Some("x".to_owned()),
        ..Options::default()
    };
    let object = Object::new(id, Box::new(io::empty()));
    let error = scan(object, &options, &mut Refusal, &mut Counters::default()).unwrap_err();
    assert!(
        error.to_string().starts_with(r"a\u{1b}[2J: kind: expected one of"),
        "{error}"
    );
}

/// Lines of every format, and lines that are damaged or of nothing.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let examples: Vec<Vec<u8>> = format::REGISTRY
        .iter()
        .map(|kind| kind.example.as_bytes().to_vec())
        .chain([
            b"version srcaddr dstaddr srcport dstport protocol start log-status".to_vec(),
            b"2 111122223333 eni-0a1b2c3d - - - - - - - 1790000010 1790000070 - NODATA".to_vec(),
            b"[2026-11-20 01:58:00.996][12][info][main] [server.cc:1] starting".to_vec(),
            b"# comment".to_vec(),
            b"".to_vec(),
        ])
        .collect();
    let damaged = (
        prop::sample::select(examples.clone()),
        any::<prop::sample::Index>(),
        any::<u8>(),
    )
        .prop_map(|(mut line, at, byte)| {
            if !line.is_empty() {
                let at = at.index(line.len());
                line[at] = byte;
            }
            line
        });
    let random = prop::collection::vec(any::<u8>(), 0..60)
        .prop_filter("what begins so is unpacked before it has lines", |line| {
            !line.starts_with(b"\x1f\x8b")
        });
    prop_oneof![4 => prop::sample::select(examples), 3 => damaged, 1 => random]
}

proptest! {
    #[test]
    fn every_line_ends_in_one_counter_and_every_message_is_printable(lines in prop::collection::vec(line(), 0..30)) {
        let text = lines.join(&b'\n');
        let lines = text.split(|byte| *byte == b'\n').count() - usize::from(text.is_empty() || text.ends_with(b"\n"));
        let found = collect(&text, &Options::default());
        prop_assert_eq!(found.error, None);
        prop_assert_eq!(found.counters.lines, lines as u64);
        prop_assert_eq!(found.counters.used(), found.records.len() as u64);
        for sample in found.counters.samples.values().flatten() {
            prop_assert!(!sample.message.chars().any(char::is_control), "{:?}", sample.message);
            prop_assert!(sample.message.chars().count() < 200, "{:?}", sample.message);
        }
    }
}

/// Wants nothing of port 22, and keeps what it is told of lines set aside.
#[derive(Default)]
struct Told(Vec<(u64, Reason, Option<String>)>);

impl Sink for Told {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, record: &FlowRecord<'_>) -> Verdict {
        if record.dstport == 22 {
            Verdict::SetAside("unwanted")
        } else {
            Verdict::Used
        }
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn wants_set_aside(&self) -> bool {
        true
    }

    fn set_aside(&mut self, line: u64, _: Option<u64>, reason: Reason, message: Option<&str>) {
        self.0.push((line, reason, message.map(str::to_owned)));
    }
}

#[test]
fn of_wrapped_lines_among_bare_ones_a_sink_is_told_in_their_turn() {
    let wrapped = |line: &str| format!("2026-04-05T10:47:35.1Z stdout F {line}\n");
    let ssh = ROW.replace(" 443 ", " 22 ");
    let log = format!("{ROW}\n{}what\n{}{ssh}\n", wrapped(&ssh), wrapped(ROW)).repeat(3);
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let (mut told, mut counters) = (Told::default(), Counters::default());
    let object = Object::new(id, Box::new(io::Cursor::new(log)));
    scan(object, &Options::default(), &mut told, &mut counters).unwrap();
    assert_eq!((counters.lines, counters.flow), (15, 6));
    let told: Vec<_> = told.0.iter().map(|(line, reason, _)| (*line, *reason)).collect();
    let expected = (0..3).flat_map(|n| {
        [(2, "unwanted"), (3, "malformed:columns"), (5, "unwanted")].map(|(line, why)| (5 * n + line, why))
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[test]
fn a_sink_that_asks_is_told_of_every_line_set_aside_in_the_order_of_lines() {
    let ssh = ROW.replace(" 443 ", " 22 ");
    let bad = ROW.replace(" 443 ", " 70000 ");
    // More rows than one batch holds, with other lines between them.
    let log = format!("{ROW}\n{ssh}\n\n{bad}\n# c\n").repeat(300);
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let (mut told, mut counters) = (Told::default(), Counters::default());
    let watched = Arc::new(AtomicU64::new(0));
    let object = Object {
        records: Some(Arc::clone(&watched)),
        ..Object::new(id, Box::new(io::Cursor::new(log)))
    };
    scan(object, &Options::default(), &mut told, &mut counters).unwrap();
    assert_eq!((told.0.len() as u64, counters.flow), (counters.lines - 300, 300));
    assert_eq!(
        watched.load(Ordering::Relaxed),
        600,
        "who watches sees every record, wanted or not"
    );
    for (at, (line, reason, message)) in told.0.iter().enumerate() {
        let expected = [(2, "unwanted"), (3, "blank"), (4, "malformed:dstport"), (5, "comment")][at % 4];
        assert_eq!((*line, *reason), ((at / 4) as u64 * 5 + expected.0, expected.1));
        let says = message.as_ref().is_some_and(|message| message.contains("70000"));
        assert_eq!(says, expected.0 == 4, "{message:?}");
    }
}
