//! Settles the ledger: what happened, by service and destination, becomes the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::naming::Grade;
use super::opening::Certainty;
use super::{AccessEntry, AccessKey, Ambiguity, Far, FlowEntry, FlowKey, Ledger, Seen, Tally};
use crate::clock::rfc3339;
use crate::party::{Protocol, Text};
use crate::truth::{Dependency, Name, Records};

type Key = (String, String, u16, Protocol);

/// One dependency while its edges add up.
#[derive(Debug)]
struct Draft {
    addresses: BTreeSet<IpAddr>,
    class: Class,
    application: &'static str,
    grade: Grade,
    tallies: [Tally; 3],
    access: Tally,
    refused: Records,
    seen: Seen,
    certainty: Certainty,
}

/// What kind of far end it is, in the order in which the kinds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Infrastructure,
    Internal,
    Aws,
    Private,
    External,
}

/// Where one edge leads, and how it looks.
struct Edge {
    key: Key,
    class: Class,
    application: &'static str,
    grade: Grade,
    certainty: Certainty,
}

impl Ledger {
    /// All dependencies, in order.
    pub(crate) fn settle(&self) -> Result<Vec<Dependency>, Ambiguity> {
        self.openings.check_inbound()?;
        let mut drafts: BTreeMap<Key, Draft> = BTreeMap::new();
        for (key, entry) in &self.flows {
            self.enter_flow(key, entry, &mut drafts)?;
        }
        for (key, entry) in &self.accesses {
            self.enter_access(key, entry, &mut drafts)?;
        }
        Ok(drafts.into_iter().map(|(key, draft)| draft.finish(key)).collect())
    }

    fn enter_flow(&self, key: &FlowKey, entry: &FlowEntry, to: &mut BTreeMap<Key, Draft>) -> Result<(), Ambiguity> {
        let (destination, grade) = self.destination(&key.service, &key.far, key.port)?;
        let edge = Edge {
            class: class(&destination, Some(&key.far), key.port, key.protocol),
            application: inferred(key.port, key.protocol),
            grade,
            certainty: self.openings.certainty(key)?,
            key: (key.service.to_string(), destination, key.port, key.protocol),
        };
        let draft = edge.draft(to);
        draft.addresses.insert(key.far.address);
        for (tally, other) in draft.tallies.iter_mut().zip(&entry.tallies) {
            tally.add(other);
        }
        draft.refused.flow += entry.refused;
        draft.seen.add(&entry.seen);
        Ok(())
    }

    fn enter_access(
        &self,
        key: &AccessKey,
        entry: &AccessEntry,
        to: &mut BTreeMap<Key, Draft>,
    ) -> Result<(), Ambiguity> {
        let (destination, grade) = match (&key.host, &key.far) {
            (_, Some(far @ Far { owner: Some(_), .. })) | (None, Some(far)) => {
                self.destination(&key.service, far, key.port)?
            }
            (Some(host), _) => (host.to_string(), entry.grade.unwrap_or(Grade::Address)),
            (None, None) => return Err(Ambiguity(format!("{key:?} has neither a name nor an address"))),
        };
        let edge = Edge {
            class: class(&destination, key.far.as_ref(), key.port, Protocol::Tcp),
            application: entry.application.unwrap_or_else(|| inferred(key.port, Protocol::Tcp)),
            grade,
            certainty: Certainty::Certain,
            key: (key.service.to_string(), destination, key.port, Protocol::Tcp),
        };
        let draft = edge.draft(to);
        draft.addresses.extend(key.far.as_ref().map(|far| far.address));
        draft.access.add(&entry.tally);
        draft.refused.access += entry.refused;
        draft.seen.add(&entry.seen);
        Ok(())
    }

    fn destination(&self, service: &Text, far: &Far, port: u16) -> Result<(String, Grade), Ambiguity> {
        match &far.owner {
            Some(owner) => Ok((owner.to_string(), Grade::Address)),
            None => self.witnesses.name(service, far.address, port),
        }
    }
}

