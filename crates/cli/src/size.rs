//! Numbers with their unit, as summaries say them.

use anyhow::{Context as _, Result};

/// A size in bytes: a number with a unit such as `2GiB`, `500MB` or `64KiB`.
pub(crate) fn parse(flag: &str, text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let unit = match text.strip_prefix(digits).unwrap_or_default().trim() {
        "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let count: Option<u64> = digits.parse().ok();
    unit.zip(count)
        .and_then(|(unit, count): (u64, u64)| unit.checked_mul(count))
        .with_context(|| format!("{flag}: expected a size such as 2GiB or 500MB, found {text:?}"))
}

/// So many of something.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// So many bytes, in the largest unit that leaves a whole number before the point.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "bytes" {
                format!("{count} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_have_a_unit() {
        let flag = "--memory-budget";
        for (text, bytes) in [("2GiB", 2 << 30), ("500MB", 500_000_000), ("64 KiB", 65_536), ("7B", 7)] {
            assert_eq!(parse(flag, text).unwrap(), bytes);
        }
        for text in ["2", "GiB", "-1GiB", "2Gib", "1.5GiB", "99999999999GiB", ""] {
            let error = parse(flag, text).unwrap_err().to_string();
            assert!(
                error.starts_with("--memory-budget: expected a size such as 2GiB"),
                "{error}"
            );
        }
    }
}
