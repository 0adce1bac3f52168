//! Times and durations as a user writes them.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// One end of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// This second, in Unix time.
    At(u64),
    /// So many seconds before the newest record.
    Back(u64),
}

/// An RFC 3339 time, a date, which is the UTC midnight it begins with, or a duration in days, weeks and shorter units.
pub(crate) fn when(flag: &str, text: &str) -> Result<When> {
    let date = || {
        let date = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
        Some(date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    };
    if let Some(stamp) = text.parse::<Timestamp>().ok().or_else(date) {
        let second = u64::try_from(stamp.as_second());
        return Ok(When::At(
            second.with_context(|| format!("{flag}: {text} is before 1970"))?,
        ));
    }
    let span = text.parse::<Span>().ok();
    let back = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    back.and_then(|back| u64::try_from(back.as_secs()).ok())
        .map(When::Back)
        .with_context(|| {
            format!("{flag}: expected a date, an RFC 3339 time such as 2026-10-01T00:00:00Z, or a duration such as 7d or 12h, found {text:?}")
        })
}

/// Unix seconds as RFC 3339 in UTC, or the bare number where no calendar reaches.
pub(crate) fn utc(second: u64) -> String {
    let stamp = i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok());
    stamp.map_or_else(|| second.to_string(), |stamp| stamp.to_string())
}

/// A duration such as `30s`, `500ms` or `2m`.
pub(crate) fn duration(flag: &str, text: &str) -> Result<Duration> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .with_context(|| format!("{flag}: expected a duration such as 30s or 2m, found {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_utc_midnight_and_an_offset_is_honoured() {
        let october = When::At(1_790_812_800);
        assert_eq!(when("--since", "2026-10-01").unwrap(), october);
        assert_eq!(when("--since", "2026-10-01T02:00:00+02:00").unwrap(), october);
    }

    #[test]
    fn a_duration_counts_back_in_days_of_24_hours() {
        for (text, hours) in [("7d", 168), ("12h", 12), ("2w", 336), ("1d 6h", 30), ("90m", 1)] {
            let minutes = if text == "90m" { 30 } else { 0 };
            assert_eq!(when("--since", text).unwrap(), When::Back(hours * 3_600 + minutes * 60));
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["yesterday", "2026-10-01T", "2026-13-01", "", "7", "-7d", "1mo", "-0x1d"] {
            let error = when("--until", text).unwrap_err().to_string();
            assert!(
                error.starts_with("--until: expected a date, an RFC 3339 time such as"),
                "{error}"
            );
        }
        assert!(
            when("--since", "1969-12-31")
                .unwrap_err()
                .to_string()
                .contains("before 1970")
        );
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(
            duration("--resolver-timeout", "1m 30s").unwrap(),
            Duration::from_secs(90)
        );
        assert!(duration("--resolver-timeout", "30").is_err());
    }
}
