//! Days and hours in which something was seen, a character each.

use egressmap_aggregator::map::Hours;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::Row;

const DAY: u64 = 86_400;
/// The latest months; what lies before is in the sentence alone.
const MOST_MONTHS: usize = 24;

/// A row for each month of the window, then one for the hours of the day (UTC).
pub(super) fn rows(seen: &Hours, window: Option<(u64, u64)>) -> Vec<Row> {
    let (from, until) = window.unwrap_or((seen.first, seen.last));
    let (Some(from), Some(until)) = (day(from / DAY), day(until / DAY)) else {
        return Vec::new();
    };
    let mut months = Vec::new();
    let mut month = from.first_of_month();
    while month <= until {
        months.push(month);
        let Ok(next) = month.checked_add(1.month()) else { break };
        month = next;
    }
    let latest = months.len().saturating_sub(MOST_MONTHS);
    let mut rows: Vec<Row> = months[latest..]
        .iter()
        .map(|month| of_month(*month, seen, (from, until)))
        .collect();
    let hours = seen.days.iter().fold(0, |all, (_, hours)| all | hours);
    rows.push(Row {
        label: "hours".to_owned(),
        marks: (0..24).map(|hour| mark(hours >> hour & 1 == 1)).collect(),
    });
    rows
}

fn of_month(month: Date, seen: &Hours, (from, until): (Date, Date)) -> Row {
    let days = (1..=month.days_in_month()).map(|day| date(month.year(), month.month(), day));
    let marks: String = days
        .map(|day| {
            if day < from || day > until {
                return ' ';
            }
            let number = number(day);
            mark(
                seen.days
                    .binary_search_by_key(&number, |(day, _)| i64::from(*day))
                    .is_ok(),
            )
        })
        .collect();
    Row {
        label: format!("{:04}-{:02}", month.year(), month.month()),
        marks: marks.trim_end().to_owned(),
    }
}

fn mark(seen: bool) -> char {
    if seen { '#' } else { '·' }
}

const EPOCH: Date = date(1970, 1, 1);

fn day(number: u64) -> Option<Date> {
    EPOCH
        .checked_add(i64::try_from(number).ok().filter(|days| *days < 3_000_000)?.days())
        .ok()
}

fn number(day: Date) -> i64 {
    (day - EPOCH).get_days().into()
}
