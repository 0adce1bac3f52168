//! The places that a value of a line may fill: those of an access record, and those that tell connections and requests apart.

use crate::Reason;

/// What a value is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Slot {
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
    UpstreamLocal,
    ConnectionId,
    StreamId,
    AccessLogType,
    Identity,
}

/// How many there are.
pub(in crate::format) const SLOTS: usize = Slot::Identity as usize + 1;

/// Where the value of a column or a key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) struct Target {
    pub(in crate::format) slot: Slot,
    /// Which of several values for one slot counts: the least.
    pub(in crate::format) rank: u8,
    /// Envoy cuts the value to so many bytes, and one that long is a piece of a name and no name.
    pub(in crate::format) limit: Option<usize>,
}

impl Target {
    /// A text that tells whom the proxy works for, as well as this rank says.
    pub(in crate::format) fn identity(rank: u8) -> Self {
        Target {
            slot: Slot::Identity,
            rank,
            limit: None,
        }
    }
}

impl Slot {
    pub(in crate::format) const fn index(self) -> usize {
        self as usize
    }

    /// Those whose keys are found in the logs of a proxy and nowhere else.
    pub(in crate::format) const OF_A_PROXY: [Slot; 7] = [
        Slot::Sni,
        Slot::ResponseFlags,
        Slot::UpstreamCluster,
        Slot::UpstreamHost,
        Slot::DownstreamLocal,
        Slot::DownstreamRemote,
        Slot::DownstreamDirectRemote,
    ];

    /// Its field in a line shown in full: the operator's name.
    pub(in crate::format) fn field(self) -> &'static str {
        match self {
            Slot::StartTime => "start_time",
            Slot::Method => "method",
            Slot::Authority => "authority",
            Slot::Sni => "requested_server_name",
            Slot::Protocol => "protocol",
            Slot::ResponseCode => "response_code",
            Slot::ResponseFlags => "response_flags",
            Slot::ResponseCodeDetails => "response_code_details",
            Slot::RouteName => "route_name",
            Slot::UpstreamCluster => "upstream_cluster",
            Slot::UpstreamHost => "upstream_host",
            Slot::DownstreamLocal => "downstream_local_address",
            Slot::DownstreamRemote => "downstream_remote_address",
            Slot::DownstreamDirectRemote => "downstream_direct_remote_address",
            Slot::BytesReceived => "bytes_received",
            Slot::BytesSent => "bytes_sent",
            Slot::UpstreamLocal => "upstream_local_address",
            Slot::ConnectionId => "connection_id",
            Slot::StreamId => "stream_id",
            Slot::AccessLogType => "access_log_type",
            Slot::Identity => "identity",
        }
    }

    /// The reason that a line is set aside for if the value is not what it should be, and what it should be.
    pub(in crate::format) fn texts(self) -> (Reason, &'static str) {
        match self {
            Slot::StartTime => ("malformed:start_time", "a time such as 2026-11-23T01:58:00.996Z"),
            Slot::Method | Slot::Protocol => ("malformed:request", "a method, a path and a protocol"),
            Slot::Authority => ("malformed:authority", "a host without quotes or spaces in it"),
            Slot::ResponseCode => ("malformed:response_code", "a status code"),
            Slot::UpstreamHost => ("malformed:upstream_host", "an address"),
            Slot::BytesReceived => ("malformed:bytes_received", "a count"),
            Slot::BytesSent => ("malformed:bytes_sent", "a count"),
            _ => ("malformed:columns", "the columns of the format"),
        }
    }
}
