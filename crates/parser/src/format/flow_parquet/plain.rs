//! Values that stand one behind another, each as its column stores it.

use super::cell::{Cell, Meaning, Stored};
use super::footer::{Column, Physical};

/// How the values of a column are stored, and what they mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    meaning: Meaning,
    physical: Physical,
    unsigned: bool,
}

impl Plain {
    pub(super) fn new(column: &Column, meaning: Meaning) -> Self {
        Plain {
            meaning,
            physical: column.physical,
            unsigned: column.unsigned,
        }
    }

    /// Reads the value that stands at `at`, and goes on behind it. Text is added to `text`.
    #[inline]
    pub(super) fn read(&self, body: &[u8], at: &mut usize, text: &mut Vec<u8>) -> Option<Cell> {
        let rest = body.get(*at..)?;
        let stored = match self.physical {
            Physical::Bytes => {
                let (length, rest) = rest.split_first_chunk::<4>()?;
                let length = u32::from_le_bytes(*length) as usize;
                let value = rest.get(..length)?;
                *at += 4 + length;
                return Some(self.meaning.bytes(value, text));
            }
            Physical::Int32 => {
                *at += 4;
                let bytes = *rest.first_chunk()?;
                if self.unsigned {
                    Stored::Number(u64::from(u32::from_le_bytes(bytes)))
                } else {
                    Stored::from(i64::from(i32::from_le_bytes(bytes)))
                }
            }
            Physical::Int64 => {
                *at += 8;
                let bytes = *rest.first_chunk()?;
                if self.unsigned {
                    Stored::Number(u64::from_le_bytes(bytes))
                } else {
                    Stored::from(i64::from_le_bytes(bytes))
                }
            }
            Physical::Double => {
                *at += 8;
                Stored::from(f64::from_le_bytes(*rest.first_chunk()?))
            }
            Physical::Other(_) => return None,
        };
        Some(self.meaning.number(stored, text))
    }
}
