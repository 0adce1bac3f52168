//! Whether an address that nothing names is a habit: it stands in a configuration, or its name was asked for long ago.

use std::net::IpAddr;

use super::Case;
use crate::map::{Dependency, Grade, OnlySource};

const DAY: u64 = 86_400;
/// In less time nothing is a habit.
const LEAST_WINDOW: u64 = 10 * DAY;

/// When addresses without a name were reached, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    first: u64,
    last: u64,
    source: OnlySource,
}

impl Habit {
    pub(super) fn of(dependency: &Dependency) -> Self {
        Habit {
            first: dependency.seen.first,
            last: dependency.seen.last,
            source: dependency.source,
        }
    }

    pub(super) fn add(&mut self, other: Habit) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.source.add(other.source);
    }
}

/// Addresses side by side serve one name: those of a /24, or of a /64 of IPv6.
pub(super) fn neighbourhood(dependency: &Dependency) -> Option<u128> {
    let is_nameless = dependency.name.grade() == Grade::Address;
    dependency
        .addresses
        .first()
        .filter(|_| is_nameless)
        .map(|address| match address {
            IpAddr::V4(address) => u128::from(address.to_bits() >> 8),
            IpAddr::V6(address) => address.to_bits() >> 64,
        })
}

/// It has no name, and it was reached from the first quarter of the window into the last one and from several of our addresses:
/// by this service, there or beside it, or by all that reach it. What somebody brought in later, or to one machine, is none.
pub(super) fn is_settled(case: &Case<'_>) -> bool {
    let (Some((begin, end)), Some(habit)) = (case.around.window, case.around.habit(case.key, case.dependency)) else {
        return false;
    };
    let window = end.saturating_sub(begin);
    let all_along = habit.first <= begin + window / 4 && habit.last >= end - window / 4;
    window >= LEAST_WINDOW && all_along && habit.source == OnlySource::Several
}
