//! Counts that a person takes in at a glance.

/// Units of bytes, each a thousand of the one before.
const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// Bytes in three digits or so: `812 B`, `1.2 kB`, `34 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let mut unit = 0;
    let mut divisor = 1_u64;
    while bytes / divisor >= 1_000 {
        divisor *= 1_000;
        unit += 1;
    }
    let whole = bytes / divisor;
    if unit == 0 || whole >= 10 {
        return format!("{whole} {}", UNITS[unit]);
    }
    let tenth = bytes % divisor / (divisor / 10);
    format!("{whole}.{tenth} {}", UNITS[unit])
}

/// A count with its noun: `1 object`, `2 objects`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits_or_so() {
        let shown: Vec<_> = [0, 999, 1_000, 1_234, 9_999, 10_000, 34_567_890, 1_999_999_999]
            .map(bytes)
            .into();
        assert_eq!(
            shown,
            ["0 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "34 MB", "1.9 GB"]
        );
        assert_eq!(bytes(u64::MAX), "18 EB");
    }
}
