//! What a value is in a batch: one number, whatever its column, and what it makes of its row.

use super::cell::{Cell, Status};
use crate::batch::{Bits, Span};
use crate::format::flow_text::{Field, seconds};
use crate::record::{Action, FlowDirection};

/// A field's value as a batch holds it; [`Bits::UNFIT`] where the row is to be read as a record, and may be none.
pub(super) fn of(field: Field, cell: Cell) -> (u64, Bits) {
    fitting(field, cell).unwrap_or((0, Bits::UNFIT))
}

fn fitting(field: Field, cell: Cell) -> Option<(u64, Bits)> {
    let none = Bits::default();
    Some(match (field, cell) {
        (Field::SrcAddr | Field::DstAddr, Cell::V4(address)) => (address.into(), none),
        (Field::PktSrcAddr, Cell::V4(address)) => (address.into(), Bits::PKT_SRC),
        (Field::PktDstAddr, Cell::V4(address)) => (address.into(), Bits::PKT_DST),
        (Field::LogStatus, Cell::Status(Status::Ok)) => (0, none),
        (Field::Action, Cell::Action(Action::Accept)) => (0, none),
        (Field::Action, Cell::Action(Action::Reject)) => (0, Bits::REJECT),
        (Field::FlowDirection, Cell::Direction(FlowDirection::Ingress)) => (0, Bits::DIRECTION),
        (Field::FlowDirection, Cell::Direction(FlowDirection::Egress)) => (0, Bits::OUTWARD),
        (Field::Protocol, Cell::Number(number)) => (u8::try_from(number).ok()?.into(), none),
        (Field::TcpFlags, Cell::Number(number)) => (u8::try_from(number).ok()?.into(), Bits::TCP_FLAGS),
        (Field::SrcPort | Field::DstPort, Cell::Number(number)) => (u16::try_from(number).ok()?.into(), none),
        (Field::Packets | Field::Bytes, Cell::Number(number)) => (number, none),
        (Field::Start | Field::End, Cell::Number(number)) => (seconds(number)?, none),
        (field, Cell::Text(span)) if is_text(field) => {
            let (from, length) = span.bounds();
            (u64::from(from) | u64::from(length) << 32, none)
        }
        (field, Cell::Unset) if may_be_unset(field) => (0, none),
        _ => return None,
    })
}

/// Whether a whole number is what a batch holds of it as it stands, and its row has no bits of it.
#[inline]
pub(super) fn stands(field: Field, number: u64) -> bool {
    match field {
        Field::Packets | Field::Bytes => true,
        Field::Start | Field::End => seconds(number) == Some(number),
        Field::SrcPort | Field::DstPort => u16::try_from(number).is_ok(),
        Field::Protocol => u8::try_from(number).is_ok(),
        _ => false,
    }
}

fn is_text(field: Field) -> bool {
    matches!(
        field,
        Field::AccountId
            | Field::InterfaceId
            | Field::InstanceId
            | Field::PktSrcAwsService
            | Field::PktDstAwsService
            | Field::InterfaceType
            | Field::EcsClusterName
            | Field::EcsServiceName
    )
}

fn may_be_unset(field: Field) -> bool {
    is_text(field)
        || matches!(
            field,
            Field::PktSrcAddr
                | Field::PktDstAddr
                | Field::Packets
                | Field::Bytes
                | Field::TcpFlags
                | Field::FlowDirection
        )
}

/// What a column of a batch has for each row: the lower part of the number.
pub(super) trait Narrow: Copy + Default {
    fn narrow(lane: u64) -> Self;
}

impl Narrow for u8 {
    #[inline(always)]
    fn narrow(lane: u64) -> Self {
        let [low, ..] = lane.to_le_bytes();
        low
    }
}

impl Narrow for u16 {
    #[inline(always)]
    fn narrow(lane: u64) -> Self {
        let [a, b, ..] = lane.to_le_bytes();
        u16::from_le_bytes([a, b])
    }
}

impl Narrow for u32 {
    #[inline(always)]
    fn narrow(lane: u64) -> Self {
        let [a, b, c, d, ..] = lane.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

impl Narrow for u64 {
    #[inline(always)]
    fn narrow(lane: u64) -> Self {
        lane
    }
}

impl Narrow for Span {
    #[inline(always)]
    fn narrow(lane: u64) -> Self {
        (u32::narrow(lane), u32::narrow(lane >> 32))
    }
}
