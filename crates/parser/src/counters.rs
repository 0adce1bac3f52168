//! The counters that every line of every object ends in, exactly once.

use std::collections::BTreeMap;

/// Why a line was set aside: a short stable word, such as `nodata` or `malformed:srcaddr`.
pub type Reason = &'static str;

/// How many samples of one reason are kept: the first in order of object and line, whatever the order of reading.
pub const SAMPLES_PER_REASON: usize = 3;

/// Lines by what became of them. Adding two is commutative and associative, so threads and shards may count apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Objects read, in whole or in part.
    pub objects: u64,
    /// Bytes after decoding.
    pub bytes: u64,
    /// Lines read: the sum of everything below.
    pub lines: u64,
    /// Lines used as flow records.
    pub flow: u64,
    /// Lines used as access records.
    pub access: u64,
    /// Lines used as DNS answers.
    pub dns: u64,
    /// Lines set aside, by reason.
    pub set_aside: BTreeMap<Reason, u64>,
    /// The first few lines of each reason that is a fault (headers, blank lines and NODATA are not sampled).
    pub samples: BTreeMap<Reason, Vec<Sample>>,
}

/// Where a line was set aside, and what was wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// The object's URI.
    pub object: String,
    /// The 1-based line in the decoded object.
    pub line: u64,
    /// The 1-based event within the line, where the line delivers several.
    pub event: Option<u64>,
    /// What was expected and what was found, safe to print: `dstport: expected a port, found "70000"`.
    pub message: String,
}

impl Counters {
    /// Adds what another thread or shard counted.
    pub fn add(&mut self, other: &Counters) {
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.flow += other.flow;
        self.access += other.access;
        self.dns += other.dns;
        for (reason, count) in &other.set_aside {
            *self.set_aside.entry(reason).or_default() += count;
        }
        for (reason, samples) in &other.samples {
            for sample in samples {
                self.keep(reason, sample.clone());
            }
        }
    }

    /// Counts one line as set aside.
    pub fn set_aside(&mut self, reason: Reason) {
        self.lines += 1;
        *self.set_aside.entry(reason).or_default() += 1;
    }

    /// Whether a sample at `line` of `object` would be kept: ask before formatting its message.
    #[must_use]
    pub fn wants_sample(&self, reason: Reason, object: &str, line: u64, event: Option<u64>) -> bool {
        match self.samples.get(reason) {
            Some(kept) if kept.len() >= SAMPLES_PER_REASON => kept
                .last()
                .is_some_and(|last| (object, line, event) < (last.object.as_str(), last.line, last.event)),
            _ => true,
        }
    }

    /// Keeps a sample if it is among the first of its reason.
    pub fn keep(&mut self, reason: Reason, sample: Sample) {
        let kept = self.samples.entry(reason).or_default();
        if let Err(at) = kept.binary_search(&sample) {
            kept.insert(at, sample);
            kept.truncate(SAMPLES_PER_REASON);
        }
    }

    /// Lines that became records.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.flow + self.access + self.dns
    }

    /// Whether the counters sum to the lines read.
    #[must_use]
    pub fn balanced(&self) -> bool {
        self.used() + self.set_aside.values().sum::<u64>() == self.lines
    }
}
