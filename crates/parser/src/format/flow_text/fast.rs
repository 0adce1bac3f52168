//! The common row, many at a time with the processor's vector instructions; every other row is left to the plan.
//!
//! What is read here is read exactly as [`Plan::row`] reads it: a row that is unusual in any way (a value of more than ten
//! digits, a status that is not `OK`, a fault) is not guessed at but handed back. On a processor without AVX2 all rows
//! are. A row of IPv6 or of a gateway on the way is handed over by itself, as no batch holds it.

use pulp::NullaryFnOnce;
use pulp::x86::V3;

use super::fields::Field;
use super::plan::Plan;
use crate::batch::{Columns, FlowBatch, ROWS};
use crate::record::FlowRecord;

mod digits;
mod ipv4;
mod ipv6;
mod marks;
mod row;

pub(in crate::format) use digits::up_to_eight;
pub(in crate::format) use ipv4::read as ipv4;
use marks::{MOST, Marks};
use row::Row;

/// Lines are marked in pieces of so many bytes, so that marks and text stay in the processor's first cache.
const PIECE: usize = 8 * 1024;

/// No such column.
const NONE: usize = usize::MAX;

/// What the rows go to.
pub(super) trait Rows {
    /// Rows of the block, in columns; the line of each is its number.
    fn batch(&mut self, columns: &mut Columns, rows: usize);
    /// A row that no batch holds.
    fn record(&mut self, record: &FlowRecord<'_>, number: u64);
    /// A line (without its `\n`) that is to be read by the plan. `false` if it changed the plan.
    fn line(&mut self, line: &[u8], number: u64) -> bool;
}

/// Reads blocks with the instructions of one processor.
#[derive(Debug)]
pub(super) struct Fast {
    simd: V3,
    marks: Marks,
    columns: Box<Columns>,
    at: Option<At>,
}

/// The columns of a plan that every row of the common kind has.
#[derive(Debug, Clone, Copy)]
struct At {
    columns: usize,
    /// Whether the rows are of a gateway on the way.
    on_the_way: bool,
    status: usize,
    srcaddr: usize,
    dstaddr: usize,
    pkt_srcaddr: usize,
    pkt_dstaddr: usize,
    srcport: usize,
    dstport: usize,
    protocol: usize,
    packets: usize,
    bytes: usize,
    start: usize,
    end: usize,
    action: usize,
    tcp_flags: usize,
    direction: usize,
    account: usize,
    eni: usize,
    instance: usize,
    src_aws: usize,
    dst_aws: usize,
    interface_type: usize,
    ecs_cluster: usize,
    ecs_service: usize,
}

impl At {
    /// `None` for a plan whose rows are never of the common kind.
    fn of(plan: &Plan) -> Option<At> {
        let at = |field| plan.column(field).unwrap_or(NONE);
        let needed = |field| plan.column(field);
        if plan.lacking().is_some() || plan.columns() > MOST {
            return None;
        }
        Some(At {
            columns: plan.columns(),
            on_the_way: plan.is_on_the_way(),
            status: at(Field::LogStatus),
            srcaddr: needed(Field::SrcAddr)?,
            dstaddr: needed(Field::DstAddr)?,
            pkt_srcaddr: at(Field::PktSrcAddr),
            pkt_dstaddr: at(Field::PktDstAddr),
            srcport: needed(Field::SrcPort)?,
            dstport: needed(Field::DstPort)?,
            protocol: needed(Field::Protocol)?,
            packets: at(Field::Packets),
            bytes: at(Field::Bytes),
            start: needed(Field::Start)?,
            end: at(Field::End),
            action: at(Field::Action),
            tcp_flags: at(Field::TcpFlags),
            direction: at(Field::FlowDirection),
            account: at(Field::AccountId),
            eni: at(Field::InterfaceId),
            instance: at(Field::InstanceId),
            src_aws: at(Field::PktSrcAwsService),
            dst_aws: at(Field::PktDstAwsService),
            interface_type: at(Field::InterfaceType),
            ecs_cluster: at(Field::EcsClusterName),
            ecs_service: at(Field::EcsServiceName),
        })
    }
}

impl Fast {
    /// For rows of a plan; `None` on a processor that lacks the instructions.
    pub(super) fn new(plan: &Plan) -> Option<Fast> {
        Some(Fast {
            simd: V3::try_new()?,
            marks: Marks::default(),
            columns: Box::default(),
            at: At::of(plan),
        })
    }

