//! Where a line stands in its object, and which stream of a container wrote it.

/// Where a line stands that does not stand for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The 1-based physical line in the decoded object.
    pub(crate) line: u64,
    /// The 1-based event within that line, where the line delivers several.
    pub(crate) event: Option<u64>,
    /// When whatever carried the line says that it was written, in Unix seconds.
    pub(crate) time: Option<u64>,
}

impl Place {
    /// A line of its own.
    pub(crate) fn of(line: u64) -> Self {
        Place {
            line,
            event: None,
            time: None,
        }
    }
}

/// The stream of a container: the parts of a long line follow each other in their own stream alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}
