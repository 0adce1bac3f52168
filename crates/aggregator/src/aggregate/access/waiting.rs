//! Records whose edges are known, counted together: the reads of many edges from memory are under way at once.

use super::{Accesses, Edge};

/// How many wait.
const BATCH: usize = 64;

/// What a record adds to its edge.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) edge: Edge,
    pub(super) start: u64,
    pub(super) bytes_out: u64,
    pub(super) bytes_in: u64,
    pub(super) refused: bool,
    /// Whether its far end is nobody of ours.
    pub(super) external: bool,
}

impl Accesses {
    /// The record is counted with others.
    #[inline]
    pub(super) fn wait(&mut self, record: Waiting) {
        self.waiting.push(record);
        if self.waiting.len() == BATCH {
            self.settle();
        }
    }

    /// Counts what still waits. To be called before any edge is read.
    #[inline(never)]
    pub(in crate::aggregate) fn settle(&mut self) {
        let edges = &self.edges;
        // No read depends on another here, and the fewer the steps, the more of them are under way.
        let warm = self.waiting.iter().filter_map(|record| edges.get(&record.edge));
        let sum = warm.fold(0, |sum: u64, counted| {
            let all = counted.tally.records ^ counted.refused ^ counted.seen.first();
            sum ^ all ^ u64::from(counted.starts.is_empty())
        });
        std::hint::black_box(sum);
        for record in self.waiting.drain(..) {
            let counted = self.edges.entry(record.edge).or_default();
            counted.seen.mark(record.start, record.start);
            if record.refused {
                counted.refused += 1;
                continue;
            }
            counted.tally.records += 1;
            if record.external {
                counted.starts.mark(record.start, 0);
            }
            counted.tally.bytes_out = counted.tally.bytes_out.saturating_add(record.bytes_out);
            counted.tally.bytes_in = counted.tally.bytes_in.saturating_add(record.bytes_in);
        }
    }
}
