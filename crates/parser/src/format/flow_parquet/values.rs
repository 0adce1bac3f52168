//! The values of a page that stand one behind another, in any of the ways in which they are written.

use super::cell::Cell;
use super::corrupt::Corrupt;
use super::delta::{Delta, Lengths, Prefixes};
use super::page::{LARGEST, PLAIN};
use super::stored::Storage;

/// Gives the values of a page in their order.
#[derive(Debug)]
pub(super) enum Values {
    /// Each whole; the next is here.
    Plain(usize),
    /// The first byte of each, then the second of each: where the next one's first byte is, and how far its others are apart.
    Split {
        at: usize,
        stride: usize,
        left: usize,
    },
    Delta(Delta),
    Lengths(Lengths),
    Prefixes(Box<Prefixes>),
}

/// `Encoding`, those of values alone.
const DELTA_BINARY_PACKED: i64 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;
const BYTE_STREAM_SPLIT: i64 = 9;

impl Values {
    /// The values that begin at a place of a page, written so.
    pub(super) fn new(encoding: i64, storage: &Storage, page: &[u8], at: usize) -> Result<Values, Corrupt> {
        // A page whose rows are all unset may have nothing here, not even how many there are.
        if at == page.len() {
            return Ok(Values::Plain(at));
        }
        let values = match (encoding, storage.width()) {
            (PLAIN, _) => Some(Values::Plain(at)),
            (BYTE_STREAM_SPLIT, Some(width)) => Some(Values::Split {
                at,
                stride: (page.len() - at) / width,
                left: (page.len() - at) / width,
            }),
            (DELTA_BINARY_PACKED, _) if storage.is_whole() => Delta::new(page, at).map(Values::Delta),
            (DELTA_LENGTH_BYTE_ARRAY, None) => Lengths::new(page, at).map(Values::Lengths),
            (DELTA_BYTE_ARRAY, None) => {
                Prefixes::new(page, at, LARGEST).map(|prefixes| Values::Prefixes(Box::new(prefixes)))
            }
            _ => return Err(unknown(encoding)),
        };
        values.ok_or_else(|| Corrupt::new(format!("a page is not the {} that it says", name(encoding))))
    }

    /// The next value. Text is added to `text`.
    #[inline]
    pub(super) fn next(&mut self, storage: &Storage, page: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
        match (&mut *self, storage.width()) {
            (Values::Plain(at), None) => storage.bytes(bytes(page, at)?, text),
            (Values::Lengths(lengths), _) => storage.bytes(lengths.next(page)?, text),
            (Values::Prefixes(prefixes), _) => storage.bytes(prefixes.next(page)?, text),
            (_, Some(width)) => storage.number(self.bits(width, page)?, text),
            (_, None) => None,
        }
    }

    /// The bits of the next values, which are numbers of `width` bytes; a short one has only the lower half.
    #[inline]
    pub(super) fn numbers(&mut self, width: usize, page: &[u8], into: &mut [u64]) -> Option<()> {
        match (&mut *self, width) {
            (Values::Plain(at), 8) => {
                let bytes = page.get(*at..)?.get(..into.len() * 8)?;
                for (to, from) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *to = u64::from_le_bytes(*from);
                }
                *at += bytes.len();
            }
            (Values::Plain(at), _) => {
                let bytes = page.get(*at..)?.get(..into.len() * 4)?;
                for (to, from) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *to = u32::from_le_bytes(*from).into();
                }
                *at += bytes.len();
            }
            _ => {
                for to in into {
                    *to = self.bits(width, page)?;
                }
            }
        }
        Some(())
    }

    #[inline]
    fn bits(&mut self, width: usize, page: &[u8]) -> Option<u64> {
        match self {
            Values::Plain(at) => number(width, page, at),
            Values::Split { at, stride, left } => {
                *left = left.checked_sub(1)?;
                let mut bytes = [0; 8];
                for (number, byte) in bytes.iter_mut().enumerate().take(width) {
                    *byte = *page.get(*at + number * *stride)?;
                }
                *at += 1;
                Some(u64::from_le_bytes(bytes))
            }
            Values::Delta(delta) => Some(delta.next(page)?.cast_unsigned()),
            Values::Lengths(_) | Values::Prefixes(_) => None,
        }
    }
}

/// Reads the value that stands at `at`, and goes on behind it.
#[inline]
pub(super) fn plain(storage: &Storage, page: &[u8], at: &mut usize, text: &mut Vec<u8>) -> Option<Cell> {
    if let Some(width) = storage.width() {
        return storage.number(number(width, page, at)?, text);
    }
    storage.bytes(bytes(page, at)?, text)
}

/// Text behind its length.
#[inline]
fn bytes<'p>(page: &'p [u8], at: &mut usize) -> Option<&'p [u8]> {
    let (length, rest) = page.get(*at..)?.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    *at += 4 + length;
    rest.get(..length)
}

/// The bits of a number of so many bytes.
#[inline]
fn number(width: usize, page: &[u8], at: &mut usize) -> Option<u64> {
    let rest = page.get(*at..)?;
    *at += width;
    match width {
        4 => Some(u32::from_le_bytes(*rest.first_chunk()?).into()),
        _ => Some(u64::from_le_bytes(*rest.first_chunk()?)),
    }
}

fn name(encoding: i64) -> &'static str {
    match encoding {
        3 => "RLE",
        4 => "BIT_PACKED",
        DELTA_BINARY_PACKED => "DELTA_BINARY_PACKED",
        DELTA_LENGTH_BYTE_ARRAY => "DELTA_LENGTH_BYTE_ARRAY",
        DELTA_BYTE_ARRAY => "DELTA_BYTE_ARRAY",
        BYTE_STREAM_SPLIT => "BYTE_STREAM_SPLIT",
        _ => "an unknown encoding",
    }
}

/// An encoding that there is not, or not for what the column stores.
pub(super) fn unknown(found: i64) -> Corrupt {
    Corrupt::new(format!(
        "expected pages in an encoding that its type can have, found {}",
        name(found)
    ))
}
