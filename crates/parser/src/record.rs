//! What a log line says once it is parsed: borrowed from the line, nothing inferred.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::batch::{FlowBatch, Refused};
use crate::source::ObjectId;

/// One VPC flow record whose `log-status` is `OK`: the packets of one direction of one 5-tuple in one aggregation window.
///
/// Addresses, ports and counts are as logged; which end opened the connection is not decided here. A field that the
/// log's format does not have, or that holds `-`, is `None` (or empty for text).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRecord<'a> {
    /// `account-id` as text (leading zeros count); empty where unset.
    pub account: &'a [u8],
    /// `interface-id`, such as `eni-0a1b2c3d4e5f67890`; empty where unset.
    pub eni: &'a [u8],
    /// `instance-id`; empty where unset.
    pub instance: &'a [u8],
    /// `srcaddr`: the sender as the interface saw it (the interface's own side is always its primary address).
    pub srcaddr: IpAddr,
    /// `dstaddr`: the receiver as the interface saw it.
    pub dstaddr: IpAddr,
    /// `pkt-srcaddr`: the sender in the packet itself, behind a NAT gateway or a node.
    pub pkt_srcaddr: Option<IpAddr>,
    /// `pkt-dstaddr`: the receiver in the packet itself.
    pub pkt_dstaddr: Option<IpAddr>,
    /// `srcport`; 0 for ICMP.
    pub srcport: u16,
    /// `dstport`; 0 for ICMP.
    pub dstport: u16,
    /// `protocol`: the IANA number (6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6).
    pub protocol: u8,
    /// `packets` sent in this direction.
    pub packets: u64,
    /// `bytes` sent in this direction.
    pub bytes: u64,
    /// `start` in Unix seconds.
    pub start: u64,
    /// `end` in Unix seconds.
    pub end: u64,
    /// `action`.
    pub action: Action,
    /// `tcp-flags`: FIN 1, SYN 2, RST 4, ACK 16, OR-ed over the window; ACK alone is logged as 0.
    pub tcp_flags: Option<u8>,
    /// `flow-direction`, with respect to the interface and for this record's packets; it does not tell who opened.
    pub flow_direction: Option<FlowDirection>,
    /// `pkt-src-aws-service`; empty where unset.
    pub src_aws_service: &'a [u8],
    /// `pkt-dst-aws-service`; empty where unset.
    pub dst_aws_service: &'a [u8],
    /// `interface-type` (version 11), such as `nat_gateway`; empty where unset.
    pub interface_type: &'a [u8],
    /// `ecs-cluster-name` (version 7) of the task behind the interface; empty where unset.
    pub ecs_cluster: &'a [u8],
    /// `ecs-service-name` (version 7) of the task behind the interface; empty where unset.
    pub ecs_service: &'a [u8],
    /// Whether a Transit Gateway logged it, which names no interface of its own: the interfaces at both ends log the
    /// same packets.
    pub on_the_way: bool,
}

/// A row of a flow log that says that there is no record: nothing was seen, or what was seen was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap<'a> {
    /// `interface-id`; empty where unset.
    pub eni: &'a [u8],
    /// `start` in Unix seconds.
    pub start: u64,
    /// `end` in Unix seconds.
    pub end: u64,
    /// Which of the two it is.
    pub status: GapStatus,
}

/// `log-status` of a row without a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapStatus {
    /// `NODATA`: nothing was seen in the window.
    NoData,
    /// `SKIPDATA`: records of the window were lost, any number of them.
    SkipData,
}

/// Whether the security groups and network ACLs let the packets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `ACCEPT`.
    Accept,
    /// `REJECT`.
    Reject,
}

/// The direction of a record's packets with respect to the interface that logged them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowDirection {
    /// The packets came into the interface.
    Ingress,
    /// The packets left the interface.
    Egress,
}

