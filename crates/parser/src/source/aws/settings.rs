//! What the AWS SDK finds out for itself: credentials, region and endpoint, as the environment and its files have them.

use aws_config::identity::IdentityCache;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_types::sdk_config::Builder;
use aws_types::service_config::ServiceConfigKey;

use super::http;
use crate::source::SourceError;

/// What was given, or what the SDK's default chain finds in the environment, the shared files and the machine.
///
/// # Errors
/// When `AWS_CA_BUNDLE` names no file of certificates.
pub(in crate::source) async fn settings(given: Option<&SdkConfig>) -> Result<SdkConfig, SourceError> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let for_credentials = http::client(None)?;
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(for_credentials);
    let mut found = loader.load().await.into_builder();
    // The service's own depends on its endpoint.
    found.set_http_client(None);
    Ok(found.build())
}

/// The endpoint that the SDK will use: one for the service comes before one for all.
pub(in crate::source) fn endpoint(settings: &SdkConfig, service: &'static str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = key.ok().and_then(|key| settings.service_config()?.load_config(key));
    own.or_else(|| settings.endpoint_url().map(str::to_owned))
}

/// The settings of one session: signed for a region, asked through our HTTP client unless another was given.
///
/// # Errors
/// When `AWS_CA_BUNDLE` names no file of certificates.
pub(in crate::source) fn of_session(
    found: &SdkConfig,
    region: &str,
    service: &'static str,
) -> Result<Builder, SourceError> {
    let mut session = found
        .to_builder()
        .region(Region::new(region.to_owned()))
        // One of its own: what an earlier session knew may have expired.
        .identity_cache(IdentityCache::lazy().build())
        // A reader that is slow looks like a server that is.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if found.http_client().is_none() {
        session = session.http_client(http::client(endpoint(found, service).as_deref())?);
    }
    Ok(session)
}

/// The timeouts that were found, to be added to.
pub(in crate::source) fn timeouts(found: &SdkConfig) -> TimeoutConfigBuilder {
    let found = found.timeout_config();
    found.map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder)
}
