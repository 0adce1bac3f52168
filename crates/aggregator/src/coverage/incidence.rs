//! The dependencies of one service as species: in which units each was seen.

use std::collections::BTreeMap;

use serde::Serialize;

use super::day::Day;
use super::estimate::Frequencies;
use super::window::Window;
use crate::identity::ServiceName;
use crate::map::{Class, Dependency, DependencyMap, Key};

/// Below so many complete days an hour is the unit: bursts and daily cycles are then not absorbed, but there is something
/// to count.
const FEW_DAYS: usize = 10;

/// What is counted as one chance to see a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A complete UTC day.
    Day,
    /// A UTC hour with logs.
    Hour,
}

impl Unit {
    /// How many of them make a day.
    #[must_use]
    pub fn a_day(self) -> usize {
        match self {
            Unit::Day => 1,
            Unit::Hour => 24,
        }
    }
}

/// One service, since its first record.
pub(super) struct Incidence<'a> {
    pub(super) unit: Unit,
    /// How many units there were.
    pub(super) units: usize,
    /// The complete days since the service's first record.
    pub(super) days: Vec<Day>,
    pub(super) species: Vec<Species<'a>>,
}

/// One dependency that a rule would match.
pub(super) struct Species<'a> {
    pub(super) key: &'a Key,
    pub(super) it: &'a Dependency,
    /// Which of the service's days it was seen on, in order.
    pub(super) days: Vec<usize>,
    /// The same in units; not kept twice where they are days.
    hours: Option<Vec<usize>>,
}

impl Species<'_> {
    /// The units in which it was seen, in order.
    pub(super) fn units(&self) -> &[usize] {
        self.hours.as_ref().unwrap_or(&self.days)
    }
}

impl Incidence<'_> {
    pub(super) fn frequencies(&self) -> Frequencies {
        Frequencies::of(self.units, self.species.iter().map(|species| species.units().len()))
    }

    /// When each was first seen, in units; those of the first `burn_in` units are left out.
    pub(super) fn discoveries(&self, burn_in: usize) -> Vec<f64> {
        let firsts = self.species.iter().filter_map(|species| species.units().first());
        let later = firsts.filter(|first| **first >= burn_in);
        // Somewhere within its unit: the middle.
        later.map(|first| *first as f64 + 0.5).collect()
    }
}

/// Whether a rule at the egress would have to match it. What is in the mesh, and what the platform itself needs (DNS,
/// NTP, metadata), is not proposed; and an attempt is not a dependency.
pub(super) fn counts(key: &Key, it: &Dependency) -> bool {
    matches!(it.class, Class::External | Class::Aws | Class::Private) && !it.only_refused(key.protocol)
}

/// Every service of the map, also those without such a dependency.
pub(super) fn services<'a>(map: &'a DependencyMap, window: &Window) -> BTreeMap<&'a ServiceName, Incidence<'a>> {
    let mut rows: BTreeMap<&ServiceName, Vec<(&Key, &Dependency)>> = BTreeMap::new();
    for (key, it) in &map.dependencies {
        rows.entry(&key.service).or_default().push((key, it));
    }
    rows.into_iter()
        .map(|(service, rows)| (service, incidence(&rows, window)))
        .collect()
}

fn incidence<'a>(rows: &[(&'a Key, &'a Dependency)], window: &Window) -> Incidence<'a> {
    let begun = rows.iter().filter_map(|(_, it)| it.seen.days.first()).min();
    let (first_day, first_hours) = begun.copied().unwrap_or((u32::MAX, 0));
    let days: Vec<Day> = {
        let since = window.complete.partition_point(|day| day.number() < first_day);
        window.complete.get(since..).unwrap_or_default().to_vec()
    };
    let by_hour = days.len() < FEW_DAYS;
    let logged: Vec<u64> = if by_hour {
        let first = u64::from(first_day) * 24 + u64::from(first_hours.trailing_zeros().min(23));
        logged_hours(window).filter(|hour| *hour >= first).collect()
    } else {
        Vec::new()
    };
    let species = rows.iter().filter(|(key, it)| counts(key, it)).map(|&(key, it)| {
        let seen = it.seen.days.iter();
        Species {
            key,
            it,
            days: seen
                .filter_map(|(day, _)| days.binary_search_by_key(day, |day| day.number()).ok())
                .collect(),
            hours: by_hour.then(|| {
                let hours = it.seen.hours();
                hours.filter_map(|hour| logged.binary_search(&hour).ok()).collect()
            }),
        }
    });
    Incidence {
        unit: if by_hour { Unit::Hour } else { Unit::Day },
        units: if by_hour { logged.len() } else { days.len() },
        species: species.collect(),
        days,
    }
}

/// The hours with logs, also those of days that are not complete, each counted from 1970.
fn logged_hours(window: &Window) -> impl Iterator<Item = u64> {
    window.hours.iter().flat_map(|(&day, &mask)| {
        let set = (0..24).filter(move |hour| mask & (1 << hour) != 0);
        set.map(move |hour| u64::from(day) * 24 + hour)
    })
}
