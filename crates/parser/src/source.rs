//! Where log objects come from: the trait every source implements, and the registry of those there are.

#[cfg(any(feature = "s3", feature = "cloudwatch"))]
mod aws;
#[cfg(feature = "cloudwatch")]
pub(crate) mod cloudwatch;
#[cfg(feature = "s3")]
pub(crate) mod s3;

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;

use crate::{near, printable};

mod local;
mod peeked;
mod stdin;

pub(crate) use local::spool;
pub(crate) use peeked::peek;

/// One object of a source: a file, an S3 object, an hour of a log group, standard input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Where it is: a path, `s3://bucket/key`, or `cloudwatch://group?…&from=…&until=…`.
    pub uri: String,
    /// Which version of it: the S3 ETag; `None` where the source has none.
    pub version: Option<String>,
    /// Size in bytes as stored, where the source knows.
    pub size: Option<u64>,
}

/// An object whose bytes are ready to be read.
pub struct Object {
    /// Which object.
    pub id: ObjectId,
    /// Its stored bytes. An error here means that the rest of the object could not be had.
    pub body: Box<dyn Read + Send>,
    /// The same bytes in any order, where the source can give them so: what a format with an index at its end needs.
    pub at: Option<Arc<dyn ReadAt>>,
    /// Where to add records as a sink is given them, a block at a time, for whoever watches from another thread.
    pub records: Option<Arc<AtomicU64>>,
}

impl Object {
    /// An object whose bytes come in their order alone.
    #[must_use]
    pub fn new(id: ObjectId, body: Box<dyn Read + Send>) -> Self {
        Object {
            id,
            body,
            at: None,
            records: None,
        }
    }
}

/// The stored bytes of an object in any order.
pub trait ReadAt: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// When that part of the object cannot be had whole.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

/// What of a source is wanted, and how it is asked: what a source may use to ask for less.
#[derive(Clone, Default)]
pub struct Wanted {
    /// The first second, in Unix time, in which a record may start.
    pub since: Option<u64>,
    /// The first second in which it may no longer.
    pub until: Option<u64>,
    /// Whether whoever asks pays for it (S3 Requester Pays).
    pub requester_pays: bool,
    /// Tells an object that an earlier run counted: it is delivered with an empty body, and its bytes are not fetched.
    pub counted: Option<Arc<Counted>>,
}

/// See [`Wanted::counted`].
pub type Counted = dyn Fn(&ObjectId) -> bool + Send + Sync;

/// What a source sends down the channel.
pub enum Delivery {
    /// An object to read.
    Object(Object),
    /// An object, or a folder of them, that is there and could not be opened: the run goes on and says so at its end.
    Failed(SourceError),
    /// What the user should know of what was found and left out on purpose, in one sentence; nothing is wrong.
    Note(String),
}

/// The sending end of the one bounded channel between sources and readers.
pub type Deliveries = SyncSender<Delivery>;

/// A place that holds log objects.
pub trait Source: Send + Sync {
    /// The source as the user wrote it.
    fn uri(&self) -> &str;

    /// Finds the objects and sends each, in any order; blocks while the channel is full.
    ///
    /// Returns early and without error when the receiving end is gone.
    ///
    /// # Errors
    /// When the source itself cannot be listed. A single object that fails is sent as [`Delivery::Failed`].
    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError>;

    /// Names every object beforehand, where that costs little: what a run's progress is measured by.
    ///
    /// False if the source cannot tell, or not of every object how large it is.
    fn survey(&self, each: &mut dyn FnMut(&ObjectId)) -> bool {
        let _ = each;
        false
    }

    /// What there is to read, once the source has found all of it on its way; to be asked while it delivers.
    fn extent(&self) -> Option<Extent> {
        None
    }
}

/// What there is to read of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its objects.
    pub objects: u64,
    /// Those of them that an earlier run counted.
    pub counted: u64,
    /// The stored bytes of the others; `None` where the size of one is not known beforehand.
    pub bytes: Option<u64>,
}

impl Default for Extent {
    fn default() -> Self {
        Extent {
            objects: 0,
            counted: 0,
            bytes: Some(0),
        }
    }
}

impl Extent {
    /// One object more, which an earlier run may have counted.
    pub fn add(&mut self, id: &ObjectId, counted: Option<&Counted>) {
        let known = counted.is_some_and(|counted| counted(id));
        let size = if known { Some(0) } else { id.size };
        self.extend(Extent {
            objects: 1,
            counted: known.into(),
            bytes: size,
        });
    }

    /// What there is of another source as well.
    pub fn extend(&mut self, other: Extent) {
        self.objects += other.objects;
        self.counted += other.counted;
        self.bytes = self.bytes.zip(other.bytes).map(|(one, other)| one + other);
    }
}

/// What could not be done with a source or an object, where, and what might help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// What could not be done: `cannot list s3://bucket/prefix`, `cannot open /var/log/x.gz`.
    pub what: String,
    /// Why, as the system or the service said it.
    pub why: String,
    /// What the user might do.
    pub hint: Option<String>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SourceError {}

/// A source that is ready to deliver, or why what the user wrote names none.
pub type Opened = Result<Box<dyn Source>, SourceError>;

/// A member of the family of sources: one file and one line in [`REGISTRY`].
pub struct SourceKind {
    /// Its name in help texts: `local`, `stdin`, `s3`, `cloudwatch`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// How it is written on the command line.
    pub example: &'static str,
    /// Whether what the user wrote is a source of this kind.
    pub recognises: fn(&str) -> bool,
    /// Makes the source; finds nothing and opens nothing yet.
    pub open: fn(&str, &Wanted) -> Opened,
}

/// Every kind of source, asked in this order; the last takes what no other recognises.
pub static REGISTRY: &[&SourceKind] = &[
    &stdin::KIND,
    #[cfg(feature = "s3")]
    &s3::KIND,
    #[cfg(feature = "cloudwatch")]
    &cloudwatch::KIND,
    &local::KIND,
];

/// The source that the user wrote; finds nothing and opens nothing yet.
///
/// # Errors
/// When no kind of source takes it, or its own kind cannot make sense of it.
pub fn open(spec: &str, wanted: &Wanted) -> Result<Box<dyn Source>, SourceError> {
    match REGISTRY.iter().find(|kind| (kind.recognises)(spec)) {
        Some(kind) => (kind.open)(spec, wanted),
        None => Err(unknown(spec)),
    }
}

fn unknown(spec: &str) -> SourceError {
    let scheme = scheme(spec).unwrap_or_default();
    let mut known = REGISTRY.iter().filter_map(|kind| self::scheme(kind.example));
    let hint = if scheme == "file" {
        Some("give the path alone, without file://".to_owned())
    } else {
        near::nearest(scheme, known.clone())
            .or_else(|| known.next())
            .map(|near| format!("did you mean {near}://?"))
    };
    let examples: Vec<_> = REGISTRY.iter().map(|kind| kind.example).collect();
    SourceError {
        what: format!("cannot read {}", printable::name(spec)),
        why: format!(
            "no source is called {scheme}://; expected something like {}",
            examples.join(" or ")
        ),
        hint,
    }
}

/// What stands before `://`.
fn scheme(spec: &str) -> Option<&str> {
    let (scheme, _) = spec.split_once("://")?;
    let is_scheme = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(scheme)
}
