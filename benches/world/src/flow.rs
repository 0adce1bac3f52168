//! Flow records as text: the default format of version 2, and a custom one up to version 5.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::exchange::{Nat, Side};
use crate::party::{Party, Text};
use crate::scenario::{FlowVersion, NatRecords, Scenario};

/// The account, region and network that every record names.
pub(crate) const ACCOUNT: &str = "001234567890";
pub(crate) const REGION: &str = "eu-west-1";
const VPC: &str = "vpc-0f3a9c1e7d5b2a468";
const SUBNET: &str = "subnet-0b7d2e9f4a6c8d1e3";

/// The fields of one record before they are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlowRow {
    pub(crate) eni: Text,
    pub(crate) srcaddr: IpAddr,
    pub(crate) dstaddr: IpAddr,
    pub(crate) pkt_srcaddr: IpAddr,
    pub(crate) pkt_dstaddr: IpAddr,
    pub(crate) srcport: u16,
    pub(crate) dstport: u16,
    pub(crate) protocol: u8,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) rejected: bool,
    pub(crate) tcp_flags: Option<u8>,
    /// Whether the packets left the interface.
    pub(crate) leaves: bool,
    pub(crate) src_aws: Option<&'static str>,
    pub(crate) dst_aws: Option<&'static str>,
    pub(crate) nat_gateway: bool,
}

impl FlowRow {
    /// The record as the interface of one of its ends logs it.
    pub(crate) fn at(mut self, eni: &Text, own: &Party, rejected: bool) -> Self {
        self.eni = eni.clone();
        self.rejected = rejected;
        self.leaves = self.pkt_srcaddr == own.address;
        if let Some(primary) = own.primary {
            let side = if self.leaves {
                &mut self.srcaddr
            } else {
                &mut self.dstaddr
            };
            *side = primary;
        }
        self
    }

    /// The record between the client and a NAT gateway, as the gateway's interface logs it.
    pub(crate) fn through(mut self, nat: &Nat, side: Side) -> Self {
        match side {
            Side::Out => self.dstaddr = nat.address,
            Side::Back => self.srcaddr = nat.address,
        }
        self.leaves = side == Side::Back;
        self.gateway(nat)
    }

    /// The record between a NAT gateway and the far end, as the gateway's interface logs it.
    pub(crate) fn repeated_by(mut self, nat: &Nat, side: Side) -> Self {
        match side {
            Side::Out => (self.srcaddr, self.pkt_srcaddr, self.srcport) = (nat.address, nat.address, nat.port),
            Side::Back => (self.dstaddr, self.pkt_dstaddr, self.dstport) = (nat.address, nat.address, nat.port),
        }
        self.leaves = side == Side::Out;
        self.gateway(nat)
    }

    fn gateway(mut self, nat: &Nat) -> Self {
        self.eni = nat.eni.clone();
        self.nat_gateway = true;
        self
    }
}

/// A column of a format, by the field's name.
pub(crate) type Column = &'static str;

const V2: &[Column] = &[
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

const V5: &[Column] = &[
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "tcp-flags",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
];

/// As somebody would choose them who adds columns where they please; `interface-type` makes it version 11.
const MARKED: &[Column] = &[
    "interface-id",
    "version",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "interface-type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "tcp-flags",
    "type",
    "flow-direction",
    "traffic-path",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "region",
    "account-id",
];

/// The columns of a world's flow log and the version that it prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowFormat {
    columns: &'static [Column],
    version: &'static str,
}

impl FlowFormat {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        match (scenario.flow_version, scenario.nat) {
            (FlowVersion::V2, _) => FlowFormat {
                columns: V2,
                version: "2",
            },
            (FlowVersion::V5, NatRecords::Marked) => FlowFormat {
                columns: MARKED,
                version: "11",
            },
            (FlowVersion::V5, _) => FlowFormat {
                columns: V5,
                version: "5",
            },
        }
    }

    /// Whether records tell `column`.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.contains(&column)
    }

    /// The first line of every object.
    pub(crate) fn header(&self) -> String {
        self.columns.join(" ")
    }

    /// A record whose `log-status` is OK.
    pub(crate) fn record(&self, row: &FlowRow) -> String {
        self.line(|column, out| self.field(row, column, out))
    }

    /// A record with one field replaced.
    pub(crate) fn record_with(&self, row: &FlowRow, replaced: &str, text: &str) -> String {
        self.line(|column, out| {
            if column == replaced {
                out.push_str(text);
            } else {
                self.field(row, column, out);
            }
        })
    }

    /// A line of an interval in which nothing was logged, and why: NODATA or SKIPDATA.
    pub(crate) fn without_data(&self, status: &str, eni: &str, start: u64, end: u64) -> String {
        self.line(|column, out| match column {
            "interface-id" => out.push_str(eni),
            "start" => push(out, start),
            "end" => push(out, end),
            "log-status" => out.push_str(status),
            _ => out.push_str(self.constant(column).unwrap_or("-")),
        })
    }

    fn line(&self, field: impl Fn(Column, &mut String)) -> String {
        let mut line = String::with_capacity(160);
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                line.push(' ');
            }
            field(column, &mut line);
        }
        line
    }

    fn constant(&self, column: &str) -> Option<&'static str> {
        Some(match column {
            "version" => self.version,
            "account-id" => ACCOUNT,
            "vpc-id" => VPC,
            "subnet-id" => SUBNET,
            "region" => REGION,
            _ => return None,
        })
    }

    fn field(&self, row: &FlowRow, column: Column, out: &mut String) {
        match column {
            "interface-id" => out.push_str(&row.eni),
            "srcaddr" => push(out, row.srcaddr),
            "dstaddr" => push(out, row.dstaddr),
            "pkt-srcaddr" => push(out, row.pkt_srcaddr),
            "pkt-dstaddr" => push(out, row.pkt_dstaddr),
            "srcport" => push(out, row.srcport),
            "dstport" => push(out, row.dstport),
            "protocol" => push(out, row.protocol),
            "packets" => push(out, row.packets),
            "bytes" => push(out, row.bytes),
            "start" => push(out, row.start),
            "end" => push(out, row.end),
            "action" => out.push_str(if row.rejected { "REJECT" } else { "ACCEPT" }),
            "log-status" => out.push_str("OK"),
            "tcp-flags" => match row.tcp_flags {
                Some(flags) => push(out, flags),
                None => out.push('-'),
            },
            "type" => out.push_str(if row.pkt_srcaddr.is_ipv4() { "IPv4" } else { "IPv6" }),
            "pkt-src-aws-service" => out.push_str(row.src_aws.unwrap_or("-")),
            "pkt-dst-aws-service" => out.push_str(row.dst_aws.unwrap_or("-")),
            "flow-direction" => out.push_str(if row.leaves { "egress" } else { "ingress" }),
            "traffic-path" => out.push_str(if row.leaves { traffic_path(row.pkt_dstaddr) } else { "-" }),
            "interface-type" => out.push_str(if row.nat_gateway { "nat_gateway" } else { "-" }),
            _ => out.push_str(self.constant(column).unwrap_or("-")),
        }
    }
}

/// 1 within the VPC, 8 through its internet gateway.
fn traffic_path(to: IpAddr) -> &'static str {
    match to {
        IpAddr::V4(address) if address.is_private() => "1",
        _ => "8",
    }
}

fn push(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}
