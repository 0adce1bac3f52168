//! Every line of flow logs shown in full, compared with what others say that it holds.
//!
//! `EGRESSMAP_DATA` names the folder of logs; without it the test says that it does nothing, and in CI it fails.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{Line, Options, inspect};
use serde_json::{Value, json};

/// Every line of some bytes, shown.
pub(crate) fn shown(bytes: &[u8], options: &Options) -> Vec<Line> {
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let object = Object::new(id, Box::new(Cursor::new(bytes.to_vec())));
    let mut lines = Vec::new();
    inspect(object, options, &mut |line| lines.push(line.clone())).unwrap();
    lines
}

/// The logs that are flow logs, in text or Parquet, and in no envelope.
const READ: [&str; 5] = [
    "vrl__parse_aws_vpc_flow_log__",
    "flowlogs-reader__",
    "otel-contrib__vpc-flow-log__valid_vpc_flow_log",
    "parquet-reconstructed__",
    "containers__s3__",
];

#[test]
fn the_lines_of_the_corpora_are_shown_as_expected() {
    let Some(data) = std::env::var_os("EGRESSMAP_DATA") else {
        assert!(std::env::var_os("CI").is_none(), "EGRESSMAP_DATA is not set");
        let skipped = b"SKIPPED: flow logs with known fields: EGRESSMAP_DATA is not set\n";
        std::io::stderr().write_all(skipped).unwrap();
        return;
    };
    let corpora = PathBuf::from(data).join("corpora");
    let mut compared = 0;
    for entry in fs::read_dir(corpora.join("expected")).unwrap() {
        let expected = entry.unwrap().path();
        let name = expected.file_name().unwrap().to_str().unwrap();
        if READ.iter().any(|read| name.starts_with(read)) {
            let log = corpora.join(name.replace("__", "/").strip_suffix(".jsonl").unwrap());
            compared += compare(&log, &expected);
        }
    }
    assert!(compared >= 40, "only {compared} lines were compared");
}

fn compare(log: &Path, expected: &Path) -> usize {
    let text = fs::read_to_string(expected).unwrap();
    let mut expected: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let config = expected.iter().position(|line| line["kind"] == "config");
    let format = config.map(|at| expected.remove(at)["format"].as_str().unwrap().to_owned());
    let options = Options {
        flow_format: format.into_iter().collect(),
        ..Options::default()
    };
    options.check().unwrap();
    let lines = shown(&fs::read(log).unwrap(), &options);
    for expected in &expected {
        let number = expected["line"].as_u64().unwrap();
        let line = lines.iter().find(|line| line.line == number).unwrap();
        let place = format!("{}: line {number}: {line:?}", log.display());
        let kind = expected["kind"].as_str().unwrap();
        let found = line.shown.kind.word();
        assert!(found == kind || kind.split("-or-").any(|kind| kind == found), "{place}");
        match found {
            "header" => assert_eq!(json!(line.shown.names), expected["fields"], "{place}"),
            "record" => assert_eq!(json!(line.shown.fields), expected["fields"], "{place}"),
            _ => {}
        }
    }
    expected.len()
}
