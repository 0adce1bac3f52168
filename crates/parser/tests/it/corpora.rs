//! Public and measured logs outside the repository, compared with what others say they hold.
//!
//! `EGRESSMAP_DATA` names the folder; without it the test says that it does nothing, and in CI it fails.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use egressmap_parser::Options;
use serde_json::{Value, json};

use crate::collected::{Collected, collect};

/// Files whose format must be given: see `envoy_conformance`.
const NOT_READ: [&str; 1] = ["custom-tsv"];

/// The field of a record that holds an expected field.
const FIELDS: [(&str, &str); 31] = [
    ("account_id", "account"),
    ("interface_id", "eni"),
    ("instance_id", "instance"),
    ("srcaddr", "srcaddr"),
    ("dstaddr", "dstaddr"),
    ("pkt_srcaddr", "pkt_srcaddr"),
    ("pkt_dstaddr", "pkt_dstaddr"),
    ("srcport", "srcport"),
    ("dstport", "dstport"),
    ("protocol", "protocol"),
    ("packets", "packets"),
    ("bytes", "bytes"),
    ("start", "start"),
    ("end", "end"),
    ("action", "action"),
    ("tcp_flags", "tcp_flags"),
    ("method", "method"),
    ("authority", "authority"),
    ("requested_server_name", "sni"),
    ("response_code", "response_code"),
    ("response_flags", "response_flags"),
    ("response_code_details", "response_code_details"),
    ("route_name", "route_name"),
    ("upstream_cluster", "upstream_cluster"),
    ("upstream_host", "upstream_host"),
    ("downstream_local_address", "downstream_local"),
    ("downstream_remote_address", "downstream_remote"),
    ("bytes_received", "bytes_received"),
    ("bytes_sent", "bytes_sent"),
    ("pkt_src_aws_service", "src_aws_service"),
    ("pkt_dst_aws_service", "dst_aws_service"),
];

#[test]
fn the_corpora_are_read_as_expected() {
    let Some(data) = std::env::var_os("EGRESSMAP_DATA") else {
        assert!(std::env::var_os("CI").is_none(), "EGRESSMAP_DATA is not set");
        let skipped = b"SKIPPED: logs with known records: EGRESSMAP_DATA is not set\n";
        std::io::stderr().write_all(skipped).unwrap();
        return;
    };
    let corpora = PathBuf::from(data).join("corpora");
    let mut faults = Vec::new();
    let mut compared = 0;
    let mut files: Vec<_> = fs::read_dir(corpora.join("expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for expected in files {
        let name = expected.file_name().unwrap().to_str().unwrap().replace("__", "/");
        let log = corpora.join(name.strip_suffix(".jsonl").unwrap());
        if NOT_READ.iter().any(|part| name.contains(part)) {
            eprintln!("{name}: not a format that is read");
            continue;
        }
        compared += compare(&log, &expected, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(compared > 1400, "only {compared} records were compared");
}

fn compare(log: &Path, expected: &Path, faults: &mut Vec<String>) -> usize {
    let expected: Vec<Value> = fs::read_to_string(expected)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let format = expected
        .iter()
        .find(|line| line["kind"] == "config")
        .and_then(|line| line["format"].as_str());
    let options = Options {
        flow_format: format.map(str::to_owned).into_iter().collect(),
        ..Options::default()
    };
    let found = collect(&fs::read(log).unwrap(), &options);
    let name = log.display();
    if format.is_some_and(|format| !format.contains("dstport")) {
        // A format without ports holds no dependency, and every row says so.
        assert_eq!(found.set_aside("lacking:protocol"), expected.len() as u64 - 1, "{name}");
        return 0;
    }
    let mut last = None;
    let mut by_line: BTreeMap<(u64, u64), &Value> = BTreeMap::new();
    for record in &found.records {
        let at = place(record, last);
        last = Some(at);
        by_line.insert(at, record);
    }
    let mut compared = 0;
    for line in expected.iter().filter(|line| line["line"] != 0) {
        let (number, event) = place(line, None);
        let is_used = by_line.contains_key(&(number, event));
        let should_be =
            line["kind"] == "record" && !matches!(line["fields"]["log_status"].as_str(), Some("NODATA" | "SKIPDATA"));
        // A line of a TCP connection that has another is counted with that.
        let is_cumulative = log.to_string_lossy().contains("tcpmulti");
        if is_used != should_be && !is_cumulative {
            faults.push(format!(
                "{name}: line {number}: used is {is_used}: {:?}",
                found.counters.samples
            ));
        }
        if let (true, false, Some(record)) = (should_be, is_cumulative, by_line.get(&(number, event))) {
            differences(&line["fields"], record, &mut |difference| {
                faults.push(format!("{name}: line {number}: {difference}"))
            });
            compared += 1;
        }
    }
    check_counts(&found, &expected, &mut |difference| {
        faults.push(format!("{name}: {difference}"))
    });
    compared
}

/// Where a line stands: the events of one line come in their order, each with its number.
fn place(line: &Value, before: Option<(u64, u64)>) -> (u64, u64) {
    let number = line["line"].as_u64().unwrap();
    let event = match (line["event"].as_u64(), before) {
        (Some(event), _) => event,
        (None, Some((line, event))) if line == number => event + 1,
        (None, _) => 1,
    };
    (number, event)
}

fn check_counts(found: &Collected, expected: &[Value], fault: &mut impl FnMut(String)) {
    for (status, reason) in [("NODATA", "nodata"), ("SKIPDATA", "skipdata")] {
        let lines = expected
            .iter()
            .filter(|line| line["fields"]["log_status"] == status)
            .count() as u64;
        if found.set_aside(reason) != lines {
            fault(format!("{} lines are {reason}, not {lines}", found.set_aside(reason)));
        }
    }
}

fn differences(expected: &Value, record: &Value, fault: &mut impl FnMut(String)) {
    for (theirs, ours) in FIELDS {
        let (Some(expected), found) = (expected.get(theirs), &record[ours]) else {
            continue;
        };
        if record.get(ours).is_none() {
            continue;
        }
        let same = match expected {
            // Unset text of a flow record is empty.
            Value::Null => found.is_null() || *found == "",
            expected => expected == found,
        };
        if !same {
            fault(format!("{theirs}: expected {expected}, found {found}"));
        }
    }
    if let Some(start) = expected.get("start_time").and_then(Value::as_str) {
        let seconds = start.parse::<jiff::Timestamp>().unwrap().as_second();
        if record["start"] != json!(seconds) {
            fault(format!("start_time: expected {start}, found {}", record["start"]));
        }
    }
}
