//! What went wrong with S3, in words that say what to do about it.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::client::Bucket;
use crate::source::SourceError;
use crate::source::aws::cause::{Cause, cannot_read, is_expired, said, unsent};
use crate::source::aws::text::{innermost, printable};

/// What was asked of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// The keys under a prefix.
    List(&'a str),
    /// The object of a key.
    Read(&'a str),
}

impl Asked<'_> {
    fn what(self, bucket: &Bucket) -> String {
        match self {
            Self::List(prefix) => format!("cannot list {}", printable(&bucket.uri(prefix))),
            Self::Read(key) => format!("cannot read {}", printable(&bucket.uri(key))),
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::List(_) => "s3:ListBucket",
            Self::Read(_) => "s3:GetObject",
        }
    }
}

/// Explains an error of the SDK.
pub(super) fn explain<E>(asked: Asked<'_>, bucket: &Bucket, error: &SdkError<E, HttpResponse>) -> SourceError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let cause = match error {
        SdkError::ServiceError(service) => {
            let refusal = Refusal {
                code: service.err().code().unwrap_or_default(),
                message: service.err().message().unwrap_or_default(),
                status: service.raw().status().as_u16(),
                home: home(service.raw(), service.err().message()),
            };
            refusal.cause(asked, bucket)
        }
        SdkError::TimeoutError(_) => Cause::new(
            format!("{} did not answer in time", bucket.server()),
            "check the network between here and there; AWS_MAX_ATTEMPTS raises the number of attempts",
        ),
        SdkError::ResponseError(_) => Cause::new(
            format!("{} did not answer as S3 does: {}", bucket.server(), innermost(error)),
            "check that the endpoint is one of S3",
        ),
        _ => unsent(&bucket.server(), bucket.endpoint.as_deref(), error),
    };
    cause.of(asked.what(bucket))
}

/// The region that an answer says the bucket is in. It becomes part of a host name, so it must look like a region.
pub(super) fn home<'a>(answer: &'a HttpResponse, message: Option<&'a str>) -> Option<&'a str> {
    // Of a signature for another region S3 says so in words alone: "the region 'a' is wrong; expecting 'b'".
    let said = || message?.split_once("expecting '")?.1.split('\'').next();
    let region = answer.headers().get("x-amz-bucket-region").or_else(said)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!region.is_empty() && region.bytes().all(plain)).then_some(region)
}

fn denied(asked: Asked<'_>, bucket: &Bucket) -> Cause {
    let pays = match bucket.wanted.requester_pays {
        true => "",
        false => "; --requester-pays where whoever reads the bucket pays for it",
    };
    Cause::new(
        format!("access denied (needs {})", asked.permission()),
        format!(
            "check AWS_PROFILE or the role, the bucket's policy, and kms:Decrypt where a KMS key encrypts it{pays}"
        ),
    )
}

/// An answer that says no.
struct Refusal<'a> {
    code: &'a str,
    message: &'a str,
    status: u16,
    home: Option<&'a str>,
}

impl Refusal<'_> {
    fn cause(&self, asked: Asked<'_>, bucket: &Bucket) -> Cause {
        match (self.code, self.status) {
            ("AccessDenied" | "AllAccessDisabled", _) | ("", 403) => denied(asked, bucket),
            ("NoSuchBucket", _) => Cause::new(
                "no such bucket",
                format!(
                    "check the name \"{}\" and that {} is where it should be",
                    bucket.name,
                    bucket.server()
                ),
            ),
            ("NoSuchKey", _) | ("", 404) => Cause::without_hint("the object is gone since it was listed"),
            ("InvalidObjectState", _) => Cause::new(
                "the object is archived and cannot be read as it is",
                "restore it first, or choose a prefix without it",
            ),
            ("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed", _) | (_, 301 | 307) => {
                self.elsewhere(bucket)
            }
            ("SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestLimitExceeded", _) => Cause::new(
                format!("{} answered {} to every attempt", bucket.server(), self.code),
                "try again later, or raise AWS_MAX_ATTEMPTS",
            ),
            _ => self
                .credentials()
                .unwrap_or_else(|| Cause::without_hint(said(self.code, self.message, self.status))),
        }
    }

    fn credentials(&self) -> Option<Cause> {
        let (why, hint) = match self.code {
            "InvalidAccessKeyId" => (
                "the access key is not known there",
                "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
            ),
            "SignatureDoesNotMatch" => (
                "the secret key does not belong to the access key",
                "check AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
            ),
            code if is_expired(code) => (
                "the credentials have expired (ExpiredToken)",
                "renew them: aws sso login, or a new session token",
            ),
            "InvalidToken" => (
                "the session token is not valid",
                "check AWS_SESSION_TOKEN; it belongs to its access key",
            ),
            "RequestTimeTooSkewed" => (
                "the clocks of this machine and of S3 differ too much",
                "set this machine's clock",
            ),
            _ => return None,
        };
        Some(Cause::new(why, hint))
    }

    fn elsewhere(&self, bucket: &Bucket) -> Cause {
        match self.home {
            Some(home) => Cause::new(
                format!(
                    "the bucket is in region {home}, the request was for {}",
                    bucket.region()
                ),
                format!("set AWS_REGION={home}"),
            ),
            None => Cause::new(
                format!(
                    "the bucket is in another region than {}: {}",
                    bucket.region(),
                    printable(self.message)
                ),
                "set AWS_REGION to the bucket's region",
            ),
        }
    }
}

/// The region is unknown.
pub(super) fn no_region(bucket: &str) -> SourceError {
    SourceError {
        hint: Some("set AWS_REGION, or a region in the profile that AWS_PROFILE names".to_owned()),
        ..cannot_read(&format!("s3://{bucket}"), "no AWS region is set".to_owned())
    }
}

/// A key was listed that is no URL encoding of UTF-8.
pub(super) fn no_key(bucket: &Bucket, text: &str) -> SourceError {
    cannot_read(&bucket.uri(text), "expected a URL-encoded key".to_owned())
}

/// An answer without a length: its end could not be told from a broken connection.
pub(super) fn no_length(bucket: &Bucket, key: &str) -> SourceError {
    let why = format!("{} did not say how long the object is", bucket.server());
    cannot_read(&bucket.uri(key), why)
}

/// A listing that says it goes on and does not.
pub(super) fn endless_listing(bucket: &Bucket, prefix: &str) -> SourceError {
    let why = format!("{} says there are more keys and does not give them", bucket.server());
    Cause::without_hint(why).of(Asked::List(prefix).what(bucket))
}

/// A task that panicked.
pub(super) fn lost(bucket: &str, why: &dyn fmt::Display) -> SourceError {
    cannot_read(&format!("s3://{bucket}"), format!("a download was lost: {why}"))
}
