//! Flow text against a slow and obvious reader: the same records, the same reasons.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value, json};

use crate::collected::collect;
use crate::flow_shown::shown;

const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                       action log-status";

/// Names that a header may have here: all that a record needs, and some that it does not.
const NAMES: [&str; 26] = [
    "log-status",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "protocol",
    "srcport",
    "dstport",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "tcp-flags",
    "flow-direction",
    "account-id",
    "interface-id",
    "instance-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "interface-type",
    "version",
    "vpc-id",
    "tgw-src-vpc-id",
    "ecs-task-id",
    "next-hop-az-id",
];

/// What the obvious reader makes of a text.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    records: Vec<Value>,
    set_aside: BTreeMap<String, u64>,
}

/// The slow, complete view of every line, with the record that follows from its fields.
fn read(text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in shown(text.as_bytes(), &of_flow_text()) {
        match line.shown.reason {
            None => outcome.records.push(record(line.line, &line.shown.fields)),
            Some(reason) => *outcome.set_aside.entry(reason.to_owned()).or_default() += 1,
        }
    }
    outcome
}

fn of_flow_text() -> Options {
    Options {
        kind: Some("flow-text".to_owned()),
        ..Options::default()
    }
}

/// The record that a row's fields make.
fn record(line: u64, fields: &Map<String, Value>) -> Value {
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let text = |name: &str| get(name).as_str().unwrap_or_default().to_owned();
    let address = |name: &str| {
        get(name)
            .as_str()
            .map(|text| text.parse::<IpAddr>().unwrap().to_string())
    };
    let number = |name: &str| get(name).as_u64().unwrap_or_default();
    let time = |name: &str| {
        get(name)
            .as_u64()
            .map(|time| if time < 100_000_000_000 { time } else { time / 1000 })
    };
    let mut record = json!({
        "line": line,
        "account": text("account_id"),
        "eni": text("interface_id"),
        "instance": text("instance_id"),
        "srcaddr": address("srcaddr").or_else(|| address("pkt_srcaddr")),
        "dstaddr": address("dstaddr").or_else(|| address("pkt_dstaddr")),
        "pkt_srcaddr": address("pkt_srcaddr"),
        "pkt_dstaddr": address("pkt_dstaddr"),
        "srcport": number("srcport"),
        "dstport": number("dstport"),
        "protocol": number("protocol"),
        "packets": number("packets"),
        "bytes": number("bytes"),
        "start": time("start"),
        "end": time("end").or_else(|| time("start")),
        "action": get("action").as_str().unwrap_or("ACCEPT"),
        "tcp_flags": get("tcp_flags"),
        "flow_direction": get("flow_direction"),
        "src_aws_service": text("pkt_src_aws_service"),
        "dst_aws_service": text("pkt_dst_aws_service"),
        "interface_type": text("interface_type"),
    });
    if fields.keys().any(|name| name.starts_with("tgw_")) && !fields.contains_key("interface_id") {
        record["on_the_way"] = json!(true);
    }
    for (key, name) in [("ecs_cluster", "ecs_cluster_name"), ("ecs_service", "ecs_service_name")] {
        if !text(name).is_empty() {
            record[key] = json!(text(name));
        }
    }
    record
}

