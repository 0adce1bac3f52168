//! The ledger: the dependencies that people reviewed, kept as `dependencies.yaml` in Git.
//!
//! People edit the file; [`merge`] only adds to it, at the level of its text, so that comments, order and hand edits
//! survive byte for byte.

use std::fmt;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Application, Protocol};
use jiff::civil::Date;

mod accept;
mod append;
mod destination;
mod evidence;
mod index;
mod merge;
mod owners;
mod read;

pub use accept::{Acceptance, Held, LeftOut};
pub use destination::{Destination, DestinationError};
pub(crate) use evidence::Evidence;
pub(crate) use index::{Index, Question};
pub use merge::{Added, Merged, Terms, merge, merge_on};
pub use owners::Owners;

/// What stands in the `schema` of a ledger that this version reads and writes.
pub const SCHEMA: &str = "egressmap/ledger/v1";

/// The reviewed dependencies, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The entries, no two of one service, destination, port and transport.
    pub entries: Vec<Entry>,
}

/// One reviewed dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The service that opens the connection.
    pub service: ServiceName,
    /// Where to.
    pub destination: Destination,
    /// The port there; 0 for ICMP, which has none.
    pub port: u16,
    /// What is spoken.
    pub application: Application,
    /// What people decided.
    pub verdict: Verdict,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// Why it is there.
    pub reason: Option<String>,
    /// The last day on which `allow` holds.
    pub expires: Option<Date>,
    /// The line of the file it begins on, from 1.
    pub line: u64,
}

/// What people decided about a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It reaches the targets.
    Allow,
    /// It does not, and is not proposed again.
    Deny,
    /// Nobody decided yet.
    Review,
}

/// Why a text is no ledger, or cannot be added to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
pub struct LedgerError {
    /// The line of the file, from 1, where there is one to blame.
    pub line: Option<u64>,
    /// What was expected and what was found.
    pub message: String,
}

impl Ledger {
    /// Reads a ledger. Unknown keys, values of the wrong kind and repeated entries are errors; an empty file is an
    /// empty ledger.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        read::read(text)
    }
}

impl Entry {
    /// The transport under what is spoken.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        transport(self.application)
    }

    /// Whether its last day is behind `today`. Without a date nothing has expired.
    #[must_use]
    pub fn expired(&self, today: Option<Date>) -> bool {
        matches!((self.expires, today), (Some(expires), Some(today)) if expires < today)
    }
}

/// The transport under an application.
pub(crate) fn transport(application: Application) -> Protocol {
    match application {
        Application::Http | Application::Tls | Application::Tcp => Protocol::Tcp,
        Application::Udp => Protocol::Udp,
        Application::Icmp => Protocol::Icmp,
        // The ledger has no word for it, so no entry holds it: 255 is reserved and no transport.
        Application::Other => Protocol::Other(255),
    }
}

/// The word of the ledger for what is spoken.
pub(crate) fn application_word(application: Application) -> &'static str {
    match application {
        Application::Http => "http",
        Application::Tls => "tls",
        Application::Tcp => "tcp",
        Application::Udp => "udp",
        Application::Icmp => "icmp",
        Application::Other => "other",
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Review => "review",
        })
    }
}

#[cfg(test)]
mod tests;
