//! Flow records in columns: what a reader hands over many at a time, so that nothing is paid per record.

use std::net::{IpAddr, Ipv4Addr};

use crate::Reason;
use crate::record::{Action, FlowDirection, FlowRecord};

/// The most records of one batch.
pub const ROWS: usize = 256;

/// Which values of a row are set, and those of them that take one bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bits(u8);

impl Bits {
    pub(crate) const PKT_SRC: Bits = Bits(1);
    pub(crate) const PKT_DST: Bits = Bits(2);
    pub(crate) const TCP_FLAGS: Bits = Bits(4);
    pub(crate) const DIRECTION: Bits = Bits(8);
    pub(crate) const EGRESS: Bits = Bits(16);
    /// Both of these.
    pub(crate) const OUTWARD: Bits = Bits(8 | 16);
    pub(crate) const REJECT: Bits = Bits(32);
    /// Only while a batch is being filled: the row is none that a batch can hold.
    pub(crate) const UNFIT: Bits = Bits(64);

    #[inline(always)]
    pub(crate) fn set(&mut self, other: Bits) {
        self.0 |= other.0;
    }

    #[inline(always)]
    pub(crate) fn has(self, other: Bits) -> bool {
        self.0 & other.0 != 0
    }
}

/// Where a text value lies in the block: its first byte and its length.
pub(crate) type Span = (u32, u32);

/// The columns of a batch, each as long as the batch can be; reused from batch to batch.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) line: [u64; ROWS],
    pub(crate) srcaddr: [u32; ROWS],
    pub(crate) dstaddr: [u32; ROWS],
    /// As `srcaddr` where the packet's own is not set.
    pub(crate) pkt_srcaddr: [u32; ROWS],
    pub(crate) pkt_dstaddr: [u32; ROWS],
    pub(crate) srcport: [u16; ROWS],
    pub(crate) dstport: [u16; ROWS],
    pub(crate) protocol: [u8; ROWS],
    pub(crate) tcp_flags: [u8; ROWS],
    pub(crate) bits: [Bits; ROWS],
    pub(crate) packets: [u64; ROWS],
    pub(crate) bytes: [u64; ROWS],
    pub(crate) start: [u64; ROWS],
    pub(crate) end: [u64; ROWS],
    pub(crate) eni: [Span; ROWS],
    pub(crate) account: [Span; ROWS],
    pub(crate) instance: [Span; ROWS],
    pub(crate) src_aws_service: [Span; ROWS],
    pub(crate) dst_aws_service: [Span; ROWS],
    pub(crate) interface_type: [Span; ROWS],
    pub(crate) ecs_cluster: [Span; ROWS],
    pub(crate) ecs_service: [Span; ROWS],
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            line: [0; ROWS],
            srcaddr: [0; ROWS],
            dstaddr: [0; ROWS],
            pkt_srcaddr: [0; ROWS],
            pkt_dstaddr: [0; ROWS],
            srcport: [0; ROWS],
            dstport: [0; ROWS],
            protocol: [0; ROWS],
            tcp_flags: [0; ROWS],
            bits: [Bits(0); ROWS],
            packets: [0; ROWS],
            bytes: [0; ROWS],
            start: [0; ROWS],
            end: [0; ROWS],
            eni: [(0, 0); ROWS],
            account: [(0, 0); ROWS],
            instance: [(0, 0); ROWS],
            src_aws_service: [(0, 0); ROWS],
            dst_aws_service: [(0, 0); ROWS],
            interface_type: [(0, 0); ROWS],
            ecs_cluster: [(0, 0); ROWS],
            ecs_service: [(0, 0); ROWS],
        }
    }
}

impl Columns {
    /// Moves a row to the place of one before it.
    pub(crate) fn move_up(&mut self, from: usize, to: usize) {
        macro_rules! each {
            ($($name:ident)*) => {
                $(self.$name[to] = self.$name[from];)*
            };
        }
        each!(line srcaddr dstaddr pkt_srcaddr pkt_dstaddr srcport dstport protocol tcp_flags bits packets bytes start end);
        each!(eni account instance src_aws_service dst_aws_service interface_type ecs_cluster ecs_service);
    }
}

/// Up to [`ROWS`] flow records between IPv4 addresses, with `log-status` `OK`, in columns.
///
/// Each of them is what [`FlowRecord`] is; [`record`](Self::record) gives a row as one. Text lies in the block that the
/// rows were read from and is not copied. Columns that the log's format does not have cost nothing.
#[derive(Debug, Clone, Copy)]
pub struct FlowBatch<'a> {
    block: &'a [u8],
    columns: &'a Columns,
    rows: usize,
}

/// The numbers of one row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// `srcaddr` as an integer in host byte order.
    pub srcaddr: u32,
    /// `dstaddr`.
    pub dstaddr: u32,
    /// `pkt-srcaddr`, or `srcaddr` where that is not set: who sent the packets.
    pub pkt_srcaddr: u32,
    /// `pkt-dstaddr`, or `dstaddr` where that is not set: who they were for.
    pub pkt_dstaddr: u32,
    /// `srcport`.
    pub srcport: u16,
    /// `dstport`.
    pub dstport: u16,
    /// `protocol`.
    pub protocol: u8,
    /// `tcp-flags`; 0 where unset.
    pub tcp_flags: u8,
    /// `packets`.
    pub packets: u64,
    /// `bytes`.
    pub bytes: u64,
    /// `start` in Unix seconds.
    pub start: u64,
    /// `end` in Unix seconds.
    pub end: u64,
}

