//! What stands in front of a line: a time, the tags of a container runtime, the name of a pod.

use super::place::Stream;
use crate::format::{decimal, moment_of};

/// The longest name of a pod and its container that is taken for one.
const LONGEST_NAME: usize = 512;

/// A line of a Kubernetes container log, without what the runtime wrote in front.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tagged<'a> {
    /// In Unix seconds.
    pub(super) time: u64,
    pub(super) stream: Stream,
    /// Whether the line goes on in the next entry of its stream.
    pub(super) is_part: bool,
    pub(super) text: &'a [u8],
}

/// `[pod/NAME/CONTAINER] line`, as `kubectl logs --prefix` prints it: the name and the line.
pub(super) fn pod(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let opened = line.strip_prefix(b"[")?;
    if !opened.starts_with(b"pod/") {
        return None;
    }
    let close = opened
        .iter()
        .take(LONGEST_NAME)
        .position(|byte| matches!(byte, b']' | b' '))?;
    let text = opened.get(close..)?.strip_prefix(b"] ")?;
    Some((opened.get(..close)?, text))
}

/// What follows a time in front of a line: RFC 3339 as CloudWatch's exports and `kubectl logs --timestamps` have it, or
/// milliseconds since 1970. A line of nothing but a time has no text.
pub(super) fn time(line: &[u8]) -> Option<&[u8]> {
    timed(line).map(|(_, text)| text)
}

/// The time in front of a line, in Unix seconds, and what follows it.
pub(super) fn timed(line: &[u8]) -> Option<(u64, &[u8])> {
    let length = line
        .iter()
        .take(LONGEST_TIME + 1)
        .position(|byte| *byte == b' ')
        .unwrap_or(line.len());
    let (time, text) = line.split_at_checked(length)?;
    let seconds = if is_milliseconds(time) {
        decimal(time)? / 1_000
    } else {
        moment_of(time).filter(|_| is_rfc_3339(time))?
    };
    Some((seconds, text.strip_prefix(b" ").unwrap_or_default()))
}

/// `TIME stdout F line`, as container runtimes write it for Kubernetes. The tags may be several, joined by colons.
pub(super) fn tagged(line: &[u8]) -> Option<Tagged<'_>> {
    let (time, text) = timed(line)?;
    let (stream, text) = match text.strip_prefix(b"stdout ") {
        Some(text) => (Stream::Stdout, text),
        None => (Stream::Stderr, text.strip_prefix(b"stderr ")?),
    };
    let is_part = match text.first()? {
        b'F' => false,
        b'P' => true,
        _ => return None,
    };
    let text = match text.get(1)? {
        b' ' => text.get(2..)?,
        b':' => {
            let more = text.iter().take(64).position(|byte| *byte == b' ')?;
            text.get(more + 1..)?
        }
        _ => return None,
    };
    Some(Tagged {
        time,
        stream,
        is_part,
        text,
    })
}

/// `2026-04-05T10:47:35.123456789+00:00`.
const LONGEST_TIME: usize = 35;

/// Milliseconds from 2001 to 2286 have thirteen digits.
fn is_milliseconds(time: &[u8]) -> bool {
    time.len() == 13 && time.iter().all(u8::is_ascii_digit)
}

/// The shape alone: whether there is such a moment is another question.
fn is_rfc_3339(time: &[u8]) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let Some((date, rest)) = time.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let fits = |(byte, shape): (&u8, &u8)| {
        if *shape == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == shape
        }
    };
    let fraction = rest.strip_prefix(b".").map(|digits| {
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count, digits.get(count..).unwrap_or_default())
    });
    let zone = match fraction {
        Some((0, _)) => return false,
        Some((_, zone)) => zone,
        None => rest,
    };
    let is_zone = match zone {
        b"Z" => true,
        [b'+' | b'-', h0, h1, b':', m0, m1] => [h0, h1, m0, m1].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    };
    is_zone && date.iter().zip(SHAPE).all(fits)
}

#[cfg(test)]
mod tests {
    use super::{Stream, Tagged, pod, tagged, time};

    #[test]
    fn times_of_every_delivery_are_taken_off() {
        for prefix in [
            "2026-04-05T10:47:35.000Z",
            "2026-04-05T10:47:35Z",
            "2026-04-05T10:47:35.123456789Z",
            "2026-04-05T10:47:35.123456789+00:00",
            "1775386055000",
        ] {
            assert_eq!(time(format!("{prefix} 2 x").as_bytes()), Some(&b"2 x"[..]), "{prefix}");
            assert_eq!(time(format!("{prefix} ").as_bytes()), Some(&b""[..]), "{prefix}");
            assert_eq!(time(prefix.as_bytes()), Some(&b""[..]), "{prefix}");
        }
        for line in [
            "",
            " ",
            "2 111122223333 eni-1",
            "177538605500 x",
            "17753860550000 x",
            "2026-04-05T10:47:35 x",
            "2026-04-05T10:47:35.Z x",
            "2026-04-05 10:47:35Z x",
            "2026-04-05T10:47:35.000Z\tx",
            "[2026-04-05T10:47:35.000Z] x",
            "2026-04-05T10:67:35.000Z x",
            "2026-02-30T10:47:35+00:00 x",
        ] {
            assert_eq!(time(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn tags_say_whether_a_line_goes_on() {
        let time = 1_775_386_055;
        let is = |stream, is_part, text| {
            Some(Tagged {
                time,
                stream,
                is_part,
                text,
            })
        };
        let read = |tags: &'static str| tagged(tags.as_bytes());
        assert_eq!(
            read("2026-04-05T10:47:35.1Z stdout F a b"),
            is(Stream::Stdout, false, b"a b")
        );
        assert_eq!(read("2026-04-05T10:47:35.1Z stderr P "), is(Stream::Stderr, true, b""));
        assert_eq!(
            read("2026-04-05T10:47:35.1Z stdout P:x:y a"),
            is(Stream::Stdout, true, b"a")
        );
        for line in [
            "stdout F a",
            "2026-04-05T10:47:35.1Z stdout G a",
            "2026-04-05T10:47:35.1Z stdout FF a",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_pod_has_its_name_in_brackets() {
        assert_eq!(
            pod(b"[pod/cart-7d9f/istio-proxy] [2026] x"),
            Some((&b"pod/cart-7d9f/istio-proxy"[..], &b"[2026] x"[..]))
        );
        assert_eq!(pod(b"[2026-04-05T10:47:35.000Z] x"), None);
        assert_eq!(pod(b"[pod/a b] x"), None);
    }
}
