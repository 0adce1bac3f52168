//! Where log objects come from: the trait every source implements, and the registry of those there are.

#[cfg(feature = "s3")]
pub(crate) mod s3;

use std::fmt;
use std::io::Read;
use std::sync::mpsc::SyncSender;

use crate::{near, printable};

mod local;
mod stdin;

/// One object of a source: a file, an S3 object, standard input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Where it is: a path, or `s3://bucket/key`.
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
}

/// What a source sends down the channel.
pub enum Delivery {
    /// An object to read.
    Object(Object),
    /// An object that is there and could not be opened: the run goes on and says so at its end.
    Failed(SourceError),
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

/// A member of the family of sources: one file and one line in [`REGISTRY`].
pub struct SourceKind {
    /// Its name in help texts: `local`, `stdin`, `s3`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// How it is written on the command line.
    pub example: &'static str,
    /// Whether what the user wrote is a source of this kind.
    pub recognises: fn(&str) -> bool,
    /// Makes the source; finds nothing and opens nothing yet.
    pub open: fn(&str) -> Result<Box<dyn Source>, SourceError>,
}

/// Every kind of source, asked in this order; the last takes what no other recognises.
pub static REGISTRY: &[&SourceKind] = &[
    &stdin::KIND,
    #[cfg(feature = "s3")]
    &s3::KIND,
    &local::KIND,
];

/// The source that the user wrote; finds nothing and opens nothing yet.
///
/// # Errors
/// When no kind of source takes it, or its own kind cannot make sense of it.
pub fn open(spec: &str) -> Result<Box<dyn Source>, SourceError> {
    match REGISTRY.iter().find(|kind| (kind.recognises)(spec)) {
        Some(kind) => (kind.open)(spec),
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
