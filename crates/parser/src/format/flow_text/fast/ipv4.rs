//! IPv4 addresses, all four numbers at once.

use pulp::x86::V3;

/// By the lengths of the four numbers (two bits each, the first one lowest): where each digit goes.
static SHUFFLES: [[u8; 16]; 256] = shuffles();

/// By the same: the least value that a number of that length has, so that leading zeros are told, and missing numbers.
static LEAST: [[i32; 4]; 256] = least();

/// By the dots of an address, one bit a byte, and a bit behind its end: its lengths, as above; no lengths where it is none.
static FORMS: [u8; 1 << 16] = forms();

/// Where the lowest bytes of four numbers are, the last number's first.
const LAST: [u8; 16] = [12, 8, 4, 0, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128];

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

/// Two addresses that begin with these bytes and are so long; `None` where either is none.
#[inline(always)]
pub(super) fn two(simd: V3, texts: [([u8; 16], usize); 2]) -> Option<[u32; 2]> {
    let [(one, first), (other, second)] = texts;
    let both = |[one, other]: [[u8; 16]; 2]| simd.avx._mm256_set_m128i(bytemuck::cast(other), bytemuck::cast(one));
    let text = both([one, other]);
    let dots = simd
        .avx2
        ._mm256_cmpeq_epi8(text, simd.avx._mm256_set1_epi8(b'.'.cast_signed()));
    let dots = simd.avx2._mm256_movemask_epi8(dots).cast_unsigned();
    let form = |dots: u32, length: usize| {
        let end = 1 << (length & 15);
        usize::from(FORMS[(dots & (end - 1) | end) as usize & 0xffff])
    };
    let forms = [form(dots, first), form(dots >> 16, second)];
    let digits = simd
        .avx2
        ._mm256_sub_epi8(text, simd.avx._mm256_set1_epi8(b'0'.cast_signed()));
    let shuffle = both(forms.map(|form| SHUFFLES[form]));
    // Hundreds, tens, ones and nothing, four times.
    let digits = simd.avx2._mm256_shuffle_epi8(digits, shuffle);
    let nine = simd.avx._mm256_set1_epi8(9);
    let good = simd
        .avx2
        ._mm256_cmpeq_epi8(simd.avx2._mm256_min_epu8(digits, nine), digits);
    let weights = simd.avx._mm256_set1_epi32(0x0001_0a64);
    let pairs = simd.avx2._mm256_maddubs_epi16(digits, weights);
    let numbers = simd.avx2._mm256_madd_epi16(pairs, simd.avx._mm256_set1_epi16(1));
    let greater = simd.avx2._mm256_cmpgt_epi32(numbers, simd.avx._mm256_set1_epi32(255));
    let least = both(forms.map(|form| bytemuck::cast(LEAST[form])));
    let less = simd.avx2._mm256_cmpgt_epi32(least, numbers);
    let wrong = simd.avx2._mm256_or_si256(greater, less);
    let good = simd.avx2._mm256_andnot_si256(wrong, good);
    if first.max(second) > 15 || simd.avx2._mm256_movemask_epi8(good) != -1 {
        return None;
    }
    // The last byte of each number, in the order of an integer's bytes.
    let last = bytemuck::cast([LAST, LAST]);
    let bytes: [u32; 8] = bytemuck::cast(simd.avx2._mm256_shuffle_epi8(numbers, last));
    Some([bytes[0], bytes[4]])
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

const fn forms() -> [u8; 1 << 16] {
    let mut all = [0; 1 << 16];
    let mut form = 0;
    while form < 256 {
        let [a, b, c, d] = lengths(form);
        if a * b * c * d != 0 {
            let (first, second, third) = (a, a + b + 1, a + b + c + 2);
            #[expect(clippy::cast_possible_truncation, reason = "it is less than 256")]
            {
                all[1 << first | 1 << second | 1 << third | 1 << (third + d + 1)] = form as u8;
            }
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
