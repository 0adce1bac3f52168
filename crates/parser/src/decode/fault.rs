//! What kept the rest of an object from being read, and where.

use std::fmt;
use std::io;

/// Positions are counted in packed bytes from the start: of the object, or of what another coding was around.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The source gave up.
    Source { at: u64, error: io::Error },
    /// The bytes end inside a gzip member or a Zstandard frame.
    Truncated { part: Part, at: u64 },
    /// A part is not what its compressor wrote.
    Corrupt { part: Part, at: u64, error: String },
    /// Bytes behind the last part that begin no other.
    Trailing {
        part: Part,
        at: u64,
        length: u64,
        zeros: bool,
    },
}

/// A gzip member or a Zstandard frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(super) coding: &'static str,
    /// What its coding calls it.
    pub(super) unit: &'static str,
    /// Counted from 1.
    pub(super) number: u64,
    /// How many codings are around its own.
    pub(super) depth: usize,
}

impl Fault {
    /// The fault behind an error of [`Decoded`](super::Decoded).
    pub(crate) fn of(error: &io::Error) -> Option<&Fault> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// Behind so many bytes there were no more: because of a fault that is known already, or because the source gave up.
    pub(super) fn from_source(at: u64, error: io::Error) -> Fault {
        match error.downcast() {
            Ok(fault) => fault,
            Err(error) => Fault::Source { at, error },
        }
    }

    /// Whether the bytes end where their author did not end them, so that the last line may be half a line.
    pub(crate) fn cuts_a_line(&self) -> bool {
        !matches!(self, Fault::Trailing { .. })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = if self.depth > 0 { "inner " } else { "" };
        write!(f, "{inner}{} {} {}", self.coding, self.unit, self.number)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Source { at, error } => write!(f, "cannot be read further than {at} bytes: {error}"),
            Fault::Truncated { part, at } => write!(f, "{part} is truncated after {at} bytes"),
            Fault::Corrupt { part, at, error } => {
                write!(f, "{part} is corrupt at byte {at}")?;
                match error.as_str() {
                    "" => Ok(()),
                    message => write!(f, " ({message})"),
                }
            }
            Fault::Trailing {
                part,
                at,
                length,
                zeros,
            } => {
                write!(f, "{part} ends at byte {at}, and {length} bytes ")?;
                if *zeros {
                    write!(f, "of zero padding follow")
                } else {
                    write!(f, "that are not {} follow", part.coding)
                }
            }
        }
    }
}

impl std::error::Error for Fault {}
