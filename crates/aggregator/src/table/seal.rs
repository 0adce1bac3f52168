//! A checksum of the whole file inside the file, so that damage is found before anything is believed.
//!
//! Parquet readers trust the lengths and offsets they read, and a flipped byte of a plain number is a number all the
//! same. The seal stands in the file's metadata, where other engines do not mind it. It guards against accidents, not
//! against people.

/// The key of the seal in the file's metadata.
pub(super) const KEY: &str = "egressmap.seal";

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

/// Replaces the blank by the seal. `None` where there is no blank.
pub(super) fn seal(file: &mut [u8]) -> Option<()> {
    let at = position(file)?;
    let seal = format!("{:016x}", digest(file, at));
    file.get_mut(at..at + BLANK.len())?.copy_from_slice(seal.as_bytes());
    Some(())
}

/// Compares a file with its seal.
pub(super) fn check(file: &[u8]) -> Sealed {
    let Some(at) = position(file) else {
        return Sealed::Not;
    };
    let seal = format!("{:016x}", digest(file, at));
    if file.get(at..at + BLANK.len()) == Some(seal.as_bytes()) {
        Sealed::Whole
    } else {
        Sealed::Broken
    }
}

/// Where the seal is: the footer stands at the end, so the last place is the right one. What the manifest holds is
/// JSON, which cannot hold the bytes that precede it.
fn position(file: &[u8]) -> Option<usize> {
    let before = [KEY.as_bytes(), &VALUE_OF_16_BYTES].concat();
    let at = file.windows(before.len()).rposition(|bytes| bytes == before)? + before.len();
    (at + BLANK.len() <= file.len()).then_some(at)
}

/// FNV-1a of the file as if the seal were blank.
fn digest(file: &[u8], seal_at: usize) -> u64 {
    let (before, rest) = file.split_at(seal_at);
    let after = rest.get(BLANK.len()..).unwrap_or_default();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in before.iter().chain(BLANK.as_bytes()).chain(after) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
