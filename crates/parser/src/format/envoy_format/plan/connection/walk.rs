//! The steps through a line about a connection: how far each value goes is known 64 bytes at a time, whatever its length.

use pulp::NullaryFnOnce;
use pulp::x86::V3;

use super::{Block, Step, Value, Values, seek};

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
        let Some(seen) = block.from(line).filter(|seen| seen.len() >= line.len() + 64) else {
            return slowly(steps, line, from, values);
        };
        let mut at = from;
        for step in steps {
            let end = end(simd, step.ends, seen, at, line.len());
            let value = line.get(at..end)?;
            if step.is_stamp && !value.first().is_none_or(u8::is_ascii_digit) {
                return None;
            }
            at = end + step.behind.len();
            if at > line.len() || !begins(simd, step, seen.get(end..)?) {
                return None;
            }
            if let Some(target) = step.target {
                values.keep(target, Value::Text(value));
            }
        }
        (at == line.len()).then_some(())
    }
}

/// Where either byte stands first; the end of the line if neither is in it.
#[inline(always)]
fn end(simd: V3, ends: [u8; 2], seen: &[u8], from: usize, limit: usize) -> usize {
    let mut at = from;
    while let (true, Some(text)) = (at < limit, seen.get(at..).and_then(<[u8]>::first_chunk::<64>)) {
        let halves: [std::arch::x86_64::__m256i; 2] = bytemuck::cast(*text);
        let [low, high] = halves.map(|half| {
            let [one, other] = ends.map(|byte| {
                let every = simd.avx._mm256_set1_epi8(byte.cast_signed());
                simd.avx2._mm256_cmpeq_epi8(half, every)
            });
            let either = simd.avx2._mm256_or_si256(one, other);
            u64::from(simd.avx2._mm256_movemask_epi8(either).cast_unsigned())
        });
        let found = high << 32 | low;
        if found != 0 {
            return limit.min(at + found.trailing_zeros() as usize);
        }
        at += 64;
    }
    limit
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
        let [one, other] = step.ends;
        let end = seek::first_of(one, other, rest).unwrap_or(rest.len());
        let (value, behind) = rest.split_at_checked(end)?;
        if step.is_stamp && !value.first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        rest = seek::behind(behind, &step.behind)?;
        if let Some(target) = step.target {
            values.keep(target, Value::Text(value));
        }
    }
    rest.is_empty().then_some(())
}
