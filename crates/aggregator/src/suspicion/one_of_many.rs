//! `one-of-many`: one address of a service uses it, and the others that are there at that time never do.

use super::Case;
use crate::map::OnlySource;
use crate::show::counted;

/// A service has many addresses from here on, the one that uses it included.
const MANY: usize = 4;
/// With fewer records, or in fewer hours, one address of four is no surprise.
const LEAST_RECORDS: u64 = 8;
const LEAST_HOURS: usize = 4;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    let Case {
        key,
        dependency,
        around,
    } = case;
    let OnlySource::One(source) = dependency.source else {
        return None;
    };
    let seen = &dependency.seen;
    let (records, hours) = (dependency.flow().records, seen.hours().count());
    if records < LEAST_RECORDS || hours < LEAST_HOURS {
        return None;
    }
    let sources = around.sources(&key.service)?.iter();
    let there = sources.filter(|other| other.first <= seen.last && seen.first <= other.last);
    let others = there.filter(|other| other.address != source).count();
    (others + 1 >= MANY).then(|| {
        format!(
            "opened from {source} alone, in {} and {hours} hours; at least {others} other addresses of the service were \
             there at that time and never did",
            counted(records, "record", "records")
        )
    })
}
