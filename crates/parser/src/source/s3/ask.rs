//! Asks again what another region, other credentials or a little patience will answer.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::sleep;

use super::client::Bucket;
use super::error;
use crate::source::aws::cause::is_expired;

/// How often one question moves or renews its session.
const TURNS: u32 = 3;

/// What may help against a refusal.
enum Remedy {
    Region(String),
    Credentials,
    Patience,
}

impl Bucket {
    /// Asks once, and again where there is a remedy against the refusal.
    ///
    /// The SDK has tried each time as often as it is told to.
    pub(super) async fn ask<T, E, F>(&self, question: impl Fn(Client) -> F) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let (mut turns, mut waits) = (0, 0);
        loop {
            let session = self.sessions.current();
            let refusal = match question(session.client.clone()).await {
                Ok(answer) => {
                    session.answered();
                    return Ok(answer);
                }
                Err(refusal) => refusal,
            };
            let again = match remedy(&refusal, &session.region) {
                Some(Remedy::Region(region)) if turns < TURNS => {
                    turns += 1;
                    self.sessions.move_to(&region, &session)
                }
                Some(Remedy::Credentials) if turns < TURNS => {
                    turns += 1;
                    self.sessions.renew(&session, false).await
                }
                Some(Remedy::Patience) if waits < self.options.resumes => {
                    sleep(self.options.pause(waits)).await;
                    waits += 1;
                    true
                }
                _ => false,
            };
            if !again {
                return Err(refusal);
            }
        }
    }
}

fn remedy<E: ProvideErrorMetadata>(refusal: &SdkError<E, HttpResponse>, region: &str) -> Option<Remedy> {
    let SdkError::ServiceError(service) = refusal else {
        return None;
    };
    let home = error::home(service.raw(), service.err().message());
    if let Some(home) = home.filter(|home| *home != region) {
        return Some(Remedy::Region(home.to_owned()));
    }
    match service.err().code().unwrap_or_default() {
        code if is_expired(code) => Some(Remedy::Credentials),
        "SlowDown" | "ServiceUnavailable" | "RequestLimitExceeded" => Some(Remedy::Patience),
        _ => None,
    }
}
