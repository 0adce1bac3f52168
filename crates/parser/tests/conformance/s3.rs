//! A bucket of an S3 server on loopback.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use egressmap_loopback::{Proxy, S3Server};
use egressmap_parser::source::{Source, Wanted};
use egressmap_parser::{S3Options, S3Source};

use crate::cloudwatch::breaks;
use crate::scenario::Scenario;
use crate::store::{Store, Trouble};

/// Where all objects lie.
const PLACE: &str = "s3://logs/flow/";

pub(crate) struct Bucket {
    server: S3Server,
    proxy: Option<Proxy>,
    patience: Duration,
}

impl Bucket {
    fn config(&self) -> SdkConfig {
        let keys = Credentials::new(S3Server::ACCESS_KEY, S3Server::SECRET_KEY, None, None, "test");
        let retries = RetryConfig::standard().with_max_attempts(2);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(S3Server::REGION))
            .endpoint_url(self.proxy.as_ref().map_or_else(|| self.server.url(), Proxy::url))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(retries.with_initial_backoff(Duration::from_millis(1)))
            .build()
    }
}

impl Store for Bucket {
    const NAME: &'static str = "s3";

    fn declines(_: Scenario) -> Option<&'static str> {
        None
    }

    fn start() -> Self {
        let server = S3Server::start();
        server.create_bucket("logs");
        server.put("logs", "flow-of-another-prefix", "x");
        let patience = Duration::from_secs(60);
        Self {
            server,
            proxy: None,
            patience,
        }
    }

    fn put(&mut self, name: &str, text: &str) {
        self.server.put("logs", &format!("flow/{name}"), text.to_owned());
    }

    fn delete(&mut self, name: &str) {
        self.server.delete("logs", &format!("flow/{name}"));
    }

    fn trouble(&mut self, trouble: Trouble) {
        if trouble == Trouble::Stall {
            self.patience = Duration::from_secs(2);
        }
        match trouble {
            Trouble::Unavailable => self.server.refuse("logs", "GetObject", "SlowDown"),
            Trouble::Expired => self.server.refuse("logs", "GetObject", "ExpiredToken"),
            _ => self.proxy = Some(Proxy::start(self.server.address(), &breaks(trouble))),
        }
    }

    fn was_troubled(&self) -> bool {
        // Without a proxy every download is refused.
        let broke = |proxy: &Proxy| !proxy.broken().is_empty();
        self.proxy.as_ref().map_or(!self.server.requests().is_empty(), broke)
    }

    fn source(&self, wanted: &Wanted) -> Box<dyn Source> {
        let options = S3Options {
            backoff: Duration::from_millis(1),
            idle: self.patience,
            // Changes come between one object and the next.
            parallel: 1,
            ..S3Options::default()
        };
        let source = S3Source::new(PLACE).unwrap().with_wanted(wanted.clone());
        Box::new(source.with_config(self.config()).with_options(options))
    }

    fn name(&self, uri: &str) -> Option<String> {
        uri.strip_prefix(PLACE).map(str::to_owned)
    }
}
