//! What real Envoys wrote, line by line in full, against what they were known to mean.
//!
//! `EGRESSMAP_DATA` names the folder; without it the test says that it does nothing, and in CI it fails.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use egressmap_parser::format::{Kind, Shown};
use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{Options, inspect};
use serde_json::Value;

use crate::collected::collect;

#[test]
fn every_line_of_a_real_envoy_is_shown_as_it_was_meant() {
    let Some(corpora) = corpora() else { return };
    let mut faults = Vec::new();
    let mut compared = 0;
    for (log, expected) in logs(&corpora) {
        let name = log.file_name().unwrap().to_str().unwrap().to_owned();
        let shown = shown(&log, &options(&corpora, &name));
        let expected = lines(&expected);
        assert_eq!(shown.len(), expected.len(), "{name}");
        for (number, (shown, expected)) in (1..).zip(shown.iter().zip(&expected)) {
            differences(&name, shown, expected, &mut |fault| {
                faults.push(format!("{name}:{number}: {fault}"))
            });
            compared += 1;
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 1600, "only {compared} lines were compared");
}

#[test]
fn a_tcp_connection_of_many_lines_counts_once_with_all_its_bytes() {
    let Some(corpora) = corpora() else { return };
    for (log, _) in logs(&corpora) {
        let name = log.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("tcpmulti-") {
            continue;
        }
        let found = collect(&fs::read(&log).unwrap(), &options(&corpora, &name));
        assert_eq!((found.counters.access, found.set_aside("cumulative")), (2, 5), "{name}");
        let bytes = |field: &str| -> Vec<u64> {
            found
                .records
                .iter()
                .map(|record| record[field].as_u64().unwrap())
                .collect()
        };
        // The tab-separated format has the bytes on the wire, which no record takes for those of the connection.
        let (received, sent) = if name.contains("tsv") {
            ([0, 0], [0, 0])
        } else {
            ([30, 5], [36, 6])
        };
        assert_eq!(
            (bytes("bytes_received"), bytes("bytes_sent")),
            (received.to_vec(), sent.to_vec()),
            "{name}"
        );
    }
}

fn corpora() -> Option<PathBuf> {
    let data = std::env::var_os("EGRESSMAP_DATA");
    if data.is_none() {
        assert!(std::env::var_os("CI").is_none(), "EGRESSMAP_DATA is not set");
        let skipped = b"SKIPPED: logs of real Envoys: EGRESSMAP_DATA is not set\n";
        std::io::stderr().write_all(skipped).unwrap();
    }
    data.map(|data| PathBuf::from(data).join("corpora"))
}

/// Every log of a real Envoy, with what is expected of it.
fn logs(corpora: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(corpora.join("expected")).unwrap() {
        let expected = entry.unwrap().path();
        let name = expected.file_name().unwrap().to_str().unwrap().to_owned();
        let log = name.strip_suffix(".jsonl").unwrap().replace("__", "/");
        if log.starts_with("real-envoy/") || log.starts_with("datadog-integrations-core/") {
            logs.push((corpora.join(log), expected));
        }
    }
    logs.sort();
    logs
}

/// The format of the tab-separated logs is the one that is no default.
fn options(corpora: &Path, name: &str) -> Options {
    let mut options = Options::default();
    if name.contains("tsv") {
        let formats: Value =
            serde_json::from_str(&fs::read_to_string(corpora.join("real-envoy/formats.json")).unwrap()).unwrap();
        let logs = formats["all"].as_array().unwrap();
        let log = logs.iter().find(|log| log["path"] == "http-custom-tsv.log").unwrap();
        let written = log["log_format"]["text_format_source"]["inline_string"]
            .as_str()
            .unwrap();
        options.envoy_format = Some(written.to_owned());
    }
    options
}

fn shown(log: &Path, options: &Options) -> Vec<Shown> {
    let id = ObjectId {
        uri: "log".to_owned(),
        version: None,
        size: None,
    };
    let object = Object::new(id, Box::new(Cursor::new(fs::read(log).unwrap())));
    let mut all = Vec::new();
    inspect(object, options, &mut |line| all.push(line.shown.clone())).unwrap();
    all
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["line"] != 0).collect()
}

fn differences(name: &str, shown: &Shown, expected: &Value, fault: &mut impl FnMut(String)) {
    if shown.kind != Kind::Record {
        return fault(format!("{:?}: {:?}", shown.kind, shown.message));
    }
    for (field, expected) in expected["fields"].as_object().unwrap() {
        let found = shown.fields.get(field).unwrap_or(&Value::Null);
        // Text does not tell `-` from none, nor an empty user agent where empty values are omitted.
        let is_lost = (expected == "-" && !name.contains("json")) || (expected == "" && name.contains("text-omit"));
        let cannot_tell = is_lost && found.is_null();
        if found != expected && !cannot_tell && !shown.ambiguous.contains(field) {
            fault(format!("{field}: expected {expected}, found {found}"));
        }
    }
}
