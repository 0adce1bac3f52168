//! When connections of a dependency began, in two hours of each day: enough to tell whether they keep a period.

use serde::{Deserialize, Serialize};

/// How many are kept: the earliest, so that each still stands beside the next.
const MOST: usize = 64;

const HOUR: u64 = 3_600;
/// Two hours of each day, twelve apart: 05 and 17 UTC. What repeats within an hour shows in them, and all other
/// records cost nothing.
const EVERY: u64 = 12;
const PHASE: u64 = 5;

/// Starts of connections in the sampled hours: the 64 earliest, in order. Union is commutative, associative and
/// idempotent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starts(Vec<Start>);

/// The start of one flow record of a connection, or of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Start {
    /// Unix time; a time beyond the year 2106 is never kept.
    pub second: u32,
    /// The client's port: records of one connection share it. 0 for a request, which is one line.
    pub port: u16,
}

impl Starts {
    /// Whether what starts then is kept.
    #[must_use]
    #[inline]
    pub fn are_kept_at(second: u64) -> bool {
        second / HOUR % EVERY == PHASE
    }

    /// These starts, unless they are out of order, too many or outside the sampled hours.
    #[must_use]
    pub fn of(starts: Vec<Start>) -> Option<Self> {
        let fit = starts.len() <= MOST
            && starts.is_sorted_by(|start, next| start < next)
            && starts.iter().all(|start| Starts::are_kept_at(start.second.into()));
        fit.then_some(Starts(starts))
    }

    /// Adds a start, if it is in a sampled hour and among the earliest.
    pub fn mark(&mut self, second: u64, port: u16) {
        if !Starts::are_kept_at(second) {
            return;
        }
        let Ok(second) = u32::try_from(second) else {
            return;
        };
        self.insert(Start { second, port });
    }

    /// Adds what another map or thread saw.
    pub fn union(&mut self, other: &Starts) {
        other.0.iter().for_each(|start| self.insert(*start));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Start> {
        self.0.iter()
    }

    fn insert(&mut self, start: Start) {
        // Logs come roughly in order of time: it is nearly always the last, or too late.
        if self.0.len() == MOST && self.0.last().is_some_and(|last| *last <= start) {
            return;
        }
        if let Err(at) = self.0.binary_search(&start) {
            self.0.insert(at, start);
            self.0.truncate(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_of_the_sampled_hours_are_kept_in_any_order() {
        let five = 5 * HOUR;
        let all: Vec<u64> = (0..200)
            .map(|index| five + index * 11)
            .chain([0, 6 * HOUR, 18 * HOUR])
            .collect();
        let (mut forwards, mut backwards) = (Starts::default(), Starts::default());
        all.iter().for_each(|second| forwards.mark(*second, 0));
        all.iter().rev().for_each(|second| backwards.mark(*second, 0));
        assert_eq!(forwards, backwards);
        let kept: Vec<u64> = forwards.iter().map(|start| u64::from(start.second)).collect();
        assert_eq!(kept, all[..MOST]);
    }
}
