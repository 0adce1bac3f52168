//! A client for one bucket, from the environment's credentials, region and endpoint.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::service_config::ServiceConfigKey;

use super::S3Options;
use super::error;
use super::text::printable_url;
use crate::source::SourceError;

/// How often the SDK tries a request; whoever configured another number than its default of three keeps that.
const ATTEMPTS: u32 = 4;

/// A bucket, and all that is needed to ask for its objects and to explain what went wrong.
pub(super) struct Bucket {
    /// The SDK's client.
    pub(super) client: Client,
    /// The bucket's name.
    pub(super) name: String,
    /// The endpoint that was asked for instead of AWS's own.
    pub(super) endpoint: Option<String>,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// How hard to try.
    pub(super) options: S3Options,
}

/// What the SDK's default chain finds in the environment, the shared files and the machine.
pub(super) async fn environment() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .load()
        .await
}

impl Bucket {
    /// Prepares a client; nothing is asked of S3 yet.
    pub(super) fn connect(name: &str, config: &SdkConfig, options: S3Options) -> Result<Self, SourceError> {
        let region = config.region().ok_or_else(|| error::no_region(name))?.to_string();
        let endpoint = endpoint(config);
        let timeouts = config
            .timeout_config()
            .map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        let mut builder = Builder::from(config)
            .retry_config(retries(config))
            .timeout_config(timeouts.read_timeout(options.idle).build())
            // A reader that is slow looks like a server that is: silence within a body is timed in `get`.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // Servers other than AWS's seldom have a host name for each bucket.
            .force_path_style(endpoint.is_some());
        if config.http_client().is_none() {
            builder = builder.http_client(http_client());
        }
        let client = Client::from_conf(builder.build());
        Ok(Self {
            client,
            name: name.to_owned(),
            endpoint,
            region,
            options,
        })
    }

    /// The same bucket, asked in another region.
    pub(super) fn moved_to(self, region: &str) -> Self {
        let config = self.client.config().to_builder().region(Region::new(region.to_owned()));
        Self {
            client: Client::from_conf(config.build()),
            region: region.to_owned(),
            ..self
        }
    }

    /// Where an object is.
    pub(super) fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// Who is asked, for messages.
    pub(super) fn server(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => printable_url(endpoint),
            None => format!("S3 in {}", self.region),
        }
    }
}

/// HTTP over rustls with ring; the SDK's own default would be built with a C++ toolchain.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn retries(config: &SdkConfig) -> RetryConfig {
    match config.retry_config() {
        Some(chosen) if chosen.max_attempts() != RetryConfig::standard().max_attempts() => chosen.clone(),
        Some(default) => default.clone().with_max_attempts(ATTEMPTS),
        None => RetryConfig::standard().with_max_attempts(ATTEMPTS),
    }
}

/// The endpoint that the SDK will use: one for S3 comes before one for all services.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let for_s3 = key.ok().and_then(|key| config.service_config()?.load_config(key));
    for_s3.or_else(|| config.endpoint_url().map(str::to_owned))
}
