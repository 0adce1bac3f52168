//! The places of an access record that a JSON value may fill.

use crate::Reason;

/// A field of [`AccessRecord`](crate::AccessRecord).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    StartTime,
    Method,
    Authority,
    Sni,
    Protocol,
    ResponseCode,
    ResponseFlags,
    ResponseCodeDetails,
    RouteName,
    UpstreamCluster,
    UpstreamHost,
    DownstreamLocal,
    DownstreamRemote,
    DownstreamDirectRemote,
    BytesReceived,
    BytesSent,
}

/// How many there are.
pub(super) const SLOTS: usize = Slot::BytesSent as usize + 1;

/// Where the value of a key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) slot: Slot,
    /// Which of several keys for one slot counts: the least.
    pub(super) rank: u8,
    /// Envoy cuts the value to so many bytes, and one that long is a piece of a name and no name.
    pub(super) limit: Option<usize>,
}

impl Slot {
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Those whose keys are found in the logs of a proxy and nowhere else.
    pub(super) const OF_A_PROXY: [Slot; 7] = [
        Slot::Sni,
        Slot::ResponseFlags,
        Slot::UpstreamCluster,
        Slot::UpstreamHost,
        Slot::DownstreamLocal,
        Slot::DownstreamRemote,
        Slot::DownstreamDirectRemote,
    ];

    /// The reason that a line with another value is set aside for, and what the value should be.
    pub(super) fn texts(self) -> (Reason, &'static str) {
        match self {
            Slot::StartTime => ("malformed:start_time", "a time such as 2026-11-23T01:58:00.996Z"),
            Slot::ResponseCode => ("malformed:response_code", "a status code"),
            Slot::BytesReceived => ("malformed:bytes_received", "a count"),
            Slot::BytesSent => ("malformed:bytes_sent", "a count"),
            _ => ("malformed:json", "text"),
        }
    }
}
