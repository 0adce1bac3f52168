//! Questions about one log group: each at its turn, and asked again when the trouble may pass.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Config;
use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use tokio::time::sleep;

use super::CloudWatchOptions;
use super::error::{self, Asked, Refused, Trouble};
use super::pace::{self, Pace};
use super::place::Place;
use crate::source::SourceError;
use crate::source::aws::pause;
use crate::source::aws::session::Sessions;
use crate::source::aws::settings::{endpoint, of_session, settings, timeouts};
use crate::source::aws::text::printable_url;

/// How often a throttled request is tried: the pace slows down meanwhile, so that a turn comes in the end.
const THROTTLED_ATTEMPTS: u32 = 12;

/// How often a request is tried that meets expired credentials, each time with credentials that were loaded anew.
const EXPIRED_ATTEMPTS: u32 = 3;

/// Requests a second to a server that is not AWS's.
const UNLIMITED: u32 = 1_000_000;

/// What its settings are kept under.
const SERVICE: &str = "CloudWatch Logs";

/// A log group, and all that is needed to ask for its events and to explain what went wrong.
pub(super) struct Group {
    /// Which one.
    pub(super) place: Place,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// The endpoint that was asked for instead of AWS's own.
    pub(super) endpoint: Option<String>,
    /// How hard to try.
    pub(super) options: CloudWatchOptions,
    sessions: Sessions<Client>,
    pace: Arc<Pace>,
}

impl Group {
    /// Prepares a client; nothing is asked of CloudWatch Logs yet.
    pub(super) async fn connect(
        place: Place,
        given: Option<SdkConfig>,
        options: CloudWatchOptions,
    ) -> Result<Self, SourceError> {
        let config = settings(given.as_ref()).await?;
        let region = place
            .region
            .clone()
            .or_else(|| config.region().map(ToString::to_string));
        let region = region.ok_or_else(|| error::no_region(&place.group))?;
        let endpoint = endpoint(&config, SERVICE);
        let rate = options
            .rate
            .map_or_else(|| allowed(endpoint.as_deref(), &region), f64::from);
        let server = format!("{} {region}", endpoint.as_deref().unwrap_or_default());
        let hard = options.clone();
        let connect = move |config: &SdkConfig, region: &str| client(config, region, &hard);
        Ok(Self {
            pace: Pace::of(&server, Duration::from_secs_f64(rate.max(0.01).recip())),
            sessions: Sessions::start(given, config, region.clone(), connect)?,
            place,
            region,
            endpoint,
            options,
        })
    }

    /// Asks until there is an answer, or a reason why there will be none.
    pub(super) async fn ask<T, E, F>(&self, asked: Asked<'_>, request: impl Fn(Client) -> F) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut attempt = 1;
        loop {
            self.pace.turn().await;
            let session = self.sessions.current();
            let error = match request(session.client.clone()).await {
                Ok(answer) => {
                    session.answered();
                    self.pace.answered();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let trouble = Trouble::of(&error);
            let attempts = match trouble {
                Trouble::Throttled => THROTTLED_ATTEMPTS,
                Trouble::Expired => EXPIRED_ATTEMPTS,
                Trouble::Passing => self.options.attempts,
                Trouble::Missing | Trouble::Lasting => 0,
            };
            if attempt >= attempts {
                let error = error::explain(asked, self, &error);
                return Err(Refused { trouble, error });
            }
            match trouble {
                Trouble::Throttled => self.pace.throttled(),
                // Fetched again after a wait, they may be new by then; where there are none, the next refusal says what is
                // wrong.
                Trouble::Expired => drop(self.sessions.renew(&session, true).await),
                _ => {}
            }
            sleep(pause(self.options.backoff, attempt - 1)).await;
            attempt += 1;
        }
    }

    /// Who is asked, for messages.
    pub(super) fn server(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => printable_url(endpoint),
            None => format!("CloudWatch Logs in {}", self.region),
        }
    }
}

/// A client with credentials of its own, that tries each request once: every attempt must wait for its turn.
fn client(config: &SdkConfig, region: &str, options: &CloudWatchOptions) -> Result<Client, SourceError> {
    let session = of_session(config, region, SERVICE)?
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(config).operation_attempt_timeout(options.patience).build());
    Ok(Client::from_conf(Config::from(&session.build())))
}

/// Requests a second: a little below AWS's quota, which other programs of the account use as well.
fn allowed(endpoint: Option<&str>, region: &str) -> f64 {
    // An interface endpoint in a VPC is AWS's all the same.
    if endpoint.is_none_or(|url| url.contains(".amazonaws.com")) {
        0.9 * f64::from(pace::quota(region))
    } else {
        f64::from(UNLIMITED)
    }
}
