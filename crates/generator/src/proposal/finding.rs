//! What to know and what to decide: one sentence, its evidence, the ways out.

use std::fmt;

use serde::{Serialize, Serializer};

/// One thing to know or to decide. Ordered by urgency, then code, caller and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How urgent it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: Code,
    /// The virtual node it is about, or the service where there is none.
    pub caller: Option<String>,
    /// The port it is about.
    pub port: Option<u16>,
    /// What it is, in one sentence without its final dot.
    pub sentence: String,
    /// What it rests on, one fact a line.
    pub evidence: Vec<String>,
    /// What can be done, one way a line.
    pub ways_out: Vec<String>,
}

/// How urgent a finding is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something allowed is not attached until somebody decides, or the mesh refuses the proposal as it is.
    Decision,
    /// Applying the proposal does something that a reader may not expect.
    Warning,
    /// Good to know.
    Note,
}

/// The kind of a finding. The number of a kind never changes and is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Code {
    /// More than one TCP or TLS host on one port of one caller.
    SecondTcpOnPort = 1,
    /// HTTP and TCP on one port of one caller.
    MixedProtocols = 2,
    /// An allowed destination that cannot be modelled shares a port with hosts that can.
    UnmodelledNeighbour = 3,
    /// One host is needed as HTTP and as TCP on the same port.
    HostOfTwoProtocols = 4,
    /// A lone TCP or TLS host gets all other TCP and TLS of its port.
    LoneTcpCaptures = 5,
    /// Hosts that are not allowed lose a port that is cut over.
    UnlistedHosts = 6,
    /// The server speaks first, so the port must bypass the proxy.
    ServerFirst = 7,
    /// Known by address only, so App Mesh cannot name it.
    AddressOnly = 8,
    /// App Mesh knows no wildcards.
    Wildcard = 9,
    /// A backend opens ports that its caller did not use.
    ExtraPorts = 10,
    /// More backends than a virtual node may have.
    BackendQuota = 11,
    /// More nodes or services than a mesh may have.
    MeshQuota = 12,
    /// An `allow` entry is past its last day.
    Expired = 13,
    /// Nothing in the inventory owns the caller.
    UnattributedCaller = 14,
    /// Entries of the ledger wait for review.
    AwaitsReview = 15,
    /// The map shows what the ledger denies.
    DeniedButSeen = 16,
    /// The map shows what the ledger lacks.
    NotInLedger = 17,
    /// An entry allows what a wider one denies.
    AllowedWithinDenied = 18,
    /// The mesh lets it through by itself.
    AllowedByMesh = 19,
    /// The proxy never sees it.
    NotIntercepted = 20,
    /// Calls between our own services: backends of the mesh's own.
    Internal = 21,
    /// DNS, NTP, instance metadata.
    Infrastructure = 22,
    /// An allowed host of one port waits for a decision elsewhere, and its neighbours with it.
    WaitingNeighbour = 23,
    /// The ledger names a caller that neither the inventory nor the map knows.
    UnknownCaller = 24,
    /// The ledger allows a service of ours: a backend of the mesh's own.
    OurService = 25,
    /// A target knows addresses alone, and the destination is known by name.
    NeedsName = 40,
    /// A target cannot say the name: its characters or its form.
    UnwritableName = 41,
    /// A wildcard means less in a target than in the ledger.
    WildcardDepth = 42,
    /// A target neither allows nor drops it.
    OutOfReach = 43,
    /// A target drops the transport and cannot allow it.
    NeedsTransport = 44,
    /// No selector of a target finds the caller.
    UnselectableCaller = 45,
    /// The inventory has no namespace for the caller.
    NamespaceAssumed = 46,
    /// A target has one list for all callers.
    CallersTogether = 47,
    /// A TCP host gets all other TCP of its port.
    HostTakesPort = 48,
    /// The client says the name, and the target does not check where it leads.
    NameFromClient = 49,
    /// The rule stands on the addresses that the map saw.
    AddressesAsSeen = 50,
    /// A target cannot tell the hosts of a port apart.
    HostsAlike = 51,
    /// More than a target takes.
    TargetQuota = 52,
    /// A service of AWS known by its published addresses, which a target cannot follow.
    AwsAddresses = 54,
    /// A target also drops calls between our own services.
    InternalCalls = 55,
    /// A target follows a service of AWS by a prefix list that somebody must name.
    NeedsPrefixList = 53,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EGR{:04}", *self as u16)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Finding {
    /// A finding about a caller.
    pub(crate) fn about(severity: Severity, code: Code, caller: Option<&str>, sentence: String) -> Self {
        Finding {
            severity,
            code,
            caller: caller.map(str::to_owned),
            port: None,
            sentence,
            evidence: Vec::new(),
            ways_out: Vec::new(),
        }
    }

    /// The same, on a port.
    pub(super) fn on_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The same, with what it rests on.
    pub(crate) fn because(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// The same, with a way out.
    pub(crate) fn way_out(mut self, way: impl Into<String>) -> Self {
        self.ways_out.push(way.into());
        self
    }
}
