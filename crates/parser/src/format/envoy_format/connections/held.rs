//! Lines that are held, packed: their numbers in one list, their texts in one text, found by what tells them apart.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hashbrown::HashTable;

use super::socket::Socket;

use crate::format::Output;
use crate::format::envoy_format::values::{Read, Values};
use crate::format::output::Held;
use crate::record::AccessRecord;

/// What tells one connection or request from another, as far as the format has it.
#[derive(Debug)]
pub(super) struct Key<'k> {
    origin: &'k Arc<str>,
    start: (u64, u32),
    number: Option<u64>,
    client: Option<SocketAddr>,
    local: Option<SocketAddr>,
    upstream: Option<SocketAddr>,
    /// Of a request: its stream, or else what was asked of whom.
    request: Option<&'k str>,
}

impl<'k> Key<'k> {
    pub(super) fn new(origin: &'k Arc<str>, request: Option<&'k str>, read: &Read<'_>, values: &Values<'_>) -> Key<'k> {
        // A request has an upstream only once it is under way to one.
        let upstream = |socket: Option<SocketAddr>| socket.filter(|_| request.is_none());
        Key {
            origin,
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
    /// Rows, each with the hash of its key.
    table: HashTable<(u32, u32)>,
    rows: Vec<Row>,
    text: String,
    /// Where the lines come from; most come from where the one before did.
    origins: Vec<Arc<str>>,
    /// The addresses of version 6.
    wide: Vec<Ipv6Addr>,
}

const TEXTS: usize = 9;

#[derive(Debug)]
struct Row {
    /// `None` once it was taken out.
    at: Option<Held>,
    /// Its place among the origins.
    origin: u32,
    response_code: u16,
    start: (u64, u32),
    bytes: (u64, u64),
    number: Option<u64>,
    local: Socket,
    upstream_host: Socket,
    downstream_local: Socket,
    downstream_remote: Socket,
    downstream_direct_remote: Socket,
    request: Span,
    texts: Texts,
}

/// Where a text lies; beyond all where there is none.
type Span = (u32, u32);

/// Texts that stand one behind another: where they begin and how long each is, with [`NONE`] for one that is not there.
#[derive(Debug, Clone, Copy)]
struct Texts {
    from: u32,
    lengths: [u32; TEXTS],
}

const NONE: u32 = u32::MAX;

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
        self.text.len() + self.rows.len() * size_of::<Row>() + self.wide.len() * size_of::<Ipv6Addr>()
    }

    /// Puts in a line whose key is not there.
    pub(super) fn hold(&mut self, hash: u32, at: Held, key: &Key<'_>, record: &AccessRecord<'_>) {
        let entry = (hash, number(self.rows.len()));
        self.table.insert_unique(spread(hash), entry, |(hash, _)| spread(*hash));
        let origin = self.origin(key.origin);
        let mut socket = |socket| Socket::new(socket, &mut self.wide);
        self.rows.push(Row {
            at: Some(at),
            origin,
            response_code: record.response_code,
            start: key.start,
            bytes: (record.bytes_received, record.bytes_sent),
            number: key.number,
            local: socket(key.local),
            upstream_host: socket(record.upstream_host),
            downstream_local: socket(record.downstream_local),
            downstream_remote: socket(record.downstream_remote),
            downstream_direct_remote: socket(record.downstream_direct_remote),
            request: keep(&mut self.text, key.request),
            texts: Texts::new(&mut self.text, &texts(record)),
        });
    }

    /// Joins a line with the one that has its key, if that is there: what is left is the one that says more, with the
    /// most bytes of either, whichever was read first.
    pub(super) fn join(&mut self, hash: u32, at: Held, key: &Key<'_>, record: &AccessRecord<'_>) -> bool {
        let found = self.table.find(spread(hash), |entry| self.is(*entry, hash, key));
        let Some(row) = found.map(|(_, row)| *row as usize) else {
            return false;
        };
        let origin = self.origin(key.origin);
        let Self { rows, text, wide, .. } = self;
        let Some(row) = rows.get_mut(row) else { return false };
        let most = (
            row.bytes.0.max(record.bytes_received),
            row.bytes.1.max(record.bytes_sent),
        );
        let new = texts(record);
        if row.says_less_than(record, &new, text) {
            (row.at, row.origin) = (Some(at), origin);
            row.response_code = record.response_code;
            for (socket, new) in [
                (&mut row.upstream_host, record.upstream_host),
                (&mut row.downstream_local, record.downstream_local),
                (&mut row.downstream_remote, record.downstream_remote),
                (&mut row.downstream_direct_remote, record.downstream_direct_remote),
            ] {
                if socket.get(wide) != new {
                    *socket = Socket::new(new, wide);
                }
            }
            if row.texts.of(text) != new {
                row.texts = Texts::new(text, &new);
            }
        }
        row.bytes = most;
        true
    }

    /// Takes out the line that has a key.
    pub(super) fn remove(&mut self, hash: u32, key: &Key<'_>) -> Option<(Held, AccessRecord<'_>)> {
        let found = self.table.find(spread(hash), |entry| self.is(*entry, hash, key));
        let entry = *found?;
        if let Ok(found) = self.table.find_entry(spread(hash), |other| *other == entry) {
            found.remove();
        }
        let at = self.rows.get_mut(entry.1 as usize)?.at.take()?;
        let row = self.rows.get(entry.1 as usize)?;
        Some((at, row.record(&self.text, &self.wide)))
    }

    /// Whether this is the row that has the key.
    #[inline]
    fn is(&self, (of_row, row): (u32, u32), hash: u32, key: &Key<'_>) -> bool {
        of_row == hash && self.rows.get(row as usize).is_some_and(|row| self.has_key(row, key))
    }

    fn has_key(&self, row: &Row, key: &Key<'_>) -> bool {
        let get = |socket: Socket| socket.get(&self.wide);
        let client = get(row.downstream_direct_remote).or(get(row.downstream_remote));
        let upstream = get(row.upstream_host).filter(|_| key.request.is_none());
        row.start == key.start
            && (row.number, client, get(row.local), upstream) == (key.number, key.client, key.local, key.upstream)
            && at_span(&self.text, row.request) == key.request
            && row.at.is_some()
            && self.origins.get(row.origin as usize) == Some(key.origin)
    }

    #[inline]
    fn origin(&mut self, origin: &Arc<str>) -> u32 {
        if self
            .origins
            .last()
            .is_none_or(|last| !Arc::ptr_eq(last, origin) && last != origin)
        {
            self.origins.push(Arc::clone(origin));
        }
        number(self.origins.len() - 1)
    }

    fn clear(&mut self) {
        self.table.clear();
        self.rows.clear();
        self.text.clear();
        self.origins.clear();
        self.wide.clear();
    }
}

