//! `fixed-period`: connections begin at even intervals, and no other service reaches that far end: a beacon, or a poll.
//!
//! The measure is the median absolute deviation of the intervals, as robust statistics use it (Hampel 1974) and hunters
//! of beacons do: jitter and a missed beat leave it small, and connections at random make it about two thirds of the
//! median.

use std::collections::BTreeSet;

use super::Case;
use crate::map::Starts;

/// Fewer intervals are even by chance.
const LEAST_INTERVALS: usize = 12;
/// Seconds: shorter ones are what any busy client keeps, longer ones do not fit into a sampled hour often enough.
const PERIODS: std::ops::RangeInclusive<u64> = 20..=1_800;
/// The deviation of at most so many hundredths of the median. A jitter of plus or minus 30 in a hundred makes 15.
const MOST_DEVIATION: u64 = 16;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    if case.around.callers(&case.key.destination) > 1 {
        return None;
    }
    let beat = beat(&case.dependency.starts)?;
    Some(format!(
        "connections begin every {} s, give or take {} s (median and median absolute deviation of {} intervals between 05 and \
         06 and between 17 and 18 UTC), and no other service reaches it",
        beat.period, beat.deviation, beat.intervals
    ))
}

/// An even beat.
#[derive(Debug, PartialEq, Eq)]
struct Beat {
    period: u64,
    deviation: u64,
    intervals: usize,
}

fn beat(starts: &Starts) -> Option<Beat> {
    let mut intervals = intervals(starts);
    if intervals.len() < LEAST_INTERVALS {
        return None;
    }
    let period = median(&mut intervals);
    let mut deviations: Vec<u64> = intervals.iter().map(|interval| interval.abs_diff(period)).collect();
    let deviation = median(&mut deviations);
    let is_even = deviation * 100 <= period * MOST_DEVIATION;
    (is_even && PERIODS.contains(&period)).then_some(Beat {
        period,
        deviation,
        intervals: intervals.len(),
    })
}

/// Seconds from the start of one connection to that of the next in the same hour. Records of one connection are one.
fn intervals(starts: &Starts) -> Vec<u64> {
    let mut ports = BTreeSet::new();
    let begun = starts
        .iter()
        .filter(|start| start.port == 0 || ports.insert(start.port));
    let begun: BTreeSet<u64> = begun.map(|start| u64::from(start.second)).collect();
    let next = begun.iter().skip(1);
    let between = begun.iter().zip(next).map(|(one, next)| next - one);
    between.filter(|interval| *interval < 3_600).collect()
}

/// The upper one of the two in the middle. There is one at least.
fn median(numbers: &mut [u64]) -> u64 {
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable(middle).1
}
