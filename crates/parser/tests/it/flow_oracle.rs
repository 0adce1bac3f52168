//! Flow text against a slow and obvious reader: the same records, the same reasons.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::collected::collect;

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

fn read(text: &str) -> Outcome {
    let mut header: Vec<String> = DEFAULT.split(' ').map(spelled).collect();
    let mut outcome = Outcome::default();
    for (index, line) in text.split_terminator('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let reason = match row(&header, line) {
            Ok(mut record) => {
                record["line"] = json!(index + 1);
                outcome.records.push(record);
                continue;
            }
            Err(status @ ("nodata" | "skipdata")) => status.to_owned(),
            Err(_) if line.trim_matches([' ', '\t', '\r', '\x0c']).is_empty() => "blank".to_owned(),
            Err(_) if line.starts_with('#') => "comment".to_owned(),
            Err(_) if is_header(line) => {
                header = line.split(' ').map(spelled).collect();
                "header".to_owned()
            }
            Err(reason) => reason.to_owned(),
        };
        *outcome.set_aside.entry(reason).or_default() += 1;
    }
    outcome
}

fn is_header(line: &str) -> bool {
    let names: Vec<&str> = line.split(' ').collect();
    let known = names
        .iter()
        .filter(|name| NAMES.iter().any(|known| spelled(known) == spelled(name)))
        .count();
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    known >= 2 && 2 * known >= names.len() && names.iter().all(is_name)
}

/// A name without what may be spelled either way.
fn spelled(name: &str) -> String {
    name.replace(['-', '_'], "").to_lowercase()
}

/// The record of a row, or why there is none.
#[expect(
    clippy::too_many_lines,
    reason = "the oracle is one obvious list, read from top to bottom"
)]
fn row(header: &[String], line: &str) -> Result<Value, &'static str> {
    let values: Vec<&str> = line.split(' ').collect();
    if values.len() != header.len() {
        return Err("malformed:columns");
    }
    let get = |name: &str| {
        header
            .iter()
            .position(|column| *column == spelled(name))
            .map(|at| values[at])
    };
    match get("log-status") {
        None | Some("OK") => {}
        Some("NODATA") => return Err("nodata"),
        Some("SKIPDATA") => return Err("skipdata"),
        Some(_) => return Err("malformed:log-status"),
    }
    let address = |name: &str| get(name).map(str::parse::<IpAddr>);
    let source = address("srcaddr").or(address("pkt-srcaddr")).ok_or("lacking:srcaddr");
    let destination = address("dstaddr").or(address("pkt-dstaddr")).ok_or("lacking:dstaddr");
    for (name, lacking) in [
        ("protocol", "lacking:protocol"),
        ("srcport", "lacking:srcport"),
        ("dstport", "lacking:dstport"),
        ("start", "lacking:start"),
    ] {
        source.clone()?.ok();
        destination.clone()?.ok();
        get(name).ok_or(lacking)?;
    }
    let set = |name: &str| get(name).filter(|value| *value != "-");
    let srcaddr = source?.map_err(|_| "malformed:srcaddr")?;
    let dstaddr = destination?.map_err(|_| "malformed:dstaddr")?;
    let packet = |name, reason| {
        set(name)
            .map(|value| value.parse::<IpAddr>().map_err(|_| reason))
            .transpose()
    };
    let pkt_srcaddr = packet("pkt-srcaddr", "malformed:pkt-srcaddr")?;
    let pkt_dstaddr = packet("pkt-dstaddr", "malformed:pkt-dstaddr")?;
    let protocol = number(get("protocol"), 255).ok_or("malformed:protocol")?;
    let start = time(get("start")).ok_or("malformed:start")?;
    let port = |name| match get(name) {
        Some("-") if protocol != 6 && protocol != 17 => Some(0),
        value => number(value, 65_535),
    };
    let count = |name| {
        if set(name).is_none() {
            Some(0)
        } else {
            number(set(name), u64::MAX)
        }
    };
    let text = |name| {
        let value = set(name).unwrap_or_default();
        value.chars().all(|c| c > ' ' && c <= '~').then(|| value.to_owned())
    };
    Ok(json!({
        "srcaddr": srcaddr.to_string(),
        "dstaddr": dstaddr.to_string(),
        "pkt_srcaddr": pkt_srcaddr.map(|address| address.to_string()),
        "pkt_dstaddr": pkt_dstaddr.map(|address| address.to_string()),
        "protocol": protocol,
        "srcport": port("srcport").ok_or("malformed:srcport")?,
        "dstport": port("dstport").ok_or("malformed:dstport")?,
        "packets": count("packets").ok_or("malformed:packets")?,
        "bytes": count("bytes").ok_or("malformed:bytes")?,
        "start": start,
        "end": if get("end").is_some() { time(get("end")).ok_or("malformed:end")? } else { start },
        "action": match get("action") {
            None => "ACCEPT",
            Some(action @ ("ACCEPT" | "REJECT")) => action,
            Some(_) => return Err("malformed:action"),
        },
        "tcp_flags": match set("tcp-flags") {
            None => None,
            flags => Some(number(flags, 255).ok_or("malformed:tcp-flags")?),
        },
        "flow_direction": match set("flow-direction") {
            None | Some("ingress" | "egress") => set("flow-direction"),
            Some(_) => return Err("malformed:flow-direction"),
        },
        "account": text("account-id").ok_or("malformed:account-id")?,
        "eni": text("interface-id").ok_or("malformed:interface-id")?,
        "instance": text("instance-id").ok_or("malformed:instance-id")?,
        "src_aws_service": text("pkt-src-aws-service").ok_or("malformed:pkt-src-aws-service")?,
        "dst_aws_service": text("pkt-dst-aws-service").ok_or("malformed:pkt-dst-aws-service")?,
        "interface_type": text("interface-type").ok_or("malformed:interface-type")?,
    }))
}

