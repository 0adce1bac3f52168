//! The values of one line by what they mean, and the record that they make.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::clock::Clock;
use super::slot::{SLOTS, Slot, Target};
use crate::format::envoy_value::{self, Minute, Moment};
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

/// The values that a record is made of: of one line after the other, so that none is moved.
#[derive(Debug)]
pub(in crate::format) struct Values<'a> {
    values: [Value<'a>; SLOTS],
    ranks: [u8; SLOTS],
    /// Which slots have a value, be it that there is none; what the others hold is of another line.
    present: u32,
    /// Whether the line has the slot's value of the first rank, even if that is not where the value stood.
    first_ranks: u32,
    /// The text that the lines stand in, if all of it is UTF-8.
    text: Option<&'a str>,
    minute: Minute,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Fault<'a> {
    pub(in crate::format) slot: Slot,
    pub(in crate::format) found: Value<'a>,
}

/// A record with what a record has no place for.
#[derive(Debug, Default)]
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
    /// For lines of this text.
    pub(in crate::format) fn of(text: &'a [u8]) -> Self {
        Values {
            values: [Value::Missing; SLOTS],
            ranks: [0; SLOTS],
            present: 0,
            first_ranks: 0,
            text: std::str::from_utf8(text).ok(),
            minute: Minute::default(),
        }
    }

    /// Another line begins.
    #[inline]
    pub(in crate::format) fn clear(&mut self) {
        (self.present, self.first_ranks) = (0, 0);
    }

    /// Whether the lines are known to be UTF-8.
    #[inline]
    pub(in crate::format) fn are_utf8(&self) -> bool {
        self.text.is_some()
    }

    /// Keeps a value if it is better than the one kept: one that is set before one that is not, then by rank.
    #[inline]
    pub(in crate::format) fn keep(&mut self, target: Target, value: Value<'a>) {
        let value = match target.limit {
            None => value,
            Some(limit) => whole(value, limit),
        };
        let at = target.slot.index();
        let bit = 1 << at;
        if target.rank == 0 {
            self.first_ranks |= bit;
        }
        if self.present & bit == 0 || self.is_better(at, target.rank, value) {
            (self.values[at], self.ranks[at]) = (value, target.rank);
            self.present |= bit;
        }
    }

    #[cold]
    fn is_better(&self, at: usize, rank: u8, value: Value<'a>) -> bool {
        (value.is_unset(), rank) <= (self.values[at].is_unset(), self.ranks[at])
    }

    /// How many slots have a value, be it that there is none.
    pub(in crate::format) fn present(&self) -> usize {
        self.present.count_ones() as usize
    }

    pub(in crate::format) fn has(&self, slot: Slot) -> bool {
        self.present & (1 << slot.index()) != 0
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
        if self.has(slot) {
            self.values[slot.index()]
        } else {
            Value::Missing
        }
    }

    /// Makes the values a record, in place of the one before.
    #[inline]
    pub(in crate::format) fn read(&mut self, clock: &Clock, read: &mut Read<'a>) -> Result<(), Fault<'a>> {
        let Moment { seconds, nanos } = match self.value(Slot::StartTime) {
            Value::Text(text) => match clock {
                Clock::Plain => self.minute.read(text),
                Clock::Pattern(_) => clock.read(text),
            },
            Value::Number(number) => envoy_value::moment(number),
            Value::Escaped(text) => unescaped(text).and_then(|text| clock.read(text.as_bytes())),
            _ => None,
        }
        .ok_or_else(|| self.fault(Slot::StartTime))?;
        let code = self.count(Slot::ResponseCode)?;
        let record = &mut read.record;
        record.response_code = u16::try_from(code).map_err(|_| self.fault(Slot::ResponseCode))?;
        record.bytes_received = self.count(Slot::BytesReceived)?;
        record.bytes_sent = self.count(Slot::BytesSent)?;
        (record.start, read.nanos) = (seconds, nanos);
        record.method = self.text(Slot::Method);
        record.authority = self.text(Slot::Authority);
        record.sni = self.text(Slot::Sni);
        record.protocol = self.text(Slot::Protocol);
        record.response_flags = self.flags();
        record.response_code_details = self.text(Slot::ResponseCodeDetails);
        record.route_name = self.text(Slot::RouteName);
        record.upstream_cluster = self.text(Slot::UpstreamCluster);
        record.upstream_host = self.socket(Slot::UpstreamHost, envoy_value::socket);
        record.downstream_local = self.socket(Slot::DownstreamLocal, envoy_value::socket);
        record.downstream_remote = self.socket(Slot::DownstreamRemote, envoy_value::peer);
        record.downstream_direct_remote = self.socket(Slot::DownstreamDirectRemote, envoy_value::peer);
        Ok(())
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
            Value::Text(b"" | b"-") => None,
            Value::Text(text) => Some(match self.known(text) {
                Some(text) => Cow::Borrowed(text),
                None => String::from_utf8_lossy(text),
            }),
            Value::Escaped(text) => unescaped(text).map(Cow::Owned),
            _ => None,
        }
    }

    /// The same bytes as a part of the whole text, which is known to be UTF-8.
    #[inline]
    fn known(&self, value: &[u8]) -> Option<&'a str> {
        let text = self.text?;
        let from = value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        text.get(from..from + value.len())
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

/// The value, unless Envoy may have cut it.
#[cold]
fn whole(value: Value<'_>, limit: usize) -> Value<'_> {
    match value {
        Value::Text(text) if text.len() >= limit => Value::Unset,
        Value::Escaped(text) if unescaped(text).is_none_or(|text| text.len() >= limit) => Value::Unset,
        value => value,
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
