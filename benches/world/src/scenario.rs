//! How big a world is and what is in it: the knobs, and the worlds that have names.

use crate::clock::DAY;

/// Everything that a world depends on besides its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Who is in it.
    pub story: Story,
    /// The first second of the window, Unix time, at midnight UTC.
    pub start: u64,
    /// Days in the window.
    pub days: u64,
    /// The format of the flow logs.
    pub flow_version: FlowVersion,
    /// How the records of a NAT gateway's interface are told apart.
    pub nat: NatRecords,
    /// Traffic goes on until there are this many records, flow and access together.
    pub records: u64,
    /// Services that call out, besides the few that every world has.
    pub services: usize,
    /// Tasks of each service.
    pub tasks: usize,
    /// Host names on the internet.
    pub hosts: usize,
    /// Percentage of the services that have a proxy with an access log.
    pub proxied: u64,
    /// What else stands in the logs.
    pub noise: Noise,
}

/// Who is in a world: a story with named people, or a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The shop of the example; the sizes below are its own, whatever the knobs say.
    Shop,
    /// As many services as are asked for, eight at least.
    City,
}

/// The format of the flow logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowVersion {
    /// The default format: no TCP flags and no packet addresses.
    V2,
    /// A custom format up to version 5: `tcp-flags`, `pkt-srcaddr`, `pkt-dstaddr`, `flow-direction`, AWS service names.
    V5,
}

/// What the log says of a NAT gateway's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatRecords {
    /// There is no NAT gateway, or its interface is not logged.
    None,
    /// Its records have an `interface-type`, so that those without the client's address are known as repetition.
    Marked,
    /// They have not: the gateway looks like a client of its own.
    Plain,
}

/// What stands in the logs besides traffic of ours: in a thousand rounds of traffic, so many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// Clients on the internet that call us.
    pub inbound: u64,
    /// Scanners, whose packets are rejected.
    pub scans: u64,
    /// NODATA lines.
    pub nodata: u64,
    /// SKIPDATA lines.
    pub skipdata: u64,
    /// Malformed and blank lines, and headers in the middle of an object.
    pub malformed: u64,
}

/// 2026-08-01T00:00:00Z.
const AUGUST: u64 = 1_785_542_400;

impl Scenario {
    /// The small shop of `examples/shop`: seven services, a month, and a story that a reader recognises.
    #[must_use]
    pub fn shop() -> Self {
        Scenario {
            story: Story::Shop,
            start: AUGUST,
            days: 31,
            flow_version: FlowVersion::V5,
            nat: NatRecords::None,
            records: 0,
            services: 7,
            tasks: 2,
            hosts: 12,
            proxied: 100,
            noise: Noise {
                inbound: 0,
                scans: 0,
                nodata: 0,
                skipdata: 0,
                malformed: 0,
            },
        }
    }

    /// A city: at least `records` records with every hard case there is.
    #[must_use]
    pub fn city(records: u64, flow_version: FlowVersion) -> Self {
        Scenario {
            story: Story::City,
            start: AUGUST,
            days: 7,
            flow_version,
            nat: match flow_version {
                FlowVersion::V2 => NatRecords::None,
                FlowVersion::V5 => NatRecords::Marked,
            },
            records,
            services: 40,
            tasks: 3,
            hosts: 160,
            proxied: 70,
            noise: Noise {
                inbound: 120,
                scans: 40,
                nodata: 15,
                skipdata: 5,
                malformed: 4,
            },
        }
    }

    /// The first second after the window.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.days * DAY
    }
}