fn number(value: Option<&str>, most: u64) -> Option<u64> {
    let value = value.filter(|value| value.chars().all(|c| c.is_ascii_digit()))?;
    value.parse().ok().filter(|number| *number <= most)
}

/// Seconds or milliseconds up to the end of the year 9999.
fn time(value: Option<&str>) -> Option<u64> {
    let time = number(value, u64::MAX)?;
    let seconds = if time < 100_000_000_000 { time } else { time / 1000 };
    (seconds <= 253_402_300_799).then_some(seconds)
}

/// A value that the field may have, and now and then one that it may not.
fn value(name: &'static str) -> impl Strategy<Value = String> {
    let good = match name {
        "srcaddr" | "dstaddr" | "pkt-srcaddr" | "pkt-dstaddr" => prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(bits.into()).to_string()),
            any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()).to_string()),
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
        "start" | "end" => prop_oneof!["1[0-9]{9}", "1[0-9]{12}"].boxed(),
        "srcport" | "dstport" => any::<u16>().prop_map(|port| port.to_string()).boxed(),
        "tcp-flags" => any::<u8>().prop_map(|flags| flags.to_string()).boxed(),
        "packets" | "bytes" => any::<u64>().prop_map(|count| count.to_string()).boxed(),
        _ => "[a-z]{2,4}-[0-9a-f]{8}".boxed(),
    };
    prop_oneof![
        60 => good,
        3 => Just("-".to_owned()),
        2 => prop_oneof!["", "[0-9]{1,21}", "\\PC{1,4}", "256|65536|1\\.2\\.3|::|OK|\\+1|\u{0}"].prop_map(|value| value.replace(' ', "_")),
    ]
}

fn header() -> impl Strategy<Value = Vec<&'static str>> {
    let custom = prop::sample::subsequence(&NAMES[..], 2..NAMES.len()).prop_shuffle();
    // Most lists of names lack a needed field: these do not.
    let whole = Just(NAMES.to_vec()).prop_shuffle();
    prop_oneof![3 => Just(DEFAULT.split(' ').collect::<Vec<_>>()), 3 => whole, 1 => custom]
}

/// A header and rows under it; the header spelled in one of the usual ways.
fn table() -> impl Strategy<Value = Vec<String>> {
    header().prop_flat_map(|names| {
        let rows = names
            .iter()
            .map(|name| value(name))
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
    (lines, damage, any::<bool>(), any::<bool>()).prop_map(|(lines, damage, crlf, ended)| {
        let mut lines = lines.concat();
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
        let options = Options { kind: Some("flow-text".to_owned()), ..Options::default() };
        let found = collect(text.as_bytes(), &options);
        let expected = read(&text);
        let set_aside: BTreeMap<_, _> = found.counters.set_aside.iter().map(|(reason, lines)| ((*reason).to_owned(), *lines)).collect();
        prop_assert_eq!(&set_aside, &expected.set_aside);
        prop_assert_eq!(&found.records, &expected.records);
    }
}
