//! Bytes a second of every log format, from plain lines and from gzip, to a sink that looks at each record.

use std::io::{Cursor, Write};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egressmap_benches::{DIALECTS, varied};
use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Options, Sink, Verdict, format, scan, unwrap};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::basic::GzipLevel;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

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

/// Flow logs in Parquet beside the same records in text: records a second.
fn parquet_beside_text(criterion: &mut Criterion, kind: &str) {
    let text = format::REGISTRY.iter().find(|kind| kind.name == "flow-text");
    let lines = varied(text.expect("it is registered").example, BYTES, 1);
    let (counters, sum) = read(lines.clone());
    let mut group = criterion.benchmark_group(kind);
    group.throughput(Throughput::Elements(counters.flow)).sample_size(20);
    let [words, values] = [true, false].map(|dictionaries| parquet(&lines, dictionaries));
    for (name, stored) in [
        ("the same in text", lines),
        ("dictionaries", words),
        ("plain values", values),
    ] {
        let (counted, summed) = read(stored.clone());
        assert_eq!((counted.flow, summed), (counters.flow, sum), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| stored.clone(), read, criterion::BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Lines of the default format as Parquet: its types, pages packed by GZIP.
fn parquet(lines: &[u8], dictionaries: bool) -> Vec<u8> {
    let schema = "message log { required int32 version; required binary account_id; required binary interface_id; \
                  required binary srcaddr; required binary dstaddr; required int32 srcport; required int32 dstport; \
                  required int32 protocol; required int64 packets; required int64 bytes; required int64 start; \
                  required int64 end; required binary action; required binary log_status; }";
    let schema = parse_message_type(schema).expect("it is a schema");
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::GZIP(GzipLevel::default()))
        .set_dictionary_enabled(dictionaries)
        .build();
    let mut stored = Vec::new();
    let mut file = SerializedFileWriter::new(&mut stored, Arc::new(schema), Arc::new(properties)).expect("it begins");
    let text = std::str::from_utf8(lines).expect("the example is text");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    for rows in rows.chunks(100_000) {
        let mut group = file.next_row_group().expect("it takes a group");
        let mut at = 0;
        while let Some(mut column) = group.next_column().expect("it takes a column") {
            let values = rows.iter().map(|row| row[at]);
            match column.untyped() {
                ColumnWriter::Int32ColumnWriter(column) => {
                    let values: Vec<i32> = values.map(|value| value.parse().expect("it is a number")).collect();
                    column.write_batch(&values, None, None)
                }
                ColumnWriter::Int64ColumnWriter(column) => {
                    let values: Vec<i64> = values.map(|value| value.parse().expect("it is a number")).collect();
                    column.write_batch(&values, None, None)
                }
                ColumnWriter::ByteArrayColumnWriter(column) => {
                    let values: Vec<ByteArray> =
                        values.map(|value| ByteArray::from(value.as_bytes().to_vec())).collect();
                    column.write_batch(&values, None, None)
                }
                _ => panic!("the schema has no other type"),
            }
            .expect("it takes values");
            column.close().expect("it ends");
            at += 1;
        }
        group.close().expect("it ends");
    }
    file.close().expect("it ends");
    stored
}

fn formats(criterion: &mut Criterion) {
    for kind in format::REGISTRY {
        if kind.example.is_empty() {
            parquet_beside_text(criterion, kind.name);
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

/// Flow text as it is delivered: the row in each delivery's example is another one in every line.
fn deliveries(criterion: &mut Criterion) {
    let row = "2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK";
    let rows = String::from_utf8(varied(row, BYTES / 2, 1)).expect("the row is text");
    let mut group = criterion.benchmark_group("deliveries");
    for delivery in unwrap::REGISTRY {
        let wrapped = rows.lines().map(|varied| delivery.example.replace(row, varied) + "\n");
        let lines = wrapped.collect::<String>().into_bytes();
        let (counters, _) = read(lines.clone());
        assert_eq!(counters.flow, counters.lines, "{}: {counters:?}", delivery.name);
        group.throughput(Throughput::Bytes(lines.len() as u64)).sample_size(20);
        group.bench_function(delivery.name, |bencher| {
            bencher.iter_batched(|| lines.clone(), read, criterion::BatchSize::LargeInput);
        });
    }
    group.finish();
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

criterion_group!(parser, formats, deliveries, access);
criterion_main!(parser);
