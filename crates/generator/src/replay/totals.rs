//! Verdicts counted: dependencies, records and bytes.

use serde::Serialize;

use super::{Judged, Verdict};

/// What one verdict comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Dependencies.
    pub dependencies: u64,
    /// Their records: of flow logs where there are any, else of access logs.
    pub records: u64,
    /// Their bytes of the same records, both ways.
    pub bytes: u64,
}

/// Each verdict counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// What is cut.
    pub drop: Tally,
    /// What goes elsewhere.
    pub misroute: Tally,
    /// What the log does not show enough of.
    pub uncertain: Tally,
    /// What passes.
    pub allow: Tally,
}

impl Totals {
    /// What a verdict comes to.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> &Tally {
        match verdict {
            Verdict::Drop => &self.drop,
            Verdict::Misroute => &self.misroute,
            Verdict::Uncertain => &self.uncertain,
            Verdict::Allow => &self.allow,
        }
    }

    /// All of them together.
    #[must_use]
    pub fn all(&self) -> Tally {
        let mut sum = Tally::default();
        for verdict in Verdict::ALL {
            sum.add(self.of(verdict));
        }
        sum
    }

    /// Counts one more dependency.
    pub(super) fn add(&mut self, judged: &Judged<'_>) {
        let tally = match judged.judgement.verdict {
            Verdict::Drop => &mut self.drop,
            Verdict::Misroute => &mut self.misroute,
            Verdict::Uncertain => &mut self.uncertain,
            Verdict::Allow => &mut self.allow,
        };
        tally.add(&Tally::of(judged));
    }
}

impl Tally {
    /// One dependency.
    pub(super) fn of(judged: &Judged<'_>) -> Self {
        let volume = judged.dependency.volume();
        Tally {
            dependencies: 1,
            records: volume.records,
            bytes: volume.bytes_out.saturating_add(volume.bytes_in),
        }
    }

    fn add(&mut self, other: &Tally) {
        self.dependencies += other.dependencies;
        self.records = self.records.saturating_add(other.records);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl<'a> FromIterator<&'a Judged<'a>> for Totals {
    fn from_iter<I: IntoIterator<Item = &'a Judged<'a>>>(judged: I) -> Self {
        let mut totals = Totals::default();
        judged.into_iter().for_each(|judged| totals.add(judged));
        totals
    }
}
