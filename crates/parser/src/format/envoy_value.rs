//! Values as Envoy prints them: what is unset, times, and addresses with ports.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

pub(super) use super::flow_text::decimal;
use super::flow_text::ip;

/// The last second of the year 9999.
const LATEST: u64 = 253_402_300_799;

/// What Envoy prints in front of an address that it reaches through another listener of its own.
const INTERNAL: &[u8] = b"envoy://connect_originate/";

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

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Moment {
    /// Unix seconds.
    pub(super) seconds: u64,
    pub(super) nanos: u32,
}

/// `START_TIME`: `2026-11-23T01:58:00.996Z`, or an epoch form such as `1795399080.996`.
pub(super) fn moment(value: &[u8]) -> Option<Moment> {
    if let Some(moment) = by_default(value) {
        return Some(moment);
    }
    let (whole, fraction) = match value.iter().position(|byte| *byte == b'.') {
        Some(dot) => (value.get(..dot)?, value.get(dot + 1..)?),
        None => (value.strip_suffix(b"Z").unwrap_or(value), &b"0"[..]),
    };
    let nanos = nanos(fraction.strip_suffix(b"Z").unwrap_or(fraction))?;
    let seconds = if value.ends_with(b"Z") {
        by_parts(whole)?
    } else {
        in_range(decimal(whole)?)?
    };
    Some(Moment { seconds, nanos })
}

/// The minute of the moment before, because the next moment is most likely in it as well.
#[derive(Debug)]
pub(super) struct Minute {
    /// `2026-11-23T01:58`.
    written: [u8; 16],
    seconds: u64,
}

impl Default for Minute {
    fn default() -> Self {
        Minute {
            written: *b"1970-01-01T00:00",
            seconds: 0,
        }
    }
}

impl Minute {
    /// As [`moment`] reads it.
    #[inline]
    pub(super) fn read(&mut self, value: &[u8]) -> Option<Moment> {
        if let Some((&written, &[b':', tens, ones, b'.', a, b, c, b'Z'])) = value.split_first_chunk()
            && written == self.written
            && [tens, ones, a, b, c].iter().all(u8::is_ascii_digit)
            && tens < b'6'
        {
            let digit = |byte: u8| u32::from(byte - b'0');
            return Some(Moment {
                seconds: self.seconds + u64::from(digit(tens) * 10 + digit(ones)),
                nanos: (digit(a) * 100 + digit(b) * 10 + digit(c)) * 1_000_000,
            });
        }
        self.begin(value)
    }

    #[inline(never)]
    fn begin(&mut self, value: &[u8]) -> Option<Moment> {
        let Some(moment) = by_default(value) else {
            return moment(value);
        };
        if let Some(written) = value.first_chunk() {
            (self.written, self.seconds) = (*written, moment.seconds - moment.seconds % 60);
        }
        Some(moment)
    }
}

/// Seconds that a calendar of four-digit years has.
pub(super) fn in_range(seconds: u64) -> Option<u64> {
    (seconds <= LATEST).then_some(seconds)
}

/// `2026-11-23T01:58:00.996Z`, in one step.
fn by_default(value: &[u8]) -> Option<Moment> {
    let value: &[u8; 24] = value.try_into().ok()?;
    if value[19] != b'.' || value[23] != b'Z' {
        return None;
    }
    let (whole, fraction) = value.split_at(19);
    Some(Moment {
        seconds: by_parts(whole)?,
        nanos: nanos(fraction.get(1..4)?)?,
    })
}

/// A fraction of a second; digits behind the ninth are of no use.
pub(super) fn nanos(fraction: &[u8]) -> Option<u32> {
    if fraction.is_empty() {
        return None;
    }
    let (mut nanos, mut unit) = (0, 100_000_000);
    for byte in fraction {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        nanos += u32::from(digit) * unit;
        unit /= 10;
    }
    Some(nanos)
}

