//! Parquet as pyarrow writes it, in every codec, encoding and version of pages: whole, cut off and damaged.
//!
//! `EGRESSMAP_PYTHON` is a Python with the packages of `testdata/requirements.txt`, among them `pyarrow`.

use std::ffi::OsString;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, ObjectError, Options, Sink, Verdict, scan};

use crate::collected::collect;
use crate::flow_parquet::compared;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
                      log-status tcp-flags pkt-srcaddr pkt-dstaddr flow-direction pkt-dst-aws-service ecs-service-name";

const ROWS: u64 = 1000;

/// Rows enough for several batches, among them some that are unlike the others, and runs of values that are unset.
fn log() -> String {
    let mut text = HEADER.to_owned() + "\n";
    for row in 0..ROWS {
        let (start, end) = (1_790_000_000 + row / 7, 1_790_000_060 + row % 90);
        let eni = format!("eni-0a1b2c3d4e5f6{:04}", row / 60);
        let line = match row {
            400..460 => format!("7 111122223333 {eni} - - - - - - - {start} {end} - NODATA - - - - - -"),
            row if row % 401 == 0 => {
                format!("7 111122223333 {eni} - - - - - - - {start} {end} - SKIPDATA - - - - - -")
            }
            row if row % 13 == 0 => format!(
                "7 111122223333 {eni} 2001:db8::{:x} 2001:db8:1::10 4{row} 443 17 3 {} {start} {end} ACCEPT OK - - - - - -",
                row % 50,
                row * 7
            ),
            row => {
                let pod = match row {
                    500.. => format!("10.1.{}.{} -", row % 3, row % 200),
                    _ => "- -".to_owned(),
                };
                let (action, flags) = if row % 5 == 0 { ("REJECT", "-") } else { ("ACCEPT", "3") };
                let aws = if row % 2 == 0 { "S3" } else { "-" };
                format!(
                    "7 01112222333{} {eni} 10.0.{}.{} 203.0.113.{} {} 443 6 {row} {} {start} {end} {action} OK {flags} {pod} egress {aws} -",
                    row % 10,
                    row % 4,
                    row % 251,
                    row % 100,
                    30_000 + row * 11 % 30_000,
                    row * row * 1_000_003,
                )
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The files that pyarrow wrote of a log, by their names; nothing where there is no pyarrow.
fn written(log: &str) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), log).unwrap();
    let python = std::env::var_os("EGRESSMAP_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/parquet_by_pyarrow.py");
    let ran = Command::new(python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .arg(folder.path().join("log"))
        .arg(folder.path())
        .output();
    if !ran.as_ref().is_ok_and(|ran| ran.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "pyarrow is missing or failed: {ran:?}"
        );
        return Vec::new();
    }
    let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    let files = files.map(|path| {
        (
            path.file_stem().unwrap().to_string_lossy().into_owned(),
            fs::read(&path).unwrap(),
        )
    });
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), 6 * 4 * 2);
    files
}

/// Reads a file for its counters alone.
fn counted(bytes: &[u8]) -> (Result<(), ObjectError>, Counters) {
    struct Nothing;
    impl Sink for Nothing {
        fn object(&mut self, _: &ObjectId) {}
        fn flow(&mut self, _: u64, _: &FlowRecord<'_>) -> Verdict {
            Verdict::Used
        }
        fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
            Verdict::Used
        }
        fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
            Verdict::Used
        }
    }
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let object = Object::new(id, Box::new(Cursor::new(bytes.to_vec())));
    let mut counters = Counters::default();
    let read = scan(object, &Options::default(), &mut Nothing, &mut counters);
    assert!(counters.balanced(), "{counters:?}");
    (read, counters)
}

#[test]
fn what_pyarrow_writes_is_read_as_the_text_is_and_in_part_where_it_is_damaged() {
    let log = log();
    let text = compared(&collect(log.as_bytes(), &Options::default()), 1);
    assert!(text["flow"].as_u64().unwrap() > 900, "{}", text["set_aside"]);
    for (number, (name, bytes)) in written(&log).into_iter().enumerate() {
        let file = compared(&collect(&bytes, &Options::default()), 0);
        assert!(file == text, "{name}: {} {}", file["error"], file["set_aside"]);
        // pyarrow gives its pages no checksum: what is damaged reaches the decoders.
        for place in 0..4 {
            let at = 4 + (number * 7919 + place * 104_729) % (bytes.len() * 9 / 10);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x5a;
            damaged[at + 1] = 0xff;
            let found = counted(&damaged);
            assert!(found.1.lines <= ROWS, "{name}, byte {at}");
            assert!(counted(&bytes[..at]).0.is_err(), "{name}, cut off at {at}");
        }
    }
}
