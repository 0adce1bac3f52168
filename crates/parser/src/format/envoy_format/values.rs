//! The values of one line by what they mean, and the record that they make.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::clock::Clock;
use super::slot::{SLOTS, Slot, Target};
use crate::format::envoy_value::{self, Moment};
use crate::record::AccessRecord;
use crate::{Reason, printable};

/// A value as it stands in its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::format) enum Value<'a> {
    /// The line has no such value: Envoy leaves the key out under `omit_empty_values`.
    #[default]
    Missing,
    /// It says that there is none.
    Unset,
    Text(&'a [u8]),
    /// The inside of a JSON string with escapes in it.
    Escaped(&'a [u8]),
    /// A JSON number.
    Number(&'a [u8]),
    /// A truth value, a list, an object.
    Other,
}

/// The values that a record is made of.
#[derive(Debug)]
pub(in crate::format) struct Values<'a> {
    values: [Value<'a>; SLOTS],
    ranks: [u8; SLOTS],
    /// Whether the line has the slot's value of the first rank, even if that is not where the value stood.
    first_ranks: u32,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Fault<'a> {
    pub(in crate::format) slot: Slot,
    pub(in crate::format) found: Value<'a>,
}

/// A record with what a record has no place for.
#[derive(Debug)]
pub(in crate::format) struct Read<'a> {
    pub(in crate::format) record: AccessRecord<'a>,
    /// The fraction of the start.
    pub(in crate::format) nanos: u32,
}

impl Value<'_> {
    pub(in crate::format) fn is_unset(&self) -> bool {
        matches!(self, Value::Unset | Value::Text(b"" | b"-"))
    }
}

impl<'a> Values<'a> {
    #[inline]
    pub(in crate::format) fn new() -> Self {
        Values {
            values: [Value::Missing; SLOTS],
            ranks: [0; SLOTS],
            first_ranks: 0,
        }
    }

    /// Keeps a value if it is better than the one kept: one that is set before one that is not, then by rank.
    #[inline]
    pub(in crate::format) fn keep(&mut self, target: Target, value: Value<'a>) {
        let value = match (value, target.limit) {
            (value, None) => value,
            (Value::Text(text), Some(limit)) if text.len() >= limit => Value::Unset,
            (Value::Escaped(text), Some(limit)) if unescaped(text).is_none_or(|text| text.len() >= limit) => {
                Value::Unset
            }
            _ => value,
        };
        let at = target.slot.index();
        if target.rank == 0 {
            self.first_ranks |= 1 << at;
        }
        let kept = &mut self.values[at];
        if matches!(kept, Value::Missing) || (value.is_unset(), target.rank) <= (kept.is_unset(), self.ranks[at]) {
            (*kept, self.ranks[at]) = (value, target.rank);
        }
    }

    /// How many slots have a value, be it that there is none.
    pub(in crate::format) fn present(&self) -> usize {
        self.values
            .iter()
            .filter(|value| !matches!(value, Value::Missing))
            .count()
    }

    pub(in crate::format) fn has(&self, slot: Slot) -> bool {
        !matches!(self.value(slot), Value::Missing)
    }

    /// Whether the line would tell if it were about an HTTP request.
    #[inline]
    pub(in crate::format) fn tell_http(&self) -> bool {
        self.has(Slot::ResponseCode) || self.has(Slot::Method) || self.has(Slot::Protocol)
    }

    /// Whether one of them is found in the logs of a proxy and nowhere else, by its full name.
    pub(in crate::format) fn is_of_a_proxy(&self) -> bool {
        Slot::OF_A_PROXY
            .iter()
            .any(|slot| self.first_ranks & (1 << slot.index()) != 0)
    }

