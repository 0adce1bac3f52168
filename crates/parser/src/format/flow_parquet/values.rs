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
        match self {
            Values::Plain(at) => plain(storage, page, at, text),
            Values::Split { at, stride, left } => {
                *left = left.checked_sub(1)?;
                let mut bytes = [0; 8];
                for (number, byte) in bytes.iter_mut().enumerate().take(storage.width()?) {
                    *byte = *page.get(*at + number * *stride)?;
                }
                *at += 1;
                storage.number(u64::from_le_bytes(bytes), text)
            }
            Values::Delta(delta) => storage.number(delta.next(page)?.cast_unsigned(), text),
            Values::Lengths(lengths) => storage.bytes(lengths.next(page)?, text),
            Values::Prefixes(prefixes) => storage.bytes(prefixes.next(page)?, text),
        }
    }
}

/// Reads the value that stands at `at`, and goes on behind it.
#[inline]
pub(super) fn plain(storage: &Storage, page: &[u8], at: &mut usize, text: &mut Vec<u8>) -> Option<Cell> {
    let rest = page.get(*at..)?;
    match storage.width() {
        Some(4) => {
            *at += 4;
            storage.number(u32::from_le_bytes(*rest.first_chunk()?).into(), text)
        }
        Some(_) => {
            *at += 8;
            storage.number(u64::from_le_bytes(*rest.first_chunk()?), text)
        }
        None => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            *at += 4 + length;
            storage.bytes(rest.get(..length)?, text)
        }
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
