//! Reverse DNS with forward confirmation, asked of the one resolver that was given and of no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Confirmation, PtrAnswer};

mod ask;
mod cache;
mod round;

pub use cache::{Cache, CacheError, HOLDS_DAYS};

/// Whom to ask, and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The DNS server: queries go to it over UDP, and over TCP where an answer is too long for UDP.
    pub server: SocketAddr,
    /// How long to wait for the answer to one query.
    pub timeout: Duration,
    /// How often a query is sent before it counts as unanswered, at least once.
    pub attempts: usize,
    /// How many addresses are asked for at the same time, at least one.
    pub concurrency: usize,
    /// How long all of it may take. What is not asked by then stays unasked, and is counted.
    pub deadline: Duration,
}

/// What the resolver said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// A name for each address that has one.
    pub answers: BTreeMap<IpAddr, PtrAnswer>,
    /// Addresses that have none.
    pub nameless: BTreeSet<IpAddr>,
    /// What became of all addresses.
    pub report: Report,
}

/// What became of the addresses: every one is in exactly one count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who was asked, if anybody.
    pub server: Option<SocketAddr>,
    /// Addresses of all counts that an earlier run had asked for.
    pub remembered: u64,
    /// Addresses whose name points back.
    pub confirmed: u64,
    /// Addresses whose name does not.
    pub unconfirmed: u64,
    /// Addresses without a name, by reason.
    pub failed: BTreeMap<Failure, u64>,
}

/// Why an address has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// There is none: NXDOMAIN, or an answer without a PTR record.
    NoName,
    /// The resolver could not or would not tell: SERVFAIL, REFUSED and the like.
    Refused,
    /// No answer within the timeout.
    NoAnswer,
    /// An answer that is no DNS message, or names that are no host names.
    Malformed,
    /// Not asked, or not waited for: the resolver answered nothing at all, or the deadline had come.
    GivenUp,
}

impl Settings {
    /// The usual patience with a server: two seconds a query, three attempts, 100 at a time, 30 seconds in all.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Settings {
            server,
            timeout: Duration::from_secs(2),
            attempts: 3,
            concurrency: 100,
            deadline: Duration::from_secs(30),
        }
    }

    /// How long one query may take with all its attempts. A server that has answered nothing at all by then is silent:
    /// the rest is given up.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let attempts = u32::try_from(self.attempts.max(1)).unwrap_or(u32::MAX);
        self.timeout.saturating_mul(attempts)
    }
}

/// Asks the resolver for the name of each address, and for the addresses of that name.
///
/// Blocks for at most `settings.deadline`, and for about [`Settings::patience`] if the resolver is silent. Hosts files,
/// search domains and the system's resolvers are never used.
#[must_use]
pub fn resolve(addresses: &BTreeSet<IpAddr>, settings: &Settings) -> Resolved {
    let mut resolved = Resolved::none(Some(settings.server));
    if !addresses.is_empty() {
        round::ask_all(addresses, settings, &mut resolved);
    }
    let given_up = (addresses.len() as u64).saturating_sub(resolved.report.addresses());
    if given_up > 0 {
        resolved.report.failed.insert(Failure::GivenUp, given_up);
    }
    resolved
}

impl Resolved {
    /// Nothing yet.
    #[must_use]
    pub fn none(server: Option<SocketAddr>) -> Self {
        Resolved {
            answers: BTreeMap::new(),
            nameless: BTreeSet::new(),
            report: Report {
                server,
                remembered: 0,
                confirmed: 0,
                unconfirmed: 0,
                failed: BTreeMap::new(),
            },
        }
    }

    /// Counts what became of an address.
    pub(crate) fn count(&mut self, address: IpAddr, answer: Result<PtrAnswer, Failure>) {
        match answer {
            Ok(answer) => {
                match answer.confirmation {
                    Confirmation::Forward => self.report.confirmed += 1,
                    Confirmation::None => self.report.unconfirmed += 1,
                }
                self.answers.insert(address, answer);
            }
            Err(failure) => {
                if matches!(failure, Failure::NoName | Failure::Malformed) {
                    self.nameless.insert(address);
                }
                *self.report.failed.entry(failure).or_default() += 1;
            }
        }
    }
}

impl Report {
    /// How many addresses were to be named.
    #[must_use]
    pub fn addresses(&self) -> u64 {
        self.confirmed + self.unconfirmed + self.failed.values().sum::<u64>()
    }

    /// Whether the resolver answered nothing at all.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let unheard = |failure: &Failure| matches!(failure, Failure::NoAnswer | Failure::GivenUp);
        self.confirmed + self.unconfirmed == 0 && !self.failed.is_empty() && self.failed.keys().all(unheard)
    }
}

impl Failure {
    /// What a person reads.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Failure::NoName => "without a name",
            Failure::Refused => "refused or failed",
            Failure::NoAnswer => "not answered in time",
            Failure::Malformed => "answered with what is no host name",
            Failure::GivenUp => "given up",
        }
    }
}

/// `192.0.2.53:53: 120 addresses: 80 named and confirmed, 10 named, 20 without a name, 10 given up`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            server,
            confirmed,
            unconfirmed,
            ..
        } = self;
        if let Some(server) = server {
            write!(f, "{server}: ")?;
        }
        write!(
            f,
            "{} addresses: {confirmed} named and confirmed, {unconfirmed} named",
            self.addresses()
        )?;
        for (failure, count) in &self.failed {
            write!(f, ", {count} {}", failure.as_str())?;
        }
        if self.remembered > 0 {
            write!(f, "; {} known from earlier runs", self.remembered)?;
        }
        if self.is_silent() {
            write!(f, " (it answered nothing at all)")?;
        }
        Ok(())
    }
}
