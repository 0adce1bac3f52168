//! Every file of the corpora as `egressmap parse` prints it, compared with what others say it holds.
//!
//! `EGRESSMAP_DATA` names the folder; without it the test says that it does nothing, and in CI it fails.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::{egressmap, expect};

/// How many differences of one file are told.
const TOLD: usize = 5;

/// What the authors of the requests know and the text does not say: a client that sends `-` looks like one that sends
/// nothing, and where empty values are omitted, so does one that sends an empty text.
const CANNOT_BE_TOLD: [(&str, &str); 2] = [
    (
        "real-envoy/http-custom-tsv.log",
        "line 169: request_id: expected \"-\", found null",
    ),
    (
        "real-envoy/http-istio-text-omit.log",
        "line 114: user_agent: expected \"\", found null",
    ),
];

#[test]
fn every_line_of_every_corpus_is_what_it_is_expected_to_be() {
    let Some(data) = std::env::var_os("EGRESSMAP_DATA") else {
        assert!(std::env::var_os("CI").is_none(), "EGRESSMAP_DATA is not set");
        let skipped = b"SKIPPED: every line of the corpora: EGRESSMAP_DATA is not set\n";
        std::io::stderr().write_all(skipped).unwrap();
        return;
    };
    let corpora = PathBuf::from(data).join("corpora");
    let mut files: Vec<_> = fs::read_dir(corpora.join("expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 36, "only {} files are expected", files.len());
    let mut wrong = Vec::new();
    let mut compared = 0;
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().replace("__", "/");
        let expected: Vec<Value> = lines(&fs::read_to_string(&file).unwrap());
        let found = parsed(&corpora.join(&name), &flags(&corpora, &name, &expected));
        compared += expected.iter().filter(|line| line["line"] != 0).count();
        let mut differences = differences(&expected, found);
        differences.retain(|difference| !CANNOT_BE_TOLD.contains(&(name.as_str(), difference.as_str())));
        let told = differences.iter().take(TOLD);
        wrong.extend(told.map(|difference| format!("{name}: {difference}")));
        if differences.len() > TOLD {
            wrong.push(format!("{name}: and {} more", differences.len() - TOLD));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 1_760, "only {compared} lines were compared");
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the reader must be told of a file.
fn flags(corpora: &Path, name: &str, expected: &[Value]) -> Vec<String> {
    if name.contains("custom-tsv") {
        return vec!["--envoy-format".to_owned(), text_format(corpora, "http-custom-tsv.log")];
    }
    let config = expected.iter().find(|line| line["kind"] == "config");
    let format = config.and_then(|config| config["format"].as_str());
    format.map_or_else(Vec::new, |format| vec!["--flow-format".to_owned(), format.to_owned()])
}

/// The format string of one of Envoy's text logs, as its configuration has it.
fn text_format(corpora: &Path, log: &str) -> String {
    let formats = fs::read_to_string(corpora.join("real-envoy/formats.json")).unwrap();
    let formats: Value = serde_json::from_str(&formats).unwrap();
    let one = formats["all"].as_array().unwrap().iter().find(|one| one["path"] == log);
    let format = &one.unwrap()["log_format"]["text_format_source"]["inline_string"];
    format.as_str().unwrap().to_owned()
}

/// A line of a file and, where it has several, the event in it.
type Place = (u64, Option<u64>);

fn parsed(file: &Path, flags: &[String]) -> BTreeMap<Place, Value> {
    let (stdout, _) = expect(0, egressmap().arg("parse").arg(file).args(flags));
    let found = lines(&stdout);
    let count = found.len();
    let by_place: BTreeMap<_, _> = found.into_iter().map(|line| (place(&line), line)).collect();
    assert_eq!(by_place.len(), count, "{}: no place stands twice", file.display());
    by_place
}

fn place(line: &Value) -> Place {
    (line["line"].as_u64().unwrap(), line["event"].as_u64())
}

fn differences(expected: &[Value], mut found: BTreeMap<Place, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in expected.iter().filter(|line| line["line"] != 0) {
        let place = place(line);
        match found.remove(&place) {
            None => wrong.push(format!("{}: is not there", at(place))),
            Some(found) => {
                let differs = of_line(line, &found);
                wrong.extend(differs.into_iter().map(|what| format!("{}: {what}", at(place))));
            }
        }
    }
    // What others did not care to list holds no record.
    let strays = found
        .iter()
        .filter(|(_, line)| line["kind"] != "header" && line["kind"] != "blank");
    wrong.extend(strays.map(|(place, line)| format!("{}: nobody expects {line}", at(*place))));
    wrong
}

fn at((line, event): Place) -> String {
    event.map_or_else(|| format!("line {line}"), |event| format!("line {line}, event {event}"))
}

fn of_line(expected: &Value, found: &Value) -> Vec<String> {
    let kind = found["kind"].as_str().unwrap();
    let kinds = match expected["kind"].as_str().unwrap() {
        "record-or-malformed" => ["record", "malformed"],
        other => [other, other],
    };
    if !kinds.contains(&kind) {
        return vec![format!("expected {}, found {found}", expected["kind"])];
    }
    match &expected["fields"] {
        Value::Object(fields) if kind == "record" => of_fields(fields, &found["fields"], &expected["ambiguous"]),
        Value::Array(_) if expected["fields"] != found["fields"] => {
            vec![format!(
                "expected the names {}, found {}",
                expected["fields"], found["fields"]
            )]
        }
        _ => Vec::new(),
    }
}

/// Every expected field is there with its value; a field that is not there is unset.
fn of_fields(expected: &Map<String, Value>, found: &Value, ambiguous: &Value) -> Vec<String> {
    let told = |name: &str| {
        let names = ambiguous.as_array().into_iter().flatten();
        !names.into_iter().any(|ambiguous| ambiguous == name)
    };
    let differs = expected
        .iter()
        .filter(|(name, value)| told(name) && found[name.as_str()] != **value);
    differs
        .map(|(name, value)| format!("{name}: expected {value}, found {}", found[name.as_str()]))
        .collect()
}
