//! The values of one line by what they mean, and the record that they make.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::block::Block;
use super::clock::Clock;
use super::slot::{SLOTS, Slot, Target};
use super::value::{Kind, Value, may_be_cut, unescaped};
use crate::format::envoy_value::{self, Minute, Moment};
use crate::record::AccessRecord;
use crate::{Reason, printable};

/// The values that a record is made of: of one line after the other, so that none is moved.
#[derive(Debug)]
pub(in crate::format) struct Values<'a> {
    /// Kinds and texts apart: a value that is moved as a whole waits until it is in memory.
    kinds: [Kind; SLOTS],
    texts: [&'a [u8]; SLOTS],
    ranks: [u8; SLOTS],
    /// Which slots have a value, be it that there is none; what the others hold is of another line.
    present: u32,
    /// Those of them for which the line says that there is none, wherever it says so.
    unset: u32,
    /// Whether the line has the slot's value of the first rank, even if that is not where the value stood.
    first_ranks: u32,
    /// What the lines stand in.
    block: Block<'a>,
    minute: Minute,
}

/// How far a request had come when its line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Stage {
    /// The line does not say.
    Unsaid,
    /// It goes on, and so its line is written again.
    UnderWay,
    Ended,
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

impl<'a> Values<'a> {
    /// For lines of this block.
    pub(in crate::format) fn of(block: &'a [u8]) -> Self {
        Values {
            kinds: [Kind::Unset; SLOTS],
            texts: [b""; SLOTS],
            ranks: [0; SLOTS],
            present: 0,
            unset: 0,
            first_ranks: 0,
            block: Block::new(block),
            minute: Minute::default(),
        }
    }

    /// Another line begins.
    #[inline]
    pub(in crate::format) fn clear(&mut self) {
        (self.present, self.unset, self.first_ranks) = (0, 0, 0);
    }

    /// Puts a value where it goes, before [`placed`](Self::placed) tells that it is there.
    #[inline(always)]
    pub(in crate::format) fn place(&mut self, target: Target, text: &'a [u8]) {
        let at = target.slot.index();
        (self.kinds[at], self.texts[at], self.ranks[at]) = (Kind::Text, text, target.rank);
    }

    /// The line is known to say of the slots of `unset`, a bit each, that there is no value; what it says of those of
    /// `filled` was [placed](Self::place). No slot has two values.
    #[inline(always)]
    pub(in crate::format) fn placed(&mut self, unset: u32, filled: u32) {
        (self.unset, self.present) = (unset, unset | filled);
    }

