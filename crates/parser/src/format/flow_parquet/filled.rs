//! The rows of the common kind as a batch holds them, a column at a time.

use super::lane::Narrow;
use super::row::Rows;
use crate::batch::{Bits, Columns, ROWS};
use crate::format::flow_text::Field;

impl Rows<'_> {
    /// Fills columns with the first rows of the table's batch, of which `line` is the first. Whether all of them are of the
    /// common kind; those that are not have [`Bits::UNFIT`].
    ///
    /// The columns are those that were filled before by the same row group, or none: what stays the same is left.
    pub(super) fn fill(&mut self, into: &mut Columns, rows: usize, line: u64) -> bool {
        for (number, to) in (line..).zip(&mut into.line[..rows]) {
            *to = number;
        }
        into.bits[..rows].fill(Bits::default());
        for column in &self.table.columns {
            column.mark(&mut into.bits[..rows]);
        }
        self.values(Field::Protocol, &mut into.protocol);
        self.values(Field::SrcPort, &mut into.srcport);
        self.values(Field::DstPort, &mut into.dstport);
        self.values(Field::Packets, &mut into.packets);
        self.values(Field::Bytes, &mut into.bytes);
        self.values(Field::Start, &mut into.start);
        self.values(Field::TcpFlags, &mut into.tcp_flags);
        self.values(Field::AccountId, &mut into.account);
        self.values(Field::InterfaceId, &mut into.eni);
        self.values(Field::InstanceId, &mut into.instance);
        self.values(Field::PktSrcAwsService, &mut into.src_aws_service);
        self.values(Field::PktDstAwsService, &mut into.dst_aws_service);
        self.values(Field::InterfaceType, &mut into.interface_type);
        self.values(Field::EcsClusterName, &mut into.ecs_cluster);
        self.values(Field::EcsServiceName, &mut into.ecs_service);
        if !self.values(Field::End, &mut into.end) {
            into.end[..rows].copy_from_slice(&into.start[..rows]);
        }
        let bits = &mut into.bits[..rows];
        self.addresses(
            [Field::SrcAddr, Field::PktSrcAddr],
            [&mut into.srcaddr, &mut into.pkt_srcaddr],
            bits,
            Bits::PKT_SRC,
        );
        self.addresses(
            [Field::DstAddr, Field::PktDstAddr],
            [&mut into.dstaddr, &mut into.pkt_dstaddr],
            bits,
            Bits::PKT_DST,
        );
        !bits.iter().any(|bits| bits.has(Bits::UNFIT))
    }

    /// Fills a column; `false` if the file has none for it.
    fn values<T: Narrow>(&mut self, field: Field, into: &mut [T; ROWS]) -> bool {
        let column = self.at[field.index()].and_then(|at| self.table.columns.get_mut(at));
        column.map(|column| column.fill(into)).is_some()
    }

    /// Fills the columns of an address as the interface saw it and as the packets have it; one stands in for the other
    /// where that is not there. `is_set` is the bit of rows whose packets have their own.
    fn addresses(
        &mut self,
        [seen, packet]: [Field; 2],
        [seen_into, packet_into]: [&mut [u32; ROWS]; 2],
        bits: &mut [Bits],
        is_set: Bits,
    ) {
        let seen = self.values(seen, seen_into);
        if !self.values(packet, packet_into) {
            *packet_into = *seen_into;
            return;
        }
        for (row, bits) in bits.iter_mut().enumerate() {
            if !seen {
                seen_into[row] = packet_into[row];
            }
            if !bits.has(is_set) {
                packet_into[row] = seen_into[row];
                if !seen {
                    bits.set(Bits::UNFIT);
                }
            }
        }
    }
}
