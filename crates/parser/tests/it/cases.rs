//! The cases of `testdata/<family>/<entry>/<case>`: every one is read, and every registry entry has one.
//!
//! A case is a folder with `input.*`, `expected.json` and, where the content does not tell all, `options.json`. With
//! `EGRESSMAP_BLESS=1` the test writes what it found into `expected.json`, for a person to read and to commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use egressmap_parser::{Options, decode, format, unwrap};
use serde_json::Value;

use crate::collected::collect;

#[test]
fn every_case_of_a_format_is_read_as_expected() {
    check("format", format::REGISTRY.iter().map(|kind| kind.name));
}

#[test]
fn every_case_of_a_coding_is_decoded_as_expected() {
    check("decode", decode::REGISTRY.iter().map(|coding| coding.name));
}

#[test]
fn every_case_of_a_delivery_is_unwrapped_as_expected() {
    check("unwrap", unwrap::REGISTRY.iter().map(|delivery| delivery.name));
}

#[test]
fn the_example_of_every_delivery_carries_one_record() {
    for delivery in unwrap::REGISTRY {
        let found = collect(delivery.example.as_bytes(), &Options::default());
        assert_eq!(
            (found.counters.used(), found.counters.lines),
            (1, 1),
            "{}",
            delivery.name
        );
    }
}

#[test]
fn the_example_of_every_format_is_a_record_of_it() {
    for kind in format::REGISTRY.iter().filter(|kind| !kind.example.is_empty()) {
        let found = collect(kind.example.as_bytes(), &Options::default());
        assert_eq!(found.counters.used(), 1, "{}: {:?}", kind.name, found.counters);
        let forced = Options {
            kind: Some(kind.name.to_owned()),
            ..Options::default()
        };
        assert_eq!(
            collect(kind.example.as_bytes(), &forced).records,
            found.records,
            "{}",
            kind.name
        );
    }
}

fn check(family: &str, entries: impl Iterator<Item = &'static str>) {
    let family = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(family);
    let mut faults = Vec::new();
    let entries: Vec<&str> = entries.collect();
    for folder in folders(&family) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(entries.contains(&name), "{} is no registry entry", folder.display());
    }
    for entry in entries {
        let cases = folders(&family.join(entry));
        assert!(!cases.is_empty(), "{} has no case for {entry}", family.display());
        for case in cases {
            check_case(&case, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check_case(case: &Path, faults: &mut Vec<String>) {
    let input = input(case);
    let found = collect(&fs::read(&input).unwrap(), &options(case)).to_json();
    let path = case.join("expected.json");
    if std::env::var_os("EGRESSMAP_BLESS").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let expected: Value = match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(error) => {
            faults.push(format!("{}: {error}", path.display()));
            return;
        }
    };
    if found != expected {
        let found = serde_json::to_string_pretty(&found).unwrap();
        faults.push(format!("{}: found\n{found}", path.display()));
    }
}

fn folders(under: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(under).unwrap_or_else(|error| panic!("{}: {error}", under.display()));
    let mut folders: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The one file whose name starts with `input.`.
fn input(case: &Path) -> PathBuf {
    let entries = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let inputs: Vec<_> = entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("input."))
        .collect();
    assert_eq!(inputs.len(), 1, "{} needs one input.*", case.display());
    inputs.into_iter().next().unwrap()
}

fn options(case: &Path) -> Options {
    let Ok(text) = fs::read_to_string(case.join("options.json")) else {
        return Options::default();
    };
    let options: Value = serde_json::from_str(&text).unwrap();
    let text = |key: &str| options.get(key).map(|value| value.as_str().unwrap().to_owned());
    let envoy_json: BTreeMap<_, _> =
        options
            .get("envoy_json")
            .and_then(Value::as_object)
            .map_or_else(BTreeMap::new, |keys| {
                keys.iter()
                    .map(|(key, operator)| (key.clone(), operator.as_str().unwrap().to_owned()))
                    .collect()
            });
    Options {
        flow_format: match options.get("flow_format") {
            Some(Value::Array(several)) => several
                .iter()
                .map(|format| format.as_str().unwrap().to_owned())
                .collect(),
            _ => text("flow_format").into_iter().collect(),
        },
        envoy_format: text("envoy_format"),
        envoy_json,
        kind: text("kind"),
    }
}
