//! The fixed slices of time in which a group is read, and which of them are past.

use aws_sdk_cloudwatchlogs::primitives::{DateTime, DateTimeFormat};

use crate::printable;

/// How long a slice is, in seconds. Slices begin at multiples of it, so that every run cuts a group alike.
const SLICE: u64 = 3600;

/// How long after its end a slice counts as complete: flow logs were seen to arrive some 11 minutes late, an agent
/// that was offline needs longer.
const SETTLE: u64 = 2 * 3600;

/// How much later than the start that a record names its event may be dated. An event of a flow log is dated by its
/// record's start; one of a proxy by the end of the request, when the line was written.
const LATE: u64 = 3600;

/// The events of `from <= time < until`, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// Which slices to read: those that begin from `from` to before `until`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    from: u64,
    until: u64,
    /// From when on events were wanted and are not read, because more of them may still arrive.
    unread: Option<u64>,
}

/// The slices that hold records which start from `first` on and before `until`, as far as they are complete now.
pub(super) fn plan(first: u64, until: Option<u64>, now: u64) -> Plan {
    let from = floor(first);
    let settled = floor(now.saturating_sub(SETTLE));
    let last = until.map_or(u64::MAX, |until| floor(until.saturating_add(LATE + SLICE - 1)));
    Plan {
        from,
        until: last.min(settled),
        unread: (settled < last).then_some(settled.max(from)),
    }
}

impl Plan {
    pub(super) fn slices(&self) -> impl Iterator<Item = Slice> + use<> {
        let begins = (self.from / SLICE)..(self.until / SLICE);
        begins.map(|nth| Slice {
            from: nth * SLICE,
            until: (nth + 1) * SLICE,
        })
    }

    /// What to say about the events that are not read yet.
    pub(super) fn note(&self, uri: &str) -> Option<String> {
        let unread = self.unread?;
        Some(format!(
            "{}: events from {} on are not read yet, because more may arrive; an hour is read {} hours after its end",
            printable::name(uri),
            stamp(unread),
            SETTLE / 3600
        ))
    }
}

fn floor(time: u64) -> u64 {
    time - time % SLICE
}

/// RFC 3339, in UTC.
pub(super) fn stamp(time: u64) -> String {
    let seconds = i64::try_from(time).unwrap_or(i64::MAX);
    // Years that have more than four digits have no such form.
    let text = DateTime::from_secs(seconds).fmt(DateTimeFormat::DateTime);
    text.unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-01T00:00:00Z.
    const DAY: u64 = 1_790_812_800;

    fn bounds(plan: &Plan) -> Vec<(u64, u64)> {
        let hour = |time: u64| (time - DAY) / 3600;
        plan.slices()
            .map(|slice| (hour(slice.from), hour(slice.until)))
            .collect()
    }

    #[test]
    fn slices_are_whole_hours_that_ended_two_hours_ago() {
        let now = DAY + 5 * 3600 + 59;
        let plan = plan(DAY + 4000, None, now);
        assert_eq!(bounds(&plan), [(1, 2), (2, 3)]);
        assert_eq!(plan.unread, Some(DAY + 3 * 3600));
    }

    #[test]
    fn a_slice_is_the_same_whatever_the_window_and_the_time() {
        let early = plan(DAY, None, DAY + 6 * 3600);
        let late = plan(DAY + 1800, Some(DAY + 9000), DAY + 900_000);
        let known: Vec<Slice> = early.slices().collect();
        assert!(late.slices().take(3).all(|slice| known.contains(&slice)));
    }

    #[test]
    fn a_window_is_read_an_hour_beyond_its_end_and_leaves_nothing_unread_when_that_is_past() {
        let until = DAY + 2 * 3600;
        let whole = plan(DAY, Some(until), DAY + 30 * 3600);
        assert_eq!((bounds(&whole), whole.unread), (vec![(0, 1), (1, 2), (2, 3)], None));
        let uneven = plan(DAY, Some(until + 1), DAY + 30 * 3600);
        assert_eq!(bounds(&uneven).last(), Some(&(3, 4)));
        let unsettled = plan(DAY, Some(until), DAY + 4 * 3600);
        assert_eq!((bounds(&unsettled).len(), unsettled.unread), (2, Some(until)));
    }

    #[test]
    fn what_begins_too_lately_has_no_slice_and_says_from_when_it_is_unread() {
        let plan = plan(DAY + 100, None, DAY + 200);
        assert_eq!((plan.slices().count(), plan.unread), (0, Some(DAY)));
        let note = plan.note("cloudwatch://x\u{1b}").unwrap();
        assert!(
            note.starts_with("cloudwatch://x\\u{1b}: events from 2026-10-01T00:00:00Z on are not read yet"),
            "{note}"
        );
        assert_eq!(super::plan(u64::MAX, Some(u64::MAX), 0).slices().count(), 0);
    }
}
