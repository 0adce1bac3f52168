//! What went wrong with S3, in words that say what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::client::Bucket;
use super::text::{chain, innermost, printable};
use crate::source::SourceError;

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
            Self::Read(key) => cannot_read(&bucket.uri(key)),
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::List(_) => "s3:ListBucket",
            Self::Read(_) => "s3:GetObject",
        }
    }
}

/// Why, and what might help.
struct Cause(String, Option<String>);

impl Cause {
    fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(why.into(), Some(hint.into()))
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
        _ => unsent(bucket, error),
    };
    SourceError {
        what: asked.what(bucket),
        why: cause.0,
        hint: cause.1,
    }
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
            ("NoSuchKey", _) | ("", 404) => Cause("the object is gone since it was listed".to_owned(), None),
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
            _ => self.credentials().unwrap_or_else(|| self.unknown()),
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
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => (
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

    fn unknown(&self) -> Cause {
        let Self {
            code, message, status, ..
        } = self;
        let texts = [*code, *message].map(printable);
        let said: Vec<&str> = texts
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        Cause(
            if said.is_empty() {
                format!("HTTP status {status}")
            } else {
                said.join(": ")
            },
            None,
        )
    }
}

/// Why a request did not even get an answer.
fn unsent(bucket: &Bucket, error: &(dyn Error + 'static)) -> Cause {
    if let Some(credentials) = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return no_credentials(credentials);
    }
    let hint = match bucket.endpoint {
        Some(_) => "check AWS_ENDPOINT_URL, and that the server runs",
        None => "check the network, and that AWS_REGION is a region",
    };
    let refused = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|why| why.kind() == io::ErrorKind::ConnectionRefused)
    };
    if chain(error).any(refused) {
        return Cause::new(format!("connection refused by {}", bucket.server()), hint);
    }
    Cause::new(format!("cannot reach {}: {}", bucket.server(), innermost(error)), hint)
}

fn no_credentials(error: &CredentialsError) -> Cause {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Cause::new(
            match std::env::var("AWS_PROFILE") {
                Ok(profile) => format!(
                    "no AWS credentials were found (AWS_PROFILE is \"{}\")",
                    printable(&profile)
                ),
                Err(_) => "no AWS credentials were found".to_owned(),
            },
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
        ),
        other => Cause::new(
            format!("the AWS credentials could not be loaded: {}", innermost(other)),
            "aws sts get-caller-identity tells more; a single sign-on is renewed by aws sso login",
        ),
    }
}

/// The first words of an error about one object.
pub(super) fn cannot_read(uri: &str) -> String {
    format!("cannot read {}", printable(uri))
}

/// The region is unknown.
pub(super) fn no_region(bucket: &str) -> SourceError {
    SourceError {
        what: cannot_read(&format!("s3://{bucket}")),
        why: "no AWS region is set".to_owned(),
        hint: Some("set AWS_REGION, or a region in the profile that AWS_PROFILE names".to_owned()),
    }
}

/// A key was listed that is no URL encoding of UTF-8.
pub(super) fn no_key(bucket: &Bucket, text: &str) -> SourceError {
    SourceError {
        what: cannot_read(&bucket.uri(text)),
        why: "expected a URL-encoded key".to_owned(),
        hint: None,
    }
}

/// An answer without a length: its end could not be told from a broken connection.
pub(super) fn no_length(bucket: &Bucket, key: &str) -> SourceError {
    let why = format!("{} did not say how long the object is", bucket.server());
    SourceError {
        what: cannot_read(&bucket.uri(key)),
        why,
        hint: None,
    }
}

/// A listing that says it goes on and does not.
pub(super) fn endless_listing(bucket: &Bucket, prefix: &str) -> SourceError {
    let why = format!("{} says there are more keys and does not give them", bucket.server());
    SourceError {
        what: Asked::List(prefix).what(bucket),
        why,
        hint: None,
    }
}

/// A task that panicked.
pub(super) fn lost(bucket: &str, why: &dyn fmt::Display) -> SourceError {
    SourceError {
        what: cannot_read(&format!("s3://{bucket}")),
        why: format!("a download was lost: {why}"),
        hint: None,
    }
}
