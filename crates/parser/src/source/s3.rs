//! Objects of an S3 bucket: listed folder by folder, downloaded a few at a time, handed over as plain readers.
//!
//! Asynchronous code lives in this folder only. [`deliver`](Source::deliver) starts a runtime, and everything that leaves
//! it is a blocking [`Read`](std::io::Read).

mod ask;
mod client;
mod error;
mod get;
mod layout;
mod list;
mod part;
mod place;
mod skipped;
mod text;
mod walk;
mod window;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::{Deliveries, Delivery, Extent, Source, SourceError, SourceKind, Wanted};
use client::Bucket;
use list::Listed;
use place::Place;
use text::printable;

/// How the source is written on the command line and opened.
pub(super) static KIND: SourceKind = SourceKind {
    name: "s3",
    help: "the objects of an S3 bucket whose keys begin with a prefix",
    example: "s3://bucket/prefix",
    recognises: |text| text.starts_with(place::SCHEME),
    open: |text, wanted| Ok(Box::new(S3Source::new(text)?.with_wanted(wanted.clone()))),
};

/// How hard the source tries, and how much it does at once.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// Objects that are downloaded at the same time.
    pub parallel: usize,
    /// Folders that are listed at the same time.
    pub listings: usize,
    /// Keys that wait for their download before the listing has to wait: of a bucket that has no more than these, it is
    /// soon known how much there is to read.
    pub waiting: usize,
    /// Objects of more bytes than these are fetched in parts, several at the same time.
    pub large: u64,
    /// The bytes of a part.
    pub part: u64,
    /// Parts of one object that are read before their turn.
    pub ahead: usize,
    /// Parts of all objects that are read before their turn: what bounds the memory that they take.
    pub room: usize,
    /// How long the server may be silent before the connection is given up: for an answer, and within a body.
    pub idle: Duration,
    /// How often in a row a broken body is resumed without a byte of progress.
    pub resumes: u32,
    /// How long to wait before the first attempt to resume; each further one waits twice as long.
    pub backoff: Duration,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            parallel: 16,
            listings: 8,
            waiting: 100_000,
            large: 32 << 20,
            part: 8 << 20,
            ahead: 4,
            room: 8,
            idle: Duration::from_secs(30),
            resumes: 4,
            backoff: Duration::from_millis(500),
        }
    }
}

impl S3Options {
    /// How long to wait before the attempt after so many.
    fn pause(&self, attempts: u32) -> Duration {
        self.backoff.saturating_mul(1 << attempts.min(16))
    }
}

/// The objects of one bucket under one prefix.
///
/// Credentials, region and endpoint come from where the AWS SDK looks for them: the environment (`AWS_PROFILE`,
/// `AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …), the shared files, and the roles of the machine. Of the
/// environment `HTTPS_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE` are heeded as well.
pub struct S3Source {
    uri: String,
    place: Place,
    config: Option<SdkConfig>,
    options: S3Options,
    wanted: Wanted,
    extent: Arc<OnceLock<Extent>>,
}

impl S3Source {
    /// The source that `s3://bucket/prefix` or `s3://bucket` names. Nothing is asked of S3 yet.
    ///
    /// # Errors
    /// When the text names no bucket.
    pub fn new(uri: &str) -> Result<Self, SourceError> {
        let place = Place::parse(uri)?;
        Ok(Self {
            uri: uri.to_owned(),
            place,
            config: None,
            options: S3Options::default(),
            wanted: Wanted::default(),
            extent: Arc::default(),
        })
    }

    /// The same source with credentials, region and endpoint from `config` instead of the environment.
    #[must_use]
    pub fn with_config(self, config: SdkConfig) -> Self {
        Self {
            config: Some(config),
            ..self
        }
    }

    /// The same source, asked for less than all.
    #[must_use]
    pub fn with_wanted(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// The same source with other options.
    #[must_use]
    pub fn with_options(self, options: S3Options) -> Self {
        Self { options, ..self }
    }
}

impl Source for S3Source {
    fn uri(&self) -> &str {
        &self.uri
    }

