//! The columns that a record needs, put together row by row as a line's are: the same records, the same faults.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cell::{Cell, Meaning, Status};
use super::column::Column;
use super::corrupt::Corrupt;
use super::footer::{Footer, Group};
use super::table::Table;
use crate::format::flow_text::{FIELDS, Fault, Field, Name, WANTED, named, seconds};
use crate::printable;
use crate::record::{Action, FlowRecord, Gap, GapStatus};
use crate::source::ReadAt;

/// Which column holds which field.
pub(super) struct Layout {
    /// Its place among [`Footer::columns`].
    at: [Option<usize>; FIELDS],
    lacking: Option<Field>,
    on_the_way: bool,
    /// How many columns have the name of a field.
    pub(super) known: usize,
}

impl Layout {
    pub(super) fn of(footer: &Footer) -> Layout {
        let mut at = [None; FIELDS];
        let (mut known, mut transit) = (0, false);
        for (place, column) in footer.columns.iter().enumerate() {
            let name = named(&column.name);
            if let Name::Wanted(field) = name {
                at[field.index()].get_or_insert(place);
            }
            known += usize::from(name != Name::Unknown);
            transit |= name == Name::Transit;
        }
        let holds = |field: Field| at[field.index()].is_some();
        let stands_in = |field| match field {
            Field::SrcAddr => holds(Field::PktSrcAddr),
            Field::DstAddr => holds(Field::PktDstAddr),
            _ => false,
        };
        let lacks = |field| !holds(field) && !stands_in(field);
        let lacking = WANTED
            .iter()
            .find(|wanted| wanted.lacking.is_some() && lacks(wanted.field));
        Layout {
            at,
            lacking: lacking.map(|wanted| wanted.field),
            on_the_way: transit && !holds(Field::InterfaceId),
            known,
        }
    }
}

/// The wanted columns of one row group.
pub(super) struct Rows<'f> {
    pub(super) table: Table<'f>,
    /// Which of the table's columns holds which field.
    pub(super) at: [Option<usize>; FIELDS],
    lacking: Option<Field>,
    on_the_way: bool,
}

impl<'f> Rows<'f> {
    pub(super) fn open(
        file: &'f dyn ReadAt,
        footer: &'f Footer,
        group: &Group,
        layout: &Layout,
    ) -> Result<Self, Corrupt> {
        let mut at = [None; FIELDS];
        let mut columns = Vec::new();
        for field in WANTED.iter().map(|wanted| wanted.field) {
            let index = field.index();
            if let Some(column) = layout.at[index].and_then(|at| footer.columns.get(at)) {
                let chunk = &group.chunks[column.chunk];
                at[index] = Some(columns.len());
                columns.push(Column::open(file, column, chunk, Meaning::of(field), Some(field))?);
            }
        }
        Ok(Rows {
            table: Table::new(columns, group.rows),
            at,
            lacking: layout.lacking,
            on_the_way: layout.on_the_way,
        })
    }

    /// Whether rows of the common kind are what a batch can hold.
    pub(super) fn fit_batches(&self) -> bool {
        self.lacking.is_none() && !self.on_the_way
    }

