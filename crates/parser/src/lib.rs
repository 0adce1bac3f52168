//! Bytes in, records out: finds log objects, decodes them, parses their lines, and knows no service and no policy.
//!
//! The crate reads in the order of the data: [`source`] finds and opens objects, [`decode`] turns compressed bytes into
//! plain ones, [`unwrap`] takes off what carried the lines, [`format`](mod@format) turns lines into the [`record`]s it hands to a [`Sink`], and [`counters`] keeps
//! the promise that every line ends in exactly one counter. [`scan`](scan()) takes one object through all of it,
//! [`drive()`] all objects of all sources on all threads. I/O happens in `source` alone.

pub mod batch;
pub mod counters;
pub mod decode;
mod drive;
pub mod format;
mod inspect;
mod lines;
pub mod near;
pub mod printable;
pub mod record;
mod scan;
pub mod source;
pub mod unwrap;

pub use counters::{Counters, Reason, Sample};
pub use drive::{Fault, Outcome, Progress, drive};
pub use format::Options;
pub use inspect::{Line, inspect};
pub use record::{AccessRecord, Action, DnsRecord, FlowDirection, FlowRecord, Gap, GapStatus, Sink, Verdict};
pub use scan::{ObjectError, scan};
#[cfg(feature = "cloudwatch")]
pub use source::cloudwatch::{CloudWatchOptions, CloudWatchSource};
#[cfg(feature = "s3")]
pub use source::s3::{S3Options, S3Source};
