//! Unix seconds as the several texts that logs and their file names hold.

use jiff::Timestamp;

/// Seconds in a UTC day.
pub(crate) const DAY: u64 = 86_400;

/// `2026-08-01T00:00:00Z`.
pub(crate) fn rfc3339(seconds: u64) -> String {
    timestamp(seconds.saturating_mul(1_000))
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// `2026-08-01T00:00:00.123Z`, from milliseconds.
pub(crate) fn rfc3339_millis(millis: u64) -> String {
    timestamp(millis).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `2026/08/01`, the folder of a flow log object.
pub(crate) fn folder(seconds: u64) -> String {
    timestamp(seconds.saturating_mul(1_000))
        .strftime("%Y/%m/%d")
        .to_string()
}

/// `20260801T0005Z`, the time in the name of a flow log object.
pub(crate) fn compact(seconds: u64) -> String {
    timestamp(seconds.saturating_mul(1_000))
        .strftime("%Y%m%dT%H%MZ")
        .to_string()
}

fn timestamp(millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_has_four_texts() {
        let second = 1_785_542_700;
        assert_eq!(rfc3339(second), "2026-08-01T00:05:00Z");
        assert_eq!(rfc3339_millis(second * 1_000 + 7), "2026-08-01T00:05:00.007Z");
        assert_eq!(folder(second), "2026/08/01");
        assert_eq!(compact(second), "20260801T0005Z");
    }
}