/// Gives out all lines in their order, and keeps none.
pub(super) fn release(held: &mut [&mut Lines], out: &mut Output<'_>) {
    let rows = held.iter().flat_map(|lines| {
        let with = |row| (row, &**lines);
        lines.rows.iter().map(with)
    });
    let mut rows: Vec<_> = rows.filter_map(|(row, lines)| Some((row.at?, row, lines))).collect();
    // They are in order but for those that another line stands for: then this is the fastest.
    rows.sort_by_key(|(at, ..)| *at);
    for (at, row, lines) in rows {
        if let Some(origin) = lines.origins.get(row.origin as usize) {
            out.release(at, origin, &row.record(&lines.text, &lines.wide));
        }
    }
    for lines in held {
        lines.clear();
    }
}

impl Row {
    /// By bytes, then by how the connection ended, then by text, so that no two are equal unless they say the same.
    fn says_less_than(&self, record: &AccessRecord<'_>, new: &[Option<&str>; TEXTS], text: &str) -> bool {
        let total = |(received, sent): (u64, u64)| u128::from(received) + u128::from(sent);
        let (own, other) = (total(self.bytes), total((record.bytes_received, record.bytes_sent)));
        own < other || (own == other && self.texts.of(text) < *new)
    }

    #[inline]
    fn record<'t>(&self, text: &'t str, wide: &[Ipv6Addr]) -> AccessRecord<'t> {
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
        ] = self.texts.of(text).map(|text| text.map(Cow::Borrowed));
        AccessRecord {
            start: self.start.0,
            method,
            authority,
            sni,
            protocol,
            response_code: self.response_code,
            response_flags: flags,
            response_code_details: details,
            route_name: route,
            upstream_cluster: cluster,
            upstream_host: self.upstream_host.get(wide),
            downstream_local: self.downstream_local.get(wide),
            downstream_remote: self.downstream_remote.get(wide),
            downstream_direct_remote: self.downstream_direct_remote.get(wide),
            identity,
            bytes_received: self.bytes.0,
            bytes_sent: self.bytes.1,
        }
    }
}

impl Texts {
    #[inline]
    fn new(all: &mut String, texts: &[Option<&str>; TEXTS]) -> Self {
        let from = number(all.len());
        let lengths = texts.map(|text| match text {
            None => NONE,
            Some(text) => {
                all.push_str(text);
                number(text.len())
            }
        });
        Texts { from, lengths }
    }

    #[inline]
    fn of(self, all: &str) -> [Option<&str>; TEXTS] {
        let mut at = self.from as usize;
        self.lengths.map(|length| {
            let from = at;
            at += if length == NONE { return None } else { length as usize };
            all.get(from..at)
        })
    }
}

/// In the order in which they tell which of two lines says more.
#[inline]
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
    let Some(text) = text else { return (NONE, NONE) };
    let from = number(all.len());
    all.push_str(text);
    (from, number(all.len()))
}

fn at_span(all: &str, (from, to): Span) -> Option<&str> {
    all.get(from as usize..to as usize)
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

/// A hash as the table wants it: different in its upper bits as well.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
