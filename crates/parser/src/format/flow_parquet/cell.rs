//! One value of one row, parsed once wherever it is stored once.

use std::net::IpAddr;

use crate::format::flow_text::{Field, action, decimal, direction, ip, is_printable};
use crate::record::{Action, FlowDirection};

/// What a column's values are meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Status,
    Address,
    Number,
    Action,
    Direction,
    /// Printable text.
    Text,
    /// An account: twelve digits, of which a number has lost the zeros in front.
    Account,
    /// Whatever it is, to be shown.
    Anything,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing, `-`, or `None`.
    Unset,
    /// What the field cannot have; what of it is shown stands there among the row group's text.
    Bad(Span),
    Status(Status),
    V4(u32),
    /// The upper half and the lower: as two, all kinds of values are as long as a word or its half.
    V6(u64, u64),
    Number(u64),
    Action(Action),
    Direction(FlowDirection),
    /// It stands there among the row group's text.
    Text(Span),
}

impl Cell {
    fn address(address: IpAddr) -> Cell {
        match address {
            IpAddr::V4(address) => Cell::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, low @ ..] = address.octets();
                Cell::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes(low))
            }
        }
    }
}

/// `log-status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    NoData,
    SkipData,
}

/// A part of the row group's text: its first byte and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    length: u32,
}

impl Span {
    #[inline]
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        let from = self.from as usize;
        text.get(from..from + self.length as usize).unwrap_or_default()
    }

    /// As a batch has it.
    #[inline]
    pub(super) fn bounds(self) -> (u32, u32) {
        (self.from, self.length)
    }

    /// Adds to a text; `None` where it would be longer than four gigabytes.
    fn push(text: &mut Vec<u8>, more: &[u8]) -> Option<Span> {
        let span = Span {
            from: u32::try_from(text.len()).ok()?,
            length: u32::try_from(more.len()).ok()?,
        };
        text.extend_from_slice(more);
        Some(span)
    }
}

/// How much of a value is kept that is only to be shown as wrong.
const SHOWN: usize = 256;

impl Meaning {
    pub(super) fn of(field: Field) -> Self {
        match field {
            Field::LogStatus => Meaning::Status,
            Field::SrcAddr | Field::DstAddr | Field::PktSrcAddr | Field::PktDstAddr => Meaning::Address,
            Field::Action => Meaning::Action,
            Field::FlowDirection => Meaning::Direction,
            Field::AccountId => Meaning::Account,
            Field::InterfaceId
            | Field::InstanceId
            | Field::PktSrcAwsService
            | Field::PktDstAwsService
            | Field::InterfaceType
            | Field::EcsClusterName
            | Field::EcsServiceName => Meaning::Text,
            Field::Protocol
            | Field::SrcPort
            | Field::DstPort
            | Field::Packets
            | Field::Bytes
            | Field::Start
            | Field::End
            | Field::TcpFlags => Meaning::Number,
        }
    }

    /// Parses a value that is stored as text. `None` where there is no room for it.
    #[inline]
    pub(super) fn bytes(self, value: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
        if matches!(value, b"-" | b"None") {
            return Some(Cell::Unset);
        }
        let cell = match self {
            Meaning::Status => status(value).map(Cell::Status),
            Meaning::Address => ip(value).map(Cell::address),
            Meaning::Number => decimal(value).map(Cell::Number),
            Meaning::Action => action(value).map(Cell::Action),
            Meaning::Direction => direction(value).map(Cell::Direction),
            Meaning::Text | Meaning::Account if !is_printable(value) => None,
            Meaning::Text | Meaning::Account | Meaning::Anything => Some(Cell::Text(Span::push(text, value)?)),
        };
        match cell {
            Some(cell) => Some(cell),
            None => Some(Cell::Bad(Span::push(text, value.get(..SHOWN).unwrap_or(value))?)),
        }
    }

    /// Parses a value that is stored as a number.
    #[inline]
    pub(super) fn number(self, value: Stored, text: &mut Vec<u8>) -> Option<Cell> {
        match (self, value) {
            (Meaning::Number, Stored::Number(number)) => Some(Cell::Number(number)),
            (_, Stored::Nothing) => Some(Cell::Unset),
            (_, Stored::Number(number)) if self == Meaning::Account => {
                self.bytes(format!("{number:012}").as_bytes(), text)
            }
            (_, Stored::Number(number)) => self.bytes(number.to_string().as_bytes(), text),
            (_, Stored::Negative(number)) => self.bytes(number.to_string().as_bytes(), text),
            (_, Stored::Fraction(number)) => self.bytes(number.to_string().as_bytes(), text),
        }
    }
}

/// A value that is stored as a number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    /// Not a number: what some writers put where there is none.
    Nothing,
    Number(u64),
    Negative(i64),
    Fraction(f64),
}

impl From<i64> for Stored {
    #[inline]
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Stored::Negative(number), Stored::Number)
    }
}

impl From<f64> for Stored {
    fn from(number: f64) -> Self {
        // Up to here every whole number has a value of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.is_nan() {
            return Stored::Nothing;
        }
        if number.fract() != 0.0 || !(0.0..=EXACT).contains(&number) {
            return Stored::Fraction(number);
        }
        number
            .to_string()
            .parse()
            .map_or(Stored::Fraction(number), Stored::Number)
    }
}

fn status(value: &[u8]) -> Option<Status> {
    match value {
        b"OK" => Some(Status::Ok),
        b"NODATA" => Some(Status::NoData),
        b"SKIPDATA" => Some(Status::SkipData),
        _ => None,
    }
}
