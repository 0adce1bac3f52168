//! Events of a CloudWatch Logs group: read in fixed slices of time, a few at once, below the service's quota.
//!
//! An object here is one slice: the events of one UTC hour of a group. Slices never change their bounds, and one is
//! read only when the events of its hour are expected to have arrived, so that a map can tell what it has counted.

mod client;
mod envelope;
mod error;
mod extent;
mod fetch;
mod pace;
mod place;
mod slices;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinError, JoinSet};

use super::aws::cause::cannot_read;
use super::aws::threads;
use super::{Deliveries, Delivery, Extent, Object, ObjectId, Source, SourceError, SourceKind, Wanted};
use client::Group;
use fetch::Fetched;
use place::Place;
use slices::Plan;

/// How the source is written on the command line and opened.
pub(super) static KIND: SourceKind = SourceKind {
    name: "cloudwatch",
    help: "the events of a CloudWatch Logs group (cloudwatch:///aws/x is the group /aws/x); \
           ?stream-prefix=… and &region=… may follow",
    example: "cloudwatch://log-group",
    recognises: |text| text.starts_with(place::SCHEME),
    open: |text, wanted| Ok(Box::new(CloudWatchSource::new(text)?.with_wanted(wanted.clone()))),
};

/// How hard the source tries, how much it does at once, and what time it takes it to be.
#[derive(Debug, Clone)]
pub struct CloudWatchOptions {
    /// Slices that are read at the same time.
    pub parallel: usize,
    /// Requests a second at most; unset, nine tenths of the quota of the region, or no limit for a server that is not AWS's.
    pub rate: Option<u32>,
    /// How long one request may take, to the last byte of its answer.
    pub patience: Duration,
    /// How often a request is tried that fails for reasons that may pass.
    pub attempts: u32,
    /// How long to wait before the second attempt; each further one waits twice as long.
    pub backoff: Duration,
    /// The time that decides which slices are past, in Unix seconds; unset, the clock's.
    pub now: Option<u64>,
}

impl Default for CloudWatchOptions {
    fn default() -> Self {
        Self {
            parallel: 8,
            rate: None,
            patience: Duration::from_secs(60),
            attempts: 5,
            backoff: Duration::from_millis(500),
            now: None,
        }
    }
}

/// The events of one log group, or of those of its streams whose names begin with a prefix.
///
/// Credentials, region and endpoint come from where the AWS SDK looks for them; `region` in the URI overrides the region.
pub struct CloudWatchSource {
    uri: String,
    place: Place,
    wanted: Wanted,
    config: Option<SdkConfig>,
    options: CloudWatchOptions,
    extent: Arc<OnceLock<Extent>>,
}

