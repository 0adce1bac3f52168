//! TCP connections and requests of which a log has several lines: counted once, with the bytes of the last.
//!
//! Envoy may log a connection when it is made, every so often, and at its end: each line has the start and the addresses
//! of the connection, and all bytes so far. So a TCP line is held until there is no other of its connection: to the end
//! of its object, or until so many other connections came that it is forgotten. The same goes for a request whose line
//! says that it is under way; the line that says it has ended lets it go.

mod held;
mod packed;

use std::hash::BuildHasher as _;
use std::mem;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::values::{Read, Stage, Values};
use crate::format::Output;
use held::{Key, Lines, release};

/// How many connections, and how many bytes of their text, are held at least before the oldest are forgotten.
const ENOUGH: usize = 16_384;
const ENOUGH_BYTES: usize = 8 << 20;

/// The TCP connections of one object.
#[derive(Debug, Default)]
pub(in crate::format) struct Connections {
    young: Lines,
    old: Lines,
    hasher: RandomState,
    /// What tells the request at hand from others.
    request: String,
}

impl Connections {
    /// Takes the record of the line at hand: it is given out at once if it is no TCP connection's.
    #[inline]
    pub(in crate::format) fn take(&mut self, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let is_request = read.record.is_http() || read.record.authority.is_some() || !values.tell_http();
        match values.stage() {
            Stage::Unsaid if is_request => out.access(&read.record),
            Stage::Ended if is_request && self.young.is_empty() && self.old.is_empty() => out.access(&read.record),
            Stage::Ended if is_request => self.let_go(read, values, out),
            Stage::UnderWay if is_request => self.hold(true, read, values, out),
            _ => self.hold(false, read, values, out),
        }
    }

    /// A request has ended: its line says all that those before it said.
    #[cold]
    fn let_go(&mut self, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let at = out.hold();
        let origin = Arc::clone(out.origin_now());
        let key = Key::new(&origin, Some(tell(&mut self.request, read, values)), read, values);
        let hash = half(self.hasher.hash_one(&key));
        let mut record = read.record.clone();
        let held = self.young.remove(hash, &key).or_else(|| self.old.remove(hash, &key));
        if let Some((_, held)) = held {
            out.superseded();
            record.bytes_received = record.bytes_received.max(held.bytes_received);
            record.bytes_sent = record.bytes_sent.max(held.bytes_sent);
        }
        out.release(at, &origin, &record);
    }

    fn hold(&mut self, is_request: bool, read: &Read<'_>, values: &Values<'_>, out: &mut Output<'_>) {
        let at = out.hold();
        let request = is_request.then(|| tell(&mut self.request, read, values));
        let key = Key::new(out.origin_now(), request, read, values);
        let hash = half(self.hasher.hash_one(&key));
        if let Some((at, record)) = self.old.remove(hash, &key) {
            self.young.hold(hash, at, &key, &record);
        }
        if self.young.join(hash, at, &key, &read.record) {
            out.superseded();
        } else {
            self.young.hold(hash, at, &key, &read.record);
        }
        if self.young.len() >= ENOUGH || self.young.bytes() >= ENOUGH_BYTES {
            mem::swap(&mut self.young, &mut self.old);
            release(&mut [&mut self.young], out);
        }
    }

    /// Gives out all that is held.
    pub(in crate::format) fn finish(&mut self, out: &mut Output<'_>) {
        release(&mut [&mut self.old, &mut self.young], out);
    }
}

fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// What tells a request from others of its connection and time.
fn tell<'t>(to: &'t mut String, read: &Read<'_>, values: &Values<'_>) -> &'t str {
    to.clear();
    match values.stream() {
        Some(stream) => to.push_str(&String::from_utf8_lossy(stream)),
        None => {
            to.push_str(read.record.method.as_deref().unwrap_or_default());
            to.push(' ');
            to.push_str(read.record.authority.as_deref().unwrap_or_default());
        }
    }
    to
}
