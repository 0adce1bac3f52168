//! A day of the calendar in UTC, as a date and as a number.

use std::fmt;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Serialize, Serializer};

/// The day that is numbered 0.
const FIRST: Date = Date::constant(1970, 1, 1);

/// A day since 1970 that the calendar reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    number: u32,
    date: Date,
}

impl Day {
    /// The day that begins so many days after 1970-01-01. `None` beyond the year 9999.
    #[must_use]
    pub fn new(number: u32) -> Option<Day> {
        let span = Span::new().try_days(number).ok()?;
        let date = FIRST.checked_add(span).ok()?;
        Some(Day { number, date })
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// The date.
    #[must_use]
    pub fn date(self) -> Date {
        self.date
    }

    /// The day after; `None` beyond the year 9999.
    #[must_use]
    pub fn next(self) -> Option<Day> {
        Some(Day {
            number: self.number + 1,
            date: self.date.tomorrow().ok()?,
        })
    }

    /// So many days later; `None` beyond the year 9999.
    #[must_use]
    pub fn after(self, days: usize) -> Option<Day> {
        let days = i64::try_from(days).ok()?;
        let date = self.date.checked_add(Span::new().try_days(days).ok()?).ok()?;
        let number = u32::try_from(i64::from(self.number) + days).ok()?;
        Some(Day { number, date })
    }

    /// Whether a month ends with the midnight this day begins with.
    pub(super) fn begins_month(self) -> bool {
        self.date.day() == 1
    }

    /// Whether a quarter ends with the midnight this day begins with.
    pub(super) fn begins_quarter(self) -> bool {
        self.begins_month() && self.date.month() % 3 == 1
    }

    /// Whether it is the last of its month.
    pub(super) fn ends_month(self) -> bool {
        self.date.checked_add(1.day()).map_or(true, |next| next.day() == 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970_and_end_where_the_calendar_does() {
        let day = Day::new(20_727).unwrap();
        assert_eq!(day.to_string(), "2026-10-01");
        assert!(day.begins_month() && day.begins_quarter() && !day.ends_month());
        assert_eq!(day.next(), Day::new(20_728));
        assert_eq!(day.after(31), Day::new(20_758));
        assert_eq!(Day::new(u32::MAX), None);
        let last = Day::new(2_932_896).unwrap();
        assert_eq!(
            (last.to_string().as_str(), last.next(), last.after(usize::MAX)),
            ("9999-12-31", None, None)
        );
    }
}
