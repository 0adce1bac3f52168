//! `START_TIME` in the pattern that a format gives it.

use crate::format::envoy_value::{self, Moment};

/// How a format prints times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::format) enum Clock {
    /// As Envoy does by default, or in seconds since the epoch: the value tells.
    #[default]
    Plain,
    /// In a pattern of `strftime`.
    Pattern(Vec<Part>),
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Part {
    Year,
    Month,
    MonthName,
    Day,
    Hour,
    Minute,
    Second,
    /// Seconds since the epoch.
    Epoch,
    /// Digits of a second's fraction.
    Fraction,
    /// `+0000`: Envoy prints UTC.
    Offset,
    /// `UTC`.
    Zone,
    Byte(u8),
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

impl Clock {
    /// From the arguments of `START_TIME`.
    ///
    /// # Errors
    /// What was expected, where the pattern does not tell the second or has a conversion that is not read.
    pub(in crate::format) fn new(pattern: Option<&str>) -> Result<Clock, String> {
        let pattern = pattern.unwrap_or_default();
        if matches!(pattern, "" | "%s" | "%s.%3f" | "%s.%6f" | "%s.%9f" | "%s.%f") {
            return Ok(Clock::Plain);
        }
        let mut parts = Vec::new();
        let mut bytes = pattern.bytes();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                parts.push(Part::Byte(byte));
                continue;
            }
            let mut conversion = bytes.next();
            while conversion.is_some_and(|digit| digit.is_ascii_digit()) {
                conversion = bytes.next();
            }
            parts.extend_from_slice(converted(conversion.unwrap_or_default()).ok_or_else(|| {
                "a START_TIME of the conversions %Y %m %b %d %F %H %M %S %T %s %f %z %Z alone".to_owned()
            })?);
        }
        let has = |part| parts.contains(&part);
        let dated = has(Part::Year) && (has(Part::Month) || has(Part::MonthName)) && has(Part::Day);
        if has(Part::Epoch) || (dated && has(Part::Hour) && has(Part::Minute) && has(Part::Second)) {
            Ok(Clock::Pattern(parts))
        } else {
            Err("a START_TIME that tells the day and the second".to_owned())
        }
    }

    /// Reads a whole value.
    pub(in crate::format) fn read(&self, value: &[u8]) -> Option<Moment> {
        match self {
            Clock::Plain => envoy_value::moment(value),
            Clock::Pattern(parts) => match read_parts(parts, value)? {
                (moment, b"") => Some(moment),
                _ => None,
            },
        }
    }

    /// How long the value is that `text` begins with, where the pattern tells.
    pub(in crate::format) fn length(&self, text: &[u8]) -> Option<usize> {
        match self {
            Clock::Plain => None,
            Clock::Pattern(parts) => read_parts(parts, text).map(|(_, rest)| text.len() - rest.len()),
        }
    }
}

fn converted(conversion: u8) -> Option<&'static [Part]> {
    use Part::{Byte, Day, Epoch, Fraction, Hour, Minute, Month, MonthName, Offset, Second, Year, Zone};
    let parts: &[Part] = match conversion {
        b'Y' => &[Year],
        b'm' => &[Month],
        b'b' | b'h' => &[MonthName],
        b'd' => &[Day],
        b'F' => &[Year, Byte(b'-'), Month, Byte(b'-'), Day],
        b'H' => &[Hour],
        b'M' => &[Minute],
        b'S' => &[Second],
        b'R' => &[Hour, Byte(b':'), Minute],
        b'T' => &[Hour, Byte(b':'), Minute, Byte(b':'), Second],
        b's' => &[Epoch],
        b'f' => &[Fraction],
        b'z' => &[Offset],
        b'Z' => &[Zone],
        b'%' => &[Byte(b'%')],
        _ => return None,
    };
    Some(parts)
}

fn read_parts<'a>(parts: &[Part], text: &'a [u8]) -> Option<(Moment, &'a [u8])> {
    let mut rest = text;
    let (mut year, mut month, mut day) = (0, 0, 0);
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0);
    let mut epoch = None;
    for part in parts {
        match part {
            Part::Year => year = number(&mut rest, 4)?,
            Part::Month => month = number(&mut rest, 2)?,
            Part::MonthName => {
                let (name, behind) = rest.split_at_checked(3)?;
                month = (1_u64..).zip(MONTHS).find(|(_, known)| *known == name)?.0;
                rest = behind;
            }
            Part::Day => day = number(&mut rest, 2)?,
            Part::Hour => hour = number(&mut rest, 2)?,
            Part::Minute => minute = number(&mut rest, 2)?,
            Part::Second => second = number(&mut rest, 2)?,
            Part::Epoch => {
                let length = digits(rest);
                epoch = Some(number(&mut rest, length)?);
            }
            Part::Fraction => {
                let (fraction, behind) = rest.split_at_checked(digits(rest))?;
                nanos = envoy_value::nanos(fraction)?;
                rest = behind;
            }
            Part::Offset => rest = rest.strip_prefix(b"+0000").or_else(|| rest.strip_prefix(b"+00:00"))?,
            Part::Zone => rest = rest.strip_prefix(b"UTC").or_else(|| rest.strip_prefix(b"GMT"))?,
            Part::Byte(byte) => rest = rest.strip_prefix(std::slice::from_ref(byte))?,
        }
    }
    let seconds = match epoch {
        Some(epoch) => envoy_value::in_range(epoch)?,
        None => envoy_value::date_time(year, month, day, (hour, minute, second))?,
    };
    Some((Moment { seconds, nanos }, rest))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn number(rest: &mut &[u8], digits: usize) -> Option<u64> {
    let (number, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    envoy_value::decimal(number)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    fn seconds(pattern: &str, value: &str) -> Option<(u64, u32)> {
        let clock = Clock::new(Some(pattern)).ok()?;
        clock
            .read(value.as_bytes())
            .map(|moment| (moment.seconds, moment.nanos))
    }

    #[test]
    fn one_moment_is_read_in_every_pattern() {
        for (pattern, value) in [
            ("", "2026-11-23T01:58:00.996Z"),
            ("%s.%3f", "1795399080.996"),
            ("%s.%6f", "1795399080.996000"),
            ("%Y/%m/%dT%H:%M:%S.%3f%z", "2026/11/23T01:58:00.996+0000"),
            ("%F %T.%f %Z", "2026-11-23 01:58:00.996000000 UTC"),
            ("%d/%b/%Y:%H:%M:%S.%3f +0000", "23/Nov/2026:01:58:00.996 +0000"),
            ("%s%3f", "1795399080996"),
        ] {
            let found = seconds(pattern, value);
            if pattern == "%s%3f" {
                assert_eq!(found, None, "digits that touch digits cannot be told apart");
            } else {
                assert_eq!(found, Some((1_795_399_080, 996_000_000)), "{pattern}");
            }
        }
    }

    #[test]
    fn a_pattern_without_the_second_is_refused() {
        for pattern in ["%H:%M:%S", "%F", "%F %H:%M", "%c", "%", "%Y %j %T"] {
            assert!(Clock::new(Some(pattern)).is_err(), "{pattern}");
        }
    }
}
