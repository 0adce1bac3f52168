//! What the logs showed once it is attributed and directed, before the far ends have names.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::identity::{DnsName, ServiceName};
use crate::map::{Application, Certainty, Gaps, Hours, OnlySource, Protocol, ServiceFacts, Sources, Starts, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// All edges of a run. One (service, responder, port, protocol) may stand in several entries; naming adds them up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Edges of the flow plane.
    pub flows: Vec<FlowEdge>,
    /// Edges of the access plane.
    pub accesses: Vec<AccessEdge>,
    /// What resolvers told, in the order of address, service and name.
    pub answers: Vec<Answered>,
    /// Names that were answered for addresses in the edges, and where CNAMEs lead from them.
    pub aliases: BTreeMap<DnsName, BTreeSet<DnsName>>,
    /// Records of clients that called us, and our answers to them.
    pub inbound: u64,
    /// Rows of flow logs that are no records.
    pub gaps: Gaps,
    /// First and last second of any used record.
    pub window: Option<(u64, u64)>,
    /// What the inventory says of each service in it.
    pub services: BTreeMap<ServiceName, ServiceFacts>,
    /// The addresses that each service opened flows from.
    pub sources: BTreeMap<ServiceName, Sources>,
}

/// One service reaching one address and port, as flow records show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowEdge {
    /// Who opened it.
    pub service: ServiceName,
    /// The far end.
    pub address: IpAddr,
    /// The service of ours that owns the far end.
    pub owner: Option<ServiceName>,
    /// The port it listens on; 0 for ICMP.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// The AWS service that `pkt-dst-aws-service` (for answers `pkt-src-aws-service`) named, as logged.
    pub aws_service: Option<String>,
    /// Seen at the initiator's own interface.
    pub at_initiator: Tally,
    /// Seen at the responder's.
    pub at_responder: Tally,
    /// Seen at neither.
    pub elsewhere: Tally,
    /// `REJECT` records sent by the initiator.
    pub refused: u64,
    /// When.
    pub seen: Hours,
    /// How sure the direction is.
    pub initiator: Certainty,
    /// The address it was opened from, as long as it is one.
    pub source: OnlySource,
    /// When connections to an external far end began, in the sampled hours.
    pub starts: Starts,
}

/// One service reaching one host through its proxy, as access records show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEdge {
    /// Who opened it.
    pub service: ServiceName,
    /// The host the client asked for.
    pub host: Option<Host>,
    /// The upstream address, or the original destination.
    pub address: Option<IpAddr>,
    /// The service of ours that owns that address.
    pub owner: Option<ServiceName>,
    /// The port, by the order given in the semantics.
    pub port: u16,
    /// What the proxy saw: HTTP, TLS (an SNI), or other TCP.
    pub application: Application,
    /// Lines and bytes of what was let through.
    pub tally: Tally,
    /// Lines in which the proxy refused.
    pub refused: u64,
    /// When.
    pub seen: Hours,
    /// When lines of what was let through to an external far end began, in the sampled hours.
    pub starts: Starts,
}

/// One service that was told that a name has an address, as the query logs of resolvers show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The address.
    pub address: IpAddr,
    /// Who asked: a service of ours, or a forwarder in its place.
    pub service: ServiceName,
    /// The name that was asked for, whatever other names led from it to the address.
    pub name: DnsName,
    /// How many answers said so.
    pub answers: u64,
    /// When they were logged.
    pub seen: Hours,
}

/// A host as a client asked a proxy for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Host {
    /// From the `:authority`, or a cluster named after the host.
    Authority(DnsName),
    /// From the TLS hello.
    Sni(DnsName),
}

impl Host {
    /// The name itself.
    #[must_use]
    pub fn name(&self) -> &DnsName {
        match self {
            Host::Authority(name) | Host::Sni(name) => name,
        }
    }
}
