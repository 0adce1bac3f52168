//! The CloudWatch Logs source against a server on loopback that pages, throttles, expires and refuses.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod events;
mod slices;
mod troubles;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider};
use egressmap_loopback::CloudWatchServer;
use egressmap_parser::source::{Object, Source, Wanted};
use egressmap_parser::{CloudWatchOptions, CloudWatchSource, Counters, Fault, Outcome, Progress, drive};

/// 2026-10-01T00:00:00Z, in Unix seconds.
const DAY: u64 = 1_790_812_800;
const HOUR: u64 = 3600;

/// The text of every object by its URI.
type Texts = BTreeMap<String, String>;

/// Credentials, region and endpoint for a server.
fn config(url: &str) -> SdkConfig {
    let keys = Credentials::new(
        CloudWatchServer::ACCESS_KEY,
        CloudWatchServer::SECRET_KEY,
        None,
        None,
        "test",
    );
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(CloudWatchServer::REGION))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .build()
}

/// A day after [`DAY`], and retries that hardly wait.
fn options() -> CloudWatchOptions {
    CloudWatchOptions {
        backoff: Duration::from_millis(1),
        now: Some(DAY + 24 * HOUR),
        ..CloudWatchOptions::default()
    }
}

fn source_of(server: &CloudWatchServer, uri: &str, wanted: &Wanted) -> CloudWatchSource {
    let source = CloudWatchSource::new(uri).unwrap().with_wanted(wanted.clone());
    source.with_config(config(&server.url())).with_options(options())
}

fn source(server: &CloudWatchServer) -> CloudWatchSource {
    source_of(server, "cloudwatch:///aws/flow", &Wanted::default())
}

/// Reads all that the source delivers, on two threads.
fn read(source: CloudWatchSource) -> (Texts, Outcome<Texts, String>) {
    let sources: [Box<dyn Source>; 1] = [Box::new(source)];
    let read = |mut object: Object, sink: &mut Texts, _: &mut Counters| {
        let mut text = Vec::new();
        let read = object.body.read_to_end(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            sink.insert(object.id.uri.clone(), text),
            None,
            "{} came twice",
            object.id.uri
        );
        read.map(|_| ()).map_err(|why| format!("{}: {why}", object.id.uri))
    };
    let two = NonZeroUsize::new(2).unwrap();
    let mut outcome = drive(&sources, two, Texts::new, read, &Progress::default());
    assert_eq!(outcome.duplicates, 0);
    (
        std::mem::take(&mut outcome.sinks).into_iter().flatten().collect(),
        outcome,
    )
}

/// Reads all that the source delivers, and expects nothing to go wrong.
fn read_well(source: CloudWatchSource) -> Texts {
    let (texts, outcome) = read(source);
    assert_eq!(faults(&outcome), Vec::<String>::new());
    texts
}

/// What went wrong, in words that never hold the secret.
fn faults<S>(outcome: &Outcome<S, String>) -> Vec<String> {
    let texts: Vec<String> = outcome.faults.iter().map(Fault::to_string).collect();
    assert!(
        texts.iter().all(|text| !text.contains(CloudWatchServer::SECRET_KEY)),
        "{texts:?}"
    );
    texts
}

/// The one thing that went wrong.
fn fault(source: CloudWatchSource) -> String {
    let texts = faults(&read(source).1);
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts[0].clone()
}

/// The hours, counted from [`DAY`], of the slices that were delivered.
fn hours(texts: &Texts) -> Vec<u64> {
    let hour = |uri: &String| {
        let from = uri.rsplit_once("&from=").unwrap().1.split_once('&').unwrap().0;
        let seconds = from.parse::<jiff::Timestamp>().unwrap().as_second();
        (u64::try_from(seconds).unwrap() - DAY) / HOUR
    };
    texts.keys().map(hour).collect()
}

/// The messages of a slice with their streams, out of their envelopes.
fn messages(text: &str) -> Vec<(String, String)> {
    let envelopes = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let messages = envelopes.flat_map(|envelope| {
        let stream = envelope["logStream"].as_str().unwrap().to_owned();
        let events = envelope["logEvents"].as_array().unwrap().clone();
        let message = |event: serde_json::Value| event["message"].as_str().unwrap().to_owned();
        events.into_iter().map(move |event| (stream.clone(), message(event)))
    });
    messages.collect()
}
