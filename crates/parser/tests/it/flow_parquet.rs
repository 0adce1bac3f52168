//! Flow logs in Parquet against the same logs in text, and Parquet that nobody meant to write.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egressmap_parser::source::{Object, ObjectId, ReadAt};
use egressmap_parser::{Counters, Options, inspect, scan};
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::collected::{Collected, collect};
use crate::flow_oracle::{self, VALUES_OF_ANY_KIND};
use crate::parquet_writer::{Shape, parquet};

/// Bytes in memory as a source gives them that can be read in any order.
pub(crate) struct Memory(pub(crate) Vec<u8>);

impl ReadAt for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> std::io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let bytes = self.0.get(from..from + into.len());
        into.copy_from_slice(bytes.ok_or(std::io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Reads a file whose body ends behind its first bytes: all else is asked for by its place.
fn collect_at_random(bytes: &[u8]) -> Collected {
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let body = Box::new(std::io::Cursor::new(bytes[..4].to_vec()));
    let mut object = Object::new(id, body);
    object.at = Some(Arc::new(Memory(bytes.to_vec())));
    let (mut collected, mut counters) = (Collected::default(), Counters::default());
    let result = scan(object, &Options::default(), &mut collected, &mut counters);
    assert!(counters.balanced(), "{counters:?}");
    collected.error = result.err().map(|error| error.to_string());
    collected.counters = counters;
    collected.records.sort_by_key(|record| record["line"].as_u64());
    collected
}

/// The text of a log whose first line is a header, as Parquet.
pub(crate) fn written(text: &str, shape: &Shape) -> Vec<u8> {
    let mut lines = text.lines();
    let names: Vec<String> = lines
        .next()
        .unwrap()
        .split(' ')
        .map(|name| name.replace('-', "_"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    parquet(&names, &rows, shape)
}

/// What both containers must agree in: records and their lines, gaps, reasons.
pub(crate) fn compared(found: &Collected, header: u64) -> Value {
    let moved = |values: &[Value]| -> Vec<Value> {
        let mut values = values.to_vec();
        for value in &mut values {
            value["line"] = json!(value["line"].as_u64().unwrap() - header);
        }
        values
    };
    let mut set_aside = found.counters.set_aside.clone();
    if header > 0 {
        set_aside.remove("header");
    }
    json!({
        "error": found.error,
        "lines": found.counters.lines - header,
        "flow": found.counters.flow,
        "set_aside": set_aside,
        "records": moved(&found.records),
        "gaps": moved(&found.gaps),
    })
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format/flow-parquet");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|case| case.join("rows.log").exists()).collect()
}

/// With `EGRESSMAP_BLESS=1` the cases are written anew from their rows.
#[test]
fn every_case_is_read_as_its_rows_in_text() {
    let cases = cases();
    assert!(cases.len() >= 17, "{cases:?}");
    for case in cases {
        let rows = fs::read_to_string(case.join("rows.log")).unwrap();
        let input = case.join("input.parquet");
        // One without a shape was written by a program that this cannot call.
        let shape = fs::read_to_string(case.join("shape.json"));
        if let (Some(_), Ok(shape)) = (std::env::var_os("EGRESSMAP_BLESS"), shape) {
            let shape: Value = serde_json::from_str(&shape).unwrap();
            fs::write(&input, written(&rows, &Shape::of(&shape))).unwrap();
        }
        let bytes = fs::read(&input).unwrap();
        assert!(bytes.len() <= 20_000, "{}: {} bytes", case.display(), bytes.len());
        let text = collect(rows.as_bytes(), &Options::default());
        let file = collect(&bytes, &Options::default());
        assert_eq!(compared(&file, 0), compared(&text, 1), "{}", case.display());
    }
}

/// Which columns could be written as which numbers, by a coin for each.
fn types(names: &[&str], rows: &[Vec<&str>], coins: &[u8]) -> Vec<(String, String)> {
    let mut types = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let all = |fits: &dyn Fn(&str) -> bool| rows.iter().all(|row| row[at] == "-" || fits(row[at]));
        // An account that has become a number has its zeros back.
        let is_text = !flow_oracle::is_number(name);
        let digits = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        let kind = match coins[at % coins.len()] % 4 {
            0 if !is_text && all(&|value| digits(value) && value.parse::<i32>().is_ok()) => "int32",
            1 | 2 if !is_text && all(&|value| digits(value) && value.parse::<i64>().is_ok()) => "int64",
            3 if !is_text && all(&|value| digits(value) && value.parse::<u32>().is_ok()) => "double",
            _ => continue,
        };
        types.push(((*name).to_owned(), kind.to_owned()));
    }
    types
}

fn shape() -> impl Strategy<Value = Shape> {
    let compression = prop::sample::select(vec!["plain", "gzip", "snappy", "zstd", "lz4", "lz4-in-parts"]);
    let encoding = prop_oneof![
        2 => Just((true, "plain")),
        3 => prop::sample::select(vec!["plain", "delta", "lengths", "split"]).prop_map(|encoding| (false, encoding)),
    ];
    let unset = prop_oneof![Just("null"), Just("-"), Just("None")];
    (compression, encoding, 1_u64..=2, 1_usize..30, 1_usize..10, unset).prop_map(
        |(compression, (dictionary, encoding), version, rows_per_group, rows_per_page, unset)| Shape {
            compression,
            dictionary,
            encoding,
            version,
            rows_per_group,
            rows_per_page,
            unset: unset.to_owned(),
            types: Vec::new(),
        },
    )
}

proptest! {
    #[test]
    fn a_log_is_the_same_in_text_and_in_parquet(
        (names, rows) in flow_oracle::rows(VALUES_OF_ANY_KIND),
        shape in shape(),
        coins in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let underscored: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
        let underscored: Vec<&str> = underscored.iter().map(String::as_str).collect();
        let shape = Shape { types: types(&underscored, &rows, &coins), ..shape };
        let lines: String = rows.iter().map(|row| row.join(" ") + "\n").collect();
        let text = collect((names.join(" ") + "\n" + &lines).as_bytes(), &Options::default());
        let bytes = parquet(&underscored, &rows, &shape);
        let file = collect_at_random(&bytes);
        prop_assert_eq!(compared(&file, 0), compared(&text, 1), "{:?}", shape);
        prop_assert_eq!(compared(&collect(&bytes, &Options::default()), 0), compared(&text, 1));
    }

    #[test]
    fn a_damaged_file_is_read_in_part_or_not_at_all(
        shape in shape(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let line = "2 111122223333 eni-0a1b2c3d4e5f67890 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK\n";
        let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
        let types = ["version", "srcport", "dstport", "protocol"].map(|name| (name.to_owned(), "int32".to_owned()));
        let mut bytes = written(&(header.to_owned() + &line.repeat(20)), &Shape { types: types.to_vec(), ..shape });
        for (at, with) in damage {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        if let Some(cut) = cut {
            bytes.truncate(4.max(cut.index(bytes.len())));
        }
        let found = collect(&bytes, &Options::default());
        prop_assert!(found.error.is_some() || found.counters.lines < 100_000);
        let id = ObjectId { uri: "input".to_owned(), version: None, size: None };
        let object = Object::new(id, Box::new(std::io::Cursor::new(bytes)));
        let _ = inspect(object, &Options::default(), &mut |_| {});
    }
}

#[test]
fn an_account_that_stands_as_a_number_has_its_zeros_back() {
    let text = "account-id srcaddr dstaddr srcport dstport protocol start\n012345678901 10.0.0.1 10.0.0.2 1 2 6 9\n";
    let shape = Shape {
        types: vec![("account_id".to_owned(), "int64".to_owned())],
        ..Shape::default()
    };
    let found = collect(&written(text, &shape), &Options::default());
    assert_eq!(found.records[0]["account"], "012345678901");
}

#[test]
fn a_forced_kind_is_obeyed() {
    let text = "srcaddr dstaddr srcport dstport protocol start\n10.0.0.1 10.0.0.2 1 2 6 9\n";
    let kind = |kind: &str| Options {
        kind: Some(kind.to_owned()),
        ..Options::default()
    };
    let bytes = written(text, &Shape::default());
    assert_eq!(collect(&bytes, &kind("flow-parquet")).counters.flow, 1);
    assert_eq!(collect(&bytes, &kind("flow-text")).counters.flow, 0);
    let found = collect(text.as_bytes(), &kind("flow-parquet"));
    assert_eq!(found.set_aside("not-parquet"), 2);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let text = "srcaddr dstaddr srcport dstport protocol start\n10.0.0.1 10.0.0.2 1 2 6 9\n";
    let whole = written(text, &Shape::default());
    let error = |bytes: &[u8]| collect(bytes, &Options::default()).error.unwrap();
    assert_eq!(
        error(&whole[..whole.len() - 1]),
        "input: expected PAR1 at the end of a Parquet file: it is cut off or not one"
    );
    assert_eq!(error(b"PAR1"), "input: expected a Parquet file, found 4 bytes");
    let mut broken = whole.clone();
    // The first page's body stands behind its header of some twenty bytes.
    broken[40] ^= 0xff;
    assert!(
        error(&broken).starts_with("input: row group 1: column \"srcaddr\": "),
        "{}",
        error(&broken)
    );
    let mut long = whole.clone();
    let at = long.len() - 8;
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(
        error(&long).starts_with("input: expected a footer within the file's"),
        "{}",
        error(&long)
    );
}