/// A value that the field may have, and now and then one that it may not.
fn value(name: &'static str, [good_ones, unset, others]: [u32; 3]) -> impl Strategy<Value = String> {
    let good = match name {
        "srcaddr" | "dstaddr" | "pkt-srcaddr" | "pkt-dstaddr" => prop_oneof![
            3 => any::<u32>().prop_map(|bits| IpAddr::V4(bits.into()).to_string()),
            1 => any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()).to_string()),
        ]
        .boxed(),
        "protocol" => prop_oneof![Just("6"), Just("17"), Just("1"), Just("58")]
            .prop_map(str::to_owned)
            .boxed(),
        "log-status" => prop_oneof![8 => Just("OK"), 1 => Just("NODATA"), 1 => Just("SKIPDATA")]
            .prop_map(str::to_owned)
            .boxed(),
        "action" => prop_oneof![Just("ACCEPT"), Just("REJECT")]
            .prop_map(str::to_owned)
            .boxed(),
        "flow-direction" => prop_oneof![Just("ingress"), Just("egress")]
            .prop_map(str::to_owned)
            .boxed(),
        "start" | "end" => prop_oneof![6 => "17[0-9]{8}", 1 => "1[0-9]{9}", 1 => "1[0-9]{12}"].boxed(),
        "srcport" | "dstport" => any::<u16>().prop_map(|port| port.to_string()).boxed(),
        "tcp-flags" => any::<u8>().prop_map(|flags| flags.to_string()).boxed(),
        "packets" | "bytes" => prop_oneof![4 => 0..1_000_000_000_u64, 1 => any::<u64>()]
            .prop_map(|count| count.to_string())
            .boxed(),
        _ => prop_oneof![2 => "eni-[ab]{1,2}", 1 => "[a-z]{2,4}-[0-9a-f]{8}"].boxed(),
    };
    prop_oneof![
        good_ones => good,
        unset => Just("-".to_owned()),
        others => prop_oneof!["", "[0-9]{1,21}", "\\PC{1,4}", "256|65536|1\\.2\\.3|::|OK|\\+1|\u{0}"].prop_map(|value| value.replace(' ', "_")),
    ]
}

fn header() -> impl Strategy<Value = Vec<&'static str>> {
    let custom = prop::sample::subsequence(&NAMES[..], 2..NAMES.len()).prop_shuffle();
    // Most lists of names lack a needed field: these do not.
    let whole = Just(NAMES.to_vec()).prop_shuffle();
    prop_oneof![3 => Just(DEFAULT.split(' ').collect::<Vec<_>>()), 3 => whole, 1 => custom]
}

/// How often a value is one that its field may have, `-`, and neither.
pub(crate) const VALUES_OF_ANY_KIND: [u32; 3] = [60, 3, 2];

/// Whether a field holds numbers.
pub(crate) fn is_number(name: &str) -> bool {
    let numbers = [
        "protocol",
        "srcport",
        "dstport",
        "packets",
        "bytes",
        "start",
        "end",
        "tcp_flags",
    ];
    numbers.contains(&name)
}

/// The names of a header, and rows that are as wide.
pub(crate) fn rows(weights: [u32; 3]) -> impl Strategy<Value = (Vec<&'static str>, Vec<Vec<String>>)> {
    header().prop_flat_map(move |names| {
        let row: Vec<_> = names.iter().map(|name| value(name, weights)).collect();
        let full = row.prop_filter(
            "in text a space would be another column, and a row after # a comment",
            |row| !row[0].starts_with('#') && row.iter().all(|value| !value.contains([' ', '\n', '\r'])),
        );
        (Just(names), prop::collection::vec(full, 1..60))
    })
}

/// A header and rows under it; the header spelled in one of the usual ways.
fn table() -> impl Strategy<Value = Vec<String>> {
    header().prop_flat_map(|names| {
        let rows = names
            .iter()
            .map(|name| value(name, VALUES_OF_ANY_KIND))
            .collect::<Vec<_>>()
            .prop_map(|values| values.join(" "));
        let spelled = prop_oneof![
            Just(names.join(" ")),
            Just(names.join(" ").replace('-', "_")),
            Just(names.join(" ").to_uppercase()),
        ];
        (spelled, prop::collection::vec(rows, 0..6)).prop_map(|(header, rows)| {
            let mut lines = vec![header];
            lines.extend(rows);
            lines
        })
    })
}

/// A line so long that no row before it is near the end of the text.
fn long_comment() -> String {
    format!("# {}", "-".repeat(2_000))
}

/// Tables one behind another, with other lines between, some lines damaged, in either kind of line end.
fn text() -> impl Strategy<Value = String> {
    let noise = prop_oneof![
        Just(String::new()),
        Just("# comment".to_owned()),
        Just(" \t".to_owned()),
        "\\PC{0,30}"
    ];
    let lines = prop::collection::vec(prop_oneof![6 => table(), 1 => noise.prop_map(|line| vec![line])], 0..5);
    let damage = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            "[ -~\\x00\\x1b]|",
        ),
        0..3,
    );
    (lines, damage, any::<[bool; 3]>()).prop_map(|(lines, damage, [crlf, ended, long])| {
        let mut lines = lines.concat();
        lines.extend(long.then(long_comment));
        for (line, at, with) in damage {
            if lines.is_empty() {
                continue;
            }
            let line = line.index(lines.len());
            let mut chars: Vec<char> = lines[line].chars().collect();
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars.splice(at..=at, with.chars());
                lines[line] = chars.into_iter().collect();
            }
        }
        let end = if crlf { "\r\n" } else { "\n" };
        lines.join(end) + if ended { end } else { "" }
    })
}

