//! Times and durations as a user writes them.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Unix seconds of an RFC 3339 time, or of the UTC midnight that begins a date.
pub(crate) fn instant(flag: &str, text: &str) -> Result<u64> {
    let stamp = match text.parse::<Timestamp>() {
        Ok(stamp) => stamp,
        Err(_) => text
            .parse::<Date>()
            .ok()
            .filter(|_| text.len() == 10)
            .and_then(|date| date.to_zoned_datetime(TimeZone::UTC).ok())
            .map(|midnight| midnight.timestamp())
            .with_context(|| {
                format!("{flag}: expected a date or an RFC 3339 time such as 2026-10-01T00:00:00Z, found {text:?}")
            })?,
    };
    u64::try_from(stamp.as_second()).with_context(|| format!("{flag}: {text} is before 1970"))
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
        assert_eq!(instant("--since", "2026-10-01").unwrap(), 1_790_812_800);
        assert_eq!(instant("--since", "2026-10-01T02:00:00+02:00").unwrap(), 1_790_812_800);
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["yesterday", "2026-10-01T", "2026-13-01", ""] {
            let error = instant("--until", text).unwrap_err().to_string();
            assert!(
                error.starts_with("--until: expected a date or an RFC 3339 time such as"),
                "{error}"
            );
        }
        assert!(
            instant("--since", "1969-12-31")
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
