//! The map: all dependencies of a window, with the evidence each one rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::identity::{DnsName, ServiceName};

mod gaps;
mod hours;
mod kinds;
mod known;
mod sources;
mod starts;
mod words;

pub use gaps::{Gaps, RowsByHour};
pub use hours::Hours;
pub use kinds::Kinds;
pub use known::KnownNames;
pub use sources::{OnlySource, Source, Sources};
pub use starts::{Start, Starts};
pub use words::UnknownWord;

/// The name of the map's layout, on disk and as JSON. Another layout has another name.
pub const SCHEMA: &str = "egressmap/map/v1";

/// All dependencies of a window, in the order of their keys, and how they came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DependencyMap {
    /// The run or runs it came from.
    pub manifest: Manifest,
    /// One entry a (service, destination, port, protocol).
    pub dependencies: BTreeMap<Key, Dependency>,
}

/// What identifies a dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The service that opens the connection.
    pub service: ServiceName,
    /// The name of the far end; the name of its service where it is ours; else its address.
    pub destination: String,
    /// The port it listens on; 0 for ICMP.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
}

/// The transport of a dependency, or the IANA number of one without a name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// ICMP or ICMPv6.
    Icmp,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Any other IANA protocol number.
    Other(u8),
}

/// What is known of one dependency. Two of the same key add up: see [`Dependency::add`]. The default changes nothing when it
/// is added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The addresses it was reached at.
    pub addresses: BTreeSet<IpAddr>,
    /// What kind of far end it is.
    pub class: Class,
    /// What is spoken.
    pub application: Application,
    /// How the name is known.
    pub name: Naming,
    /// Flow records seen at the initiator's own interface.
    pub at_initiator: Tally,
    /// Flow records of the same traffic seen at the responder's interface.
    pub at_responder: Tally,
    /// Flow records of the same traffic seen at neither: a gateway, a balancer, or an interface that is not logged.
    pub elsewhere: Tally,
    /// Access records, with the bytes of the downstream connection.
    pub access: Tally,
    /// `REJECT` flow records sent by the initiator.
    pub refused_flow: u64,
    /// Access records in which the proxy refused.
    pub refused_access: u64,
    /// The hours in which it was seen, and the first and last second.
    pub seen: Hours,
    /// How sure it is that this end opened it.
    pub initiator: Certainty,
    /// The address it was opened from, as long as it is one.
    pub source: OnlySource,
    /// When connections to an external far end began, in the sampled hours.
    pub starts: Starts,
}

/// Records, bytes and packets of one plane at one place; adds up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records sent by the initiator (for the access plane: lines).
    pub records: u64,
    /// Bytes from the initiator.
    pub bytes_out: u64,
    /// Bytes to the initiator.
    pub bytes_in: u64,
    /// Packets from the initiator.
    pub packets_out: u64,
    /// Packets to the initiator.
    pub packets_in: u64,
}

/// What kind of far end a dependency has. Ordered so that the better-known wins when two maps disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// DNS, NTP, instance metadata.
    Infrastructure,
    /// Another service of the inventory.
    Internal,
    /// An AWS service endpoint.
    Aws,
    /// An unowned private address.
    Private,
    /// Everything else.
    #[default]
    External,
}

/// What is spoken, best known first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Application {
    /// Plain HTTP: the proxy saw requests, or port 80.
    Http,
    /// TLS: an SNI was seen, or port 443.
    Tls,
    /// Any other TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// A transport that has no name here.
    #[default]
    Other,
}

/// How sure the initiator is, surest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// A SYN was logged, or a proxy took the connection from the client.
    Certain,
    /// The ports tell: a well-known one, or one that stays while the other changes.
    Likely,
    /// Neither tells.
    #[default]
    Guess,
}

/// How a destination's name is known, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The `:authority` of HTTP requests through the proxy.
    Authority,
    /// The server name of TLS hellos through the proxy.
    Sni,
    /// This address answered that name to this source.
    Dns,
    /// This address answered that name to another source in the VPC.
    DnsVpc,
    /// `pkt-dst-aws-service`, or the published AWS ranges.
    Aws,
    /// Reverse DNS, confirmed forward.
    Fcrdns,
    /// Reverse DNS alone.
    Ptr,
    /// No name: the address itself.
    Address,
}

/// How a destination got its name: the grade is the best of the evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// Records behind each kind of evidence for the name. Empty for an address and for a service of ours.
    pub evidence: BTreeMap<Grade, u64>,
    /// Other names seen at the same addresses, with the records behind each.
    pub also: BTreeMap<String, u64>,
}

