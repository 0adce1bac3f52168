//! Lines that are held, packed: their numbers in one list, their texts in one text, found by what tells them apart.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use hashbrown::HashTable;

use crate::format::Output;
use crate::format::envoy_format::values::{Read, Values};
use crate::format::output::Held;
use crate::record::AccessRecord;

/// What tells one connection or request from another, as far as the format has it.
#[derive(Debug)]
pub(super) struct Key<'k> {
    origin: &'k str,
    start: (u64, u32),
    number: Option<u64>,
    client: Option<SocketAddr>,
    local: Option<SocketAddr>,
    upstream: Option<SocketAddr>,
    /// Of a request: its stream, or else what was asked of whom.
    request: Option<&'k str>,
}

impl<'k> Key<'k> {
    pub(super) fn new(at: &'k Held, request: Option<&'k str>, read: &Read<'_>, values: &Values<'_>) -> Key<'k> {
        // A request has an upstream only once it is under way to one.
        let upstream = |socket: Option<SocketAddr>| socket.filter(|_| request.is_none());
        Key {
            origin: at.origin(),
            start: (read.record.start, read.nanos),
            number: values.connection(),
            client: read.record.downstream_direct_remote.or(read.record.downstream_remote),
            local: upstream(values.upstream_local()),
            upstream: upstream(read.record.upstream_host),
            request,
        }
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u64(self.start.0 << 30 ^ u64::from(self.start.1));
        to.write_u64(self.number.unwrap_or(u64::MAX));
        for socket in [self.client, self.local, self.upstream] {
            match socket {
                Some(SocketAddr::V4(socket)) => {
                    to.write_u64(u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port()));
                }
                socket => socket.hash(to),
            }
        }
        if !self.origin.is_empty() || self.request.is_some() {
            (self.origin, self.request).hash(to);
        }
    }
}

/// Lines of different connections and requests.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Rows by the hash of their keys.
    table: HashTable<u32>,
    rows: Vec<Row>,
    text: String,
}

/// Where a text lies; beyond all where there is none.
type Span = (u32, u32);

const TEXTS: usize = 9;

#[derive(Debug)]
struct Row {
    hash: u64,
    /// `None` once it was taken out.
    at: Option<Held>,
    start: (u64, u32),
    response_code: u16,
    bytes: (u64, u64),
    number: Option<u64>,
    local: Option<SocketAddr>,
    upstream_host: Option<SocketAddr>,
    downstream_local: Option<SocketAddr>,
    downstream_remote: Option<SocketAddr>,
    downstream_direct_remote: Option<SocketAddr>,
    request: Span,
    texts: [Span; TEXTS],
}

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// How many lines were put in.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.rows.len() * size_of::<Row>()
    }

    /// Puts in a line whose key is not there.
    pub(super) fn hold(&mut self, hash: u64, at: Held, key: &Key<'_>, record: &AccessRecord<'_>) {
        let request = keep(&mut self.text, key.request);
        let texts = texts(record).map(|text| keep(&mut self.text, text));
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.table
            .insert_unique(hash, row, |row| self.rows.get(*row as usize).map_or(0, |row| row.hash));
        self.rows.push(Row {
            hash,
            at: Some(at),
            start: key.start,
            response_code: record.response_code,
            bytes: (record.bytes_received, record.bytes_sent),
            number: key.number,
            local: key.local,
            upstream_host: record.upstream_host,
            downstream_local: record.downstream_local,
            downstream_remote: record.downstream_remote,
            downstream_direct_remote: record.downstream_direct_remote,
            request,
            texts,
        });
    }

    /// Joins a line with the one that has its key, if that is there: what is left is the one that says more, with the
    /// most bytes of either, whichever was read first.
    pub(super) fn join(&mut self, hash: u64, at: &Held, key: &Key<'_>, record: &AccessRecord<'_>) -> bool {
        let Self { table, rows, text } = self;
        let Some(row) = table
            .find(hash, |row| is_of(rows.get(*row as usize), key, text))
            .and_then(|row| rows.get_mut(*row as usize))
        else {
            return false;
        };
        let most = (
            row.bytes.0.max(record.bytes_received),
            row.bytes.1.max(record.bytes_sent),
        );
        if row.says_less_than(record, text) {
            row.at = Some(at.clone());
            row.response_code = record.response_code;
            row.upstream_host = record.upstream_host;
            row.downstream_local = record.downstream_local;
            row.downstream_remote = record.downstream_remote;
            row.downstream_direct_remote = record.downstream_direct_remote;
            for (span, new) in row.texts.iter_mut().zip(texts(record)) {
                if at_span(text, *span) != new {
                    *span = keep(text, new);
                }
            }
        }
        row.bytes = most;
        true
    }

    /// Takes out the line that has a key.
    pub(super) fn remove(&mut self, hash: u64, key: &Key<'_>) -> Option<(Held, AccessRecord<'_>)> {
        let Self { table, rows, text } = self;
        let found = table.find_entry(hash, |row| is_of(rows.get(*row as usize), key, text));
        let (row, _) = found.ok()?.remove();
        let row = rows.get_mut(row as usize)?;
        Some((row.at.take()?, row.record(text)))
    }
}

