//! A header compiled once: which column holds which field, and a row read by it.

use std::net::IpAddr;

use super::address::ip;
use super::columns;
use super::fault::Fault;
use super::fields::{FIELDS, Field, Name, WANTED};
use super::number::decimal;
use crate::record::{Action, FlowDirection, FlowRecord, Gap, GapStatus};

/// Times from here on are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS: u64 = 100_000_000_000;

/// The last second of the year 9999: a later one is no time.
const LATEST: u64 = 253_402_300_799;

/// How the rows of one format are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The column of each wanted field.
    at: [Option<usize>; FIELDS],
    /// A needed field that no column holds.
    lacking: Option<Field>,
    /// Whether its records are of a gateway between the interfaces.
    on_the_way: bool,
    /// Where each column of the row at hand ends; as long as the format has columns.
    ends: Vec<usize>,
}

impl Plan {
    /// For columns of these names. Of two columns with one name the first counts.
    pub(super) fn new(names: &[Name]) -> Plan {
        let mut at = [None; FIELDS];
        for (column, name) in names.iter().enumerate() {
            if let Name::Wanted(field) = name {
                at[field.index()].get_or_insert(column);
            }
        }
        // Where only the packet's own addresses are logged, they are all there is.
        for (field, stand_in) in [(Field::SrcAddr, Field::PktSrcAddr), (Field::DstAddr, Field::PktDstAddr)] {
            at[field.index()] = at[field.index()].or(at[stand_in.index()]);
        }
        let lacks = WANTED
            .iter()
            .find(|wanted| wanted.lacking.is_some() && at[wanted.field.index()].is_none());
        Plan {
            at,
            lacking: lacks.map(|wanted| wanted.field),
            on_the_way: names.contains(&Name::Transit) && at[Field::InterfaceId.index()].is_none(),
            ends: vec![0; names.len()],
        }
    }

    /// How many columns a row has.
    pub(super) fn columns(&self) -> usize {
        self.ends.len()
    }

    /// Which column holds a field, from 0.
    pub(super) fn column(&self, field: Field) -> Option<usize> {
        self.at[field.index()]
    }

    pub(super) fn lacking(&self) -> Option<Field> {
        self.lacking
    }

    /// Whether its records are of a gateway between the interfaces.
    pub(super) fn is_on_the_way(&self) -> bool {
        self.on_the_way
    }

    /// Whether a line is a row of this format beyond doubt.
    pub(super) fn fits(&mut self, line: &[u8]) -> bool {
        matches!(self.row(line), Ok(_) | Err(Fault::NoData | Fault::SkipData))
    }

    /// The interface and time of a row that is no record, where it says when.
    #[cold]
    pub(super) fn gap<'a>(&self, line: &'a [u8], status: GapStatus) -> Option<Gap<'a>> {
        let value = |field| self.column_of(field, line).map(|(_, value)| value);
        let start = value(Field::Start).and_then(time)?;
        let eni = value(Field::InterfaceId).filter(|eni| *eni != b"-" && is_printable(eni));
        Some(Gap {
            eni: eni.unwrap_or_default(),
            start,
            end: value(Field::End).and_then(time).unwrap_or(start),
            status,
        })
    }

    /// The 1-based column of a field in a line, and what it holds.
    pub(super) fn column_of<'a>(&self, field: Field, line: &'a [u8]) -> Option<(usize, &'a [u8])> {
        let column = self.at[field.index()]?;
        Some((column + 1, line.split(|byte| *byte == b' ').nth(column)?))
    }

    /// Reads a line by the plan. The status decides what a row is, whatever else it holds.
    #[inline]
    pub(super) fn row<'a>(&mut self, line: &'a [u8]) -> Result<FlowRecord<'a>, Fault> {
        if !columns::split(line, &mut self.ends) {
            return Err(Fault::Columns);
        }
        let values = Values { plan: self, line };
        match values.get(Field::LogStatus) {
            None | Some(b"OK") => {}
            Some(b"NODATA") => return Err(Fault::NoData),
            Some(b"SKIPDATA") => return Err(Fault::SkipData),
            Some(_) => return Err(Fault::Malformed(Field::LogStatus)),
        }
        match self.lacking {
            None => values.record(),
            Some(field) => Err(Fault::Lacking(field)),
        }
    }
}

/// The values of one row.
struct Values<'p, 'a> {
    plan: &'p Plan,
    line: &'a [u8],
}

