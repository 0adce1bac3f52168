//! What the map of a world's logs has to say, in the words that `show -o json` uses.

use std::collections::BTreeMap;

use serde::Serialize;

/// The exact truth about a world's logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// What became of the lines.
    pub input: Input,
    /// Records of clients that call us and of our answers, and lines of inbound listeners.
    pub inbound: u64,
    /// The same by plane.
    pub inbound_by_plane: Used,
    /// All dependencies, by service, destination, port and protocol.
    pub dependencies: Vec<Dependency>,
}

/// What became of the lines of all objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Objects, of both planes.
    pub objects: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that become records.
    pub used: Used,
    /// Lines that do not, by reason.
    pub set_aside: BTreeMap<String, u64>,
}

/// A number for each plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Of flow records.
    pub flow: u64,
    /// Of access records.
    pub access: u64,
}

/// One (service, destination, port, protocol).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// The service that opens it.
    pub service: String,
    /// The far end's name, or its address.
    pub destination: String,
    /// The addresses it was reached at, in order.
    pub addresses: Vec<String>,
    /// `external`, `aws`, `internal`, `private` or `infrastructure`.
    pub class: String,
    /// The port that the far end listens on.
    pub port: u16,
    /// `tcp`, `udp` or `icmp`.
    pub protocol: String,
    /// `http`, `tls`, `tcp`, `udp` or `icmp`.
    pub application: String,
    /// How the name is known.
    pub name: Name,
    /// Records that count.
    pub records: Records,
    /// Records of refused attempts.
    pub refused: Records,
    /// Bytes from the initiator.
    pub bytes_out: u64,
    /// Bytes to the initiator.
    pub bytes_in: u64,
    /// Packets from the initiator.
    pub packets_out: u64,
    /// Packets to the initiator.
    pub packets_in: u64,
    /// The least start, RFC 3339.
    pub first_seen: String,
    /// The greatest end, RFC 3339.
    pub last_seen: String,
    /// UTC days in which a record starts.
    pub days_seen: u64,
    /// `certain`, `likely` or `guess`.
    pub initiator: String,
}

/// How a name is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// `authority`, `sni`, `aws` or `address`.
    pub grade: String,
}

/// Records of each plane.
pub type Records = Used;