/// The rows of a batch that a sink did not want: the line of each, and why.
pub type Refused = Vec<(u64, Reason)>;

/// One column of a batch, a value a row.
macro_rules! column {
    ($(#[$doc:meta])* $name:ident: $type:ty) => {
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub fn $name(&self) -> &'a [$type] {
            &self.columns.$name[..self.rows]
        }
    };
}

/// One text column of a batch.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub fn $name(&self, row: usize) -> &'a [u8] {
            self.text(self.columns.$name[row])
        }
    };
}

impl<'a> FlowBatch<'a> {
    pub(crate) fn new(block: &'a [u8], columns: &'a Columns, rows: usize) -> Self {
        FlowBatch {
            block,
            columns,
            rows: rows.min(ROWS),
        }
    }

    /// How many records there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    column! {
        /// The 1-based line of each record in the decoded object.
        line: u64
    }
    column! {
        /// `start` in Unix seconds.
        start: u64
    }
    column! {
        /// `end` in Unix seconds.
        end: u64
    }

    text! {
        /// `account-id`; empty where unset.
        account
    }
    text! {
        /// `interface-id`; empty where unset.
        eni
    }
    text! {
        /// `instance-id`; empty where unset.
        instance
    }
    text! {
        /// `pkt-src-aws-service`; empty where unset.
        src_aws_service
    }
    text! {
        /// `pkt-dst-aws-service`; empty where unset.
        dst_aws_service
    }
    text! {
        /// `interface-type`; empty where unset.
        interface_type
    }
    text! {
        /// `ecs-cluster-name`; empty where unset.
        ecs_cluster
    }
    text! {
        /// `ecs-service-name`; empty where unset.
        ecs_service
    }

    /// Whether the record's `action` is `REJECT`.
    #[inline]
    #[must_use]
    pub fn is_rejected(&self, row: usize) -> bool {
        self.columns.bits[row].has(Bits::REJECT)
    }

    /// `flow-direction`.
    #[inline]
    #[must_use]
    pub fn flow_direction(&self, row: usize) -> Option<FlowDirection> {
        let bits = self.columns.bits[row];
        bits.has(Bits::DIRECTION).then(|| {
            if bits.has(Bits::EGRESS) {
                FlowDirection::Egress
            } else {
                FlowDirection::Ingress
            }
        })
    }

    /// The numbers of one row, which is less than [`len`](Self::len).
    // Every number of a byte is a row of the columns, so nothing is checked.
    #[inline]
    #[must_use]
    pub fn numbers(&self, row: u8) -> Numbers {
        let (columns, row) = (self.columns, usize::from(row));
        Numbers {
            srcaddr: columns.srcaddr[row],
            dstaddr: columns.dstaddr[row],
            pkt_srcaddr: columns.pkt_srcaddr[row],
            pkt_dstaddr: columns.pkt_dstaddr[row],
            srcport: columns.srcport[row],
            dstport: columns.dstport[row],
            protocol: columns.protocol[row],
            tcp_flags: columns.tcp_flags[row],
            packets: columns.packets[row],
            bytes: columns.bytes[row],
            start: columns.start[row],
            end: columns.end[row],
        }
    }

    /// One row as a record.
    #[must_use]
    pub fn record(&self, row: usize) -> FlowRecord<'a> {
        let columns = self.columns;
        let bits = columns.bits[row];
        let address = |bits: u32| IpAddr::V4(Ipv4Addr::from_bits(bits));
        FlowRecord {
            account: self.account(row),
            eni: self.eni(row),
            instance: self.instance(row),
            srcaddr: address(columns.srcaddr[row]),
            dstaddr: address(columns.dstaddr[row]),
            pkt_srcaddr: bits.has(Bits::PKT_SRC).then(|| address(columns.pkt_srcaddr[row])),
            pkt_dstaddr: bits.has(Bits::PKT_DST).then(|| address(columns.pkt_dstaddr[row])),
            srcport: columns.srcport[row],
            dstport: columns.dstport[row],
            protocol: columns.protocol[row],
            packets: columns.packets[row],
            bytes: columns.bytes[row],
            start: columns.start[row],
            end: columns.end[row],
            action: if self.is_rejected(row) {
                Action::Reject
            } else {
                Action::Accept
            },
            tcp_flags: bits.has(Bits::TCP_FLAGS).then(|| columns.tcp_flags[row]),
            flow_direction: self.flow_direction(row),
            src_aws_service: self.src_aws_service(row),
            dst_aws_service: self.dst_aws_service(row),
            interface_type: self.interface_type(row),
            ecs_cluster: self.ecs_cluster(row),
            ecs_service: self.ecs_service(row),
            on_the_way: false,
        }
    }

    #[inline]
    fn text(&self, (start, length): Span) -> &'a [u8] {
        if length == 0 {
            return &[];
        }
        let start = start as usize;
        self.block.get(start..start + length as usize).unwrap_or_default()
    }
}
