//! DNS logs as JSON lines: one parser for all of them, each with its own keys.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::dns_object::{self, Found, Keys};
use super::dns_value::{NOT_QUERY_LOG, Reasons};
use super::{Format, Kind, Output, Shown, Sniff};
use crate::{Reason, lines, printable};

/// What tells one log of JSON lines from another.
pub(super) struct Dialect {
    pub(super) keys: Keys,
    pub(super) reasons: Reasons,
    /// Whether an object that is meant to be a record tells that the log is of this dialect.
    pub(super) knows: fn(&Found<'_, '_>) -> bool,
    /// The field that holds a number as text.
    pub(super) number: &'static str,
}

/// The parser of one object.
pub(super) struct DnsLines {
    dialect: &'static Dialect,
    addresses: Vec<IpAddr>,
}

/// Why a line is not even meant to be a record.
#[derive(Debug, Clone, Copy)]
enum Other {
    Blank,
    /// With the column of the fault.
    NotJson(usize),
    /// A line of something else that writes to the same stream.
    Stranger,
}

impl DnsLines {
    pub(super) fn new(dialect: &'static Dialect) -> Self {
        DnsLines {
            dialect,
            addresses: Vec::new(),
        }
    }

    fn read<'de>(&mut self, line: &'de [u8]) -> Result<Found<'de, '_>, Other> {
        match line {
            [] => Err(Other::Blank),
            [b'{', ..] => match dns_object::read(line, self.dialect.keys, &mut self.addresses) {
                Ok(found) if found.is_meant() => Ok(found),
                Ok(_) => Err(Other::Stranger),
                Err(error) => Err(Other::NotJson(error.column())),
            },
            _ => Err(Other::Stranger),
        }
    }
}

impl Format for DnsLines {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        let knows = self.dialect.knows;
        match self.read(line) {
            Ok(found) if knows(&found) => Sniff::Mine,
            Ok(_) | Err(_) => Sniff::Unknown,
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let reasons = &self.dialect.reasons;
        for line in lines::split(block) {
            match self.read(line) {
                Ok(found) => match found.record() {
                    Ok(record) => out.dns(&record),
                    Err(part) => out.fault(reasons.of(part), || reasons.message(part, &found.shown(part))),
                },
                Err(Other::Blank) => out.set_aside("blank"),
                Err(other) => out.fault(other.reason(), || other.message(line)),
            }
        }
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        let Dialect { reasons, number, .. } = self.dialect;
        let found = match self.read(line) {
            Ok(found) => found,
            Err(Other::Blank) => return Shown::aside(Kind::Blank, "blank"),
            Err(other) => {
                let kind = match other {
                    Other::NotJson(_) => Kind::Malformed,
                    Other::Blank | Other::Stranger => Kind::NotALog,
                };
                return Shown {
                    message: Some(other.message(line)),
                    ..Shown::aside(kind, other.reason())
                };
            }
        };
        match (found.record(), serde_json::from_slice(line)) {
            (Err(part), _) => Shown {
                message: Some(reasons.message(part, &found.shown(part))),
                ..Shown::aside(Kind::Malformed, reasons.of(part))
            },
            (Ok(_), Ok(fields)) => Shown::record(with_number(fields, number)),
            // What a record has no place for may still be no JSON that a value can hold, such as a broken escape.
            (Ok(_), Err(_)) => Shown::record(Map::new()),
        }
    }
}

/// The fields, with the number that one of them holds as text.
fn with_number(mut fields: Map<String, Value>, key: &str) -> Map<String, Value> {
    if let Some(value) = fields.get_mut(key)
        && let Some(number) = value
            .as_str()
            .and_then(|text| super::flow_text::decimal(text.as_bytes()))
    {
        *value = number.into();
    }
    fields
}

impl Other {
    fn reason(self) -> Reason {
        match self {
            Other::Blank => "blank",
            Other::NotJson(_) => "malformed:json",
            Other::Stranger => NOT_QUERY_LOG,
        }
    }

    fn message(self, line: &[u8]) -> String {
        let found = printable::quoted(line);
        match self {
            Other::NotJson(column) => format!("expected a JSON object, found a fault at column {column} of {found}"),
            Other::Blank | Other::Stranger => format!("expected a JSON object of a DNS log, found {found}"),
        }
    }
}
