//! Where flow logs themselves say that they hold nothing: windows without traffic, and windows whose records were lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Rows by interface and by hour since 1970 (UTC); adds up.
pub type RowsByHour = BTreeMap<String, BTreeMap<u32, u32>>;

/// Rows of flow logs that are no records. An interface that a row does not name is `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// `NODATA`: the log is there, and there was no traffic.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodata: RowsByHour,
    /// `SKIPDATA`: records are missing there, each row standing for any number of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipdata: RowsByHour,
}

impl Gaps {
    /// Adds those of another map.
    pub fn add(&mut self, other: Gaps) {
        for (mine, theirs) in [(&mut self.nodata, other.nodata), (&mut self.skipdata, other.skipdata)] {
            for (interface, hours) in theirs {
                let known = mine.entry(interface).or_default();
                for (hour, rows) in hours {
                    let sum = known.entry(hour).or_default();
                    *sum = sum.saturating_add(rows);
                }
            }
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodata.is_empty() && self.skipdata.is_empty()
    }
}
