//! Bytes of text a second out of every coding.

use std::io::{self, Write};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egressmap_benches::varied;
use egressmap_parser::{decode, format};
use flate2::Compression;
use flate2::write::GzEncoder;

/// How much text one pass decodes.
const BYTES: usize = 16 << 20;

fn codings(criterion: &mut Criterion) {
    let example = format::REGISTRY.first().expect("there are formats").example;
    let text = varied(example, BYTES, 1);
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    for coding in decode::REGISTRY {
        let stored = packed(coding.name, &text);
        let decoded = io::copy(&mut decode::open(stored.as_slice()), &mut io::sink());
        assert_eq!(decoded.expect("it is whole"), text.len() as u64, "{}", coding.name);
        group.bench_function(coding.name, |bencher| {
            let mut buffer = vec![0; 256 * 1024];
            bencher.iter(|| {
                let mut decoded = decode::open(stored.as_slice());
                while io::Read::read(&mut decoded, &mut buffer).expect("it is whole") > 0 {}
            });
        });
    }
    group.finish();
}

/// The text as a delivery would pack it.
fn packed(coding: &str, text: &[u8]) -> Vec<u8> {
    match coding {
        "plain" => text.to_vec(),
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text).expect("a vector takes every write");
            encoder.finish().expect("a vector takes every write")
        }
        "zstd" => zstd::encode_all(text, 0).expect("a slice can be read"),
        other => panic!("this bench cannot pack {other} yet"),
    }
}

criterion_group!(benches, codings);
criterion_main!(benches);
