//! The steps through a line about a connection. Where a value may end is found for the whole line first, so that no search
//! waits for the one before.

use std::arch::x86_64::__m256i;

use pulp::NullaryFnOnce;
use pulp::x86::V3;

use super::{Block, Step, Values, seek};

/// How many bytes, in words of 64, a line has at most that is walked through fast.
const WORDS: usize = 16;

/// With the processor's vector instructions.
pub(super) struct Walk<'w, 'a> {
    pub(super) simd: V3,
    pub(super) steps: &'w [Step],
    pub(super) line: &'a [u8],
    /// Where the first value begins.
    pub(super) from: usize,
    pub(super) values: &'w mut Values<'a>,
}

impl NullaryFnOnce for Walk<'_, '_> {
    type Output = Option<()>;

    #[inline(always)]
    fn call(self) -> Option<()> {
        let Walk {
            simd,
            steps,
            line,
            from,
            values,
        } = self;
        let block: Block<'_> = *values.block();
        // Of the last lines of a block there is too little to see.
        let seen = block.from(line).filter(|seen| seen.len() >= line.len() + 64);
        let Some(seen) = seen.filter(|_| line.len() < 64 * (WORDS - 1)) else {
            return slowly(steps, line, from, values);
        };
        let ends = ends(simd, seen, line.len());
        let mut at = from;
        for step in steps {
            let end = if step.is_stamp {
                at + seek::first(*step.behind.first()?, line.get(at..)?)?
            } else {
                at + next(&ends, at)
            };
            let value = line.get(at..end)?;
            if step.is_stamp && !value.first().is_none_or(u8::is_ascii_digit) {
                return None;
            }
            at = end + step.behind.len();
            if at > line.len() || !begins(simd, step, seen.get(end..)?) {
                return None;
            }
            if let Some(target) = step.target {
                values.place(target, value);
            }
        }
        (at == line.len()).then_some(())
    }
}

/// A bit for every byte of a line at which a value ends, and for the end of the line.
#[inline(always)]
fn ends(simd: V3, seen: &[u8], length: usize) -> [u64; WORDS] {
    let [space, quote] = [b' ', b'"'].map(|byte| simd.avx._mm256_set1_epi8(byte.cast_signed()));
    let half = |text: __m256i| {
        let space = simd.avx2._mm256_cmpeq_epi8(text, space);
        let either = simd
            .avx2
            ._mm256_or_si256(space, simd.avx2._mm256_cmpeq_epi8(text, quote));
        u64::from(simd.avx2._mm256_movemask_epi8(either).cast_unsigned())
    };
    let mut ends = [0; WORDS];
    for (word, text) in ends.iter_mut().take(length / 64 + 1).zip(seen.as_chunks::<64>().0) {
        let [low, high]: [__m256i; 2] = bytemuck::cast(*text);
        *word = half(high) << 32 | half(low);
    }
    if let Some(word) = ends.get_mut(length / 64) {
        *word |= 1 << (length % 64);
    }
    ends
}

/// How far on the next value ends.
#[inline(always)]
fn next(ends: &[u64; WORDS], at: usize) -> usize {
    let (word, bit) = (at / 64 % WORDS, at % 64);
    let found = ends[word] >> bit | ends[(word + 1) % WORDS] << 1 << (63 - bit);
    if found != 0 {
        return found.trailing_zeros() as usize;
    }
    far(ends, at)
}

#[cold]
fn far(ends: &[u64; WORDS], at: usize) -> usize {
    let mut words = (0..).step_by(64).zip(ends).skip(at / 64 + 1);
    let found = words.find(|(_, ends)| **ends != 0);
    found.map_or(0, |(from, ends)| from + ends.trailing_zeros() as usize - at)
}

/// Whether what stands there begins as the step wants it.
#[inline(always)]
fn begins(simd: V3, step: &Step, text: &[u8]) -> bool {
    let Some(first) = text.first_chunk::<32>() else {
        return false;
    };
    let (wanted, bits) = step.begins;
    let same = simd
        .avx2
        ._mm256_cmpeq_epi8(bytemuck::cast(*first), bytemuck::cast(wanted));
    let other = !simd.avx2._mm256_movemask_epi8(same).cast_unsigned();
    other & bits == 0 && (step.behind.len() <= 32 || text.starts_with(&step.behind))
}

/// Step by step with the instructions that every processor has.
pub(super) fn slowly<'a>(steps: &[Step], line: &'a [u8], from: usize, values: &mut Values<'a>) -> Option<()> {
    let mut rest = line.get(from..)?;
    for step in steps {
        let end = if step.is_stamp {
            seek::first(*step.behind.first()?, rest)?
        } else {
            seek::first_of(b' ', b'"', rest).unwrap_or(rest.len())
        };
        let (value, behind) = rest.split_at_checked(end)?;
        if step.is_stamp && !value.first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        rest = seek::behind(behind, &step.behind)?;
        if let Some(target) = step.target {
            values.place(target, value);
        }
    }
    rest.is_empty().then_some(())
}
