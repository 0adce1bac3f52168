//! Bytes a second of every log format, from plain lines and from gzip, to a sink that looks at each record.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egressmap_benches::{DIALECTS, varied};
use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Options, Sink, Verdict, format, scan};
use flate2::Compression;
use flate2::write::GzEncoder;

/// How much text one pass reads.
const BYTES: usize = 16 << 20;

/// Adds something of every record up, so that no parsing is in vain.
#[derive(Default)]
struct Sum(u64);

impl Sink for Sum {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, record: &FlowRecord<'_>) -> Verdict {
        self.0 = self
            .0
            .wrapping_add(record.bytes ^ record.start ^ u64::from(record.dstport));
        Verdict::Used
    }

    fn access(&mut self, _: u64, record: &AccessRecord<'_>) -> Verdict {
        self.0 = self
            .0
            .wrapping_add(record.bytes_sent ^ record.start ^ u64::from(record.response_code));
        Verdict::Used
    }

    fn dns(&mut self, _: u64, record: &DnsRecord<'_>) -> Verdict {
        self.0 = self.0.wrapping_add(record.time);
        Verdict::Used
    }
}

/// Reads stored bytes as one object.
fn read(stored: Vec<u8>) -> (Counters, u64) {
    let id = ObjectId {
        uri: "bench".to_owned(),
        version: None,
        size: None,
    };
    let (mut sum, mut counters) = (Sum::default(), Counters::default());
    let object = Object::new(id, Box::new(Cursor::new(stored)));
    scan(object, &Options::default(), &mut sum, &mut counters).expect("the lines are whole");
    (counters, sum.0)
}

/// The largest case of a format whose objects are no lines.
fn largest_case(kind: &str) -> Vec<u8> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/format")
        .join(kind);
    let folders = fs::read_dir(&cases).expect("every format has cases");
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.expect("it can be listed").path()).expect("a case is a folder"));
    let paths = files.map(|file| file.expect("it can be listed").path());
    let inputs = paths.filter(|path| path.file_stem().is_some_and(|stem| stem == "input"));
    let stored = inputs.map(|input| fs::read(input).expect("it can be read"));
    stored.max_by_key(Vec::len).expect("every case has an input")
}

fn formats(criterion: &mut Criterion) {
    for kind in format::REGISTRY {
        if kind.example.is_empty() {
            let stored = largest_case(kind.name);
            let mut group = criterion.benchmark_group(kind.name);
            group.throughput(Throughput::Bytes(stored.len() as u64)).sample_size(20);
            group.bench_function("largest case", |bencher| {
                bencher.iter_batched(|| stored.clone(), read, criterion::BatchSize::LargeInput);
            });
            group.finish();
            continue;
        }
        let lines = varied(kind.example, BYTES, 1);
        let (counters, _) = read(lines.clone());
        assert_eq!(
            counters.used(),
            counters.lines,
            "{}: the varied example is no record: {counters:?}",
            kind.name
        );

        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&lines).expect("a vector takes every write");
        let packed = encoder.finish().expect("a vector takes every write");

        let mut group = criterion.benchmark_group(kind.name);
        group.throughput(Throughput::Bytes(lines.len() as u64)).sample_size(20);
        for (name, stored) in [("plain", &lines), ("gzip", &packed)] {
            group.bench_function(name, |bencher| {
                bencher.iter_batched(|| stored.clone(), read, criterion::BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

/// Access logs of many hosts, paths and agents.
fn access(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("access");
    for dialect in DIALECTS {
        let lines = dialect.lines(BYTES, 1);
        let (counters, _) = read(lines.clone());
        let cumulative = counters.set_aside.get("cumulative").copied().unwrap_or_default();
        assert_eq!(
            counters.access + cumulative,
            counters.lines,
            "{}: {counters:?}",
            dialect.name
        );
        group.throughput(Throughput::Bytes(lines.len() as u64)).sample_size(20);
        group.bench_function(dialect.name, |bencher| {
            bencher.iter_batched(|| lines.clone(), read, criterion::BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(parser, formats, access);
criterion_main!(parser);
