//! TCP connections of which a log has several lines: counted once, with the bytes of the last.
//!
//! Envoy may log a connection when it is made, every so often, and at its end: each line has the start and the addresses
//! of the connection, and all bytes so far. So a TCP line is held until there is no other of its connection: to the end
//! of its object, or until so many other connections came that it is forgotten.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::values::{Read, Values};
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
        if read.record.is_http() || read.record.authority.is_some() || !values.tell_http() {
            out.access(&read.record);
        } else {
            self.hold(read, values, out);
        }
    }

    fn hold(&mut self, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let Read { record, nanos } = read;
        let at = out.hold();
        let key = Key {
            origin: Arc::clone(at.origin()),
            start: (record.start, *nanos),
            number: values.connection(),
            client: record.downstream_direct_remote.or(record.downstream_remote),
            local: values.upstream_local(),
            upstream: record.upstream_host,
        };
        let held = match self.young.remove(&key).or_else(|| self.old.remove(&key)) {
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
