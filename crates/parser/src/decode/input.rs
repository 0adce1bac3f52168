//! Bytes to be unpacked, a large block at a time, and how many of them were used.

use std::io::{self, Read};

/// How many bytes are asked of a source at once.
const BLOCK: usize = 256 * 1024;

pub(super) struct Input<'a> {
    from: Box<dyn Read + 'a>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    taken: u64,
    /// What a look ahead met, for whoever reads so far.
    failed: Option<io::Error>,
}

impl<'a> Input<'a> {
    pub(super) fn new(from: Box<dyn Read + 'a>) -> Self {
        Input {
            from,
            buffer: vec![0; BLOCK].into_boxed_slice(),
            start: 0,
            end: 0,
            taken: 0,
            failed: None,
        }
    }

    /// What is here and not yet taken.
    pub(super) fn here(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Uses up so many of [`here`](Self::here).
    pub(super) fn used(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.taken += count as u64;
    }

    /// How many bytes were used up so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Gets more bytes behind those that are here; false at the end of the object.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let read = patiently(&mut self.from, self.buffer.get_mut(self.end..).unwrap_or_default())?;
        self.end += read;
        Ok(read > 0)
    }

    /// The next bytes, at least so many if there are; a source may hand them out one by one.
    pub(super) fn peek(&mut self, count: usize) -> &[u8] {
        while self.here().len() < count && self.failed.is_none() {
            match self.more() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.failed = Some(error),
            }
        }
        self.here()
    }
}

/// Reads and uses up in one; past what is here already, without the detour through the buffer.
impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let here = self.here().len().min(into.len());
        if here == 0 {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let read = patiently(&mut self.from, into)?;
            self.taken += read as u64;
            return Ok(read);
        }
        if let (Some(into), Some(bytes)) = (into.get_mut(..here), self.here().get(..here)) {
            into.copy_from_slice(bytes);
        }
        self.used(here);
        Ok(here)
    }
}

/// One read that a signal does not end.
fn patiently(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
