//! Why AWS gave no answer, as far as every service has the same reasons, in words that say what to do about it.

use std::env;
use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;

use super::text::{chain, innermost, printable};
use crate::source::SourceError;

/// Why, and what might help.
pub(in crate::source) struct Cause(String, Option<String>);

impl Cause {
    pub(in crate::source) fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(why.into(), Some(hint.into()))
    }

    /// Nobody knows what might help.
    pub(in crate::source) fn without_hint(why: impl Into<String>) -> Self {
        Self(why.into(), None)
    }

    /// The error of what was asked for.
    pub(in crate::source) fn of(self, what: String) -> SourceError {
        let Self(why, hint) = self;
        SourceError { what, why, hint }
    }
}

/// A source, or a part of it, that cannot be read, without a hint.
pub(in crate::source) fn cannot_read(uri: &str, why: String) -> SourceError {
    Cause::without_hint(why).of(format!("cannot read {}", printable(uri)))
}

/// Whether this code of an error says that the credentials are valid no more.
pub(in crate::source) fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired")
}

/// What a service said, made fit for a message.
pub(in crate::source) fn said(code: &str, message: &str, status: u16) -> String {
    let texts = [code, message].map(printable);
    match texts.iter().all(String::is_empty) {
        true => format!("HTTP status {status}"),
        false => texts
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": "),
    }
}

/// Why a request did not even get an answer from `server`, which is at AWS unless an endpoint was named.
pub(in crate::source) fn unsent(server: &str, endpoint: Option<&str>, error: &(dyn Error + 'static)) -> Cause {
    if let Some(credentials) = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return no_credentials(credentials);
    }
    let hint = match endpoint {
        Some(_) => "check AWS_ENDPOINT_URL, and that the server runs",
        None => "check the network, and that the region (AWS_REGION) is one",
    };
    let refused = |cause: &(dyn Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|why| why.kind() == io::ErrorKind::ConnectionRefused)
    };
    if chain(error).any(refused) {
        return Cause::new(format!("connection refused by {server}"), hint);
    }
    Cause::new(format!("cannot reach {server}: {}", innermost(error)), hint)
}

fn no_credentials(error: &CredentialsError) -> Cause {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Cause::new(
            match env::var("AWS_PROFILE") {
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
