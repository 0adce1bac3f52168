//! The days of a crontab's line; the time of day does not matter here, but is checked.

use jiff::civil::{Date, Weekday};

use super::job::JobError;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Five fields: minute, hour, day of the month (`L` is the last), month, day of the week. As in crontab(5), a day matches
/// by either of the two day fields where both are restricted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    days: Field,
    last_day: bool,
    months: Field,
    weekdays: Field,
}

/// The values that a field allows, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Whether it says anything: `*` does not.
    restricts: bool,
}

impl Field {
    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & (1 << value) != 0)
    }
}

impl Cron {
    /// Reads a line of five fields that runs on at least one day.
    pub fn parse(line: &str) -> Result<Cron, JobError> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(JobError::When(line.to_owned()));
        };
        field("minute", minute, 0..=59, &[])?;
        field("hour", hour, 0..=23, &[])?;
        let (listed, last_day) = without_last(day);
        let days = match listed.as_str() {
            "" => Field {
                bits: 0,
                restricts: true,
            },
            listed => field("day of the month", listed, 1..=31, &[])?,
        };
        let mut weekdays = field("day of the week", weekday, 0..=7, &WEEKDAYS)?;
        // Sunday is 0 and 7.
        weekdays.bits |= (weekdays.bits >> 7) & 1;
        let cron = Cron {
            days,
            last_day,
            months: field("month", month, 1..=12, &MONTHS)?,
            weekdays,
        };
        if cron.ever_runs() {
            Ok(cron)
        } else {
            Err(JobError::Never(line.to_owned()))
        }
    }

    /// Whether it runs on that day.
    #[must_use]
    pub fn runs_on(&self, date: Date) -> bool {
        if !self.months.has(date.month()) {
            return false;
        }
        let last = self.last_day && date.day() == date.days_in_month();
        let by_day = last || self.days.has(date.day());
        let by_weekday = self.weekdays.has(number(date.weekday()));
        if self.days.restricts && self.weekdays.restricts {
            by_day || by_weekday
        } else {
            by_day && by_weekday
        }
    }

    /// Four years have every day that there is.
    fn ever_runs(&self) -> bool {
        let first = Date::constant(2024, 1, 1);
        first
            .series(jiff::Span::new().days(1))
            .take(4 * 366)
            .any(|date| self.runs_on(date))
    }
}

fn number(weekday: Weekday) -> i8 {
    weekday.to_sunday_zero_offset()
}

/// Takes `L` out of a list of days.
fn without_last(field: &str) -> (String, bool) {
    let is_last = |part: &&str| part.eq_ignore_ascii_case("l");
    let last = field.split(',').any(|part| is_last(&part));
    let rest: Vec<&str> = field.split(',').filter(|part| !is_last(part)).collect();
    (rest.join(","), last)
}

/// A list of values, ranges and steps: `1,15`, `mon-fri`, `*/2`.
fn field(
    name: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<u32>,
    names: &[&str],
) -> Result<Field, JobError> {
    let wrong = || JobError::Field {
        field: name,
        expected: format!("numbers from {} to {}, ranges or steps", range.start(), range.end()),
        found: text.to_owned(),
    };
    let value = |word: &str| -> Option<u32> {
        let named = names.iter().position(|name| word.eq_ignore_ascii_case(name));
        let number = match named {
            Some(at) => u32::try_from(at).ok()? + range.start(),
            None => word
                .parse()
                .ok()
                .filter(|_| word.bytes().all(|byte| byte.is_ascii_digit()))?,
        };
        range.contains(&number).then_some(number)
    };
    let mut bits = 0_u64;
    for part in text.split(',') {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?),
            None => (part, 1_usize),
        };
        let (low, high) = if span == "*" {
            (*range.start(), *range.end())
        } else if let Some((low, high)) = span.split_once('-') {
            (value(low).ok_or_else(wrong)?, value(high).ok_or_else(wrong)?)
        } else {
            let low = value(span).ok_or_else(wrong)?;
            (low, if part == span { low } else { *range.end() })
        };
        if low > high {
            return Err(wrong());
        }
        bits = (low..=high).step_by(step).fold(bits, |bits, value| bits | 1 << value);
    }
    Ok(Field {
        bits,
        restricts: !text.starts_with('*'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(line: &str, year: i16, month: i8) -> Vec<i8> {
        let cron = Cron::parse(line).unwrap();
        let dates = Date::constant(year, month, 1).series(jiff::Span::new().days(1));
        let of_month = dates.take_while(|date| date.month() == month);
        of_month.filter(|date| cron.runs_on(*date)).map(Date::day).collect()
    }

    #[test]
    fn days_are_those_that_cron_would_run_on() {
        assert_eq!(days("0 3 1 * *", 2026, 10), [1]);
        assert_eq!(days("0 3 L * *", 2026, 2), [28]);
        assert_eq!(days("0 3 1,L * *", 2028, 2), [1, 29]);
        assert_eq!(days("0 0 * * mon", 2026, 10), [5, 12, 19, 26]);
        assert_eq!(days("0 0 * * 7", 2026, 10), days("0 0 * * 0", 2026, 10));
        assert_eq!(days("*/5 0-6 */10 * *", 2026, 10), [1, 11, 21, 31]);
        assert_eq!(days("0 0 25/3 * *", 2026, 10), [25, 28, 31]);
        assert_eq!(days("0 0 1-7 jan,OCT *", 2026, 10), [1, 2, 3, 4, 5, 6, 7]);
        assert!(days("0 0 1 1 *", 2026, 10).is_empty());
    }

    #[test]
    fn two_restricted_day_fields_match_by_either() {
        assert_eq!(days("0 0 13 * fri", 2026, 11), [6, 13, 20, 27]);
        assert_eq!(days("0 0 14 * fri", 2026, 11), [6, 13, 14, 20, 27]);
    }

    #[test]
    fn what_is_no_line_names_its_field() {
        let error = |line: &str| Cron::parse(line).unwrap_err().to_string();
        assert_eq!(
            error("61 0 1 * *"),
            "minute: expected numbers from 0 to 59, ranges or steps, found \"61\""
        );
        assert!(error("0 24 1 * *").starts_with("hour:"));
        assert!(error("0 0 0 * *").starts_with("day of the month:"));
        assert!(error("0 0 5-2 * *").starts_with("day of the month:"));
        assert!(error("0 0 1 13 *").starts_with("month:"));
        assert!(error("0 0 1 * noday").starts_with("day of the week:"));
        assert!(error("0 0 */0 * *").starts_with("day of the month:"));
        assert!(error("0 0 +1 * *").starts_with("day of the month:"));
        assert_eq!(error("0 0 31 2 *"), "\"0 0 31 2 *\" never runs: there is no such day");
        assert!(Cron::parse("0 0 29 2 *").is_ok());
    }
}