    /// Reads a row of the batch.
    #[inline]
    pub(super) fn record(&self, row: usize) -> Result<FlowRecord<'_>, Fault> {
        match self.cell(Field::LogStatus, row) {
            None | Some(Cell::Status(Status::Ok)) => {}
            Some(Cell::Status(Status::NoData)) => return Err(Fault::NoData),
            Some(Cell::Status(Status::SkipData)) => return Err(Fault::SkipData),
            Some(_) => return Err(Fault::Malformed(Field::LogStatus)),
        }
        if let Some(field) = self.lacking {
            return Err(Fault::Lacking(field));
        }
        let srcaddr = self.address(Field::SrcAddr, Field::PktSrcAddr, row)?;
        let dstaddr = self.address(Field::DstAddr, Field::PktDstAddr, row)?;
        let pkt_srcaddr = self.optional(Field::PktSrcAddr, row, address)?;
        let pkt_dstaddr = self.optional(Field::PktDstAddr, row, address)?;
        let protocol = self.needed(Field::Protocol, row, small)?;
        let start = self.needed(Field::Start, row, time)?;
        Ok(FlowRecord {
            srcaddr,
            dstaddr,
            pkt_srcaddr,
            pkt_dstaddr,
            protocol,
            srcport: self.port(Field::SrcPort, row, protocol)?,
            dstport: self.port(Field::DstPort, row, protocol)?,
            packets: self.optional(Field::Packets, row, number)?.unwrap_or_default(),
            bytes: self.optional(Field::Bytes, row, number)?.unwrap_or_default(),
            start,
            end: self.present(Field::End, row, time)?.unwrap_or(start),
            action: self.present(Field::Action, row, action)?.unwrap_or(Action::Accept),
            tcp_flags: self.optional(Field::TcpFlags, row, small)?,
            flow_direction: self.optional(Field::FlowDirection, row, |cell| match cell {
                Cell::Direction(direction) => Some(direction),
                _ => None,
            })?,
            account: self.text(Field::AccountId, row)?,
            eni: self.text(Field::InterfaceId, row)?,
            instance: self.text(Field::InstanceId, row)?,
            src_aws_service: self.text(Field::PktSrcAwsService, row)?,
            dst_aws_service: self.text(Field::PktDstAwsService, row)?,
            interface_type: self.text(Field::InterfaceType, row)?,
            ecs_cluster: self.text(Field::EcsClusterName, row)?,
            ecs_service: self.text(Field::EcsServiceName, row)?,
            on_the_way: self.on_the_way,
        })
    }

    /// What a row says that is no record, where it says when.
    pub(super) fn gap(&self, row: usize, status: GapStatus) -> Option<Gap<'_>> {
        let start = self.needed(Field::Start, row, time).ok()?;
        let end = self.optional(Field::End, row, time).ok().flatten();
        Some(Gap {
            eni: self.text(Field::InterfaceId, row).unwrap_or_default(),
            start,
            end: end.unwrap_or(start),
            status,
        })
    }

    /// What was expected of a row and what was found.
    pub(super) fn message(&self, row: usize, fault: Fault) -> String {
        let Fault::Malformed(field) = fault else {
            return fault.sentence();
        };
        let wanted = field.wanted();
        let stand_in = match field {
            Field::SrcAddr => Field::PktSrcAddr,
            Field::DstAddr => Field::PktDstAddr,
            field => field,
        };
        let found = match self.cell(field, row).or_else(|| self.cell(stand_in, row)) {
            Some(Cell::Bad(span) | Cell::Text(span)) => printable::quoted(span.of(self.table.text())),
            Some(Cell::Number(number)) => format!("\"{number}\""),
            _ => "nothing".to_owned(),
        };
        format!("{}: expected {}, found {found}", wanted.name, wanted.expected)
    }

    #[inline]
    fn cell(&self, field: Field, row: usize) -> Option<Cell> {
        let column = self.at[field.index()].and_then(|at| self.table.columns.get(at));
        column.map(|column| column.cell(row))
    }

    /// A value that every row of a file with this column has.
    #[inline]
    fn present<T>(&self, field: Field, row: usize, read: impl Fn(Cell) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.cell(field, row) {
            None => Ok(None),
            Some(cell) => read(cell).map(Some).ok_or(Fault::Malformed(field)),
        }
    }

    /// A value that may be unset.
    #[inline]
    fn optional<T>(&self, field: Field, row: usize, read: impl Fn(Cell) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.cell(field, row) {
            None | Some(Cell::Unset) => Ok(None),
            Some(cell) => read(cell).map(Some).ok_or(Fault::Malformed(field)),
        }
    }

    /// A value without which there is no record.
    #[inline]
    fn needed<T>(&self, field: Field, row: usize, read: impl Fn(Cell) -> Option<T>) -> Result<T, Fault> {
        self.cell(field, row).and_then(read).ok_or(Fault::Malformed(field))
    }

    /// An address; where only the packet's own are logged, they are all there is.
    #[inline]
    fn address(&self, field: Field, stand_in: Field, row: usize) -> Result<IpAddr, Fault> {
        let cell = self.cell(field, row).or_else(|| self.cell(stand_in, row));
        cell.and_then(address).ok_or(Fault::Malformed(field))
    }

    /// A port, which protocols other than TCP and UDP need not have.
    #[inline]
    fn port(&self, field: Field, row: usize, protocol: u8) -> Result<u16, Fault> {
        self.needed(field, row, |cell| match cell {
            Cell::Unset if !matches!(protocol, 6 | 17) => Some(0),
            cell => u16::try_from(number(cell)?).ok(),
        })
    }

    /// Text, empty where unset.
    #[inline]
    fn text(&self, field: Field, row: usize) -> Result<&[u8], Fault> {
        match self.cell(field, row) {
            None | Some(Cell::Unset) => Ok(b""),
            Some(Cell::Text(span)) => Ok(span.of(self.table.text())),
            Some(_) => Err(Fault::Malformed(field)),
        }
    }
}

#[inline]
fn address(cell: Cell) -> Option<IpAddr> {
    match cell {
        Cell::V4(bits) => Some(IpAddr::V4(Ipv4Addr::from_bits(bits))),
        Cell::V6(high, low) => Some(IpAddr::V6(Ipv6Addr::from_bits(
            u128::from(high) << 64 | u128::from(low),
        ))),
        _ => None,
    }
}

#[inline]
fn number(cell: Cell) -> Option<u64> {
    match cell {
        Cell::Number(number) => Some(number),
        _ => None,
    }
}

#[inline]
fn small(cell: Cell) -> Option<u8> {
    u8::try_from(number(cell)?).ok()
}

#[inline]
fn time(cell: Cell) -> Option<u64> {
    seconds(number(cell)?)
}

#[inline]
fn action(cell: Cell) -> Option<Action> {
    match cell {
        Cell::Action(action) => Some(action),
        _ => None,
    }
}
