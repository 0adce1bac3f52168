//! Which times of a layout may hold records of the window that is wanted.

/// AWS closes an object every five minutes: its name's time T covers records that end in [T, T + 5 min).
const INTERVAL: u64 = 300;
/// The longest aggregation interval of a flow log: a record ends at most so long after it started.
const AGGREGATION: u64 = 600;
/// Allowed on top, for records that were delivered late and for clocks that differ: an hour.
const LATE: u64 = 3600;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;
/// The last second that four digits of a year can say.
const LAST: u64 = 253_402_300_799;

/// The bounds of what is listed, both inclusive, as digits (`YYYYMMDDHHMM`), which sort as the times do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    days: (String, String),
    hours: (String, String),
    times: (String, String),
}

impl Window {
    /// The window of records that start in [`since`, `until`), in Unix seconds.
    pub(super) fn new(since: Option<u64>, until: Option<u64>) -> Self {
        let low = |slack: u64| since.map_or_else(String::new, |since| digits(since.saturating_sub(slack)));
        // What sorts behind every digit.
        let high = |slack: u64| until.map_or_else(|| "~".to_owned(), |until| digits(until.saturating_add(slack)));
        let behind = AGGREGATION + LATE;
        Self {
            days: (low(DAY), high(DAY)),
            hours: (low(INTERVAL + HOUR), high(behind + HOUR)),
            times: (low(INTERVAL), high(behind)),
        }
    }

    /// Whether it leaves anything out at all.
    pub(super) fn is_bounded(&self) -> bool {
        !self.times.0.is_empty() || self.times.1 != "~"
    }

    /// Whether a folder of this date may hold something: `YYYY`, `YYYYMM`, `YYYYMMDD` or `YYYYMMDDHH`.
    pub(super) fn holds_folder(&self, date: &str) -> bool {
        let (low, high) = if date.len() > 8 { &self.hours } else { &self.days };
        cut(low, date.len()) <= date && date <= cut(high, date.len())
    }

    /// Where the time of a name (`YYYYMMDDHHMM`) stands.
    pub(super) fn place(&self, time: &str) -> Place {
        if time < self.times.0.as_str() {
            Place::Before
        } else if time > self.times.1.as_str() {
            Place::Behind
        } else {
            Place::Within
        }
    }

    /// The first time of a name that is wanted, as names write it: `YYYYMMDDTHHMM`.
    pub(super) fn first(&self) -> Option<String> {
        let (day, minute) = self.times.0.split_at_checked(8)?;
        Some(format!("{day}T{minute}"))
    }
}

/// Where a time stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Within,
    Behind,
}

fn cut(bound: &str, length: usize) -> &str {
    bound.get(..length).unwrap_or(bound)
}

/// A Unix time as `YYYYMMDDHHMM`, in UTC.
fn digits(seconds: u64) -> String {
    let seconds = seconds.min(LAST);
    let (year, month, day) = date(seconds / DAY);
    let minute = seconds % DAY / 60;
    format!("{year:04}{month:02}{day:02}{:02}{:02}", minute / 60, minute % 60)
}

/// The date of a day since 1970-01-01, counted in years that begin in March, so that the leap day is their last.
fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (days / ERA * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    use super::*;

    /// 2026-08-01T12:00:00Z.
    const NOON: u64 = 1_785_585_600;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_time_is_written_as_a_calendar_writes_it(seconds in 0..=LAST - DAY) {
            let second = i64::try_from(seconds).unwrap();
            let expected = jiff::Timestamp::from_second(second).unwrap().strftime("%Y%m%d%H%M").to_string();
            prop_assert_eq!(digits(seconds), expected);
        }
    }

    #[test]
    fn a_window_reaches_as_far_as_its_constants_say() {
        let window = Window::new(Some(NOON), Some(NOON + 3600));
        for (time, place) in [
            ("202608011154", Place::Before),
            ("202608011155", Place::Within),
            ("202608011410", Place::Within),
            ("202608011411", Place::Behind),
        ] {
            assert_eq!(window.place(time), place, "{time}");
        }
        for date in ["2026", "202607", "20260731", "20260802", "2026080110", "2026080115"] {
            assert!(window.holds_folder(date), "{date}");
        }
        for date in [
            "2025",
            "2027",
            "202606",
            "202609",
            "20260730",
            "20260803",
            "2026080109",
            "2026080116",
        ] {
            assert!(!window.holds_folder(date), "{date}");
        }
        assert_eq!(window.first().as_deref(), Some("20260801T1155"));
    }

    #[test]
    fn a_window_without_bounds_holds_everything() {
        let open = Window::new(None, None);
        assert!(!open.is_bounded() && open.first().is_none());
        assert!(open.holds_folder("0000") && open.holds_folder("9999123123"));
        assert_eq!(open.place("999912312359"), Place::Within);
        let (from, to) = (Window::new(Some(NOON), None), Window::new(None, Some(NOON)));
        assert!(from.is_bounded() && from.holds_folder("9999") && !from.holds_folder("2025"));
        assert!(to.is_bounded() && to.holds_folder("1970") && !to.holds_folder("2027"));
        assert!(Window::new(Some(u64::MAX), Some(u64::MAX)).holds_folder("9999"));
    }
}
