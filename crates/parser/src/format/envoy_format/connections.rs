//! TCP connections and requests of which a log has several lines: counted once, with the bytes of the last.
//!
//! Envoy may log a connection when it is made, every so often, and at its end: each line has the start and the addresses
//! of the connection, and all bytes so far. So a TCP line is held until there is no other of its connection: to the end
//! of its object, or until so many other connections came that it is forgotten. The same goes for a request whose line
//! says that it is under way; the line that says it has ended lets it go.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::values::{Read, Stage, Values};
use crate::format::Output;
use crate::format::output::Held;
use crate::record::AccessRecord;

/// How many connections, and how many bytes of their text, are held at least before the oldest are forgotten.
const ENOUGH: usize = 16_384;
const ENOUGH_BYTES: usize = 8 << 20;

/// The TCP connections of one object.
#[derive(Debug, Default)]
pub(in crate::format) struct Connections {
    young: HashMap<Key, Line>,
    old: HashMap<Key, Line>,
    /// Text in `young`.
    bytes: usize,
}

/// What tells one connection from another, as far as the format has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    origin: Arc<str>,
    start: (u64, u32),
    number: Option<u64>,
    client: Option<SocketAddr>,
    local: Option<SocketAddr>,
    upstream: Option<SocketAddr>,
    /// Of a request: its stream, or else what was asked of whom.
    request: Option<Box<[u8]>>,
}

/// The line of a connection that says most so far.
#[derive(Debug)]
struct Line {
    at: Held,
    record: AccessRecord<'static>,
}

impl Connections {
    /// Takes the record of the line at hand: it is given out at once if it is no TCP connection's.
    #[inline]
    pub(in crate::format) fn take(&mut self, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let is_request = read.record.is_http() || read.record.authority.is_some() || !values.tell_http();
        match values.stage() {
            Stage::Unsaid if is_request => out.access(&read.record),
            Stage::Ended if is_request && self.is_empty() => out.access(&read.record),
            Stage::Ended if is_request => self.let_go(read, values, out),
            Stage::UnderWay if is_request => self.hold(Some(request(read, values)), read, values, out),
            _ => self.hold(None, read, values, out),
        }
    }

    fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// A request has ended: its line says all that those before it said.
    #[cold]
    fn let_go(&mut self, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let at = out.hold();
        let key = Key::of(&at, Some(request(read, values)), read, values);
        let mut record = owned(&read.record);
        if let Some(held) = self.remove(&key) {
            out.superseded();
            record.bytes_received = record.bytes_received.max(held.record.bytes_received);
            record.bytes_sent = record.bytes_sent.max(held.record.bytes_sent);
        }
        out.release(&at, &record);
    }

    fn remove(&mut self, key: &Key) -> Option<Line> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    fn hold(&mut self, request: Option<Box<[u8]>>, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let record = &read.record;
        let at = out.hold();
        let key = Key::of(&at, request, read, values);
        let held = match self.remove(&key) {
            None => Line {
                at,
                record: owned(record),
            },
            Some(held) => {
                out.superseded();
                held.or(at, record)
            }
        };
        self.bytes += text_of(&held.record);
        self.young.insert(key, held);
        if self.young.len() >= ENOUGH || self.bytes >= ENOUGH_BYTES {
            let forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.bytes = 0;
            release(forgotten, out);
        }
    }

    /// Gives out all that is held.
    pub(in crate::format) fn finish(&mut self, out: &mut Output<'_>) {
        let mut all = std::mem::take(&mut self.old);
        all.extend(self.young.drain());
        release(all, out);
    }
}

impl Key {
    fn of(at: &Held, request: Option<Box<[u8]>>, read: &Read<'_>, values: &Values<'_>) -> Key {
        let Read { record, nanos } = read;
        // A request has an upstream only once it is under way to one.
        let upstream = |socket: Option<SocketAddr>| socket.filter(|_| request.is_none());
        Key {
            origin: Arc::clone(at.origin()),
            start: (record.start, *nanos),
            number: values.connection(),
            client: record.downstream_direct_remote.or(record.downstream_remote),
            local: upstream(values.upstream_local()),
            upstream: upstream(record.upstream_host),
            request,
        }
    }
}

/// What tells a request from others of its connection and time.
fn request(read: &Read<'_>, values: &Values<'_>) -> Box<[u8]> {
    let asked = || {
        let [.., authority, method, _] = texts(&read.record);
        [method, authority]
            .map(Option::unwrap_or_default)
            .join(" ")
            .into_bytes()
    };
    values.stream().map_or_else(asked, <[u8]>::to_vec).into()
}

fn release(connections: HashMap<Key, Line>, out: &mut Output<'_>) {
    let mut all: Vec<Line> = connections.into_values().collect();
    all.sort_unstable_by(|one, other| one.at.cmp(&other.at));
    for held in all {
        out.release(&held.at, &held.record);
    }
}

impl Line {
    /// The one of two lines that says more, with the most bytes of either: whichever was read first.
    fn or(self, at: Held, record: &AccessRecord<'_>) -> Line {
        let received = self.record.bytes_received.max(record.bytes_received);
        let sent = self.record.bytes_sent.max(record.bytes_sent);
        let mut held = if weight(record) > weight(&self.record) {
            Line {
                at,
                record: owned(record),
            }
        } else {
            self
        };
        held.record.bytes_received = received;
        held.record.bytes_sent = sent;
        held
    }
}

/// How much a line says: by its bytes, then by how the connection ended, then by its text, so that no two are equal
/// unless they say the same.
fn weight<'r>(record: &'r AccessRecord<'_>) -> (u128, [Option<&'r str>; 9]) {
    let total = u128::from(record.bytes_received) + u128::from(record.bytes_sent);
    (total, texts(record))
}

fn text_of(record: &AccessRecord<'_>) -> usize {
    texts(record)
        .into_iter()
        .flatten()
        .map(|text| text.len())
        .sum::<usize>()
        + size_of::<(Key, Line)>()
}

fn texts<'r>(record: &'r AccessRecord<'_>) -> [Option<&'r str>; 9] {
    [
        record.response_flags.as_deref(),
        record.response_code_details.as_deref(),
        record.upstream_cluster.as_deref(),
        record.route_name.as_deref(),
        record.sni.as_deref(),
        record.authority.as_deref(),
        record.method.as_deref(),
        record.protocol.as_deref(),
        record.identity.as_deref(),
    ]
}

fn owned(record: &AccessRecord<'_>) -> AccessRecord<'static> {
    let [
        flags,
        details,
        cluster,
        route,
        sni,
        authority,
        method,
        protocol,
        identity,
    ] = texts(record).map(|text| text.map(|text| text.to_owned().into()));
    AccessRecord {
        start: record.start,
        method,
        authority,
        sni,
        protocol,
        response_code: record.response_code,
        response_flags: flags,
        response_code_details: details,
        route_name: route,
        upstream_cluster: cluster,
        upstream_host: record.upstream_host,
        downstream_local: record.downstream_local,
        downstream_remote: record.downstream_remote,
        downstream_direct_remote: record.downstream_direct_remote,
        identity,
        bytes_received: record.bytes_received,
        bytes_sent: record.bytes_sent,
    }
}