    /// What the lines stand in.
    #[inline(always)]
    pub(in crate::format) fn block(&self) -> &Block<'a> {
        &self.block
    }

    /// Whether the lines are known to be UTF-8.
    #[inline]
    pub(in crate::format) fn are_utf8(&self) -> bool {
        self.block.is_utf8()
    }

    /// Keeps a value if it is better than the one kept: one that is set before one that is not, then by rank.
    #[inline(always)]
    pub(in crate::format) fn keep(&mut self, target: Target, value: Value<'a>) {
        let Some((kind, text)) = value.parts() else { return };
        let at = target.slot.index();
        let bit = 1 << at;
        if self.present & bit != 0 || target.limit.is_some() {
            return self.keep_better(target, kind, text);
        }
        self.present |= bit;
        self.first_ranks |= u32::from(target.rank == 0) << at;
        (self.kinds[at], self.texts[at], self.ranks[at]) = (kind, text, target.rank);
    }

    #[cold]
    fn keep_better(&mut self, target: Target, kind: Kind, text: &'a [u8]) {
        let (at, rank) = (target.slot.index(), target.rank);
        let kind = match target.limit {
            Some(limit) if may_be_cut(kind, text, limit) => Kind::Unset,
            _ => kind,
        };
        self.first_ranks |= u32::from(rank == 0) << at;
        let is_new = !self.has(target.slot);
        let order = |value: Value<'_>, rank| (value.is_unset(), rank);
        if is_new || order(Value::of(kind, text), rank) <= order(self.value(target.slot), self.ranks[at]) {
            self.present |= 1 << at;
            (self.kinds[at], self.texts[at], self.ranks[at]) = (kind, text, rank);
        }
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

    #[inline(always)]
    fn value(&self, slot: Slot) -> Value<'a> {
        if self.unset & (1 << slot.index()) != 0 {
            Value::Unset
        } else if self.has(slot) {
            Value::of(self.kinds[slot.index()], self.texts[slot.index()])
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
        self.text(Slot::Method, &mut record.method);
        self.text(Slot::Authority, &mut record.authority);
        self.text(Slot::Sni, &mut record.sni);
        self.text(Slot::Protocol, &mut record.protocol);
        self.flags(&mut record.response_flags);
        self.text(Slot::ResponseCodeDetails, &mut record.response_code_details);
        self.text(Slot::RouteName, &mut record.route_name);
        self.text(Slot::UpstreamCluster, &mut record.upstream_cluster);
        self.text(Slot::Identity, &mut record.identity);
        record.upstream_host = self.socket(Slot::UpstreamHost);
        record.downstream_local = self.socket(Slot::DownstreamLocal);
        record.downstream_remote = self.peer(Slot::DownstreamRemote);
        record.downstream_direct_remote = self.peer(Slot::DownstreamDirectRemote);
        Ok(())
    }

    /// The address of the proxy's own end of the connection to the upstream.
    pub(in crate::format) fn upstream_local(&self) -> Option<SocketAddr> {
        self.socket(Slot::UpstreamLocal)
    }

    /// The number of the downstream connection.
    pub(in crate::format) fn connection(&self) -> Option<u64> {
        match self.value(Slot::ConnectionId) {
            Value::Text(number) | Value::Number(number) => envoy_value::decimal(number),
            _ => None,
        }
    }

    /// How far the request had come, by the type of the line.
    #[inline]
    pub(in crate::format) fn stage(&self) -> Stage {
        match self.value(Slot::AccessLogType) {
            Value::Text(b"DownstreamStart" | b"DownstreamPeriodic") => Stage::UnderWay,
            Value::Text(b"DownstreamEnd") => Stage::Ended,
            _ => Stage::Unsaid,
        }
    }

    /// What tells a request from every other, if it is logged.
    pub(in crate::format) fn stream(&self) -> Option<&'a [u8]> {
        match self.value(Slot::StreamId) {
            Value::Text(id) if !matches!(id, b"" | b"-") => Some(id),
            Value::Number(id) => Some(id),
            _ => None,
        }
    }

    fn fault(&self, slot: Slot) -> Fault<'a> {
        Fault {
            slot,
            found: self.value(slot),
        }
    }

    /// Text goes to its place at once, as what [`keep`](Self::keep) keeps does.
    #[inline(always)]
    fn text(&self, slot: Slot, place: &mut Option<Cow<'a, str>>) {
        if (self.present & !self.unset) & (1 << slot.index()) == 0 {
            *place = None;
        } else {
            self.text_of(slot, place);
        }
    }

    #[inline]
    fn text_of(&self, slot: Slot, place: &mut Option<Cow<'a, str>>) {
        match self.value(slot) {
            Value::Text(b"" | b"-") | Value::Missing | Value::Unset | Value::Number(_) | Value::Other => *place = None,
            Value::Text(text) => match self.block.text(text) {
                Some(text) => *place = Some(Cow::Borrowed(text)),
                None => *place = Some(String::from_utf8_lossy(text)),
            },
            Value::Escaped(text) => *place = unescaped(text).map(Cow::Owned),
        }
    }

    /// Flags by their short names.
    #[inline]
    fn flags(&self, place: &mut Option<Cow<'a, str>>) {
        self.text(Slot::ResponseFlags, place);
        if self.has(Slot::ResponseFlags) && self.ranks[Slot::ResponseFlags.index()] != 0 {
            *place = place.take().map(envoy_value::short_flags);
        }
    }

    #[inline(always)]
    fn socket(&self, slot: Slot) -> Option<SocketAddr> {
        match self.value(slot) {
            Value::Text(text) => self.block.socket(text),
            Value::Escaped(text) => envoy_value::socket(unescaped(text)?.as_bytes()),
            _ => None,
        }
    }

    #[inline(always)]
    fn peer(&self, slot: Slot) -> Option<SocketAddr> {
        match self.value(slot) {
            Value::Text(text) => self.block.peer(text),
            Value::Escaped(text) => envoy_value::peer(unescaped(text)?.as_bytes()),
            _ => None,
        }
    }

    #[inline(always)]
    fn count(&self, slot: Slot) -> Result<u64, Fault<'a>> {
        match self.value(slot) {
            Value::Missing | Value::Unset => Some(0),
            Value::Number(b"-") => None,
            Value::Number(text) | Value::Text(text) => self.block.count(text),
            Value::Escaped(_) | Value::Other => None,
        }
        .ok_or_else(|| self.fault(slot))
    }
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
