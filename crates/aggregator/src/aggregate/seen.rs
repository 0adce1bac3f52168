//! The hours in which one flow was seen, kept small: most flows are met on one day at a time.

use serde::{Deserialize, Serialize};

use crate::map::Hours;

pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24 * HOUR;

/// [`Hours`] with its latest day in place. Adds up in any order; becomes [`Hours`] at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(into = "Hours", from = "Hours")]
pub(super) struct Seen {
    first: u64,
    last: u64,
    day: u32,
    /// One bit a UTC hour of `day`; 0 while nothing was seen.
    hours: u32,
    /// Other days, and perhaps `day` again.
    more: Option<Box<Days>>,
}

/// (day since 1970-01-01, bit an hour), in order of days.
#[derive(Debug, Clone, Default)]
struct Days(Vec<(u32, u32)>);

impl Days {
    fn add(&mut self, day: u32, hours: u32) {
        match self.0.binary_search_by_key(&day, |&(day, _)| day) {
            Ok(at) => self.0[at].1 |= hours,
            Err(at) => self.0.insert(at, (day, hours)),
        }
    }
}

impl From<Seen> for Hours {
    fn from(seen: Seen) -> Hours {
        seen.into_hours()
    }
}

impl From<Hours> for Seen {
    fn from(hours: Hours) -> Seen {
        let mut seen = Seen::default();
        for (day, mask) in hours.days {
            seen.take((hours.first, hours.last), day, mask);
        }
        seen
    }
}

impl Seen {
    /// Marks a record that began at `start` and ended at `end`.
    pub(super) fn mark(&mut self, start: u64, end: u64) {
        let day = u32::try_from(start / DAY).unwrap_or(u32::MAX);
        self.add(start, end, day, 1 << (start % DAY / HOUR));
    }

    /// Marks hours of one day (one bit each), between a first and a last second.
    pub(super) fn take(&mut self, (first, last): (u64, u64), day: u32, hours: u32) {
        self.add(first, last, day, hours);
    }

    /// Adds what another has seen.
    pub(super) fn union(&mut self, other: &Seen) {
        if other.is_empty() {
            return;
        }
        self.add(other.first, other.last, other.day, other.hours);
        for &(day, hours) in other.more.iter().flat_map(|more| &more.0) {
            self.add(other.first, other.last, day, hours);
        }
    }

    /// Whether nothing was marked.
    pub(super) fn is_empty(&self) -> bool {
        self.hours == 0
    }

    /// The first second seen; 0 while empty.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The first and the last second seen; 0 while empty.
    pub(super) fn span(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    /// Each day in order, with its hours.
    pub(super) fn days(&self) -> impl Iterator<Item = (u32, u32)> {
        let more = self.more.as_deref().map_or(&[][..], |more| &more.0);
        let (before, rest) = more.split_at(more.partition_point(|&(day, _)| day < self.day));
        let (same, after) = match rest {
            [(day, hours), after @ ..] if *day == self.day => (*hours, after),
            _ => (0, rest),
        };
        let own = (self.day, self.hours | same);
        let own = Some(own).filter(|(_, hours)| *hours != 0);
        before.iter().copied().chain(own).chain(after.iter().copied())
    }

    /// As the map keeps it.
    pub(super) fn into_hours(self) -> Hours {
        let mut days = self.more.map(|more| *more).unwrap_or_default();
        if self.hours != 0 {
            days.add(self.day, self.hours);
        }
        Hours {
            first: self.first,
            last: self.last,
            days: days.0,
        }
    }

    fn add(&mut self, start: u64, end: u64, day: u32, hours: u32) {
        if self.is_empty() {
            (self.first, self.last, self.day) = (start, end, day);
        }
        self.first = self.first.min(start);
        self.last = self.last.max(end);
        if self.day != day {
            self.more.get_or_insert_default().add(self.day, self.hours);
            (self.day, self.hours) = (day, 0);
        }
        self.hours |= hours;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_becomes_the_hours_that_marking_one_by_one_gives(
            marks in prop::collection::vec((0..40 * DAY, 0..HOUR), 0..40),
            split in 0..40_usize,
        ) {
            let mut hours = Hours::default();
            let mut parts = [Seen::default(), Seen::default()];
            for (index, (start, long)) in marks.iter().enumerate() {
                hours.mark(*start, start + long);
                parts[usize::from(index < split)].mark(*start, start + long);
            }
            let [mut one, two] = parts;
            one.union(&two);
            prop_assert_eq!(one.into_hours(), hours);
        }
    }
}
