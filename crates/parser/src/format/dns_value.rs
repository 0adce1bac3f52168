//! Values of DNS logs, whichever log they stand in: times, answers, and what is wrong with them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::envoy_value::moment;
use super::flow_text::{decimal, ip};
use crate::Reason;

/// A part without which a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Time,
    Source,
    Name,
    Answers,
}

/// The reasons for which the lines of one log are set aside, by the part that is wrong.
#[derive(Debug)]
pub(super) struct Reasons {
    pub(super) time: Reason,
    pub(super) source: Reason,
    pub(super) name: Reason,
    pub(super) answers: Reason,
}

impl Reasons {
    pub(super) fn of(&self, part: Part) -> Reason {
        match part {
            Part::Time => self.time,
            Part::Source => self.source,
            Part::Name => self.name,
            Part::Answers => self.answers,
        }
    }

    /// What was expected and what was found, which is safe to print.
    pub(super) fn message(&self, part: Part, found: &str) -> String {
        let expected = match part {
            Part::Time => "a time such as 2026-11-20T01:58:00Z",
            Part::Source => "an IP address",
            Part::Name => "the name that was asked for",
            Part::Answers => "addresses of their type and names",
        };
        let (_, key) = self.of(part).split_once(':').unwrap_or_default();
        format!("{key}: expected {expected}, found {found}")
    }
}

/// A line of something else that writes to the same stream as a query log.
pub(super) const NOT_QUERY_LOG: Reason = "not-query-log";

/// Unix seconds of `2026-11-20T01:58:00.996Z`, of the same with an offset (`+02:00`), or of an epoch form.
pub(crate) fn time(value: &[u8]) -> Option<u64> {
    let Some((local, [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1])) = value.split_last_chunk() else {
        return moment(value).map(|moment| moment.seconds);
    };
    let (hours, minutes) = (decimal(&[*h0, *h1])?, decimal(&[*m0, *m1])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let mut utc = [b'Z'; 36];
    utc.get_mut(..local.len())?.copy_from_slice(local);
    let utc = moment(utc.get(..=local.len())?)?.seconds;
    let offset = hours * 3600 + minutes * 60;
    if *sign == b'+' {
        utc.checked_sub(offset)
    } else {
        Some(utc + offset)
    }
}

/// Reads the answers of a text, separated by `;` or space: addresses, and names on the way to them. False where one of
/// them is neither.
#[expect(clippy::ptr_arg, reason = "what is borrowed from the line stays borrowed")]
pub(super) fn answers<'a>(text: &Cow<'a, str>, addresses: &mut Vec<IpAddr>, aliases: &mut Vec<Cow<'a, str>>) -> bool {
    match text {
        Cow::Borrowed(text) => answers_of(text, addresses, |alias| aliases.push(Cow::Borrowed(alias))),
        Cow::Owned(text) => answers_of(text, addresses, |alias| aliases.push(Cow::Owned(alias.to_owned()))),
    }
}

fn answers_of<'t>(text: &'t str, addresses: &mut Vec<IpAddr>, mut alias: impl FnMut(&'t str)) -> bool {
    let given = text.split([';', ' ']).filter(|answer| !matches!(*answer, "" | "-"));
    for answer in given {
        match ip(answer.as_bytes()) {
            Some(address) => addresses.push(address),
            None if is_host(answer) => alias(answer),
            None => return false,
        }
    }
    true
}

/// Whether an answer can be a host name: a last label with a letter tells it from a broken address.
fn is_host(answer: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let last = answer.strip_suffix('.').unwrap_or(answer).rsplit('.').next();
    answer.bytes().all(fits) && last.is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::{is_host, time};

    #[test]
    fn an_offset_is_taken_off_the_local_time() {
        let utc = time(b"2026-11-23T01:58:00Z");
        assert_eq!(utc, Some(1_795_399_080));
        for text in [
            "2026-11-23T03:58:00.996+02:00",
            "2026-11-22T19:28:00-06:30",
            "2026-11-23T01:58:00+00:00",
            "1795399080.996",
        ] {
            assert_eq!(time(text.as_bytes()), utc, "{text}");
        }
        for text in [
            "2026-11-23T01:58:00",
            "2026-11-23T01:58:00Z+02:00",
            "1795399080+02:00",
            "2026-11-23T01:58:00+24:00",
            "1970-01-01T00:00:00+01:00",
            "2026-11-23T01:58:00.99999999999999999999999999999999+02:00",
            "+02:00",
        ] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_broken_address_is_no_host() {
        assert!(is_host("edge.cdn.test.") && is_host("_x.a-1.test") && is_host("localhost"));
        for text in [
            "",
            ".",
            "1.2.3",
            "1.2.3.4.",
            "203.0.113.256",
            "2001:db8::zz",
            "${x}",
            "a/b",
        ] {
            assert!(!is_host(text), "{text}");
        }
    }
}
