//! Decimal numbers and printable text that end at a known place, several bytes at once.

use pulp::x86::V3;

const EVERY: u64 = 0x0101_0101_0101_0101;

/// A number of one to eight digits; `None` for anything else, and for one that ends within the block's first eight bytes.
#[inline(always)]
pub(in crate::format) fn up_to_eight(block: &[u8], start: usize, end: usize) -> Option<u64> {
    let length = end.wrapping_sub(start);
    if length.wrapping_sub(1) > 7 {
        return None;
    }
    let text = word(block, end)?;
    // The digits are the last of the eight bytes; zeros take the place of what stands before them.
    let before = (64 - 8 * length) & 63;
    let keep = u64::MAX << before;
    number((text & keep) | ((0x30 * EVERY) & !keep))
}

/// A number of exactly ten digits: a time in seconds from 2001 to 2286.
#[inline(always)]
pub(super) fn ten(block: &[u8], start: usize, end: usize) -> Option<u64> {
    if end.wrapping_sub(start) != 10 {
        return None;
    }
    let eight = number(word(block, end)?)?;
    let &[tens, ones] = block.get(start..start + 2)?.first_chunk::<2>()?;
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| (u64::from(tens) * 10 + u64::from(ones)) * 100_000_000 + eight)
}

/// A longer number, or one that is unset and counts as 0.
#[cold]
pub(super) fn more(text: &[u8]) -> Option<u64> {
    match text {
        b"-" => Some(0),
        text => super::super::decimal(text),
    }
}

/// Whether every byte is a printable ASCII character; `false` where that cannot be told at once.
#[inline(always)]
pub(super) fn is_printable(simd: V3, block: &[u8], start: usize, end: usize) -> bool {
    let length = end.wrapping_sub(start);
    let Some(text) = block
        .get(start..start.wrapping_add(32))
        .and_then(|text| text.first_chunk::<32>())
    else {
        return false;
    };
    if length > 32 {
        return block
            .get(start..end)
            .is_some_and(|text| text.iter().all(u8::is_ascii_graphic));
    }
    // As signed bytes, what is not ASCII is negative, and DEL is the greatest.
    let text = bytemuck::cast(*text);
    let above = simd
        .avx2
        ._mm256_cmpgt_epi8(text, simd.avx._mm256_set1_epi8(b' '.cast_signed()));
    let delete = simd.avx2._mm256_cmpeq_epi8(text, simd.avx._mm256_set1_epi8(0x7f));
    let good = simd.avx2._mm256_andnot_si256(delete, above);
    let good = u64::from(simd.avx2._mm256_movemask_epi8(good).cast_unsigned());
    let wanted = (1_u64 << length) - 1;
    good & wanted == wanted
}

/// The eight bytes before `end`.
#[inline(always)]
fn word(block: &[u8], end: usize) -> Option<u64> {
    let eight = block.get(end.wrapping_sub(8)..end)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*eight))
}

/// Eight digits.
#[inline(always)]
fn number(text: u64) -> Option<u64> {
    let upper = 0xf0 * EVERY;
    let threes = 0x30 * EVERY;
    // In each byte the upper half is 3, and stays so with 6 added: neither sum carries over into the next byte.
    if (text & upper) ^ threes | (text.wrapping_add(6 * EVERY) & upper) ^ threes != 0 {
        return None;
    }
    let ones = text & (0x0f * EVERY);
    let twos = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}
