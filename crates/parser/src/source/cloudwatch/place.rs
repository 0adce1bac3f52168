//! Which events of which log group a URI names, and the URI of one slice of them.

use std::fmt::Write;

use super::slices::{Slice, stamp};
use crate::source::{ObjectId, SourceError};
use crate::{near, printable};

/// How such a URI begins.
pub(super) const SCHEME: &str = "cloudwatch://";

/// The longest name of a log group, in characters (`CreateLogGroup`).
const LONGEST: usize = 512;

/// Which events of which log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The group's name, with its first `/` where it has one.
    pub(super) group: String,
    /// How the names of the wanted streams begin; unset, every stream is wanted.
    pub(super) stream_prefix: Option<String>,
    /// The region to ask instead of the environment's.
    pub(super) region: Option<String>,
}

impl Place {
    pub(super) fn parse(uri: &str) -> Result<Self, SourceError> {
        let rest = uri.strip_prefix(SCHEME).unwrap_or(uri);
        let (group, query) = rest.split_once('?').unwrap_or((rest, ""));
        // What CreateLogGroup allows.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#".contains(&byte);
        let group = decoded(group)
            .filter(|group| (1..=LONGEST).contains(&group.len()) && group.bytes().all(allowed))
            .ok_or_else(|| {
                refused(
                    uri,
                    format!("expected a log group, found {}", printable::quoted(group.as_bytes())),
                )
            })?;
        let mut place = Self {
            group,
            stream_prefix: None,
            region: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            place.take(uri, pair)?;
        }
        Ok(place)
    }

    fn take(&mut self, uri: &str, pair: &str) -> Result<(), SourceError> {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match key {
            "stream-prefix" => &mut self.stream_prefix,
            "region" => &mut self.region,
            _ => {
                let known = near::one_of(key, ["stream-prefix", "region"].into_iter());
                let found = printable::quoted(key.as_bytes());
                return Err(refused(uri, format!("expected {known}, found {found}")));
            }
        };
        if slot.is_some() {
            return Err(refused(uri, format!("{key} is given twice")));
        }
        let plain = |value: &String| {
            // It becomes part of a host name.
            let region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !value.is_empty() && (key != "region" || value.bytes().all(region))
        };
        let value = decoded(value).filter(plain).ok_or_else(|| {
            let found = printable::quoted(value.as_bytes());
            refused(
                uri,
                format!("{key}: expected a value, percent-encoded where it must be, found {found}"),
            )
        })?;
        *slot = Some(value);
        Ok(())
    }

    /// One slice as an object. The account is part of it: two accounts may have groups of one name.
    pub(super) fn object(&self, account: &str, region: &str, slice: Slice) -> ObjectId {
        let prefix = self.stream_prefix.as_ref();
        let prefix = prefix.map_or_else(String::new, |prefix| format!("&stream-prefix={}", encoded(prefix)));
        let (from, until) = (stamp(slice.from), stamp(slice.until));
        let group = &self.group;
        ObjectId {
            uri: format!("{SCHEME}{group}?account={account}&region={region}{prefix}&from={from}&until={until}"),
            version: None,
            size: None,
        }
    }

    /// Whether two sources, or a source and an object of an earlier one, hold common events in objects of different names.
    ///
    /// A region that is not given may be any.
    pub(super) fn overlap(one: &str, other: &str) -> bool {
        let (Some(one), Some(other)) = (Self::of_object(one), Self::of_object(other)) else {
            return false;
        };
        let alike = one.region.is_none() || other.region.is_none() || one.region == other.region;
        let [one_prefix, other_prefix] = [&one, &other].map(|place| place.stream_prefix.as_deref().unwrap_or_default());
        let nested = one_prefix.starts_with(other_prefix) || other_prefix.starts_with(one_prefix);
        one.group == other.group && alike && one_prefix != other_prefix && nested
    }

    /// The place that a source or one of its objects is of.
    fn of_object(uri: &str) -> Option<Self> {
        let (group, query) = uri.strip_prefix(SCHEME)?.split_once('?').unwrap_or((uri, ""));
        let of_slice = |pair: &&str| ["account=", "from=", "until="].iter().any(|key| pair.starts_with(key));
        let query: Vec<&str> = query.split('&').filter(|pair| !of_slice(pair)).collect();
        Self::parse(&format!("{group}?{}", query.join("&"))).ok()
    }

    /// The group as the user may write it.
    pub(super) fn uri(group: &str) -> String {
        format!("{SCHEME}{group}")
    }
}

