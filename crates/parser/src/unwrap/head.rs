//! Looks at the first bytes of an object before they are read.

use std::io::{self, Read};

/// How many bytes are looked at.
const LENGTH: usize = 64 * 1024;

/// A reader whose first bytes were looked at.
pub(super) struct Head<R> {
    bytes: Vec<u8>,
    given: usize,
    /// What ended the looking; it is said where it happened, behind the bytes.
    error: Option<io::Error>,
    rest: R,
}

impl<R: Read> Head<R> {
    pub(super) fn of(mut rest: R) -> Self {
        let mut bytes = vec![0; LENGTH];
        let mut length = 0;
        let error = loop {
            match rest.read(bytes.get_mut(length..).unwrap_or_default()) {
                Ok(0) => break None,
                Ok(read) => length += read,
                Err(error) => break Some(error),
            }
        };
        bytes.truncate(length);
        Head {
            bytes,
            given: 0,
            error,
            rest,
        }
    }

    /// The first bytes, all of them where the object is shorter.
    pub(super) fn first(&self) -> &[u8] {
        &self.bytes
    }
}

impl<R: Read> Read for Head<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let here = self.bytes.get(self.given..).unwrap_or_default();
        if here.is_empty() {
            return match self.error.take() {
                Some(error) => Err(error),
                None => self.rest.read(into),
            };
        }
        let count = here.len().min(into.len());
        if let (Some(into), Some(here)) = (into.get_mut(..count), here.get(..count)) {
            into.copy_from_slice(here);
        }
        self.given += count;
        Ok(count)
    }
}