    /// Whether there are rows of the common kind at all.
    pub(super) fn follows_a_plan(&self) -> bool {
        self.at.is_some()
    }

    /// The rows that follow are those of another plan.
    pub(super) fn follow(&mut self, plan: &Plan) {
        self.at = At::of(plan);
        // Columns that the new plan does not have must not keep what the old one had.
        *self.columns = Columns::default();
    }

    /// Reads whole lines up to the end of the block, or up to one that changed the plan: how many bytes were read.
    /// `number` is that of the first line.
    pub(super) fn read(&mut self, block: &[u8], number: u64, rows: &mut impl Rows) -> (usize, u64) {
        let mut place = Place {
            read: 0,
            number,
            filled: 0,
            same_plan: true,
        };
        while let Some(at) = self.at
            && place.read < block.len()
            && place.same_plan
        {
            place = self.simd.vectorize(Piece {
                simd: self.simd,
                block,
                place,
                at,
                marks: &mut self.marks,
                columns: &mut self.columns,
                rows,
            });
        }
        if place.filled > 0 {
            rows.batch(&mut self.columns, place.filled);
        }
        (place.read, place.number)
    }
}

/// How far a block is read.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Bytes read; may be one more than there are, where the last line has no end.
    read: usize,
    /// The number of the next line.
    number: u64,
    /// Rows in the columns that were not yet handed over.
    filled: usize,
    same_plan: bool,
}

/// One piece of a block.
struct Piece<'p, 'a, R> {
    simd: V3,
    block: &'a [u8],
    place: Place,
    at: At,
    marks: &'p mut Marks,
    columns: &'p mut Columns,
    rows: &'p mut R,
}

impl<R: Rows> NullaryFnOnce for Piece<'_, '_, R> {
    type Output = Place;

    #[inline(always)]
    fn call(self) -> Place {
        let Piece {
            simd,
            block,
            mut place,
            at,
            marks,
            columns,
            rows,
        } = self;
        let from = place.read;
        marks.mark(simd, block, from, block.len().min(from.saturating_add(PIECE)));
        let mut first = 0;
        for &last in marks.lines() {
            let last = usize::from(last);
            let starts = marks.starts(first);
            let end = from + marks.end(last);
            let row = Row::new(simd, block, place.read, end, starts).filter(|_| last - first == at.columns);
            if !at.on_the_way && row.is_some_and(|row| row.read(&at, columns, place.filled)) {
                columns.line[place.filled % ROWS] = place.number;
                place.filled += 1;
                if place.filled == ROWS {
                    rows.batch(columns, ROWS);
                    place.filled = 0;
                }
            } else if let Some(row) = row
                // No closure: one that is not inlined does not have the processor's instructions.
                && let Some(ends) = row.read_apart(&at, columns, place.filled)
            {
                let row = place.filled % ROWS;
                let record = FlowRecord {
                    srcaddr: ends.srcaddr,
                    dstaddr: ends.dstaddr,
                    pkt_srcaddr: ends.pkt_srcaddr,
                    pkt_dstaddr: ends.pkt_dstaddr,
                    on_the_way: at.on_the_way,
                    ..FlowBatch::new(block, columns, row + 1).record(row)
                };
                rows.record(&record, place.number);
            } else {
                place.same_plan = rows.line(line(block, place.read, end), place.number);
            }
            first = last;
            place.number += 1;
            place.read = end + 1;
            if !place.same_plan {
                return place;
            }
        }
        if place.read == from {
            // A line that is longer than a piece, or the last one without its end.
            let rest = block.get(from..).unwrap_or_default();
            let end = from + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            place.same_plan = rows.line(line(block, from, end), place.number);
            place.number += 1;
            place.read = end + 1;
        }
        place
    }
}

/// A line without its end.
fn line(block: &[u8], start: usize, end: usize) -> &[u8] {
    let line = block.get(start..end).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}
