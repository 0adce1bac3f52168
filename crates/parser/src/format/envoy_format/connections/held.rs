//! Lines that are held, found by what tells them apart.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use hashbrown::HashTable;

use super::packed::{self, Packed, Place};

use crate::format::Output;
use crate::format::envoy_format::values::{Read, Values};
use crate::format::output::Held;
use crate::record::AccessRecord;

/// What tells one connection or request from another, as far as the format has it.
pub(super) struct Key<'k> {
    origin: &'k Arc<str>,
    read: &'k Read<'k>,
    number: Option<u64>,
    local: Option<SocketAddr>,
    /// Of a request: its stream, or else what was asked of whom.
    request: Option<&'k str>,
}

impl<'k> Key<'k> {
    pub(super) fn new(
        origin: &'k Arc<str>,
        request: Option<&'k str>,
        read: &'k Read<'k>,
        values: &Values<'_>,
    ) -> Key<'k> {
        Key {
            origin,
            read,
            number: values.connection(),
            // A request has an upstream only once it is under way to one.
            local: if request.is_none() {
                values.upstream_local()
            } else {
                None
            },
            request,
        }
    }

    fn client(&self) -> Option<&SocketAddr> {
        let record = &self.read.record;
        let direct = record.downstream_direct_remote.as_ref();
        direct.or(record.downstream_remote.as_ref())
    }

    fn upstream(&self) -> Option<&SocketAddr> {
        self.read
            .record
            .upstream_host
            .as_ref()
            .filter(|_| self.request.is_none())
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u64(self.read.record.start << 30 ^ u64::from(self.read.nanos));
        to.write_u64(self.number.unwrap_or(u64::MAX));
        for socket in [self.client(), self.local.as_ref(), self.upstream()] {
            match socket {
                None => to.write_u64(u64::MAX),
                Some(SocketAddr::V4(socket)) => {
                    to.write_u64(u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port()));
                }
                Some(socket) => socket.hash(to),
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
    rest: Packed,
    /// Where the lines come from; most come from where the one before did.
    origins: Vec<Arc<str>>,
}

/// What every line has.
#[derive(Debug)]
struct Row {
    /// `None` once it was taken out.
    at: Option<Held>,
    start: u64,
    nanos: u32,
    /// Its place among the origins.
    origin: u32,
    bytes: (u64, u64),
    rest: Place,
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
        let origins = self.origins.len() * size_of::<Arc<str>>();
        self.rest.bytes() + self.rows.len() * size_of::<Row>() + origins
    }

    /// Puts in a line whose key is not there.
    pub(super) fn hold(&mut self, hash: u32, at: Held, key: &Key<'_>, record: &AccessRecord<'_>) {
        let entry = (hash, number(self.rows.len()));
        self.table.insert_unique(spread(hash), entry, |(hash, _)| spread(*hash));
        let origin = self.origin(key.origin);
        self.rows.push(Row {
            at: Some(at),
            start: key.read.record.start,
            nanos: key.read.nanos,
            origin,
            bytes: (record.bytes_received, record.bytes_sent),
            rest: self.rest.put(record, key.number, key.local.as_ref(), key.request),
        });
    }

    /// Joins a line with the one that has its key, if that is there: what is left is the one that says more, with the
    /// most bytes of either, whichever was read first.
    pub(super) fn join(&mut self, hash: u32, at: Held, key: &Key<'_>, record: &AccessRecord<'_>) -> bool {
        let found = self.table.find(spread(hash), |entry| self.is(*entry, hash, key));
        let Some(row) = found.map(|(_, row)| *row as usize) else {
            return false;
        };
        let Some(row) = self.rows.get_mut(row) else {
            return false;
        };
        let most = (
            row.bytes.0.max(record.bytes_received),
            row.bytes.1.max(record.bytes_sent),
        );
        if row.says_less_than(record, &self.rest) {
            row.at = Some(at);
            self.rest
                .replace(&mut row.rest, record, key.number, key.local.as_ref(), key.request);
        }
        row.bytes = most;
        true
    }

    /// Takes out the line that has a key.
    pub(super) fn remove(&mut self, hash: u32, key: &Key<'_>) -> Option<(Held, AccessRecord<'_>)> {
        let entry = *self.table.find(spread(hash), |entry| self.is(*entry, hash, key))?;
        if let Ok(found) = self.table.find_entry(spread(hash), |other| *other == entry) {
            found.remove();
        }
        let row = self.rows.get_mut(entry.1 as usize)?;
        let at = row.at.take()?;
        let mut record = AccessRecord::default();
        row.say(&self.rest, &mut record);
        Some((at, record))
    }

    /// Whether this is the row that has the key.
    #[inline]
    fn is(&self, (of_row, row): (u32, u32), hash: u32, key: &Key<'_>) -> bool {
        of_row == hash && self.rows.get(row as usize).is_some_and(|row| self.has_key(row, key))
    }

    fn has_key(&self, row: &Row, key: &Key<'_>) -> bool {
        let mut record = AccessRecord::default();
        let rest = self.rest.get(row.rest, &mut record);
        let client = record
            .downstream_direct_remote
            .as_ref()
            .or(record.downstream_remote.as_ref());
        let upstream = record.upstream_host.as_ref().filter(|_| key.request.is_none());
        (row.start, row.nanos) == (key.read.record.start, key.read.nanos)
            && (rest.number, client, rest.local, upstream) == (key.number, key.client(), key.local, key.upstream())
            && rest.request == key.request
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
        self.rest.clear();
        self.origins.clear();
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
    let mut record = AccessRecord::default();
    for (at, row, lines) in rows {
        row.say(&lines.rest, &mut record);
        if let Some(origin) = lines.origins.get(row.origin as usize) {
            out.release(at, origin, &record);
        }
    }
    for lines in held {
        lines.clear();
    }
}

impl Row {
    /// By bytes, then by how the connection ended, then by text, so that no two are equal unless they say the same.
    fn says_less_than(&self, record: &AccessRecord<'_>, rest: &Packed) -> bool {
        let total = |(received, sent): (u64, u64)| u128::from(received) + u128::from(sent);
        let (own, other) = (total(self.bytes), total((record.bytes_received, record.bytes_sent)));
        let say_less = || {
            let mut own = AccessRecord::default();
            rest.get(self.rest, &mut own);
            packed::texts(&own) < packed::texts(record)
        };
        own < other || (own == other && say_less())
    }

    /// Has a record say what the line said.
    #[inline]
    fn say<'t>(&self, rest: &'t Packed, record: &mut AccessRecord<'t>) {
        record.start = self.start;
        (record.bytes_received, record.bytes_sent) = self.bytes;
        rest.get(self.rest, record);
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A hash as the table wants it: different in its upper bits as well.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_join_others_take_no_memory_wherever_they_come_from() {
        let origins = ["one", "other"].map(Arc::<str>::from);
        let (read, values) = (Read::default(), Values::of(b""));
        let mut lines = Lines::default();
        let mut taken = Vec::new();
        for bytes_sent in 0..100 {
            for (hash, origin) in (0..).zip(&origins) {
                let key = Key::new(origin, None, &read, &values);
                let record = AccessRecord {
                    bytes_sent,
                    ..AccessRecord::default()
                };
                if !lines.join(hash, Held::default(), &key, &record) {
                    lines.hold(hash, Held::default(), &key, &record);
                }
            }
            taken.push((lines.len(), lines.origins.len(), lines.bytes()));
        }
        taken.dedup();
        assert_eq!(taken, [(2, 2, 2 * (size_of::<Row>() + size_of::<Arc<str>>()))]);
    }
}
