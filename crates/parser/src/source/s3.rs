//! Objects of an S3 bucket: listed folder by folder, downloaded a few at a time, handed over as plain readers.
//!
//! [`deliver`](Source::deliver) starts threads for the asynchronous code of this folder, and everything that leaves it
//! is a blocking [`Read`](std::io::Read).

mod ask;
mod client;
mod error;
mod get;
mod layout;
mod list;
mod part;
mod place;
mod skipped;
mod walk;
mod window;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::aws::{pause, threads};
use super::{Deliveries, Delivery, Extent, Source, SourceError, SourceKind, Wanted};
use client::Bucket;
use list::Listed;
use place::Place;

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
    /// How long to wait before the first attempt to resume; each further one waits twice as long, 20 s at most.
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
        pause(self.backoff, attempts)
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
        threads::deliver(&self.uri, KIND.name, to, |found| {
            run(
                self.place.clone(),
                self.config.clone(),
                self.options.clone(),
                self.wanted.clone(),
                Arc::clone(&self.extent),
                found,
            )
        })
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.get().copied()
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
