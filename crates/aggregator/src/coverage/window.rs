//! Which days and hours of a map have logs at all: the sampling units, and the gaps between them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::day::Day;
use crate::map::DependencyMap;

/// Days with logs, and what is missing of the window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The days that count, in order.
    #[serde(skip)]
    pub complete: Vec<Day>,
    /// How many they are.
    pub complete_days: usize,
    /// First and last of them.
    pub span: Option<(Day, Day)>,
    /// Days at either end in which logs begin or end: they have records, and do not count.
    pub partial: Vec<Day>,
    /// Stretches of days between others in which nothing at all was logged.
    pub without_records: Vec<Stretch>,
    /// Hours of complete days in which nothing at all was logged.
    pub silent_hours: usize,
    /// By interface: in how many hours flow logs say that they lost records (SKIPDATA).
    pub lossy_hours: BTreeMap<String, usize>,
    /// Objects that the map holds in part only.
    pub incomplete_objects: usize,
    /// The hours that have records or say that there was no traffic, a bit each.
    #[serde(skip)]
    pub(super) hours: BTreeMap<u32, u32>,
}

/// Days next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// The first.
    pub from: Day,
    /// The last.
    pub until: Day,
    /// How many.
    pub days: u32,
}

/// Reads the window off a map: every dependency of every class is a sign of life of the logs, and so is NODATA.
pub(super) fn window(map: &DependencyMap) -> Window {
    let mut hours = BTreeMap::new();
    for &(day, mask) in map.dependencies.values().flat_map(|it| &it.seen.days) {
        *hours.entry(day).or_insert(0_u32) |= mask;
    }
    for hour in map.manifest.gaps.nodata.values().flat_map(BTreeMap::keys) {
        *hours.entry(hour / 24).or_insert(0) |= 1 << (hour % 24);
    }
    let mut complete: Vec<Day> = hours.keys().filter_map(|day| Day::new(*day)).collect();
    let partial = trim(&mut complete, &hours);
    let silent = complete
        .iter()
        .map(|day| hours[&day.number()].count_zeros() as usize - 8);
    Window {
        complete_days: complete.len(),
        span: complete.first().copied().zip(complete.last().copied()),
        without_records: holes(&complete),
        silent_hours: silent.sum(),
        lossy_hours: map
            .manifest
            .gaps
            .skipdata
            .iter()
            .map(|(interface, hours)| (interface.clone(), hours.len()))
            .collect(),
        incomplete_objects: map.manifest.incomplete.len(),
        partial,
        complete,
        hours,
    }
}

/// Takes away the days at either end that have less than half the hours of the median day: logs begin and end there.
fn trim(days: &mut Vec<Day>, hours: &BTreeMap<u32, u32>) -> Vec<Day> {
    let filled = |day: &Day| hours[&day.number()].count_ones();
    let mut counts: Vec<u32> = days.iter().map(filled).collect();
    counts.sort_unstable();
    // Of three days the one in the middle is the least that can tell what a whole day looks like.
    let Some(median) = (counts.len() >= 3).then(|| counts[counts.len() / 2]) else {
        return Vec::new();
    };
    let whole = |day: &Day| 2 * filled(day) >= median;
    let first = days.iter().position(whole).unwrap_or_default();
    let last = days.iter().rposition(whole).unwrap_or_default();
    let after = days.split_off(last + 1);
    let mut partial: Vec<Day> = days.drain(..first).collect();
    partial.extend(after);
    partial
}

fn holes(days: &[Day]) -> Vec<Stretch> {
    let between = days.windows(2).filter_map(|pair| {
        let missing = pair[1].number() - pair[0].number() - 1;
        let from = pair[0].next()?;
        let until = pair[0].after(missing as usize)?;
        (missing > 0).then_some(Stretch {
            from,
            until,
            days: missing,
        })
    });
    between.collect()
}