proptest! {
    #[test]
    fn records_and_reasons_are_those_of_the_obvious_reader(text in text()) {
        let found = collect(text.as_bytes(), &of_flow_text());
        let expected = read(&text);
        let set_aside: BTreeMap<_, _> = found.counters.set_aside.iter().map(|(reason, lines)| ((*reason).to_owned(), *lines)).collect();
        prop_assert_eq!(&set_aside, &expected.set_aside);
        prop_assert_eq!(&found.records, &expected.records);
    }
}

/// Lines as a delivery carries them, each of `text` on its line or in envelopes of up to five.
fn wrap(text: &str, delivery: &str) -> String {
    let lines = text.split_terminator('\n').collect::<Vec<_>>();
    let each = |wrapped: &dyn Fn(&str) -> String| lines.iter().map(|line| wrapped(line) + "\n").collect();
    match delivery {
        "export" => each(&|line| format!("2026-04-05T10:47:35.000Z {line}")),
        "runtime" => each(&|line| format!("2026-04-05T10:47:35.123456789Z stdout F {line}")),
        "docker" => each(&|line| {
            json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-04-05T10:47:35.1Z"}).to_string()
        }),
        _ => {
            let envelope = |(number, lines): (usize, &[&str])| {
                let event = |line: &&str| json!({"id": "1", "timestamp": 1_790_000_010_000_u64, "message": line});
                let events: Vec<_> = lines.iter().map(event).collect();
                let stream = format!("stream-{}", number / 4);
                json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": stream, "logEvents": events}).to_string() + "\n"
            };
            lines.chunks(5).enumerate().map(envelope).collect()
        }
    }
}

/// Default rows, so that an object is known at once, and in columns before the damaged ones.
fn known_rows() -> String {
    let row = |port: u32| format!("2 1 eni-a 10.0.0.1 10.0.0.2 {port} 443 6 1 40 1790000010 1790000070 ACCEPT OK\n");
    format!("{DEFAULT}\n") + &(1..9).map(row).collect::<String>()
}

proptest! {
    #[test]
    fn wrapped_rows_are_read_in_columns_as_line_by_line(text in text(), delivery in prop::sample::select(vec!["export", "runtime", "docker", "events"])) {
        let stored = wrap(&format!("{}{text}\n{}\n", known_rows(), long_comment()), delivery);
        let mut found = collect(stored.as_bytes(), &of_flow_text());
        let lines = shown(stored.as_bytes(), &of_flow_text());
        let mut records = Vec::new();
        let mut set_aside: BTreeMap<_, u64> = BTreeMap::new();
        for line in &lines {
            match line.shown.reason {
                None => records.push(record(line.line, &line.shown.fields)),
                Some(reason) => *set_aside.entry(reason).or_default() += 1,
            }
        }
        prop_assert_eq!(&found.counters.set_aside, &set_aside);
        for (reason, samples) in &found.counters.samples {
            for sample in samples {
                prop_assert!(lines.iter().any(|line| {
                    (line.line, line.event, line.shown.reason) == (sample.line, sample.event, Some(*reason))
                        && line.shown.message.as_deref() == Some(&sample.message)
                }), "{sample:?}");
            }
        }
        for record in &mut found.records {
            let origin = record.as_object_mut().unwrap().remove("origin");
            if delivery == "events" {
                let stream = format!("stream-{}", (record["line"].as_u64().unwrap() - 1) / 4);
                prop_assert!(origin.is_some_and(|origin| origin.as_str().unwrap().ends_with(&stream)));
            }
        }
        // Of the events of one line, those that no batch holds come by themselves.
        for records in [&mut records, &mut found.records] {
            records.sort_by_cached_key(Value::to_string);
        }
        prop_assert_eq!(&found.records, &records);
    }
}