/// One Envoy access record, HTTP or TCP: a proxied request or connection as the proxy saw it.
///
/// Text fields are as logged and hostile: a client chooses `authority` and `sni`. `None` is "unset" (`-`, `null`, a
/// missing key, or a format without that operator).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRecord<'a> {
    /// `START_TIME` in Unix seconds.
    pub start: u64,
    /// `REQ(:METHOD)`; set on HTTP lines only.
    pub method: Option<Cow<'a, str>>,
    /// `REQ(:AUTHORITY)`: the host the client asked for, with its port if the client sent one.
    pub authority: Option<Cow<'a, str>>,
    /// `REQUESTED_SERVER_NAME`: the SNI of the client's TLS hello.
    pub sni: Option<Cow<'a, str>>,
    /// `PROTOCOL`, such as `HTTP/1.1`; unset on TCP lines.
    pub protocol: Option<Cow<'a, str>>,
    /// `RESPONSE_CODE`; 0 on TCP lines.
    pub response_code: u16,
    /// `RESPONSE_FLAGS`, comma separated; unset where Envoy prints `-`.
    pub response_flags: Option<Cow<'a, str>>,
    /// `RESPONSE_CODE_DETAILS`.
    pub response_code_details: Option<Cow<'a, str>>,
    /// `ROUTE_NAME`.
    pub route_name: Option<Cow<'a, str>>,
    /// `UPSTREAM_CLUSTER` or `UPSTREAM_CLUSTER_RAW`.
    pub upstream_cluster: Option<Cow<'a, str>>,
    /// `UPSTREAM_HOST` where it is an address and port.
    pub upstream_host: Option<SocketAddr>,
    /// `DOWNSTREAM_LOCAL_ADDRESS`: the original destination under iptables interception.
    pub downstream_local: Option<SocketAddr>,
    /// `DOWNSTREAM_REMOTE_ADDRESS`: obeys `x-forwarded-for`; port 0 is the tell that it was taken from there.
    pub downstream_remote: Option<SocketAddr>,
    /// `DOWNSTREAM_DIRECT_REMOTE_ADDRESS`: the real peer.
    pub downstream_direct_remote: Option<SocketAddr>,
    /// Whom the proxy works for, in the words of its own configuration or of its mesh: a node's id, a workload, a pod.
    pub identity: Option<Cow<'a, str>>,
    /// `BYTES_RECEIVED` from the downstream.
    pub bytes_received: u64,
    /// `BYTES_SENT` to the downstream.
    pub bytes_sent: u64,
}

impl AccessRecord<'_> {
    /// Whether the line is about an HTTP request rather than a TCP connection.
    #[must_use]
    pub fn is_http(&self) -> bool {
        self.protocol.is_some() || self.method.is_some() || self.response_code != 0
    }
}

/// One answered DNS query, as a resolver logged it: which addresses a name had for whom, and when.
///
/// Query logs carry no TTL. A query without an address in its answer is a record too, with no `addresses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord<'a> {
    /// When it was asked, in Unix seconds.
    pub time: u64,
    /// Who asked: a client, or a forwarder in its place.
    pub source: IpAddr,
    /// `vpc_id`; empty where unset.
    pub vpc: Cow<'a, str>,
    /// `srcids.instance`; empty where unset.
    pub instance: Cow<'a, str>,
    /// The name asked for, as logged.
    pub name: Cow<'a, str>,
    /// The type asked for, such as `A`.
    pub query_type: Cow<'a, str>,
    /// `rcode`, such as `NOERROR`; empty where unset.
    pub rcode: Cow<'a, str>,
    /// The addresses of the A and AAAA answers, in their order.
    pub addresses: &'a [IpAddr],
    /// The targets of the CNAME answers, in their order.
    pub aliases: &'a [Cow<'a, str>],
}

/// Takes the records of one object as they are parsed.
///
/// A reader gives each line to exactly one of `flow`, `access` and `dns`, or to none if it is no record. Records borrow from
/// the reader's buffer: a sink keeps what it needs.
pub trait Sink {
    /// The records that follow stand in this object; called once, before its first line is read.
    fn object(&mut self, id: &ObjectId);
    /// The records that follow come from here, as the envelope around them says: a log group and stream, a task, a pod,
    /// names joined by `/`. Empty where that is no longer said; an object begins without. Hostile, at most a few KiB.
    fn origin(&mut self, origin: &str) {
        let _ = origin;
    }
    /// A flow record with `log-status` `OK`. `line` is 1-based in the decoded object.
    fn flow(&mut self, line: u64, record: &FlowRecord<'_>) -> Verdict;
    /// Flow records in columns: each is what [`flow`](Self::flow) takes. Those that are not wanted go to `refused`.
    fn flows(&mut self, batch: &FlowBatch<'_>, refused: &mut Refused) {
        for (row, line) in batch.line().iter().enumerate() {
            if let Verdict::SetAside(reason) = self.flow(*line, &batch.record(row)) {
                refused.push((*line, reason));
            }
        }
    }
    /// An access record.
    fn access(&mut self, line: u64, record: &AccessRecord<'_>) -> Verdict;
    /// A DNS answer.
    fn dns(&mut self, line: u64, record: &DnsRecord<'_>) -> Verdict;
    /// Whether [`set_aside`](Self::set_aside) is to be called; asked once an object, before its first line.
    fn wants_set_aside(&self) -> bool {
        false
    }
    /// A line was set aside, by the reader or by this sink's own verdict. `event` is its 1-based event where the line
    /// delivers several; `message` is what was expected and what was found, safe to print, where the line has a fault.
    fn set_aside(&mut self, line: u64, event: Option<u64>, reason: crate::Reason, message: Option<&str>) {
        let _ = (line, event, reason, message);
    }
    /// A row of a flow log with `log-status` `NODATA` or `SKIPDATA` that says when; the line is set aside all the same.
    fn gap(&mut self, line: u64, gap: &Gap<'_>) {
        let _ = (line, gap);
    }
}

/// What a sink did with a record, so that the line's one counter is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The record was used.
    Used,
    /// The record was well-formed and not wanted, and this is why (such as `outside-window`).
    SetAside(crate::Reason),
}
