//! What went wrong with CloudWatch Logs, in words that say what to do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};

use super::client::Group;
use super::place::Place;
use crate::source::SourceError;
use crate::source::aws::cause::{Cause, cannot_read, is_expired, said, unsent};
use crate::source::aws::text::{chain, innermost};

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// The streams of the group.
    Streams,
    /// Groups whose names begin alike.
    Groups,
    /// The events of the slice with this URI.
    Events(&'a str),
}

impl Asked<'_> {
    fn what(self, group: &Group) -> String {
        match self {
            Self::Streams | Self::Groups => format!("cannot list {}", Place::uri(&group.place.group)),
            Self::Events(uri) => format!("cannot read {uri}"),
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::Streams => "logs:DescribeLogStreams",
            Self::Groups => "logs:DescribeLogGroups",
            Self::Events(_) => "logs:FilterLogEvents",
        }
    }
}

/// A question that got no answer.
pub(super) struct Refused {
    pub(super) trouble: Trouble,
    pub(super) error: SourceError,
}

/// What kind of trouble, as far as it decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Too many requests at a time.
    Throttled,
    /// The credentials are no longer valid.
    Expired,
    /// The network, or the service itself.
    Passing,
    /// There is no such group.
    Missing,
    /// Every request would be refused.
    Lasting,
}

impl Trouble {
    pub(super) fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        let SdkError::ServiceError(service) = error else {
            let unsigned = chain(error).any(|cause| cause.is::<CredentialsError>());
            let unsent = matches!(error, SdkError::ConstructionFailure(_));
            return if unsigned || unsent {
                Self::Lasting
            } else {
                Self::Passing
            };
        };
        let status = service.raw().status().as_u16();
        match service.err().code().unwrap_or_default() {
            "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
                Self::Throttled
            }
            code if is_expired(code) => Self::Expired,
            "ResourceNotFoundException" => Self::Missing,
            _ if status == 429 => Self::Throttled,
            _ if status >= 500 => Self::Passing,
            _ => Self::Lasting,
        }
    }
}

/// Explains an error of the SDK.
pub(super) fn explain<E>(asked: Asked<'_>, group: &Group, error: &SdkError<E, HttpResponse>) -> SourceError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let server = group.server();
    let cause = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or_default();
            refusal(asked, &server, code, message, service.raw().status().as_u16())
        }
        SdkError::TimeoutError(_) => Cause::new(
            format!("{server} did not answer in time"),
            "check the network between here and there",
        ),
        SdkError::ResponseError(_) => Cause::new(
            format!(
                "the answer of {server} broke off, or is none of CloudWatch Logs: {}",
                innermost(error)
            ),
            "check the network, and that the endpoint is one of CloudWatch Logs",
        ),
        _ => unsent(&server, group.endpoint.as_deref(), error),
    };
    cause.of(asked.what(group))
}

/// An answer that says no.
fn refusal(asked: Asked<'_>, server: &str, code: &str, message: &str, status: u16) -> Cause {
    let (why, hint) = match code {
        "AccessDeniedException" | "AccessDenied" => (
            format!("access denied (needs {})", asked.permission()),
            "check AWS_PROFILE or the role, and that its policy allows this for the log group, with :* behind its name",
        ),
        "ResourceNotFoundException" => (
            format!("{server} has no such log group for this account"),
            "check AWS_PROFILE, the region (?region=… or AWS_REGION) and the group's name, with its first / if it has one",
        ),
        _ if is_expired(code) => (
            "the credentials have expired".to_owned(),
            "renew them (aws sso login, or a new session token), and run again: what the map has is not read twice",
        ),
        "UnrecognizedClientException" | "InvalidClientTokenId" => (
            "the access key or session token is not known there".to_owned(),
            "check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN or AWS_PROFILE",
        ),
        "InvalidSignatureException" | "SignatureDoesNotMatch" => (
            "the signature is not valid".to_owned(),
            "check AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and this machine's clock",
        ),
        _ if status == 429 || status >= 500 || code.starts_with("Throttling") => (
            format!("{server} answered {} to every attempt", said(code, "", status)),
            "try again later: what the map has is not read twice",
        ),
        _ => return Cause::without_hint(said(code, message, status)),
    };
    Cause::new(why, hint)
}

/// The region is unknown.
pub(super) fn no_region(group: &str) -> SourceError {
    SourceError {
        hint: Some("set AWS_REGION, or a region in the profile that AWS_PROFILE names, or add ?region=…".to_owned()),
        ..cannot_read(&Place::uri(group), "no AWS region is set".to_owned())
    }
}