fn refused(uri: &str, why: String) -> SourceError {
    SourceError {
        what: format!("cannot read {}", printable::name(uri)),
        why,
        hint: Some(format!("write it as {}", super::KIND.example)),
    }
}

/// Undoes percent-encoding; `None` if it is not one, or not of UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => nibble(rest.next()?)? << 4 | nibble(rest.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

/// Percent-encodes all that would end or split a value (RFC 3986, unreserved characters and `/` stay).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A String takes every write.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(group: &str, stream_prefix: Option<&str>, region: Option<&str>) -> Place {
        Place {
            group: group.to_owned(),
            stream_prefix: stream_prefix.map(str::to_owned),
            region: region.map(str::to_owned),
        }
    }

    #[test]
    fn what_stands_before_the_question_mark_is_the_group_as_it_is() {
        for (uri, expected) in [
            ("cloudwatch://flow", place("flow", None, None)),
            (
                "cloudwatch:///aws/vpc/flow-logs",
                place("/aws/vpc/flow-logs", None, None),
            ),
            ("cloudwatch://aws/vpc", place("aws/vpc", None, None)),
            ("cloudwatch://%2Faws%2fx?", place("/aws/x", None, None)),
            (
                "cloudwatch://a#1?region=eu-west-1",
                place("a#1", None, Some("eu-west-1")),
            ),
            (
                "cloudwatch://a?stream-prefix=b/c%20d+%26%25e&region=us-gov-east-1",
                place("a", Some("b/c d+&%e"), Some("us-gov-east-1")),
            ),
        ] {
            assert_eq!(Place::parse(uri).unwrap(), expected, "{uri}");
        }
    }

    #[test]
    fn what_is_no_group_and_no_question_is_refused_with_the_form_to_write() {
        for (uri, why) in [
            ("cloudwatch://", "expected a log group, found \"\""),
            ("cloudwatch://a b", "expected a log group, found \"a b\""),
            (
                "cloudwatch://arn:aws:logs",
                "expected a log group, found \"arn:aws:logs\"",
            ),
            ("cloudwatch://a%zz", "expected a log group, found \"a%zz\""),
            (
                "cloudwatch://a?stream=x",
                "expected one of stream-prefix, region, found \"stream\"",
            ),
            (
                "cloudwatch://a?regoin=x",
                "expected one of stream-prefix, region (did you mean region?)",
            ),
            ("cloudwatch://a?region=a&region=b", "region is given twice"),
            ("cloudwatch://a?region=evil.example/", "region: expected a value"),
            ("cloudwatch://a?stream-prefix=", "stream-prefix: expected a value"),
        ] {
            let error = Place::parse(uri).unwrap_err();
            assert!(error.why.starts_with(why), "{uri}: {}", error.why);
            assert!(
                error.to_string().contains("hint: write it as cloudwatch://log-group"),
                "{error}"
            );
        }
        let error = Place::parse("cloudwatch://\u{1b}[2J").unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn a_group_and_a_prefix_of_its_streams_overlap_and_two_prefixes_do_not() {
        let all = "cloudwatch:///aws/x";
        let hour = "cloudwatch:///aws/x?account=1&region=eu-west-1&stream-prefix=a/&from=2026-10-01T00:00:00Z&until=2026-10-01T01:00:00Z";
        for (one, other, expected) in [
            (all, hour, true),
            (all, "cloudwatch:///aws/x?stream-prefix=a", true),
            ("cloudwatch:///aws/x?stream-prefix=a/b&region=eu-west-1", hour, true),
            ("cloudwatch:///aws/x?stream-prefix=a/b&region=eu-west-2", hour, false),
            // The same objects: they are told apart by name.
            ("cloudwatch:///aws/x?stream-prefix=a/", hour, false),
            (all, all, false),
            ("cloudwatch:///aws/x?stream-prefix=b", hour, false),
            ("cloudwatch:///aws/xy", hour, false),
            ("s3://aws/x", hour, false),
        ] {
            assert_eq!(Place::overlap(one, other), expected, "{one} {other}");
            assert_eq!(Place::overlap(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_slice_is_named_by_all_that_tells_it_from_another() {
        let slice = Slice {
            from: 1_790_812_800,
            until: 1_790_816_400,
        };
        let id = place("/aws/x", Some("a b&c/"), None).object("001234567890", "eu-west-1", slice);
        assert_eq!(
            id.uri,
            "cloudwatch:///aws/x?account=001234567890&region=eu-west-1&stream-prefix=a%20b%26c/\
             &from=2026-10-01T00:00:00Z&until=2026-10-01T01:00:00Z"
        );
        assert_eq!((id.version, id.size), (None, None));
    }
}
