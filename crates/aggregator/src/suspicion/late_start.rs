//! `late-start`: it began in the last quarter of a window in whose first half the service was there already.

use super::Case;
use crate::show::utc;

const DAY: u64 = 86_400;
/// In three quarters of so long a window what happens every week has happened once.
const LEAST_WINDOW: u64 = 10 * DAY;
/// What happens in so many hours of a quarter at random would have been missed in the others once in 256 times.
const LEAST_HOURS: usize = 4;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    let (begin, end) = case.around.window?;
    let window = end.checked_sub(begin).filter(|window| *window >= LEAST_WINDOW)?;
    let seen = &case.dependency.seen;
    let hours = seen.hours().count();
    let service = case.around.habits(&case.key.service)?.first;
    let is_late = seen.first >= begin + window / 4 * 3 && service <= begin + window / 2;
    (is_late && hours >= LEAST_HOURS).then(|| {
        format!(
            "first seen {}, day {} of {}, and in {hours} hours since; the service is seen from {}",
            utc(seen.first),
            (seen.first - begin) / DAY + 1,
            window / DAY + 1,
            utc(service),
        )
    })
}
