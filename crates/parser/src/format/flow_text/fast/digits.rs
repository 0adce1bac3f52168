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

/// The first two digits of a time from November 2023 to March 2027, as the two bytes of a word.
pub(super) const SEVENTEEN: u16 = u16::from_le_bytes(*b"17");

/// By a number's length: zeros to take the place of what stands before it.
static ZEROS: [u64; 16] = {
    let mut all = [0; 16];
    let mut length = 1;
    while length < 8 {
        all[length] = (0x30 * EVERY) >> (8 * length);
        length += 1;
    }
    all
};

/// Reads numbers of eight digits, the shorter ones behind zeros: seven, as many as a row has.
#[derive(Default)]
pub(super) struct Eight {
    /// More than 7 where one of them is not of a length that it may have.
    lengths: usize,
}

impl Eight {
    /// The digits of a number that begins with these bytes.
    #[inline(always)]
    pub(super) fn short(&mut self, text: [u8; 8], length: usize) -> u64 {
        self.lengths |= length.wrapping_sub(1);
        (u64::from_le_bytes(text) << (64_usize.wrapping_sub(8 * length) & 63)) | ZEROS[length & 15]
    }

    /// Takes note of a length that must be the wanted one.
    #[inline(always)]
    pub(super) fn exactly(&mut self, wanted: usize, length: usize) {
        self.lengths |= (wanted ^ length) << 3;
    }

    /// The numbers that have these digits; `None` where one is none.
    #[inline(always)]
    pub(super) fn read(&self, simd: V3, [a, b, c, d, e, f, g]: [u64; 7]) -> Option<[u32; 7]> {
        let two = |low: u64, high: u64| simd.sse2._mm_set_epi64x(high.cast_signed(), low.cast_signed());
        // As they come out below: two of each half side by side.
        let low = simd.avx._mm256_set_m128i(two(e, f), two(a, b));
        let high = simd.avx._mm256_set_m128i(two(g, g), two(c, d));
        let zero = simd.avx._mm256_set1_epi8(b'0'.cast_signed());
        let nine = simd.avx._mm256_set1_epi8(9);
        let (low, high) = (
            simd.avx2._mm256_sub_epi8(low, zero),
            simd.avx2._mm256_sub_epi8(high, zero),
        );
        let greatest = simd.avx2._mm256_max_epu8(low, high);
        let good = simd
            .avx2
            ._mm256_cmpeq_epi8(simd.avx2._mm256_max_epu8(greatest, nine), nine);
        if self.lengths > 7 || simd.avx2._mm256_movemask_epi8(good) != -1 {
            return None;
        }
        let tens = simd.avx._mm256_set1_epi16(0x010a);
        let hundreds = simd.avx._mm256_set1_epi32(0x0001_0064);
        let fours = |digits| {
            let twos = simd.avx2._mm256_maddubs_epi16(digits, tens);
            simd.avx2._mm256_madd_epi16(twos, hundreds)
        };
        let fours = simd.avx2._mm256_packus_epi32(fours(low), fours(high));
        let all = simd
            .avx2
            ._mm256_madd_epi16(fours, simd.avx._mm256_set1_epi32(0x0001_2710));
        let [a, b, c, d, e, f, g, _]: [u32; 8] = bytemuck::cast(all);
        Some([a, b, c, d, e, f, g])
    }
}

/// Whether two texts of at most 32 bytes are the same in their first ones; `false` where there are more.
#[inline(always)]
pub(super) fn agree(simd: V3, one: &[u8; 32], other: &[u8; 32], length: usize) -> bool {
    let same = simd
        .avx2
        ._mm256_cmpeq_epi8(bytemuck::cast(*one), bytemuck::cast(*other));
    let same = u64::from(simd.avx2._mm256_movemask_epi8(same).cast_unsigned());
    length <= 32 && same & ((1 << length) - 1) == (1 << length) - 1
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
