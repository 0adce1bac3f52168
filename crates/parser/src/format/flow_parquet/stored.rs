//! What a stored value says, by how its column stores it.

use super::cell::{Cell, Meaning, Stored};
use super::footer::{Column, Physical};

/// How the values of a column are stored, and what they mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    meaning: Meaning,
    physical: Physical,
    unsigned: bool,
}

impl Storage {
    pub(super) fn new(column: &Column, meaning: Meaning) -> Self {
        Storage {
            meaning,
            physical: column.physical,
            unsigned: column.unsigned,
        }
    }

    /// How many bytes a number takes; `None` where text is stored.
    #[inline]
    pub(super) fn width(&self) -> Option<usize> {
        match self.physical {
            Physical::Int32 => Some(4),
            Physical::Int64 | Physical::Double => Some(8),
            Physical::Bytes | Physical::Other(_) => None,
        }
    }

    /// Whether numbers are stored that are whole.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.physical, Physical::Int32 | Physical::Int64)
    }

    /// The number of these bits, of which a short one has only the lower half.
    #[inline]
    pub(super) fn number(&self, bits: u64, text: &mut Vec<u8>) -> Option<Cell> {
        let [a, b, c, d, ..] = bits.to_le_bytes();
        let short = i32::from_le_bytes([a, b, c, d]);
        let stored = match (self.physical, self.unsigned) {
            (Physical::Int32, true) => Stored::Number(short.cast_unsigned().into()),
            (Physical::Int32, false) => Stored::from(i64::from(short)),
            (Physical::Int64, true) => Stored::Number(bits),
            (Physical::Int64, false) => Stored::from(bits.cast_signed()),
            (Physical::Double, _) => Stored::from(f64::from_bits(bits)),
            (Physical::Bytes | Physical::Other(_), _) => return None,
        };
        self.meaning.number(stored, text)
    }

    /// The number of these bits as it stands, where it is whole and has no sign.
    #[inline]
    pub(super) fn whole(&self, bits: u64) -> Option<u64> {
        match (self.physical, self.unsigned) {
            (Physical::Int32, _) if bits & 0x8000_0000 == 0 || self.unsigned => Some(bits & 0xffff_ffff),
            (Physical::Int64, false) => (bits >> 63 == 0).then_some(bits),
            (Physical::Int64, true) => Some(bits),
            _ => None,
        }
    }

    /// The text of these bytes.
    #[inline]
    pub(super) fn bytes(&self, bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
        self.meaning.bytes(bytes, text)
    }
}
