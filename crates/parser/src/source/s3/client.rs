//! A client for one bucket, from the environment's credentials, region and endpoint, renewed where they change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region, StalledStreamProtectionConfig};
use aws_sdk_s3::types::RequestPayer;
use tokio::sync::Semaphore;

use super::S3Options;
use super::error;
use super::text::printable_url;
use crate::source::aws::http;
use crate::source::aws::settings::{endpoint, settings};
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
    /// The configuration to start from again; `None` where the environment is.
    given: Option<SdkConfig>,
    session: Mutex<Arc<Session>>,
    renewing: tokio::sync::Mutex<()>,
}

/// A client with the credentials and the region that hold at present.
pub(super) struct Session {
    /// The SDK's client.
    pub(super) client: Client,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// How many sessions came before.
    pub(super) generation: u32,
    /// Whether its credentials are the first, or were good for an answer.
    pub(super) proven: AtomicBool,
    config: SdkConfig,
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
        let session = Session {
            client: client(&config, &region, &options)?,
            region,
            generation: 0,
            proven: AtomicBool::new(true),
            config,
        };
        Ok(Self {
            name: name.to_owned(),
            endpoint,
            room: Arc::new(Semaphore::new(options.room)),
            options,
            wanted,
            given,
            session: Mutex::new(Arc::new(session)),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// The session to ask in.
    pub(super) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.current())
    }

    /// Asks in another region from now on; false if that is what `old` did.
    pub(super) fn move_to(&self, region: &str, old: &Session) -> bool {
        let mut current = self.current();
        if current.generation != old.generation {
            return true;
        }
        if old.region == region {
            return false;
        }
        match next(old, old.config.clone(), region, &self.options) {
            Ok(session) => {
                session
                    .proven
                    .store(old.proven.load(Ordering::Relaxed), Ordering::Relaxed);
                *current = Arc::new(session);
                true
            }
            Err(_) => false,
        }
    }

    /// Fetches the credentials anew; false if those of `old` were fetched anew already and were never good for anything.
    pub(super) async fn renew(&self, old: &Session) -> bool {
        let _one_at_a_time = self.renewing.lock().await;
        if self.current().generation != old.generation {
            return true;
        }
        if !old.proven.load(Ordering::Relaxed) {
            return false;
        }
        let Ok(config) = settings(self.given.as_ref()).await else {
            return false;
        };
        let Ok(session) = next(old, config, &old.region, &self.options) else {
            return false;
        };
        *self.current() = Arc::new(session);
        true
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
        self.current().region.clone()
    }

    /// Who is asked, for messages.
    pub(super) fn server(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => printable_url(endpoint),
            None => format!("S3 in {}", self.region()),
        }
    }

    fn current(&self) -> MutexGuard<'_, Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session after `old`.
fn next(old: &Session, config: SdkConfig, region: &str, options: &S3Options) -> Result<Session, SourceError> {
    Ok(Session {
        client: client(&config, region, options)?,
        region: region.to_owned(),
        generation: old.generation + 1,
        proven: AtomicBool::new(false),
        config,
    })
}

fn client(config: &SdkConfig, region: &str, options: &S3Options) -> Result<Client, SourceError> {
    let endpoint = endpoint(config, SERVICE);
    let timeouts = config
        .timeout_config()
        .map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    let mut builder = Builder::from(config)
        .region(Region::new(region.to_owned()))
        // One of its own: what an earlier session knew may have expired.
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(retries(config))
        .timeout_config(timeouts.read_timeout(options.idle).build())
        // A reader that is slow looks like a server that is: silence within a body is timed in `part`.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Servers other than AWS's seldom have a host name for each bucket.
        .force_path_style(endpoint.is_some());
    if config.http_client().is_none() {
        builder = builder.http_client(http::client(endpoint.as_deref())?);
    }
    Ok(Client::from_conf(builder.build()))
}

fn retries(config: &SdkConfig) -> RetryConfig {
    match config.retry_config() {
        Some(chosen) if chosen.max_attempts() != RetryConfig::standard().max_attempts() => chosen.clone(),
        Some(default) => default.clone().with_max_attempts(ATTEMPTS),
        None => RetryConfig::standard().with_max_attempts(ATTEMPTS),
    }
}