impl<'a> Values<'_, 'a> {
    #[inline]
    fn record(&self) -> Result<FlowRecord<'a>, Fault> {
        let (srcaddr, dstaddr) = (self.address(Field::SrcAddr)?, self.address(Field::DstAddr)?);
        let pkt_srcaddr = self.optional(Field::PktSrcAddr, ip)?;
        let pkt_dstaddr = self.optional(Field::PktDstAddr, ip)?;
        let protocol = self.needed(Field::Protocol, |value| u8::try_from(decimal(value)?).ok())?;
        let start = self.needed(Field::Start, time)?;
        Ok(FlowRecord {
            srcaddr,
            dstaddr,
            pkt_srcaddr,
            pkt_dstaddr,
            protocol,
            srcport: self.port(Field::SrcPort, protocol)?,
            dstport: self.port(Field::DstPort, protocol)?,
            packets: self.optional(Field::Packets, decimal)?.unwrap_or_default(),
            bytes: self.optional(Field::Bytes, decimal)?.unwrap_or_default(),
            start,
            end: self.present(Field::End, time)?.unwrap_or(start),
            action: self.present(Field::Action, action)?.unwrap_or(Action::Accept),
            tcp_flags: self.optional(Field::TcpFlags, |value| u8::try_from(decimal(value)?).ok())?,
            flow_direction: self.optional(Field::FlowDirection, direction)?,
            account: self.text(Field::AccountId)?,
            eni: self.text(Field::InterfaceId)?,
            instance: self.text(Field::InstanceId)?,
            src_aws_service: self.text(Field::PktSrcAwsService)?,
            dst_aws_service: self.text(Field::PktDstAwsService)?,
            interface_type: self.text(Field::InterfaceType)?,
            ecs_cluster: self.text(Field::EcsClusterName)?,
            ecs_service: self.text(Field::EcsServiceName)?,
            on_the_way: self.plan.on_the_way,
        })
    }

    /// The value of a field, if the format has it.
    #[inline]
    fn get(&self, field: Field) -> Option<&'a [u8]> {
        let column = self.plan.at[field.index()]?;
        let end = *self.plan.ends.get(column)?;
        let start = match column.checked_sub(1) {
            Some(before) => self.plan.ends.get(before)? + 1,
            None => 0,
        };
        self.line.get(start..end)
    }

    /// A value that every row of a format with this field has.
    #[inline]
    fn present<T>(&self, field: Field, parse: impl Fn(&'a [u8]) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.get(field) {
            None => Ok(None),
            Some(value) => parse(value).map(Some).ok_or(Fault::Malformed(field)),
        }
    }

    /// A value that may be `-`.
    #[inline]
    fn optional<T>(&self, field: Field, parse: impl Fn(&'a [u8]) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.get(field) {
            None | Some(b"-") => Ok(None),
            Some(value) => parse(value).map(Some).ok_or(Fault::Malformed(field)),
        }
    }

    /// A value without which there is no record.
    #[inline]
    fn needed<T>(&self, field: Field, parse: impl Fn(&'a [u8]) -> Option<T>) -> Result<T, Fault> {
        self.get(field).and_then(parse).ok_or(Fault::Malformed(field))
    }

    #[inline]
    fn address(&self, field: Field) -> Result<IpAddr, Fault> {
        self.needed(field, ip)
    }

    /// A port, which protocols other than TCP and UDP need not have.
    #[inline]
    fn port(&self, field: Field, protocol: u8) -> Result<u16, Fault> {
        self.needed(field, |value| match (value, protocol) {
            (b"-", 6 | 17) => None,
            (b"-", _) => Some(0),
            _ => u16::try_from(decimal(value)?).ok(),
        })
    }

    /// Text that is safe to keep: printable ASCII, empty where unset.
    #[inline]
    fn text(&self, field: Field) -> Result<&'a [u8], Fault> {
        match self.get(field) {
            None | Some(b"-") => Ok(b""),
            Some(value) if is_printable(value) => Ok(value),
            Some(_) => Err(Fault::Malformed(field)),
        }
    }
}

/// Whether all bytes are printable ASCII other than the space, eight at a time.
#[inline]
pub(in crate::format) fn is_printable(value: &[u8]) -> bool {
    const EVERY: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * EVERY;
    let (words, rest) = value.as_chunks::<8>();
    let fits = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // With the top bits set no difference borrows, and where they were clear no sum carries.
        let (above, below) = ((word | TOP).wrapping_sub(0x21 * EVERY), word.wrapping_add(EVERY));
        (above & !below & !word) & TOP == TOP
    };
    words.iter().all(fits) && rest.iter().all(u8::is_ascii_graphic)
}

/// Unix seconds, or milliseconds as some rows have them.
fn time(value: &[u8]) -> Option<u64> {
    seconds(decimal(value)?)
}

/// See [`time`].
#[inline]
pub(in crate::format) fn seconds(time: u64) -> Option<u64> {
    let seconds = if time >= MILLISECONDS { time / 1000 } else { time };
    (seconds <= LATEST).then_some(seconds)
}

pub(in crate::format) fn action(value: &[u8]) -> Option<Action> {
    match value {
        b"ACCEPT" => Some(Action::Accept),
        b"REJECT" => Some(Action::Reject),
        _ => None,
    }
}

pub(in crate::format) fn direction(value: &[u8]) -> Option<FlowDirection> {
    match value {
        b"ingress" => Some(FlowDirection::Ingress),
        b"egress" => Some(FlowDirection::Egress),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert_eq, proptest};

    use super::is_printable;

    proptest! {
        #[test]
        fn printable_is_what_the_standard_library_says(
            mut text in prop::collection::vec(b'!'..=b'~', 0..40),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            prop_assert_eq!(is_printable(&text), true);
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
            prop_assert_eq!(is_printable(&text), text.iter().all(u8::is_ascii_graphic));
        }
    }
}