    /// Blocks, so it must not be called from asynchronous code; nor may the bodies be read there.
    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError> {
        let runtime = self.runtime()?;
        let (found, mut objects) = mpsc::channel(1);
        let work = runtime.spawn(run(
            self.place.clone(),
            self.config.clone(),
            self.options.clone(),
            self.wanted.clone(),
            Arc::clone(&self.extent),
            found,
        ));
        while let Some(delivery) = objects.blocking_recv() {
            if to.send(delivery).is_err() {
                // Nobody reads any more: what is still under way is dropped.
                runtime.shutdown_background();
                return Ok(());
            }
        }
        // The work holds the channel open until every body has been handed over to its last byte.
        let done = runtime.block_on(work).unwrap_or_else(|lost| Err(self.error(&lost)));
        runtime.shutdown_background();
        done
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.get().copied()
    }
}

impl S3Source {
    fn runtime(&self) -> Result<Runtime, SourceError> {
        let built = Builder::new_multi_thread().thread_name("s3").enable_all().build();
        built.map_err(|why| self.error(&format!("no threads for the downloads: {why}")))
    }

    fn error(&self, why: &dyn std::fmt::Display) -> SourceError {
        SourceError {
            what: format!("cannot read {}", printable(&self.uri)),
            why: why.to_string(),
            hint: None,
        }
    }
}

/// Lists the keys and downloads their objects, until both are done.
async fn run(
    place: Place,
    config: Option<SdkConfig>,
    options: S3Options,
    wanted: Wanted,
    extent: Arc<OnceLock<Extent>>,
    found: Sender<Delivery>,
) -> Result<(), SourceError> {
    let bucket = Arc::new(Bucket::connect(&place.bucket, config, options, wanted).await?);
    let (keys, listed) = mpsc::channel(1);
    let listing = tokio::spawn(walk::walk(Arc::clone(&bucket), place.prefix, keys, found.clone()));
    let (to, mut ahead) = mpsc::channel(bucket.options.waiting.max(1));
    tokio::spawn(add_up(Arc::clone(&bucket), listed, extent, to));
    let mut downloads = Downloads {
        bucket,
        running: JoinSet::new(),
        lost: None,
    };
    while let Some(key) = ahead.recv().await {
        downloads.start(key, &found).await;
    }
    downloads.finish().await?;
    listing
        .await
        .unwrap_or_else(|lost| Err(error::lost(&place.bucket, &lost)))
}

/// Adds up what is listed, ahead of the downloads, as far as keys may wait for them.
async fn add_up(bucket: Arc<Bucket>, mut listed: Receiver<Listed>, extent: Arc<OnceLock<Extent>>, to: Sender<Listed>) {
    let mut sum = Extent::default();
    while let Some(key) = listed.recv().await {
        if let Ok(entry) = &key {
            sum.add(&entry.id(&bucket), bucket.wanted.counted.as_deref());
        }
        if to.send(key).await.is_err() {
            return;
        }
    }
    // A source that delivers again finds the same.
    let _ = extent.set(sum);
}

/// The downloads under way, never more than allowed.
struct Downloads {
    bucket: Arc<Bucket>,
    running: JoinSet<()>,
    lost: Option<SourceError>,
}

impl Downloads {
    async fn start(&mut self, key: Listed, found: &Sender<Delivery>) {
        while self.running.len() >= self.bucket.options.parallel.max(1) {
            self.one_ends().await;
        }
        self.running
            .spawn(get::fetch(Arc::clone(&self.bucket), key, found.clone()));
    }

    async fn one_ends(&mut self) {
        if let Some(Err(lost)) = self.running.join_next().await {
            self.lost.get_or_insert(error::lost(&self.bucket.name, &lost));
        }
    }

    async fn finish(mut self) -> Result<(), SourceError> {
        while !self.running.is_empty() {
            self.one_ends().await;
        }
        self.lost.map_or(Ok(()), Err)
    }
}
