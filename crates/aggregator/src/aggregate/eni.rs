//! The id of an interface, in place: a hash table of them needs no second look.

use std::hash::{Hash, Hasher};

/// The bytes of an interface's id, as words that are cheap to read, to hash and to compare.
#[derive(Debug, Clone, Eq)]
pub(super) enum Eni {
    /// 16 to 24 bytes, as `eni-` and seventeen digits are: the first eight, the next eight, and the last eight.
    Usual(u8, [u64; 3]),
    /// Any other length.
    Unusual(Box<[u8]>),
}

impl PartialEq for Eni {
    /// Word by word: what was written so and is read at once is waited for.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Eni::Usual(length, [a, b, c]), Eni::Usual(other, [x, y, z])) => {
                u64::from(length ^ other) | (a ^ x) | (b ^ y) | (c ^ z) == 0
            }
            (Eni::Unusual(text), Eni::Unusual(other)) => text == other,
            _ => false,
        }
    }
}

impl Hash for Eni {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            // The first bytes are `eni-` and more of the same.
            Eni::Usual(_, [_, next, last]) => {
                state.write_u64(*next);
                state.write_u64(*last);
            }
            Eni::Unusual(text) => text.hash(state),
        }
    }
}

impl Eni {
    pub(super) fn new(text: &[u8]) -> Self {
        Eni::usual(text).unwrap_or_else(|| Eni::Unusual(text.into()))
    }

    fn usual(text: &[u8]) -> Option<Self> {
        let length = u8::try_from(text.len()).ok().filter(|length| *length <= 24)?;
        let (first, rest) = text.split_first_chunk()?;
        let next = rest.first_chunk()?;
        let last = text.last_chunk()?;
        Some(Eni::Usual(length, [*first, *next, *last].map(u64::from_ne_bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_anywhere_stay_apart() {
        for length in 0..40 {
            let zeros = vec![0; length];
            for at in 0..length {
                let mut other = zeros.clone();
                other[at] = 1;
                assert_ne!(Eni::new(&zeros), Eni::new(&other), "{length} {at}");
            }
            assert_ne!(Eni::new(&zeros), Eni::new(&vec![0; length + 1]), "{length}");
            assert_eq!(Eni::new(&zeros), Eni::new(&zeros.clone()));
            assert_eq!(matches!(Eni::new(&zeros), Eni::Usual(..)), (16..=24).contains(&length));
        }
    }
}