/// Gives out all lines in their order, and keeps none.
pub(super) fn release(held: &mut [&mut Lines], out: &mut Output<'_>) {
    let rows = held
        .iter()
        .flat_map(|lines| lines.rows.iter().map(|row| (row, lines.text.as_str())));
    let mut rows: Vec<_> = rows
        .filter_map(|(row, text)| Some((row.at.as_ref()?, row, text)))
        .collect();
    // They are in order but for those that another line stands for: then this is the fastest.
    rows.sort_by_key(|(at, ..)| *at);
    for (at, row, text) in rows {
        out.release(at, &row.record(text));
    }
    for lines in held {
        lines.table.clear();
        lines.rows.clear();
        lines.text.clear();
    }
}

impl Row {
    /// By bytes, then by how the connection ended, then by text, so that no two are equal unless they say the same.
    fn says_less_than(&self, record: &AccessRecord<'_>, text: &str) -> bool {
        let total = |(received, sent): (u64, u64)| u128::from(received) + u128::from(sent);
        let (own, other) = (total(self.bytes), total((record.bytes_received, record.bytes_sent)));
        own < other || (own == other && self.texts.map(|span| at_span(text, span)) < texts(record))
    }

    fn record<'t>(&self, text: &'t str) -> AccessRecord<'t> {
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
        ] = self.texts;
        let said = |span| at_span(text, span).map(Cow::Borrowed);
        AccessRecord {
            start: self.start.0,
            method: said(method),
            authority: said(authority),
            sni: said(sni),
            protocol: said(protocol),
            response_code: self.response_code,
            response_flags: said(flags),
            response_code_details: said(details),
            route_name: said(route),
            upstream_cluster: said(cluster),
            upstream_host: self.upstream_host,
            downstream_local: self.downstream_local,
            downstream_remote: self.downstream_remote,
            downstream_direct_remote: self.downstream_direct_remote,
            identity: said(identity),
            bytes_received: self.bytes.0,
            bytes_sent: self.bytes.1,
        }
    }
}

/// Whether a row has a key.
fn is_of(row: Option<&Row>, key: &Key<'_>, text: &str) -> bool {
    let Some(row) = row else { return false };
    let client = row.downstream_direct_remote.or(row.downstream_remote);
    let upstream = row.upstream_host.filter(|_| key.request.is_none());
    row.start == key.start
        && (row.number, client, row.local, upstream) == (key.number, key.client, key.local, key.upstream)
        && at_span(text, row.request) == key.request
        && row.at.as_ref().is_some_and(|at| **at.origin() == *key.origin)
}

/// In the order in which they tell which of two lines says more.
fn texts<'r>(record: &'r AccessRecord<'_>) -> [Option<&'r str>; TEXTS] {
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

fn keep(all: &mut String, text: Option<&str>) -> Span {
    let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
    let Some(text) = text else { return (u32::MAX, u32::MAX) };
    let from = place(all.len());
    all.push_str(text);
    (from, place(all.len()))
}

fn at_span(all: &str, (from, to): Span) -> Option<&str> {
    all.get(from as usize..to as usize)
}