impl CloudWatchSource {
    /// The source that `cloudwatch://group`, with `?stream-prefix=…`, `?region=…` or both, names. Nothing is asked yet.
    ///
    /// What stands between `cloudwatch://` and `?` is the group's name as it is, percent-decoded: `cloudwatch:///aws/x`
    /// is the group `/aws/x`, and `cloudwatch://aws/x` the group `aws/x`.
    ///
    /// # Errors
    /// When the text names no log group, or asks for something unknown.
    pub fn new(uri: &str) -> Result<Self, SourceError> {
        Ok(Self {
            uri: uri.to_owned(),
            place: Place::parse(uri)?,
            wanted: Wanted::default(),
            config: None,
            options: CloudWatchOptions::default(),
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

    /// The same source asked for no more than this.
    #[must_use]
    pub fn with_wanted(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// The same source with other options.
    #[must_use]
    pub fn with_options(self, options: CloudWatchOptions) -> Self {
        Self { options, ..self }
    }

    /// Whether a source would count events again that another source, or an object of one (its URI), holds under another name:
    /// a group read whole and some streams of it.
    #[must_use]
    pub fn overlap(one: &str, other: &str) -> bool {
        Place::overlap(one, other)
    }
}

impl Source for CloudWatchSource {
    fn uri(&self) -> &str {
        &self.uri
    }

    /// Blocks, so it must not be called from asynchronous code; nor may the bodies be read there.
    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError> {
        let (place, config, options) = (self.place.clone(), self.config.clone(), self.options.clone());
        threads::deliver(&self.uri, KIND.name, to, |found| {
            let reading = Reading {
                uri: self.uri.clone(),
                wanted: self.wanted.clone(),
                extent: Arc::clone(&self.extent),
                found,
            };
            async move { reading.run(Group::connect(place, config, options).await?).await }
        })
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.get().copied()
    }
}

/// One reading of a group, from the first question to the last slice.
struct Reading {
    uri: String,
    wanted: Wanted,
    extent: Arc<OnceLock<Extent>>,
    found: Sender<Delivery>,
}

impl Reading {
    async fn run(self, group: Group) -> Result<(), SourceError> {
        let group = Arc::new(group);
        let now = group.options.now.unwrap_or_else(clock);
        let Some(extent) = extent::find(&group, self.wanted.since, now).await? else {
            let nothing = format!("{}: there is no log stream in it", crate::printable::name(&self.uri));
            let _ = self.found.send(Delivery::Note(nothing)).await;
            return Ok(());
        };
        let plan = slices::plan(extent.first, self.wanted.until, now);
        if let Some(note) = plan.note(&self.uri) {
            let _ = self.found.send(Delivery::Note(note)).await;
        }
        let mut sum = Extent::default();
        for slice in plan.slices() {
            let id = group.place.object(&extent.account, &group.region, slice);
            sum.add(&id, self.wanted.counted.as_deref());
        }
        // A source that delivers again finds the same.
        let _ = self.extent.set(sum);
        self.read(&group, &extent.account, &plan).await
    }

    /// Reads the slices of a plan, a few at the same time.
    async fn read(self, group: &Arc<Group>, account: &str, plan: &Plan) -> Result<(), SourceError> {
        let mut under_way = UnderWay {
            uri: self.uri,
            most: group.options.parallel.max(1),
            running: JoinSet::new(),
            missed: 0,
            stop: None,
        };
        for slice in plan.slices() {
            let id = group.place.object(account, &group.region, slice);
            if self.wanted.counted.as_ref().is_some_and(|counted| counted(&id)) {
                let _ = self.found.send(Delivery::Object(counted_before(id))).await;
                continue;
            }
            under_way.make_room().await;
            if under_way.stop.is_some() || self.found.is_closed() {
                break;
            }
            let owner = account.to_owned();
            under_way
                .running
                .spawn(fetch::fetch(Arc::clone(group), slice, owner, id, self.found.clone()));
        }
        under_way.finish().await
    }
}

fn counted_before(id: ObjectId) -> Object {
    Object::new(id, Box::new(io::empty()))
}

/// The slices that are being read, never more than allowed.
struct UnderWay {
    uri: String,
    most: usize,
    running: JoinSet<Fetched>,
    /// Slices in a row that could not be read.
    missed: usize,
    /// Why no further slice is begun.
    stop: Option<SourceError>,
}

impl UnderWay {
    async fn make_room(&mut self) {
        while self.running.len() >= self.most {
            self.one_ends().await;
        }
    }

    async fn one_ends(&mut self) {
        match self.running.join_next().await {
            None => {}
            Some(Ok(Fetched::Read)) => self.missed = 0,
            Some(Ok(Fetched::Missed(error))) => {
                self.missed += 1;
                // One slice may have bad luck. So many in a row mean that nothing answers.
                if self.missed > self.most {
                    self.stop.get_or_insert(error);
                }
            }
            Some(Ok(Fetched::Refused(error))) => drop(self.stop.get_or_insert(error)),
            Some(Err(lost)) => drop(self.stop.get_or_insert(self::lost(&self.uri, &lost))),
        }
    }

    async fn finish(mut self) -> Result<(), SourceError> {
        while !self.running.is_empty() {
            self.one_ends().await;
        }
        self.stop.map_or(Ok(()), Err)
    }
}

fn clock() -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.map_or(0, |passed| passed.as_secs())
}

/// A task that panicked.
fn lost(uri: &str, why: &JoinError) -> SourceError {
    cannot_read(uri, format!("the reading of a slice was lost: {why}"))
}