    #[inline]
    fn value(&self, slot: Slot) -> Value<'a> {
        self.values[slot.index()]
    }

    /// The record that the values make.
    pub(in crate::format) fn read(&self, clock: &Clock) -> Result<Read<'a>, Fault<'a>> {
        let Moment { seconds, nanos } = match self.value(Slot::StartTime) {
            Value::Text(text) => clock.read(text),
            Value::Number(number) => envoy_value::moment(number),
            Value::Escaped(text) => unescaped(text).and_then(|text| clock.read(text.as_bytes())),
            _ => None,
        }
        .ok_or_else(|| self.fault(Slot::StartTime))?;
        let code = self.count(Slot::ResponseCode)?;
        let record = AccessRecord {
            start: seconds,
            method: self.text(Slot::Method),
            authority: self.text(Slot::Authority),
            sni: self.text(Slot::Sni),
            protocol: self.text(Slot::Protocol),
            response_code: u16::try_from(code).map_err(|_| self.fault(Slot::ResponseCode))?,
            response_flags: self.flags(),
            response_code_details: self.text(Slot::ResponseCodeDetails),
            route_name: self.text(Slot::RouteName),
            upstream_cluster: self.text(Slot::UpstreamCluster),
            upstream_host: self.socket(Slot::UpstreamHost, envoy_value::socket),
            downstream_local: self.socket(Slot::DownstreamLocal, envoy_value::socket),
            downstream_remote: self.socket(Slot::DownstreamRemote, envoy_value::peer),
            downstream_direct_remote: self.socket(Slot::DownstreamDirectRemote, envoy_value::peer),
            bytes_received: self.count(Slot::BytesReceived)?,
            bytes_sent: self.count(Slot::BytesSent)?,
        };
        Ok(Read { record, nanos })
    }

    /// The address of the proxy's own end of the connection to the upstream.
    pub(in crate::format) fn upstream_local(&self) -> Option<SocketAddr> {
        self.socket(Slot::UpstreamLocal, envoy_value::socket)
    }

    /// The number of the downstream connection.
    pub(in crate::format) fn connection(&self) -> Option<u64> {
        match self.value(Slot::ConnectionId) {
            Value::Text(number) | Value::Number(number) => envoy_value::decimal(number),
            _ => None,
        }
    }

    fn fault(&self, slot: Slot) -> Fault<'a> {
        Fault {
            slot,
            found: self.value(slot),
        }
    }

    #[inline]
    fn text(&self, slot: Slot) -> Option<Cow<'a, str>> {
        match self.value(slot) {
            Value::Text(text) => envoy_value::text(text),
            Value::Escaped(text) => unescaped(text).map(Cow::Owned),
            _ => None,
        }
    }

    /// Flags by their short names.
    fn flags(&self) -> Option<Cow<'a, str>> {
        let flags = self.text(Slot::ResponseFlags)?;
        Some(if self.ranks[Slot::ResponseFlags.index()] == 0 {
            flags
        } else {
            envoy_value::short_flags(flags)
        })
    }

    #[inline]
    fn socket(&self, slot: Slot, parse: fn(&[u8]) -> Option<SocketAddr>) -> Option<SocketAddr> {
        match self.value(slot) {
            Value::Text(text) => parse(text),
            Value::Escaped(text) => parse(unescaped(text)?.as_bytes()),
            _ => None,
        }
    }

    #[inline]
    fn count(&self, slot: Slot) -> Result<u64, Fault<'a>> {
        match self.value(slot) {
            Value::Missing | Value::Unset => Some(0),
            Value::Number(number) => envoy_value::decimal(number),
            Value::Text(text) => envoy_value::count(text),
            Value::Escaped(_) | Value::Other => None,
        }
        .ok_or_else(|| self.fault(slot))
    }
}

/// The text of a JSON string's inside.
fn unescaped(inside: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(inside.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inside);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}

impl Fault<'_> {
    pub(in crate::format) fn reason(self) -> Reason {
        self.slot.texts().0
    }

    /// What was expected and what was found.
    pub(in crate::format) fn message(self) -> String {
        let (reason, expected) = self.slot.texts();
        let name = reason.split_once(':').map_or(reason, |(_, name)| name);
        let found = match self.found {
            Value::Missing => "nothing".to_owned(),
            Value::Unset => "null".to_owned(),
            Value::Text(text) | Value::Escaped(text) => printable::quoted(text),
            Value::Number(number) => String::from_utf8_lossy(number).into_owned(),
            Value::Other => "another kind of value".to_owned(),
        };
        format!("{name}: expected {expected}, found {found}")
    }
}
