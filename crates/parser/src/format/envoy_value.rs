//! Values as Envoy prints them: what is unset, times, and addresses with ports.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use super::flow_text::{decimal, ip};

/// The last second of the year 9999.
const LATEST: u64 = 253_402_300_799;

/// What Envoy prints in front of an address that it reaches through another listener of its own.
const INTERNAL: &[u8] = b"envoy://connect_originate/";

/// Text, unless it is unset: `-`, or nothing under `omit_empty_values`. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    match value {
        b"" | b"-" => None,
        value => Some(String::from_utf8_lossy(value)),
    }
}

/// A count; unset is 0.
pub(super) fn count(value: &[u8]) -> Option<u64> {
    match value {
        b"" | b"-" => Some(0),
        value => decimal(value),
    }
}

/// `192.0.2.1:443` or `[2001:db8::1]:443`; `None` for pipes, names and everything else that is no socket.
pub(super) fn socket(value: &[u8]) -> Option<SocketAddr> {
    let value = value.strip_prefix(INTERNAL).unwrap_or(value);
    let colon = value.iter().rposition(|byte| *byte == b':')?;
    let (host, port) = (value.get(..colon)?, value.get(colon + 1..)?);
    let port = u16::try_from(decimal(port)?).ok()?;
    let address = match host.strip_prefix(b"[") {
        Some(host) => ip(host.strip_suffix(b"]")?).filter(IpAddr::is_ipv6)?,
        None => ip(host).filter(IpAddr::is_ipv4)?,
    };
    Some(SocketAddr::new(address, port))
}

/// An address with or without a port; the port is 0 where there is none.
pub(super) fn peer(value: &[u8]) -> Option<SocketAddr> {
    socket(value).or_else(|| ip(value).map(|address| SocketAddr::new(address, 0)))
}

/// `START_TIME` in Unix seconds: `2026-11-23T01:58:00.996Z`, or an epoch form such as `1795399080.996`.
pub(super) fn start_time(value: &[u8]) -> Option<u64> {
    let (seconds, fraction) = match value.iter().position(|byte| *byte == b'.') {
        Some(dot) => (value.get(..dot)?, value.get(dot + 1..)?),
        None => (value.strip_suffix(b"Z").unwrap_or(value), &b"0"[..]),
    };
    let fraction = fraction.strip_suffix(b"Z").unwrap_or(fraction);
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if value.ends_with(b"Z") {
        date_time(seconds)
    } else {
        decimal(seconds).filter(|seconds| *seconds <= LATEST)
    }
}

/// `2026-11-23T01:58:00` in UTC.
fn date_time(value: &[u8]) -> Option<u64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
    ] = value
    else {
        return None;
    };
    let two = |tens: &u8, ones: &u8| decimal(&[*tens, *ones]);
    let (year, month, day) = (decimal(&[*y0, *y1, *y2, *y3])?, two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(i0, i1)?, two(s0, s1)?);
    // A leap second is the last one of its minute.
    let second = if second == 60 { 59 } else { second };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_to(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days_to(year: u64, month: u64, day: u64) -> Option<u64> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = *BEFORE.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    let next = BEFORE.get(usize::try_from(month).ok()?).copied().unwrap_or(365);
    let length = next - before + u64::from(leap && month == 2);
    if day == 0 || day > length || year < 1970 {
        return None;
    }
    let past = year - 1;
    let leap_days = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    Some((year - 1970) * 365 + leap_days + before + u64::from(leap && month > 2) + day - 1)
}

#[cfg(test)]
mod tests {
    use super::{days_to, peer, socket, start_time};

    #[test]
    fn days_follow_each_other_without_gap_up_to_the_year_9999() {
        let mut expected = 0;
        for year in 1970..=9999 {
            for month in 1..=12 {
                let days = (1..=32)
                    .take_while(|day| days_to(year, month, *day).is_some())
                    .last()
                    .unwrap_or(0);
                assert!((28..=31).contains(&days), "{year}-{month}");
                for day in 1..=days {
                    assert_eq!(days_to(year, month, day), Some(expected), "{year}-{month}-{day}");
                    expected += 1;
                }
            }
        }
        // 8030 years of 365 days and their 1947 leap days.
        assert_eq!(expected, 8030 * 365 + 1947);
        assert_eq!(days_to(2000, 2, 29), Some(11_016));
        assert_eq!(days_to(2100, 2, 29), None);
    }

    #[test]
    fn times_are_read_in_every_common_form() {
        for text in [
            "2026-11-23T01:58:00.996Z",
            "2026-11-23T01:58:00Z",
            "1795399080",
            "1795399080.996",
        ] {
            assert_eq!(start_time(text.as_bytes()), Some(1_795_399_080), "{text}");
        }
        for text in [
            "",
            "-",
            "Z",
            ".",
            "1.",
            "1.Z",
            "2026-11-23",
            "2026-13-23T01:58:00Z",
            "2026-11-31T01:58:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T01:58:00",
            "2026-11-23T01:58:00.9x6Z",
            "253402300800",
        ] {
            assert_eq!(start_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn only_addresses_with_a_port_are_sockets() {
        assert_eq!(
            socket(b"192.0.2.1:443").map(|it| it.to_string()).as_deref(),
            Some("192.0.2.1:443")
        );
        assert_eq!(
            socket(b"[2001:db8::1]:0").map(|it| it.to_string()).as_deref(),
            Some("[2001:db8::1]:0")
        );
        let internal = socket(b"envoy://connect_originate/192.0.2.1:443");
        assert_eq!(internal.map(|it| it.to_string()).as_deref(), Some("192.0.2.1:443"));
        for text in [
            "-",
            "",
            "192.0.2.1",
            "2001:db8::1:443",
            "[192.0.2.1]:443",
            "/run/x.sock",
            "host:80",
            "1.2.3.4:65536",
        ] {
            assert_eq!(socket(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            peer(b"2001:db8::1").map(|it| it.to_string()).as_deref(),
            Some("[2001:db8::1]:0")
        );
    }
}
