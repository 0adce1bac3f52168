//! Cuts plain bytes into JSON objects, whether or not line ends are between them, in constant memory.

use std::io::{self, Read};

use memchr::{memchr, memmem};

use super::json;
use crate::decode::Fault;
use crate::lines::LONGEST;

/// How many bytes are looked at first.
const BLOCK: usize = 256 * 1024;

/// How an envelope begins; behind something broken, the next one is looked for.
const ENVELOPE: &[u8] = b"{\"messageType\"";

/// A reader's bytes as JSON objects.
pub(super) struct Values<R> {
    from: R,
    buffer: Vec<u8>,
    /// The bytes that are here and not yet handed out.
    start: usize,
    end: usize,
    /// How many bytes must be here before it is worth looking for the end of the object again.
    wanted: usize,
    /// Whether something too long is being thrown away.
    skipping: bool,
    /// Whether all bytes are here.
    ended: bool,
    /// What kept the rest from being read.
    error: Option<io::Error>,
    bytes: u64,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A line ends between objects.
    LineEnd,
    /// A JSON object, and whether its line ends behind it.
    Value { text: &'a [u8], ends_line: bool },
    /// What is no object, up to the end of its line or to the next envelope.
    Other(&'a [u8]),
    /// Something of more than [`LONGEST`] bytes, which is not held.
    TooLong,
    /// The start of something whose rest could not be read.
    Cut(&'a [u8]),
}

/// What stands at the start, before it is borrowed.
enum Next {
    Value(usize),
    Other(usize),
    Cut,
    More,
}

impl<R: Read> Values<R> {
    /// Behind `here`, which was already read; `bytes` says how much was, in all.
    pub(super) fn new(here: &[u8], bytes: u64, from: R) -> Self {
        let mut buffer = here.to_vec();
        buffer.resize(here.len().max(BLOCK), 0);
        Values {
            from,
            buffer,
            start: 0,
            end: here.len(),
            wanted: 1,
            skipping: false,
            ended: false,
            error: None,
            bytes,
        }
    }

    /// How many bytes were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What kept the rest from being read, once everything is handed out.
    pub(super) fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// The next object, or what stands in its place; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Item<'_>> {
        loop {
            if self.skipping {
                if self.skip() {
                    return Some(Item::TooLong);
                }
                continue;
            }
            let spaces = self
                .here()
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
                .count();
            self.start += spaces;
            let next = match self.here().first() {
                None if self.ended => return None,
                Some(b'\n') => {
                    self.start += 1;
                    return Some(Item::LineEnd);
                }
                None => Next::More,
                Some(_) if self.here().len() < self.wanted && !self.ended => Next::More,
                Some(b'{') => self.object(),
                Some(_) => self.other(0),
            };
            match next {
                Next::More => self.fill(),
                Next::Cut => {
                    let from = self.start;
                    self.start = self.end;
                    return self.buffer.get(from..self.end).map(Item::Cut);
                }
                Next::Other(length) => {
                    let text = self.taken(length);
                    return self.buffer.get(text).map(Item::Other);
                }
                Next::Value(length) => {
                    let text = self.taken(length);
                    let ends_line = self
                        .here()
                        .iter()
                        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
                        .is_none_or(|byte| *byte == b'\n');
                    return self.buffer.get(text).map(|text| Item::Value { text, ends_line });
                }
            }
        }
    }

    fn here(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn taken(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.start;
        self.start += length;
        self.wanted = 1;
        from..self.start
    }

    /// An object, if its end is here, and what decides whether it ends its line.
    fn object(&mut self) -> Next {
        match json::end(self.here()) {
            json::End::At(length) => {
                let behind = self.here().get(length..).unwrap_or_default();
                let undecided = behind.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
                if undecided && !self.ended && self.here().len() <= LONGEST {
                    self.wanted = self.here().len() + 1;
                    return Next::More;
                }
                Next::Value(length)
            }
            json::End::Never => self.other(1),
            json::End::Beyond if self.ended => {
                let cut = self.error.as_ref().is_some_and(cuts_a_line);
                if cut { Next::Cut } else { self.other(1) }
            }
            json::End::Beyond => self.more(),
        }
    }

    /// What is no object: up to the next line end, or to the next envelope from `from` on.
    fn other(&mut self, from: usize) -> Next {
        match resync(self.here(), from) {
            Some(length) => Next::Other(length),
            None if !self.ended => self.more(),
            None if self.error.as_ref().is_some_and(cuts_a_line) => Next::Cut,
            None => Next::Other(self.here().len()),
        }
    }

    /// Twice as much is needed, so that nothing is looked at more than twice.
    fn more(&mut self) -> Next {
        self.skipping = self.here().len() > LONGEST;
        self.wanted = (self.here().len() * 2).min(LONGEST + 1);
        Next::More
    }

    /// Throws away what is too long, as far as it is here; true behind its end.
    fn skip(&mut self) -> bool {
        if let Some(length) = resync(self.here(), 1) {
            self.taken(length);
            self.skipping = false;
            return true;
        }
        if self.ended {
            self.taken(self.here().len());
            self.skipping = false;
            return true;
        }
        // The next envelope may have begun.
        self.start = self.start.max(self.end.saturating_sub(ENVELOPE.len()));
        self.fill();
        false
    }

    /// Reads more behind what is here.
    fn fill(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).max(BLOCK), 0);
        }
        match self.from.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
            Ok(0) => self.ended = true,
            Ok(read) => {
                self.end += read;
                self.bytes += read as u64;
            }
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
            }
        }
    }
}

/// Where something new begins: at a line end, or at an envelope that does not stand before `from`.
fn resync(text: &[u8], from: usize) -> Option<usize> {
    let line_end = memchr(b'\n', text);
    let before = text.get(..line_end.unwrap_or(text.len())).unwrap_or_default();
    let envelope = before.get(from..).and_then(|rest| memmem::find(rest, ENVELOPE));
    envelope.map(|at| at + from).or(line_end)
}

fn cuts_a_line(error: &io::Error) -> bool {
    Fault::of(error).is_none_or(Fault::cuts_a_line)
}
