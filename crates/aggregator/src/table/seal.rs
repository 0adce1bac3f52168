//! A checksum of the whole file inside the file, so that damage is found before anything is believed.
//!
//! Parquet readers trust the lengths and offsets they read, and a flipped byte of a plain number is a number all the
//! same. The seal stands in the file's metadata, where other engines do not mind it. It guards against accidents, not
//! against people.

use std::io::{self, Write};

use xxhash_rust::xxh3::Xxh3Default;

/// The key of the seal in the file's metadata: XXH3 of the file as if the seal were blank.
pub(super) const KEY: &str = "egressmap.xxh3";

/// The key in maps of earlier versions, whose seal is the FNV-1a of the same bytes.
const EARLIER_KEY: &str = "egressmap.seal";

/// What stands in place of the seal while it is computed.
pub(super) const BLANK: &str = "0000000000000000";

/// Between key and value in the footer: Thrift's compact encoding of the next field, text of 16 bytes.
const VALUE_OF_16_BYTES: [u8; 2] = [0x18, 16];

/// What the seal says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sealed {
    /// The file is as it was written.
    Whole,
    /// It is not.
    Broken,
    /// There is no seal.
    Not,
}

/// A file that is sealed once its end is known.
pub(super) struct Sealing<W> {
    to: W,
    digest: Xxh3Default,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(to: W) -> Self {
        Sealing {
            to,
            digest: Xxh3Default::new(),
        }
    }

    /// Writes the end of the file, in which the seal is blank, with the seal in it.
    pub(super) fn finish(mut self, mut end: Vec<u8>) -> io::Result<()> {
        self.digest.update(&end);
        let at = position(&end).map(|(_, at)| at..at + BLANK.len());
        let blank = at.and_then(|at| end.get_mut(at));
        let blank = blank.ok_or_else(|| io::Error::other("the Parquet footer has no place for the seal"))?;
        blank.copy_from_slice(format!("{:016x}", self.digest.digest()).as_bytes());
        self.to.write_all(&end)?;
        self.to.flush()
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Compares a file with its seal.
pub(super) fn check(file: &[u8]) -> Sealed {
    let Some((digest, at)) = position(file) else {
        return Sealed::Not;
    };
    let (before, rest) = file.split_at(at);
    let Some((seal, after)) = rest.split_at_checked(BLANK.len()) else {
        return Sealed::Not;
    };
    if seal == format!("{:016x}", digest([before, BLANK.as_bytes(), after])).as_bytes() {
        Sealed::Whole
    } else {
        Sealed::Broken
    }
}

type Digest = fn([&[u8]; 3]) -> u64;

/// Where the seal is, and which: the footer stands at the end, so the last place is the right one. What the manifest holds
/// is JSON, which cannot hold the bytes that precede it.
fn position(file: &[u8]) -> Option<(Digest, usize)> {
    let before = |key: &str| [key.as_bytes(), &VALUE_OF_16_BYTES].concat();
    let (new, earlier) = (before(KEY), before(EARLIER_KEY));
    let length = new.len();
    let at = file
        .windows(length)
        .rposition(|bytes| bytes == new || bytes == earlier)?;
    let digest: Digest = if file[at..].starts_with(&new) { xxh3 } else { fnv_1a };
    Some((digest, at + length))
}

/// Whether a footer has a seal.
pub(super) fn is_named_in(footer: &[u8]) -> bool {
    position(footer).is_some()
}

fn xxh3(parts: [&[u8]; 3]) -> u64 {
    let mut digest = Xxh3Default::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.digest()
}

fn fnv_1a(parts: [&[u8]; 3]) -> u64 {
    parts
        .iter()
        .copied()
        .flatten()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

const _: () = assert!(KEY.len() == EARLIER_KEY.len(), "both are found in one look");

#[cfg(test)]
mod tests {
    use super::*;

    fn file(key: &str, seal: &str) -> Vec<u8> {
        [
            b"PAR1 of a map ",
            key.as_bytes(),
            &VALUE_OF_16_BYTES,
            seal.as_bytes(),
            b"PAR1",
        ]
        .concat()
    }

    #[test]
    fn a_file_that_is_sealed_as_it_is_written_is_whole_until_a_byte_changes() {
        let blank = file(KEY, BLANK);
        let mut sealed = Vec::new();
        let (begin, end) = blank.split_at(9);
        let mut sealing = Sealing::new(&mut sealed);
        sealing.write_all(begin).unwrap();
        sealing.finish(end.to_vec()).unwrap();
        assert_eq!(check(&sealed), Sealed::Whole);
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_ne!(check(&other), Sealed::Whole, "{at}");
        }
        assert!(Sealing::new(Vec::new()).finish(begin.to_vec()).is_err());
    }

    #[test]
    fn a_seal_of_before_is_known() {
        let blank = file(EARLIER_KEY, BLANK);
        let seal = format!("{:016x}", fnv_1a([&blank, b"", b""]));
        assert_eq!(check(&file(EARLIER_KEY, &seal)), Sealed::Whole);
        assert_eq!(check(&blank), Sealed::Broken);
        assert_eq!(check(b"PAR1PAR1"), Sealed::Not);
    }
}
