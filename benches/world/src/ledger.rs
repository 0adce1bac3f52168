//! The world's own account of its traffic: what the map of its logs has to say, written down as it happens.
//!
//! Nothing here reads a log. Where the contract lets the logs decide between two readings, the ledger checks that the
//! traffic leaves no doubt and calls it an [`Ambiguity`] if it does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use crate::clock::DAY;
use crate::exchange::{Exchange, Side, Sighting, Vantage};
use crate::party::{Owner, Protocol, Text};

mod naming;
mod opening;
mod settle;
#[cfg(test)]
mod tests;

pub(crate) use naming::Grade;
use naming::Witnesses;
use opening::Openings;

/// Traffic about which the logs cannot tell what the world knows: the scenario has to avoid it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity(pub(crate) String);

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the logs of this world leave a doubt: {}", self.0)
    }
}

impl std::error::Error for Ambiguity {}

/// Everything that is true about a world, before destinations have names.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    flows: BTreeMap<FlowKey, FlowEntry>,
    accesses: BTreeMap<AccessKey, AccessEntry>,
    witnesses: Witnesses,
    openings: Openings,
    /// Flow records used, whatever they count for.
    pub(crate) used_flow: u64,
    /// Access lines used.
    pub(crate) used_access: u64,
    /// Flow records of clients that call us and of our answers.
    pub(crate) inbound_flow: u64,
    /// Access lines of inbound listeners.
    pub(crate) inbound_access: u64,
    /// Lines set aside, by reason.
    pub(crate) set_aside: BTreeMap<String, u64>,
}

/// The far end of a dependency as its address shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Far {
    /// The service that owned the address at the time.
    owner: Option<Text>,
    address: IpAddr,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FlowKey {
    service: Text,
    far: Far,
    port: u16,
    protocol: Protocol,
}

#[derive(Debug, Clone, Default)]
struct FlowEntry {
    /// At the initiator's interface, at the responder's, elsewhere.
    tallies: [Tally; 3],
    refused: u64,
    seen: Seen,
}

/// Records, bytes and packets of one plane at one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) packets_in: u64,
}

/// The first and last second of something, and its days.
#[derive(Debug, Clone, Default)]
struct Seen {
    span: Option<(u64, u64)>,
    days: BTreeSet<u64>,
}

impl Seen {
    fn mark(&mut self, start: u64, end: u64) {
        let (first, last) = self.span.unwrap_or((start, end));
        self.span = Some((first.min(start), last.max(end)));
        self.days.insert(start / DAY);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct AccessKey {
    service: Text,
    host: Option<Text>,
    far: Option<Far>,
    port: u16,
}

#[derive(Debug, Clone, Default)]
struct AccessEntry {
    tally: Tally,
    refused: u64,
    seen: Seen,
    grade: Option<Grade>,
    application: Option<&'static str>,
}

/// What one access line shows of an outbound call.
#[derive(Debug, Clone)]
pub(crate) struct AccessFact {
    pub(crate) service: Text,
    /// The host name in the line, normalised, and where it stands.
    pub(crate) host: Option<(Text, Grade)>,
    /// The upstream's address, or the original destination's.
    pub(crate) address: Option<IpAddr>,
    pub(crate) owner: Owner,
    pub(crate) port: u16,
    /// `http` or `tls` where the line shows it.
    pub(crate) application: Option<&'static str>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) refused: bool,
    /// Unix seconds.
    pub(crate) at: u64,
}

impl Ledger {
    /// Enters one flow record of an exchange. `flags` tells whether the log has `tcp-flags`.
    pub(crate) fn flow(&mut self, exchange: &Exchange, sighting: &Sighting, flags: bool) {
        let Sighting { vantage, side, row } = sighting;
        self.used_flow += 1;
        let syn = flags && row.tcp_flags.is_some_and(|flags| flags & 2 != 0);
        let Some(service) = exchange.client.service() else {
            self.openings.note(exchange, *side, syn);
            self.inbound_flow += 1;
            return;
        };
        let answer_refused = row.rejected && *side == Side::Back;
        if answer_refused {
            return;
        }
        self.openings.note(exchange, *side, syn);
        let far = Far::of(&exchange.server.owner, exchange.server.address);
        if let Some(aws) = exchange.aws {
            self.witnesses.publish(far.address, aws);
        }
        let key = FlowKey {
            service,
            far,
            port: exchange.port,
            protocol: exchange.protocol,
        };
        let entry = self.flows.entry(key).or_default();
        entry.seen.mark(row.start, row.end);
        if row.rejected {
            entry.refused += 1;
            return;
        }
        let place = match vantage {
            Vantage::Initiator => 0,
            Vantage::Responder => 1,
            Vantage::Elsewhere | Vantage::Repetition => 2,
        };
        entry.tallies[place].count(*side, row.packets, row.bytes);
    }

    /// Enters one access line of an outbound call.
    pub(crate) fn access(&mut self, fact: AccessFact) {
        self.used_access += 1;
        let far = fact.address.map(|address| Far::of(&fact.owner, address));
        if let (Some((name, grade)), Some(Far { owner: None, address }), false) = (&fact.host, &far, fact.refused) {
            self.witnesses.saw(*address, &fact.service, fact.port, name, *grade);
        }
        let (host, grade) = fact.host.unzip();
        let key = AccessKey {
            service: fact.service,
            host,
            far,
            port: fact.port,
        };
        let entry = self.accesses.entry(key).or_default();
        entry.seen.mark(fact.at, fact.at);
        entry.grade = [entry.grade, grade].into_iter().flatten().min();
        entry.application = [entry.application, fact.application].into_iter().flatten().min();
        if fact.refused {
            entry.refused += 1;
        } else {
            entry.tally.records += 1;
            entry.tally.bytes_out += fact.received;
            entry.tally.bytes_in += fact.sent;
        }
    }

    /// Enters a line of an inbound listener.
    pub(crate) fn inbound_line(&mut self) {
        self.used_access += 1;
        self.inbound_access += 1;
    }

    /// Enters a line that becomes no record.
    pub(crate) fn set_aside(&mut self, reason: &str) {
        *self.set_aside.entry(reason.to_owned()).or_default() += 1;
    }
}

impl Far {
    fn of(owner: &Owner, address: IpAddr) -> Self {
        let owner = match owner {
            Owner::Service(name) => Some(name.clone()),
            Owner::Nobody | Owner::Foreign => None,
        };
        Far { owner, address }
    }
}

impl Tally {
    fn count(&mut self, side: Side, packets: u64, bytes: u64) {
        match side {
            Side::Out => {
                self.records += 1;
                self.packets_out += packets;
                self.bytes_out += bytes;
            }
            Side::Back => {
                self.packets_in += packets;
                self.bytes_in += bytes;
            }
        }
    }

    fn add(&mut self, other: &Tally) {
        self.records += other.records;
        self.bytes_out += other.bytes_out;
        self.bytes_in += other.bytes_in;
        self.packets_out += other.packets_out;
        self.packets_in += other.packets_in;
    }

    fn is_empty(&self) -> bool {
        *self == Tally::default()
    }
}
