//! What kept the rest of an object from being read, and where.

use std::fmt;
use std::io;

/// Positions are counted in stored bytes from the start of the object.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The source gave up.
    Source { at: u64, error: io::Error },
    /// The object ends inside a gzip member.
    Truncated { member: u64, at: u64 },
    /// A gzip member is not what its compressor wrote.
    Corrupt { member: u64, at: u64, error: String },
    /// Bytes behind the last gzip member that begin no other.
    Trailing {
        member: u64,
        at: u64,
        length: u64,
        zeros: bool,
    },
}

impl Fault {
    /// The fault behind an error of [`Decoded`](super::Decoded).
    pub(crate) fn of(error: &io::Error) -> Option<&Fault> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// Whether the bytes end where their author did not end them, so that the last line may be half a line.
    pub(crate) fn cuts_a_line(&self) -> bool {
        !matches!(self, Fault::Trailing { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Source { at, error } => write!(f, "cannot be read further than {at} bytes: {error}"),
            Fault::Truncated { member, at } => write!(f, "gzip member {member} is truncated after {at} bytes"),
            Fault::Corrupt { member, at, error } => {
                write!(f, "gzip member {member} is corrupt at byte {at}")?;
                match error.as_str() {
                    "" => Ok(()),
                    message => write!(f, " ({message})"),
                }
            }
            Fault::Trailing {
                member,
                at,
                length,
                zeros,
            } => {
                let what = if *zeros { "of zero padding" } else { "that are not gzip" };
                write!(
                    f,
                    "gzip member {member} ends at byte {at}, and {length} bytes {what} follow"
                )
            }
        }
    }
}

impl std::error::Error for Fault {}
