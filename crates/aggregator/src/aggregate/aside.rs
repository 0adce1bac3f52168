//! What does not fit into memory while logs are read: flows go to files without a name, which end with the run however it
//! ends.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Aggregator;
use super::kept::NAMES;
use crate::table::part::{Part, Writer};

/// How many files are read side by side: of each a row group is in memory.
const SIDE_BY_SIDE: usize = 16;

/// How many records are counted until memory is looked at again.
const RECORDS: u32 = 1 << 12;

/// How much memory the flows of one [`Aggregator`] may take, and where they go beyond it.
#[derive(Debug, Clone)]
pub struct Budget {
    bytes: usize,
    folder: Arc<Path>,
}

impl Budget {
    /// So many bytes; what is more goes to files in `folder`. Sorting what goes there takes memory as well: half of the
    /// budget is left for that.
    #[must_use]
    pub fn new(bytes: usize, folder: PathBuf) -> Self {
        Budget {
            bytes,
            folder: folder.into(),
        }
    }
}

/// Flows that were put aside.
#[derive(Debug, Default)]
pub(super) struct Aside {
    budget: Option<Budget>,
    parts: Vec<Part>,
    records: u32,
    failed: Option<io::Error>,
}

impl Aside {
    /// Whether anything was, or should have been.
    pub(super) fn is_used(&self) -> bool {
        !self.parts.is_empty() || self.failed.is_some()
    }

    pub(super) fn absorb(&mut self, other: Aside) {
        self.budget = self.budget.take().or(other.budget);
        self.parts.extend(other.parts);
        self.failed = self.failed.take().or(other.failed);
    }
}

impl Aggregator<'_> {
    /// Puts flows aside when they take more memory than that.
    #[must_use]
    pub fn within(mut self, budget: Option<Budget>) -> Self {
        self.aside.budget = budget;
        self
    }

    /// Looks at memory now and then.
    #[inline]
    pub(super) fn aside_if_needed(&mut self) {
        self.aside.records += 1;
        if self.aside.records == RECORDS {
            self.aside.records = 0;
            self.aside_if_too_much();
        }
    }

    pub(super) fn aside_if_too_much(&mut self) {
        let taken = self.v4.bytes() + self.v6.bytes();
        if self
            .aside
            .budget
            .as_ref()
            .is_some_and(|budget| taken > budget.bytes / 2)
        {
            self.put_aside();
        }
    }

    /// Puts all flows and pairs aside. What goes wrong is told at the end.
    pub(super) fn put_aside(&mut self) {
        if self.aside.failed.is_some() || self.weight() == 0 {
            return;
        }
        match self.part(Self::drain_rows) {
            Ok(part) => self.aside.parts.push(part),
            Err(error) => self.aside.failed = Some(error),
        }
    }

    /// Puts everything aside; few enough parts to be read side by side with so many others.
    pub(super) fn put_all_aside(&mut self) -> io::Result<Vec<Part>> {
        self.put_aside();
        if let Some(error) = self.aside.failed.take() {
            return Err(error);
        }
        let mut parts = std::mem::take(&mut self.aside.parts);
        while parts.len() > SIDE_BY_SIDE {
            let joined: Vec<Part> = parts.drain(..SIDE_BY_SIDE).collect();
            parts.push(self.part(|whole, to| whole.join_rows(&joined, to))?);
        }
        Ok(parts)
    }

    /// A part that the aggregator writes.
    pub(super) fn part(
        &mut self,
        write: impl FnOnce(&mut Self, &mut Writer<'_>) -> io::Result<()>,
    ) -> io::Result<Part> {
        let budget = self.aside.budget.clone();
        let folder = budget.as_ref().map(|budget| &*budget.folder);
        Part::written(folder, NAMES, |to| write(self, to))
    }
}
