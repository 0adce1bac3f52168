//! What `inspect` says of every line is what `scan` counts.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{Line, Options, inspect};
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::proptest;

use crate::collected::{Collected, collect};

fn inspected(bytes: &[u8], options: &Options) -> (Vec<Line>, Option<String>) {
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let mut lines = Vec::new();
    let object = Object::new(id, Box::new(Cursor::new(bytes.to_vec())));
    let result = inspect(object, options, &mut |line| lines.push(line.clone()));
    (lines, result.err().map(|error| error.to_string()))
}

/// Reads bytes both ways, and compares.
fn compare(bytes: &[u8], options: &Options, name: &str) {
    let found: Collected = collect(bytes, options);
    let (lines, error) = inspected(bytes, options);
    assert_eq!(error, found.error, "{name}");
    let mut set_aside = BTreeMap::new();
    let mut used = Vec::new();
    for line in &lines {
        match line.shown.reason {
            Some(reason) => *set_aside.entry(reason).or_insert(0) += 1,
            None => used.push(line.line),
        }
        assert!(line.shown.reason.is_some() || line.format.is_some(), "{name}: {line:?}");
    }
    // A line alone does not say that another of its connection says more.
    let mut counted = found.counters.set_aside.clone();
    let cumulative = counted.remove("cumulative").unwrap_or_default();
    assert_eq!(set_aside, counted, "{name}");
    let records = found.records.iter().map(|record| record["line"].as_u64().unwrap());
    assert_eq!(used.len() as u64, found.records.len() as u64 + cumulative, "{name}");
    for line in records {
        assert!(used.contains(&line), "{name}: {line}");
    }
    for (reason, samples) in &found.counters.samples {
        for sample in samples {
            let is_of = |line: &&Line| (line.line, line.event) == (sample.line, sample.event);
            let same = lines.iter().filter(is_of).any(|line| {
                // A row of Parquet is shown as its text, which has columns to count.
                let said = bytes.starts_with(b"PAR1") || line.shown.message.as_deref() == Some(sample.message.as_str());
                line.shown.reason == Some(reason) && said
            });
            assert!(same, "{name}: {sample:?}");
        }
    }
}

/// The inputs of `testdata` of a readable size, by name.
static INPUTS: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    fn walk(folder: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_input = path.file_name().unwrap().to_str().unwrap().starts_with("input.");
            if path.is_dir() {
                walk(&path, into);
            } else if is_input && !path.with_file_name("options.json").exists() {
                into.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut inputs = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata"),
        &mut inputs,
    );
    inputs.sort();
    inputs
});

#[test]
fn every_case_is_inspected_as_it_is_scanned() {
    assert!(INPUTS.len() > 60);
    for (path, bytes) in INPUTS.iter() {
        compare(bytes, &Options::default(), &path.display().to_string());
    }
}

/// An input of `testdata` with some bytes changed, cut out or doubled.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    // Of a damaged Parquet file the two read the columns in another order, and so meet another fault first.
    let lines = INPUTS.iter().filter(|(_, bytes)| !bytes.starts_with(b"PAR1"));
    let small = lines.filter(|(_, bytes)| bytes.len() < 32 * 1024);
    let small: Vec<_> = small.map(|(_, bytes)| bytes.clone()).collect();
    let change = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>(), 0..40_usize);
    (prop::sample::select(small), prop::collection::vec(change, 0..4)).prop_flat_map(|(mut bytes, changes)| {
        for (at, what, byte, length) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let to = (at + length).min(bytes.len());
            match what {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 => drop(bytes.drain(at..to)),
                _ => {
                    let again = bytes[at..to].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        Just(bytes)
    })
}

proptest! {
    #[test]
    fn damaged_input_is_inspected_as_it_is_scanned(bytes in damaged()) {
        compare(&bytes, &Options::default(), "damaged");
    }
}