impl Naming {
    /// The best kind of evidence there is.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.evidence.keys().next().copied().unwrap_or(Grade::Address)
    }

    /// Adds the records behind the same name.
    pub fn add(&mut self, other: &Naming) {
        for (grade, count) in &other.evidence {
            let sum = self.evidence.entry(*grade).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (name, count) in &other.also {
            let sum = self.also.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// How a map came about. Two manifests add up unless they counted the same object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// First and last second of any used record, Unix time; `None` for an empty map.
    pub window: Option<(u64, u64)>,
    /// The objects counted: URI, and version (ETag) and size where the source has them.
    pub objects: BTreeSet<CountedObject>,
    /// Those of them that could not be read to their end, each with what was wrong: the map lacks what follows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub incomplete: BTreeSet<(String, String)>,
    /// Bytes after decoding.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines used, by plane.
    pub used: Used,
    /// Lines set aside, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Flow records of clients that called us, and our answers to them: used, and no dependency of ours.
    pub inbound: u64,
    /// Rows of flow logs that are no records: windows without traffic, and windows whose records were lost.
    #[serde(default, skip_serializing_if = "Gaps::is_empty")]
    pub gaps: Gaps,
    /// What the inventory says of each service, for the definitions.
    pub services: BTreeMap<ServiceName, ServiceFacts>,
    /// The addresses that each service was seen at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<ServiceName, Sources>,
    /// The days of the AWS ranges that addresses were looked up in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aws_ranges: BTreeSet<String>,
    /// What was known of the far ends from outside the logs.
    #[serde(default, skip_serializing_if = "KnownNames::is_empty")]
    pub names: KnownNames,
    /// Names that DNS answered for addresses of far ends, and where CNAMEs lead from them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<DnsName, BTreeSet<DnsName>>,
}

/// An object that a map has counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedObject {
    /// Its URI.
    pub uri: String,
    /// Its version, where the source has one.
    pub version: Option<String>,
    /// Its stored size in bytes, where the source knows it.
    pub size: Option<u64>,
}

/// Lines used, by plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Flow records.
    pub flow: u64,
    /// Access records.
    pub access: u64,
    /// DNS answers.
    pub dns: u64,
}

/// What the inventory says of a service beyond its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// The App Mesh virtual node of the service, where it differs from the service's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub virtual_node: Option<String>,
    /// The Kubernetes namespace.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
    /// The team that owns it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// What in the logs told of it where no inventory did.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub known_by: BTreeSet<KnownBy>,
}

/// What tells of a service that no inventory names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// `ecs-service-name` of flow records.
    EcsFields,
    /// The identity of the proxy, in its access log.
    Proxy,
    /// The stream, the file or the envelope that the lines of its proxy stand in.
    LogName,
}

impl Tally {
    /// Adds another tally of the same plane and place. Counts stop at their greatest value: a hostile line cannot wrap them.
    pub fn add(&mut self, other: &Tally) {
        self.records = self.records.saturating_add(other.records);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.packets_out = self.packets_out.saturating_add(other.packets_out);
        self.packets_in = self.packets_in.saturating_add(other.packets_in);
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Tally::default()
    }
}

impl Dependency {
    /// The one flow tally that speaks for the dependency: the initiator's, else the responder's, else what was seen
    /// on the way. They saw the same traffic, so they are never added together.
    #[must_use]
    pub fn flow(&self) -> &Tally {
        [&self.at_initiator, &self.at_responder]
            .into_iter()
            .find(|tally| !tally.is_empty())
            .unwrap_or(&self.elsewhere)
    }

    /// Bytes and packets: from the flow plane where it has any, else from the access plane.
    #[must_use]
    pub fn volume(&self) -> &Tally {
        if self.flow().is_empty() {
            &self.access
        } else {
            self.flow()
        }
    }

    /// Whether it was only ever refused: an attempt, not a connection. TCP that the far side refused leaves its own
    /// side's interface accepted, and nothing comes back.
    #[must_use]
    pub fn only_refused(&self, protocol: Protocol) -> bool {
        let unanswered = [&self.at_initiator, &self.at_responder, &self.elsewhere]
            .into_iter()
            .all(|tally| tally.packets_in == 0 && tally.bytes_in == 0);
        let refused_far_away = protocol == Protocol::Tcp && self.refused_flow > 0 && unanswered;
        self.access.records == 0 && (self.flow().is_empty() || refused_far_away)
    }

    /// Adds what another thread, shard or map knows of the same dependency. Commutative and associative.
    pub fn add(&mut self, other: &Dependency) {
        self.addresses.extend(other.addresses.iter().copied());
        self.class = self.class.min(other.class);
        self.application = self.application.min(other.application);
        self.name.add(&other.name);
        self.at_initiator.add(&other.at_initiator);
        self.at_responder.add(&other.at_responder);
        self.elsewhere.add(&other.elsewhere);
        self.access.add(&other.access);
        self.refused_flow = self.refused_flow.saturating_add(other.refused_flow);
        self.refused_access = self.refused_access.saturating_add(other.refused_access);
        self.seen.union(&other.seen);
        self.initiator = self.initiator.min(other.initiator);
        self.source.add(other.source);
        self.starts.union(&other.starts);
    }
}
