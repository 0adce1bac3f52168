//! The first bytes of an object, looked at and then read as if nobody had looked.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egressmap_parser::decode;

/// How much is looked at beforehand.
const HEAD: u64 = 64 * 1024;

/// See the module.
pub(super) struct Head {
    bytes: Vec<u8>,
    failed: Option<io::Error>,
    rest: Box<dyn Read + Send>,
}

/// Whether a body was given up before its end because enough was seen.
#[derive(Clone, Default)]
pub(super) struct Cut(Arc<AtomicBool>);

impl Cut {
    pub(super) fn is_cut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Head {
    pub(super) fn read(mut body: Box<dyn Read + Send>) -> Head {
        let mut bytes = Vec::new();
        let failed = body.by_ref().take(HEAD).read_to_end(&mut bytes).err();
        Head {
            bytes,
            failed,
            rest: body,
        }
    }

    /// What the bytes are packed in.
    pub(super) fn container(&self) -> &'static str {
        let coding = decode::REGISTRY
            .iter()
            .find(|coding| self.bytes.starts_with(coding.magic));
        coding.map_or("unknown", |coding| coding.name)
    }

    /// Whether it can only be read whole: Parquet has its index at its end.
    pub(super) fn must_be_whole(&self) -> bool {
        self.bytes.starts_with(b"PAR1")
    }

    /// The head unpacked, as far as it can be.
    pub(super) fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        // The head may end anywhere: what came before its end is what is wanted.
        let _ = decode::open(self.bytes.as_slice()).take(HEAD).read_to_end(&mut plain);
        plain
    }

    /// The body from its first byte, given up after so many.
    pub(super) fn body(self, most: u64) -> (Box<dyn Read + Send>, Cut) {
        let cut = Cut::default();
        let body = Body {
            head: Cursor::new(self.bytes),
            failed: self.failed,
            rest: self.rest,
            left: most,
            cut: cut.clone(),
        };
        (Box::new(body), cut)
    }
}

struct Body {
    head: Cursor<Vec<u8>>,
    failed: Option<io::Error>,
    rest: Box<dyn Read + Send>,
    left: u64,
    cut: Cut,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let enough = self.left == 0;
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        // At the end of what is wanted, one byte tells whether there is more.
        let into = into.get_mut(..room.max(1)).unwrap_or_default();
        let mut read = self.head.read(into)?;
        if read == 0 {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            read = self.rest.read(into)?;
        }
        if enough && read > 0 {
            self.cut.0.store(true, Ordering::Relaxed);
            return Err(io::Error::other("enough was seen"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], most: u64) -> (Vec<u8>, bool) {
        let head = Head::read(Box::new(Cursor::new(bytes.to_vec())));
        assert_eq!(head.container(), "plain");
        let (mut body, cut) = head.body(most);
        let mut out = Vec::new();
        let ended = body.read_to_end(&mut out);
        assert_eq!(ended.is_err(), cut.is_cut());
        (out, cut.is_cut())
    }

    #[test]
    fn what_was_looked_at_is_read_again_and_the_end_is_told_from_enough() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        assert_eq!(read(&bytes, u64::MAX), (bytes.clone(), false));
        assert_eq!(read(&bytes, 200_000), (bytes.clone(), false));
        assert_eq!(read(&bytes, 70_000), (bytes[..70_000].to_vec(), true));
        assert_eq!(read(&[], 10), (Vec::new(), false));
    }
}
