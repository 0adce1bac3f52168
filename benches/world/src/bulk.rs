//! Version-2 flow logs in bulk, for throughput runs: many objects written at once, with their totals.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::clock::{compact, folder};
use crate::flow::{ACCOUNT, REGION};
use crate::prng::Prng;
use crate::write::{Container, refuse_strangers};

mod edges;
mod inbound;
mod line;

use edges::{Edge, Edges};
pub use inbound::Inbound;
use line::LineBuffer;

/// Text is handed on in pieces of this size, the records of each in an order of chance: an answer stands far from what
/// it answers, as in a real log, where an interface's records come in no order.
const PIECE: usize = 4 << 20;
/// 2026-08-01T00:00:00Z.
const START: u64 = 1_785_542_400;
const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                      action log-status\n";

/// How much to write, of what shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// Bytes of text before compression, to within one record an object.
    pub bytes: u64,
    /// Distinct (service, destination address, port), each with many client ports.
    pub edges: u64,
    /// Objects, each of the same size.
    pub objects: u64,
    /// Whether they are compressed.
    pub container: Container,
    /// Where chance begins.
    pub seed: u64,
}

/// The totals that any reader of the objects has to come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BulkTruth {
    /// Bytes of text.
    pub bytes: u64,
    /// Lines, with one header an object.
    pub lines: u64,
    /// Records.
    pub records: u64,
    /// Distinct edges that the records show.
    pub dependencies: u64,
    /// Bytes from initiators.
    pub bytes_out: u64,
    /// Bytes to initiators.
    pub bytes_in: u64,
}

impl Bulk {
    /// Writes the objects below `dir/logs/flow`, and `inventory.csv` and `truth.json` beside them. Every processor
    /// takes its share of the objects; what is in them depends on the seed alone.
    ///
    /// # Errors
    /// When a file cannot be written, or when `dir/logs` holds other logs; the message names it.
    pub fn write(&self, dir: &Path) -> io::Result<BulkTruth> {
        refuse_strangers(dir, &(0..self.objects).map(|index| dir.join(self.key(index))).collect())?;
        let edges = Edges::new(self.edges);
        let next = AtomicU64::new(0);
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let totals: io::Result<Vec<Share>> = thread::scope(|scope| {
            let work = || self.take_turns(dir, &edges, &next);
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let lost = || io::Error::other("a thread that wrote objects is gone");
            workers
                .into_iter()
                .map(|worker| worker.join().map_err(|_| lost())?)
                .collect()
        });
        let truth = Share::sum(&totals?);
        let mut text = serde_json::to_vec_pretty(&truth)?;
        text.push(b'\n');
        named(&dir.join("truth.json"), |path| fs::write(path, text))?;
        named(&dir.join("inventory.csv"), |path| fs::write(path, edges.inventory()))?;
        Ok(truth)
    }

    fn take_turns(&self, dir: &Path, edges: &Edges, next: &AtomicU64) -> io::Result<Share> {
        let mut share = Share {
            seen: vec![0; edges.words()],
            ..Share::default()
        };
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= self.objects {
                return Ok(share);
            }
            let path = dir.join(self.key(index));
            let parent = path.parent().unwrap_or(dir);
            named(parent, |path| fs::create_dir_all(path))?;
            let file = named(&path, |path| File::create(path))?;
            named(&path, |_| match self.container {
                Container::Plain => self.object(index, edges, file, &mut share).map(drop),
                Container::Gzip => {
                    let encoder = GzEncoder::new(file, Compression::fast());
                    self.object(index, edges, encoder, &mut share)?.finish().map(drop)
                }
            })?;
        }
    }

    fn key(&self, index: u64) -> String {
        let slot = START + index * 300;
        let hash = Prng::new(index).next() >> 32;
        let ending = if self.container == Container::Gzip { ".gz" } else { "" };
        let name = format!(
            "{ACCOUNT}_vpcflowlogs_{REGION}_fl-0b1c2d3e4f5a69788_{}_{hash:08x}.log{ending}",
            compact(slot)
        );
        format!(
            "logs/flow/AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{}/{name}",
            folder(slot)
        )
    }

    /// Writes one object: pairs of records, there and back, until it is long enough.
    fn object<W: Write>(&self, index: u64, edges: &Edges, mut to: W, share: &mut Share) -> io::Result<W> {
        let enough = self.bytes / self.objects.max(1);
        let mut rng = Prng::new(self.seed.wrapping_mul(1_000_003) ^ index.wrapping_mul(0x9e37_79b9));
        let slot = START + index * 300;
        let mut buffer = LineBuffer::with_capacity(PIECE + 1_024);
        to.write_all(HEADER.as_bytes())?;
        let mut written = HEADER.len() as u64;
        share.truth.lines += 1;
        while written + buffer.len() < enough {
            let edge = edges.draw(&mut rng);
            share.exchange(&edge, slot, &mut rng, &mut buffer);
            if buffer.len() >= PIECE as u64 {
                written += buffer.len();
                buffer.shuffled_to(&mut to, &mut rng)?;
            }
        }
        share.truth.bytes += written + buffer.len();
        buffer.shuffled_to(&mut to, &mut rng)?;
        Ok(to)
    }
}

/// What one thread wrote.
#[derive(Debug, Default)]
struct Share {
    truth: BulkTruth,
    /// A bit for every edge.
    seen: Vec<u64>,
}

impl Share {
    fn exchange(&mut self, edge: &Edge, slot: u64, rng: &mut Prng, buffer: &mut LineBuffer) {
        self.seen[edge.word] |= edge.bit;
        let chance = rng.next();
        let port = 32_768 + (chance & 0x6fff);
        let (packets_out, packets_in) = (3 + (chance >> 16 & 31), 3 + (chance >> 24 & 63));
        let (out, back) = (
            packets_out * 40 + (chance >> 32 & 0xfff),
            packets_in * 40 + (chance >> 44 & 0xffff),
        );
        let start = slot + (chance >> 60) * 15;
        let end = start + (chance >> 52 & 63);
        let mut record = |from: Ipv4Addr, to: Ipv4Addr, srcport: u64, dstport: u64, packets: u64, bytes: u64| {
            buffer.text("2 001234567890 eni-0");
            buffer.hex(u32::from(edge.client));
            buffer.text("d15c0de0 ");
            buffer.address(from);
            buffer.address(to);
            for number in [srcport, dstport, 6, packets, bytes, start, end] {
                buffer.number(number);
            }
            buffer.text("ACCEPT OK\n");
        };
        record(edge.client, edge.server, port, edge.port, packets_out, out);
        record(edge.server, edge.client, edge.port, port, packets_in, back);
        self.truth.lines += 2;
        self.truth.records += 2;
        self.truth.bytes_out += out;
        self.truth.bytes_in += back;
    }

    fn sum(shares: &[Share]) -> BulkTruth {
        let mut total = BulkTruth::default();
        let mut seen: Vec<u64> = Vec::new();
        for Share { truth, seen: also } in shares {
            total.bytes += truth.bytes;
            total.lines += truth.lines;
            total.records += truth.records;
            total.bytes_out += truth.bytes_out;
            total.bytes_in += truth.bytes_in;
            seen.resize(also.len().max(seen.len()), 0);
            for (word, other) in seen.iter_mut().zip(also) {
                *word |= other;
            }
        }
        total.dependencies = seen.iter().map(|word| u64::from(word.count_ones())).sum();
        total
    }
}

/// Does something with a file and says which one, where it fails.
fn named<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    act(path).map_err(|error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())))
}