/// `2026-11-23T01:58:00` in UTC.
fn by_parts(value: &[u8]) -> Option<u64> {
    let value: &[u8; 19] = value.try_into().ok()?;
    if [value[4], value[7], value[10], value[13], value[16]] != *b"--T::" {
        return None;
    }
    let two = |at: usize| {
        let (tens, ones) = (value[at].wrapping_sub(b'0'), value[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| u64::from(tens) * 10 + u64::from(ones))
    };
    let year = two(0)? * 100 + two(2)?;
    date_time(year, two(5)?, two(8)?, (two(11)?, two(14)?, two(17)?))
}

/// A date and a time (hour, minute, second) in UTC as Unix seconds.
pub(super) fn date_time(year: u64, month: u64, day: u64, (hour, minute, second): (u64, u64, u64)) -> Option<u64> {
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

/// The names of `RESPONSE_FLAGS_LONG` and of `RESPONSE_FLAGS` (Envoy documentation, "Access logging").
const FLAGS: [(&str, &str); 31] = [
    ("FailedLocalHealthCheck", "LH"),
    ("NoHealthyUpstream", "UH"),
    ("UpstreamRequestTimeout", "UT"),
    ("LocalReset", "LR"),
    ("UpstreamRemoteReset", "UR"),
    ("UpstreamConnectionFailure", "UF"),
    ("UpstreamConnectionTermination", "UC"),
    ("UpstreamOverflow", "UO"),
    ("NoRouteFound", "NR"),
    ("DelayInjected", "DI"),
    ("FaultInjected", "FI"),
    ("RateLimited", "RL"),
    ("UnauthorizedExternalService", "UAEX"),
    ("RateLimitServiceError", "RLSE"),
    ("RatelimitServiceError", "RLSE"),
    ("DownstreamConnectionTermination", "DC"),
    ("UpstreamRetryLimitExceeded", "URX"),
    ("StreamIdleTimeout", "SI"),
    ("InvalidEnvoyRequestHeaders", "IH"),
    ("DownstreamProtocolError", "DPE"),
    ("UpstreamMaxStreamDurationReached", "UMSDR"),
    ("ResponseFromCacheFilter", "RFCF"),
    ("NoFilterConfigFound", "NFCF"),
    ("DurationTimeout", "DT"),
    ("UpstreamProtocolError", "UPE"),
    ("NoClusterFound", "NC"),
    ("OverloadManagerTerminated", "OM"),
    ("DnsResolutionFailed", "DF"),
    ("DropOverLoad", "DO"),
    ("DownstreamRemoteReset", "DR"),
    ("UnconditionalDropOverload", "UDO"),
];

/// Long names of response flags as short ones; what is not known stays as it is.
pub(super) fn short_flags(flags: Cow<'_, str>) -> Cow<'_, str> {
    let short = |flag: &str| FLAGS.iter().find(|(long, _)| *long == flag).map(|(_, short)| *short);
    if let Some(short) = short(&flags) {
        return Cow::Borrowed(short);
    }
    if !flags.contains(',') {
        return flags;
    }
    let all: Vec<&str> = flags.split(',').map(|flag| short(flag).unwrap_or(flag)).collect();
    Cow::Owned(all.join(","))
}

#[cfg(test)]
mod tests {
    use super::{Minute, days_to, moment, peer, socket};

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
            assert_eq!(
                moment(text.as_bytes()).map(|it| it.seconds),
                Some(1_795_399_080),
                "{text}"
            );
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
            assert_eq!(moment(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_minute_that_is_remembered_changes_no_time() {
        let mut minute = Minute::default();
        let nul = format!("{}:01.000Z", "\0".repeat(16));
        for text in [
            nul.as_str(),
            "1970-01-01T00:00:07.125Z",
            "2026-11-23T01:58:00.996Z",
            "2026-11-23T01:58:59.007Z",
            "2026-11-23T01:58:60.007Z",
            "2026-11-23T01:58:61.007Z",
            "2026-11-23T01:58:5x.007Z",
            "2026-11-23T01:58:05.0-7Z",
            "2026-11-23T01:58:05.0070",
            "2026-11-23T01:58:05Z",
            "2026-11-23T01:59:05.007Z",
            "2026-13-23T01:59:05.007Z",
            "1795399080.1234567890123",
            "1795399080.12345:01.000Z",
            "2026-11-23T01:59:06.007Z",
        ] {
            assert_eq!(minute.read(text.as_bytes()), moment(text.as_bytes()), "{text:?}");
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
