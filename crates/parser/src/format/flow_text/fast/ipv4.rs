//! IPv4 addresses, all four numbers at once.

use pulp::x86::V3;

/// By the lengths of the four numbers (two bits each, the first one lowest): where each digit goes.
static SHUFFLES: [[u8; 16]; 256] = shuffles();

/// By the same: the least value that a number of that length has, so that leading zeros are told, and missing numbers.
static LEAST: [[i32; 4]; 256] = least();

/// An address without leading zeros, as the standard library reads it; `None` for anything else, and where the block ends
/// within sixteen bytes of its start.
#[inline(always)]
pub(in crate::format) fn read(simd: V3, block: &[u8], start: usize, end: usize) -> Option<u32> {
    let length = end.wrapping_sub(start);
    let text = block.get(start..start.wrapping_add(16))?.first_chunk::<16>()?;
    if length > 15 {
        return None;
    }
    let text = bytemuck::cast(*text);
    let dots = simd
        .sse2
        ._mm_cmpeq_epi8(text, simd.sse2._mm_set1_epi8(b'.'.cast_signed()));
    let dots = simd.sse2._mm_movemask_epi8(dots).cast_unsigned() & ((1 << length) - 1);
    if dots.count_ones() != 3 {
        return None;
    }
    let first = dots.trailing_zeros();
    let dots = dots & (dots - 1);
    let second = dots.trailing_zeros();
    let third = (dots & (dots - 1)).trailing_zeros();
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 15")]
    let length = length as u32;
    let (a, b, c, d) = (first, second - first - 1, third - second - 1, length - third - 1);
    if a | b | c | d > 3 {
        return None;
    }
    numbers(simd, text, (a | b << 2 | c << 4 | d << 6) as usize & 255)
}

#[inline(always)]
fn numbers(simd: V3, text: std::arch::x86_64::__m128i, form: usize) -> Option<u32> {
    let digits = simd
        .sse2
        ._mm_sub_epi8(text, simd.sse2._mm_set1_epi8(b'0'.cast_signed()));
    // Hundreds, tens, ones and nothing, four times.
    let digits = simd.ssse3._mm_shuffle_epi8(digits, bytemuck::cast(SHUFFLES[form]));
    let nine = simd.sse2._mm_set1_epi8(9);
    let good = simd.sse2._mm_cmpeq_epi8(simd.sse2._mm_min_epu8(digits, nine), digits);
    let weights = bytemuck::cast([100_i8, 10, 1, 0, 100, 10, 1, 0, 100, 10, 1, 0, 100, 10, 1, 0]);
    let pairs = simd.ssse3._mm_maddubs_epi16(digits, weights);
    let numbers = simd.sse2._mm_madd_epi16(pairs, simd.sse2._mm_set1_epi16(1));
    let greater = simd.sse2._mm_cmpgt_epi32(numbers, simd.sse2._mm_set1_epi32(255));
    let less = simd.sse2._mm_cmpgt_epi32(bytemuck::cast(LEAST[form]), numbers);
    let wrong = simd.sse2._mm_or_si128(greater, less);
    let good = simd.sse2._mm_andnot_si128(wrong, good);
    if simd.sse2._mm_movemask_epi8(good) != 0xffff {
        return None;
    }
    let words = simd.sse4_1._mm_packus_epi32(numbers, numbers);
    let bytes = simd.sse2._mm_packus_epi16(words, words);
    Some(simd.sse2._mm_cvtsi128_si32(bytes).cast_unsigned().swap_bytes())
}

/// The lengths that an index stands for.
const fn lengths(form: usize) -> [usize; 4] {
    [form & 3, form >> 2 & 3, form >> 4 & 3, form >> 6 & 3]
}

const fn shuffles() -> [[u8; 16]; 256] {
    let mut all = [[0x80; 16]; 256];
    let mut form = 0;
    while form < 256 {
        let (mut at, mut number) = (0, 0);
        while number < 4 {
            let digits = lengths(form)[number];
            let mut digit = 0;
            while digit < digits {
                // The last digit is that of the ones.
                all[form][4 * number + 3 - digits + digit] = at;
                (at, digit) = (at + 1, digit + 1);
            }
            // Past the dot.
            (at, number) = (at + 1, number + 1);
        }
        form += 1;
    }
    all
}

const fn least() -> [[i32; 4]; 256] {
    let mut all = [[0; 4]; 256];
    let mut form = 0;
    while form < 256 {
        let mut number = 0;
        while number < 4 {
            all[form][number] = match lengths(form)[number] {
                0 => 256,
                1 => 0,
                2 => 10,
                _ => 100,
            };
            number += 1;
        }
        form += 1;
    }
    all
}
