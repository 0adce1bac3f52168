//! Whether an address that nothing names is a habit of the service: it stands in a configuration, and nobody asks DNS for it.

use super::Case;
use crate::map::{Grade, OnlySource};

const DAY: u64 = 86_400;
/// In less time nothing is a habit.
const LEAST_WINDOW: u64 = 10 * DAY;

/// It has no name, was reached from the first quarter of the window into the last one, and not by one alone: another service
/// reaches it too, or another address of this one. What somebody brought in later, or to one machine, is none.
pub(super) fn is_settled(case: &Case<'_>) -> bool {
    let Some((begin, end)) = case.around.window else {
        return false;
    };
    let window = end.saturating_sub(begin);
    let seen = &case.dependency.seen;
    let all_along = seen.first <= begin + window / 4 && seen.last >= end - window / 4;
    let by_others = case.around.callers(&case.key.destination) > 1;
    let by_many = by_others || case.dependency.source == OnlySource::Several;
    case.dependency.name.grade() == Grade::Address && window >= LEAST_WINDOW && all_along && by_many
}
