//! The set of UTC hours in which something was seen, small where it was seen on few days.

use serde::{Deserialize, Serialize};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// UTC hours, with the first and last second. Union is commutative, associative and idempotent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First second seen, Unix time; 0 while empty.
    pub first: u64,
    /// Last second seen, Unix time; 0 while empty.
    pub last: u64,
    /// (day since 1970-01-01, bit a UTC hour), in order of days.
    pub days: Vec<(u32, u32)>,
}

impl Hours {
    /// Marks a record that began at `start` and ended at `end` (Unix seconds). It counts in the hour of its start.
    pub fn mark(&mut self, start: u64, end: u64) {
        if self.days.is_empty() {
            (self.first, self.last) = (start, end);
        } else {
            self.first = self.first.min(start);
            self.last = self.last.max(end);
        }
        let day = u32::try_from(start / DAY).unwrap_or(u32::MAX);
        self.set(day, 1 << (start % DAY / HOUR));
    }

    /// Adds the hours of another set.
    pub fn union(&mut self, other: &Hours) {
        if other.days.is_empty() {
            return;
        }
        if self.days.is_empty() {
            self.clone_from(other);
            return;
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for &(day, hours) in &other.days {
            self.set(day, hours);
        }
    }

    /// How many UTC days it was seen on.
    #[must_use]
    pub fn days_seen(&self) -> usize {
        self.days.len()
    }

    /// The hours, each counted from 1970-01-01T00:00Z, in order.
    pub(crate) fn hours(&self) -> impl Iterator<Item = u64> {
        let of_day = |&(day, mask): &(u32, u32)| {
            let set = (0..24).filter(move |hour| mask & (1 << hour) != 0);
            set.map(move |hour| u64::from(day) * 24 + hour)
        };
        self.days.iter().flat_map(of_day)
    }

    fn set(&mut self, day: u32, hours: u32) {
        // Logs come roughly in order of time: the day is nearly always the last one.
        match self.days.last_mut() {
            Some((last, mask)) if *last == day => *mask |= hours,
            Some((last, _)) if *last > day => match self.days.binary_search_by_key(&day, |&(day, _)| day) {
                Ok(at) => self.days[at].1 |= hours,
                Err(at) => self.days.insert(at, (day, hours)),
            },
            _ => self.days.push((day, hours)),
        }
    }
}
