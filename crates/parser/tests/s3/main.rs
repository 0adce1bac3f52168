//! The S3 source against a real S3-protocol server on loopback, with and without a network that breaks.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod changes;
mod credentials;
mod environment;
mod faults;
mod layouts;
mod objects;
mod parquet;
mod parts;
mod pressure;
mod pruning;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use egressmap_loopback::S3Server;
use egressmap_parser::source::{Object, Source, Wanted};
use egressmap_parser::{Counters, Fault, Outcome, Progress, S3Options, S3Source, drive};

/// The bytes of every object by its URI, one entry for each time it was read.
type Bytes = BTreeMap<String, Vec<Vec<u8>>>;

/// Credentials, region and endpoint for a server, and retries that do not wait.
fn config(url: &str) -> SdkConfig {
    config_with(url, S3Server::ACCESS_KEY, S3Server::SECRET_KEY)
}

fn config_with(url: &str, key: &str, secret: &str) -> SdkConfig {
    let credentials = Credentials::new(key, secret, None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(S3Server::REGION))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(2)
                .with_initial_backoff(Duration::from_millis(1)),
        )
        .build()
}

fn options() -> S3Options {
    S3Options {
        backoff: Duration::from_millis(1),
        ..S3Options::default()
    }
}

fn source(url: &str, uri: &str) -> S3Source {
    S3Source::new(uri)
        .unwrap()
        .with_config(config(url))
        .with_options(options())
}

/// Reads all that the source delivers, on two threads.
fn read(source: S3Source) -> (Bytes, Outcome<Bytes, String>) {
    let sources: [Box<dyn Source>; 1] = [Box::new(source)];
    let read = |mut object: Object, sink: &mut Bytes, _: &mut Counters| {
        let mut bytes = Vec::new();
        let read = object
            .body
            .read_to_end(&mut bytes)
            .map(|_| ())
            .map_err(|why| format!("{}: {why}", object.id.uri));
        sink.entry(object.id.uri).or_default().push(bytes);
        read
    };
    let mut outcome = drive(
        &sources,
        NonZeroUsize::new(2).unwrap(),
        Bytes::new,
        read,
        &Progress::default(),
    );
    let mut all = Bytes::new();
    for (uri, bytes) in std::mem::take(&mut outcome.sinks).into_iter().flatten() {
        all.entry(uri).or_default().extend(bytes);
    }
    (all, outcome)
}

/// The keys of bucket `logs` that the source delivers, each as often as it does, without fetching any; and its notes.
fn keys(source: S3Source, wanted: Wanted) -> (Vec<String>, BTreeSet<String>) {
    let source = source.with_wanted(Wanted {
        counted: Some(Arc::new(|_| true)),
        ..wanted
    });
    let sources: [Box<dyn Source>; 1] = [Box::new(source)];
    let read = |object: Object, keys: &mut Vec<String>, _: &mut Counters| -> Result<(), String> {
        keys.push(object.id.uri.strip_prefix("s3://logs/").unwrap().to_owned());
        Ok(())
    };
    let threads = NonZeroUsize::new(1).unwrap();
    let mut outcome = drive(&sources, threads, Vec::new, read, &Progress::default());
    assert_eq!((texts(&outcome), outcome.duplicates), (Vec::new(), 0));
    let mut keys = outcome.sinks.remove(0);
    keys.sort_unstable();
    (keys, outcome.notes)
}

/// Reads all that the source delivers, and expects nothing to go wrong.
fn read_well(source: S3Source) -> Bytes {
    let (bytes, outcome) = read(source);
    assert_eq!(texts(&outcome), Vec::<String>::new());
    bytes
}

/// What went wrong, in words that never hold the secret.
fn texts<S>(outcome: &Outcome<S, String>) -> Vec<String> {
    let texts: Vec<String> = outcome.faults.iter().map(Fault::to_string).collect();
    assert!(
        texts.iter().all(|text| !text.contains(S3Server::SECRET_KEY)),
        "{texts:?}"
    );
    texts
}

/// The one thing that went wrong.
fn fault<S>(outcome: &Outcome<S, String>) -> String {
    let texts = texts(outcome);
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts[0].clone()
}

/// So many bytes that no two places look alike.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// Asserts equality without printing megabytes.
fn assert_same(found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    let first_difference = found.iter().zip(expected).position(|(one, other)| one != other);
    assert_eq!(first_difference, None);
}
