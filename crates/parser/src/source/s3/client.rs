//! One bucket, and the client that asks for its objects.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::RequestPayer;
use tokio::sync::Semaphore;

use super::S3Options;
use super::error;
use crate::source::aws::session::Sessions;
use crate::source::aws::settings::{endpoint, of_session, settings, timeouts};
use crate::source::aws::text::printable_url;
use crate::source::{SourceError, Wanted};

/// How often the SDK tries a request; whoever configured another number than its default of three keeps that.
const ATTEMPTS: u32 = 4;

/// What its settings are kept under.
const SERVICE: &str = "S3";

/// A bucket, and all that is needed to ask for its objects and to explain what went wrong.
pub(super) struct Bucket {
    /// The bucket's name.
    pub(super) name: String,
    /// The endpoint that was asked for instead of AWS's own.
    pub(super) endpoint: Option<String>,
    /// How hard to try.
    pub(super) options: S3Options,
    /// What is wanted of it, and who pays.
    pub(super) wanted: Wanted,
    /// Room for parts of large objects that are read ahead of their reader.
    pub(super) room: Arc<Semaphore>,
    /// The client, with the credentials and the region that hold at present.
    pub(super) sessions: Sessions<Client>,
}

impl Bucket {
    /// Prepares a client; nothing is asked of S3 yet.
    pub(super) async fn connect(
        name: &str,
        given: Option<SdkConfig>,
        options: S3Options,
        wanted: Wanted,
    ) -> Result<Self, SourceError> {
        let config = settings(given.as_ref()).await?;
        let region = config.region().ok_or_else(|| error::no_region(name))?.to_string();
        let endpoint = endpoint(&config, SERVICE);
        let hard = options.clone();
        let connect = move |config: &SdkConfig, region: &str| client(config, region, &hard);
        Ok(Self {
            name: name.to_owned(),
            endpoint,
            room: Arc::new(Semaphore::new(options.room)),
            options,
            wanted,
            sessions: Sessions::start(given, config, region, connect)?,
        })
    }

    /// Who pays, as requests say it.
    pub(super) fn payer(&self) -> Option<RequestPayer> {
        self.wanted.requester_pays.then_some(RequestPayer::Requester)
    }

    /// Where an object is.
    pub(super) fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// The region that requests are signed for.
    pub(super) fn region(&self) -> String {
        self.sessions.current().region.clone()
    }

    /// Who is asked, for messages.
    pub(super) fn server(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => printable_url(endpoint),
            None => format!("S3 in {}", self.region()),
        }
    }
}

fn client(config: &SdkConfig, region: &str, options: &S3Options) -> Result<Client, SourceError> {
    let session = of_session(config, region, SERVICE)?
        .retry_config(retries(config))
        .timeout_config(timeouts(config).read_timeout(options.idle).build())
        .build();
    // Servers other than AWS's seldom have a host name for each bucket.
    let builder = Builder::from(&session).force_path_style(endpoint(config, SERVICE).is_some());
    Ok(Client::from_conf(builder.build()))
}

fn retries(config: &SdkConfig) -> RetryConfig {
    match config.retry_config() {
        Some(chosen) if chosen.max_attempts() != RetryConfig::standard().max_attempts() => chosen.clone(),
        Some(default) => default.clone().with_max_attempts(ATTEMPTS),
        None => RetryConfig::standard().with_max_attempts(ATTEMPTS),
    }
}
