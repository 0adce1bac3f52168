//! Which keys of which bucket a URI names.

use crate::source::SourceError;
use crate::source::aws::text::printable;

/// How such a URI begins.
pub(super) const SCHEME: &str = "s3://";

/// Which keys of which bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl Place {
    pub(super) fn parse(uri: &str) -> Result<Self, SourceError> {
        let rest = uri.strip_prefix(SCHEME).unwrap_or(uri);
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if bucket.is_empty() || !bucket.bytes().all(allowed) {
            return Err(SourceError {
                what: format!("cannot read {}", printable(uri)),
                why: format!("expected a bucket, found \"{}\"", printable(bucket)),
                hint: Some(format!("write it as {}", super::KIND.example)),
            });
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_a_bucket_and_a_prefix() {
        let place = |bucket: &str, prefix: &str| Place {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(Place::parse("s3://logs").unwrap(), place("logs", ""));
        assert_eq!(Place::parse("s3://logs/").unwrap(), place("logs", ""));
        assert_eq!(
            Place::parse("s3://my.logs-1/a/b c/").unwrap(),
            place("my.logs-1", "a/b c/")
        );
    }

    #[test]
    fn a_uri_without_a_bucket_is_refused_with_the_form_to_write() {
        for uri in ["s3://", "s3:///key", "s3://a b/c", "s3://\u{1b}[2J/x"] {
            let error = Place::parse(uri).unwrap_err().to_string();
            assert!(
                error.contains("expected a bucket") && error.ends_with("write it as s3://bucket/prefix"),
                "{error}"
            );
            assert!(!error.contains('\u{1b}'), "{error:?}");
        }
    }
}
