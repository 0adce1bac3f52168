//! Cuts plain bytes into blocks of whole lines, in constant memory.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

/// The first size of the buffer: large enough that the work per block is nothing.
const BLOCK: usize = 256 * 1024;

/// The longest line that is looked at, without its `\n`; one that is longer is set aside.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// A reader's bytes as blocks of whole lines.
pub(crate) struct Scanner<R> {
    from: R,
    buffer: Vec<u8>,
    /// The bytes that are here and not yet handed out.
    start: usize,
    end: usize,
    /// How far behind `start` there is no line end, so that a long line is not searched twice.
    searched: usize,
    /// Whether the line at hand is too long and its rest is thrown away.
    skipping: bool,
    bytes: u64,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// One or more whole lines with their line ends; the last line of all may lack its own.
    Lines(&'a [u8]),
    /// One line of more than [`LONGEST`] bytes, which is not held.
    TooLong,
}

impl<R: Read> Scanner<R> {
    pub(crate) fn new(from: R) -> Self {
        Scanner {
            from,
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            searched: 0,
            skipping: false,
            bytes: 0,
        }
    }

    /// How many bytes were read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next whole lines; `None` at the end.
    ///
    /// After an error, [`rest`](Self::rest) holds what came before it and behind the last whole line.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            if self.skipping {
                if let Some(piece) = self.skip()? {
                    return Ok(Some(piece));
                }
                continue;
            }
            let unsearched = self
                .buffer
                .get(self.start + self.searched..self.end)
                .unwrap_or_default();
            if let Some(at) = memrchr(b'\n', unsearched) {
                let from = self.start;
                self.start += self.searched + at + 1;
                self.searched = 0;
                return Ok(self.buffer.get(from..self.start).map(Piece::Lines));
            }
            self.searched = self.end - self.start;
            if self.searched > LONGEST {
                self.skipping = true;
                continue;
            }
            if !self.fill()? {
                let (from, to) = (self.start, self.end);
                (self.start, self.searched) = (to, 0);
                return Ok(self
                    .buffer
                    .get(from..to)
                    .filter(|rest| !rest.is_empty())
                    .map(Piece::Lines));
            }
        }
    }

    /// What is here and belongs to no whole line; whether it is the rest of a line that is too long.
    pub(crate) fn rest(&mut self) -> Option<Piece<'_>> {
        if self.skipping {
            return Some(Piece::TooLong);
        }
        let from = self.start;
        self.start = self.end;
        self.buffer
            .get(from..self.end)
            .filter(|rest| !rest.is_empty())
            .map(Piece::Lines)
    }

    /// Ends the cutting: how many bytes were read, those that were not handed out or are given back (so many of the
    /// last piece), and what the others are still to be read from.
    pub(crate) fn give_back(self, count: usize) -> (u64, Vec<u8>, R) {
        let from = self.start.saturating_sub(count);
        let here = self.buffer.get(from..self.end).unwrap_or_default().to_vec();
        (self.bytes, here, self.from)
    }

    /// Throws away up to the end of a line that is too long; `None` while there is more of it.
    fn skip(&mut self) -> io::Result<Option<Piece<'static>>> {
        let here = self.buffer.get(self.start..self.end).unwrap_or_default();
        self.searched = 0;
        if let Some(at) = memchr(b'\n', here) {
            self.start += at + 1;
            self.skipping = false;
            return Ok(Some(Piece::TooLong));
        }
        self.start = self.end;
        if self.fill()? {
            return Ok(None);
        }
        self.skipping = false;
        Ok(Some(Piece::TooLong))
    }

    /// Reads more behind what is here; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            // Never more than the longest line and its end: a line that is found in it is not too long.
            self.buffer.resize((self.buffer.len() * 2).min(LONGEST + 1), 0);
        }
        let read = self.from.read(self.buffer.get_mut(self.end..).unwrap_or_default())?;
        self.end += read;
        self.bytes += read as u64;
        Ok(read > 0)
    }
}

/// The lines of a block, without their line ends (`\n` or `\r\n`).
pub(crate) fn split(block: &[u8]) -> Lines<'_> {
    Lines { rest: block }
}

/// See [`split`].
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The lines that are still to come.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let line = match memchr(b'\n', self.rest) {
            Some(at) => {
                let (line, rest) = self.rest.split_at(at);
                self.rest = rest.get(1..).unwrap_or_default();
                line
            }
            None => std::mem::take(&mut self.rest),
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests;