impl Edge {
    /// The draft that this edge adds to: the better known of the two wins.
    fn draft(self, drafts: &mut BTreeMap<Key, Draft>) -> &mut Draft {
        let draft = drafts.entry(self.key).or_insert_with(|| Draft {
            addresses: BTreeSet::new(),
            class: self.class,
            application: self.application,
            grade: self.grade,
            tallies: Default::default(),
            access: Tally::default(),
            refused: Records::default(),
            seen: Seen::default(),
            certainty: self.certainty,
        });
        draft.class = draft.class.min(self.class);
        draft.grade = draft.grade.min(self.grade);
        draft.certainty = draft.certainty.min(self.certainty);
        if application_rank(self.application) < application_rank(draft.application) {
            draft.application = self.application;
        }
        draft
    }
}

impl Draft {
    fn finish(self, key: Key) -> Dependency {
        let (service, destination, port, protocol) = key;
        let [initiator, responder, elsewhere] = self.tallies;
        let flow = [initiator, responder]
            .into_iter()
            .find(|tally| !tally.is_empty())
            .unwrap_or(elsewhere);
        let volume = if flow.is_empty() { self.access } else { flow };
        let (first, last) = self.seen.span.unwrap_or_default();
        Dependency {
            service,
            destination,
            addresses: self.addresses.iter().map(IpAddr::to_string).collect(),
            class: self.class.as_str().to_owned(),
            port,
            protocol: protocol.to_string(),
            application: self.application.to_owned(),
            name: Name {
                grade: self.grade.as_str().to_owned(),
            },
            records: Records {
                flow: flow.records,
                access: self.access.records,
            },
            refused: self.refused,
            bytes_out: volume.bytes_out,
            bytes_in: volume.bytes_in,
            packets_out: volume.packets_out,
            packets_in: volume.packets_in,
            first_seen: rfc3339(first),
            last_seen: rfc3339(last),
            days_seen: u64::try_from(self.seen.days.len()).unwrap_or(u64::MAX),
            initiator: self.certainty.as_str().to_owned(),
        }
    }
}

impl Seen {
    fn add(&mut self, other: &Seen) {
        if let Some((first, last)) = other.span {
            let (own_first, own_last) = self.span.unwrap_or((first, last));
            self.span = Some((own_first.min(first), own_last.max(last)));
        }
        self.days.extend(&other.days);
    }
}

impl Grade {
    fn as_str(self) -> &'static str {
        match self {
            Grade::Authority => "authority",
            Grade::Sni => "sni",
            Grade::Aws => "aws",
            Grade::Address => "address",
        }
    }
}

impl Class {
    fn as_str(self) -> &'static str {
        match self {
            Class::Infrastructure => "infrastructure",
            Class::Internal => "internal",
            Class::Aws => "aws",
            Class::Private => "private",
            Class::External => "external",
        }
    }
}

fn class(destination: &str, far: Option<&Far>, port: u16, protocol: Protocol) -> Class {
    let infrastructure = match (port, protocol) {
        (53, Protocol::Tcp | Protocol::Udp) | (67 | 68 | 123, Protocol::Udp) => true,
        (_, Protocol::Icmp | Protocol::Tcp | Protocol::Udp) => false,
    };
    let aws = |suffix: &str| {
        destination
            .strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if infrastructure {
        Class::Infrastructure
    } else if far.is_some_and(|far| far.owner.is_some()) {
        Class::Internal
    } else if destination.starts_with("aws/") || ["amazonaws.com", "amazonaws.com.cn", "api.aws"].into_iter().any(aws) {
        Class::Aws
    } else if far.is_some_and(|far| is_private(far.address)) {
        Class::Private
    } else {
        Class::External
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn inferred(port: u16, protocol: Protocol) -> &'static str {
    match (protocol, port) {
        (Protocol::Icmp, _) => "icmp",
        (Protocol::Udp, _) => "udp",
        (Protocol::Tcp, 80) => "http",
        (Protocol::Tcp, 443) => "tls",
        (Protocol::Tcp, _) => "tcp",
    }
}

fn application_rank(application: &str) -> usize {
    ["http", "tls", "tcp", "udp", "icmp"]
        .iter()
        .position(|known| *known == application)
        .unwrap_or(usize::MAX)
}
