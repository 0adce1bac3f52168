//! A log group of a CloudWatch Logs server on loopback: an object is an hour of events, of a stream that has its name.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider};
use egressmap_loopback::{Break, CloudWatchServer, Proxy};
use egressmap_parser::source::{Source, Wanted};
use egressmap_parser::{CloudWatchOptions, CloudWatchSource};

use crate::scenario::Scenario;
use crate::store::{Store, Trouble};

/// 2026-01-01T00:00:00Z, in Unix seconds: the hour of the first object.
const FIRST: u64 = 1_767_225_600;
const HOUR: u64 = 3600;
const GROUP: &str = "/aws/flow";

pub(crate) struct Group {
    server: CloudWatchServer,
    proxy: Option<Proxy>,
    /// The nth name has the nth hour.
    names: Vec<String>,
    patience: Duration,
}

/// How connections break, each in its turn, until they are whole again.
pub(crate) fn breaks(trouble: Trouble) -> Vec<Break> {
    let at = [2_000, 0, 100_000, 50_000, 100, 30_000];
    let how: fn(u64) -> Break = match trouble {
        Trouble::Reset => Break::Reset,
        Trouble::Cut => Break::Fin,
        Trouble::Drip => Break::Drip,
        _ => return vec![Break::Stall(0), Break::Stall(2_000), Break::Stall(60_000)],
    };
    match trouble {
        Trouble::Drip => vec![how(20_000); 3],
        _ => at.map(how).to_vec(),
    }
}

impl Group {
    fn config(&self) -> SdkConfig {
        let (key, secret) = (CloudWatchServer::ACCESS_KEY, CloudWatchServer::SECRET_KEY);
        let keys = Credentials::new(key, secret, Some("session".to_owned()), None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(CloudWatchServer::REGION))
            .endpoint_url(self.proxy.as_ref().map_or_else(|| self.server.url(), Proxy::url))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build()
    }
}

impl Store for Group {
    const NAME: &'static str = "cloudwatch";

    fn declines(scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Replaced => Some("an event that was put cannot be replaced"),
            _ => None,
        }
    }

    fn start() -> Self {
        let server = CloudWatchServer::start();
        server.create_group(GROUP);
        server.put("/aws/flow-of-another-group", "x", FIRST * 1000, "x");
        Self {
            server,
            proxy: None,
            names: Vec::new(),
            patience: Duration::from_secs(60),
        }
    }

    fn put(&mut self, name: &str, text: &str) {
        let hour = u64::try_from(self.names.len()).unwrap();
        self.names.push(name.to_owned());
        for (nth, line) in (0..).zip(text.lines()) {
            // An hour has 3,600,000 milliseconds.
            let at = (FIRST + hour * HOUR) * 1000 + nth % 3_600_000;
            self.server.put(GROUP, name, at, line);
        }
    }

    /// All of the group: events are not deleted one by one.
    fn delete(&mut self, _: &str) {
        self.server.delete_group(GROUP);
    }

    fn trouble(&mut self, trouble: Trouble) {
        if trouble == Trouble::Stall {
            self.patience = Duration::from_secs(2);
        }
        match trouble {
            Trouble::Unavailable => self.server.refuse_next(3, "ServiceUnavailableException"),
            Trouble::Expired => self.server.expire("session", 5),
            _ => self.proxy = Some(Proxy::start(self.server.address(), &breaks(trouble))),
        }
    }

    fn was_troubled(&self) -> bool {
        let refused = self.server.requests().iter().any(|asked| asked.refused.is_some());
        refused || self.proxy.as_ref().is_some_and(|proxy| !proxy.broken().is_empty())
    }

    fn source(&self, wanted: &Wanted) -> Box<dyn Source> {
        let hours = u64::try_from(self.names.len()).unwrap();
        let options = CloudWatchOptions {
            backoff: Duration::from_millis(1),
            patience: self.patience,
            // The hour of the last object is read two hours after its end.
            now: Some(FIRST + (hours + 2) * HOUR),
            ..CloudWatchOptions::default()
        };
        let source = CloudWatchSource::new(&format!("cloudwatch://{GROUP}")).unwrap();
        let source = source.with_wanted(wanted.clone());
        Box::new(source.with_config(self.config()).with_options(options))
    }

    fn name(&self, uri: &str) -> Option<String> {
        let from = uri.rsplit_once("&from=")?.1.split_once('&')?.0;
        let from = from.parse::<jiff::Timestamp>().ok()?.as_second();
        let hour = (u64::try_from(from).ok()? - FIRST) / HOUR;
        self.names.get(usize::try_from(hour).ok()?).cloned()
    }

    /// The messages out of their envelopes, a line each; what follows the last whole one is left out. Each names its stream.
    fn text(&self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = String::new();
        for line in text.lines() {
            let Ok(envelope) = serde_json::from_str::<serde_json::Value>(line) else {
                break;
            };
            let stream = envelope["logStream"].as_str().unwrap();
            assert!(self.names.iter().any(|name| name == stream), "{stream}");
            for event in envelope["logEvents"].as_array().unwrap() {
                lines.push_str(event["message"].as_str().unwrap());
                lines.push('\n');
            }
        }
        lines.into_bytes()
    }
}
