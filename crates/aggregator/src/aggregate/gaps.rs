//! Rows without a record, counted by interface and UTC hour: sixteen bytes for each pair that has any.

use egressmap_parser::{Gap, GapStatus};
use hashbrown::HashMap;

use crate::map::Gaps;

const HOUR: u64 = 3_600;

type Table<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Adds up in any order.
#[derive(Debug, Default)]
pub(super) struct GapTable {
    interfaces: Table<Box<[u8]>, u32>,
    /// By number of the interface and hour since 1970: how many rows of NODATA and of SKIPDATA.
    counts: Table<(u32, u32), [u32; 2]>,
}

impl GapTable {
    pub(super) fn count(&mut self, gap: &Gap<'_>) {
        let hour = u32::try_from(gap.start / HOUR).unwrap_or(u32::MAX);
        let rows = match gap.status {
            GapStatus::NoData => [1, 0],
            GapStatus::SkipData => [0, 1],
        };
        self.add(gap.eni, hour, rows);
    }

    pub(super) fn absorb(&mut self, other: &GapTable) {
        let names = other.names();
        for (&(interface, hour), &rows) in &other.counts {
            if let Some(name) = names.get(&interface) {
                self.add(name, hour, rows);
            }
        }
    }

    /// Everything counted: interface, hour, and how many rows of NODATA and of SKIPDATA.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], u32, [u32; 2])> {
        let names = self.names();
        let counts = self.counts.iter();
        counts.map(move |(&(interface, hour), &rows)| (names.get(&interface).copied().unwrap_or_default(), hour, rows))
    }

    /// The table by name and in order. A row that names no interface stands under `-`.
    pub(super) fn finish(&self) -> Gaps {
        let names = self.names();
        let mut gaps = Gaps::default();
        for (&(interface, hour), &[nodata, skipdata]) in &self.counts {
            let name = names.get(&interface).copied().filter(|name| !name.is_empty());
            let name = String::from_utf8_lossy(name.unwrap_or(b"-"));
            for (rows, table) in [(nodata, &mut gaps.nodata), (skipdata, &mut gaps.skipdata)] {
                if rows > 0 {
                    table.entry(name.clone().into_owned()).or_default().insert(hour, rows);
                }
            }
        }
        gaps
    }

    pub(super) fn add(&mut self, name: &[u8], hour: u32, rows: [u32; 2]) {
        let interface = match self.interfaces.get(name) {
            Some(known) => *known,
            None => {
                let new = u32::try_from(self.interfaces.len()).expect("four billion interfaces do not fit in memory");
                self.interfaces.insert(name.into(), new);
                new
            }
        };
        let sums = self.counts.entry((interface, hour)).or_default();
        for (sum, more) in sums.iter_mut().zip(rows) {
            *sum = sum.saturating_add(more);
        }
    }

    fn names(&self) -> Table<u32, &[u8]> {
        self.interfaces.iter().map(|(name, id)| (*id, &**name)).collect()
    }
}
