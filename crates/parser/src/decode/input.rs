//! The stored bytes of an object, a large block at a time, and how many of them were used.

use std::io::{self, Read};

/// How many bytes are asked of a source at once.
const BLOCK: usize = 256 * 1024;

pub(super) struct Input<R> {
    from: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    taken: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(from: R) -> Self {
        Input {
            from,
            buffer: vec![0; BLOCK].into_boxed_slice(),
            start: 0,
            end: 0,
            taken: 0,
        }
    }

    /// What is here and not yet taken.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Uses up so many of [`bytes`](Self::bytes).
    pub(super) fn take(&mut self, count: usize) {
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
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let read = patiently(&mut self.from, self.buffer.get_mut(self.end..).unwrap_or_default())?;
        self.end += read;
        Ok(read > 0)
    }

    /// Whether the next bytes are these; a source may hand them out one by one.
    pub(super) fn starts_with(&mut self, prefix: &[u8]) -> io::Result<bool> {
        while self.bytes().len() < prefix.len() && self.more()? {}
        Ok(self.bytes().starts_with(prefix))
    }

    /// Reads and uses up in one; past what is here already, without the detour through the buffer.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let here = self.bytes().len().min(into.len());
        if here == 0 {
            let read = patiently(&mut self.from, into)?;
            self.taken += read as u64;
            return Ok(read);
        }
        if let (Some(into), Some(bytes)) = (into.get_mut(..here), self.bytes().get(..here)) {
            into.copy_from_slice(bytes);
        }
        self.take(here);
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
