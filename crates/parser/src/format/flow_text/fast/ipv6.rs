//! IPv6 addresses, all digits at once.

use std::arch::x86_64::__m256i;
use std::net::{IpAddr, Ipv6Addr};

use pulp::x86::V3;

/// The longest address of hexadecimal digits alone, and room to load a group at any byte of it.
const ROOM: usize = 64;

/// The address that `text` begins with and that is so long, as the standard library reads it; `None` where it is none, or
/// ends with one of IPv4.
#[inline(always)]
pub(super) fn read(simd: V3, text: &[u8; ROOM], length: usize) -> Option<IpAddr> {
    if !(2..=39).contains(&length) {
        return None;
    }
    let (nibbles, colons, digits) = nibbles(simd, text);
    let all = (1 << length) - 1;
    if (colons | digits) & all != all {
        return None;
    }
    let colons = colons & all;
    // Two colons side by side: the first of them.
    let gap = colons & colons >> 1;
    let first_alone = colons & !gap & 1 != 0;
    let last_alone = (colons & !(gap << 1)) >> (length - 1) != 0;
    if gap & gap.wrapping_sub(1) != 0 || first_alone || last_alone {
        return None;
    }
    let mut groups = [0_u16; 8];
    let (mut count, mut before) = (0, 0);
    let mut ends = colons | 1 << length;
    let mut start = 0;
    while ends != 0 {
        let end = ends.trailing_zeros() as usize;
        if end > start {
            let four = nibbles.get(start..start + 4)?.first_chunk()?;
            *groups.get_mut(count)? = group(*four, end - start)?;
            count += 1;
        }
        if gap >> end & 1 != 0 {
            before = count;
        }
        ends &= ends - 1;
        start = end + 1;
    }
    if gap == 0 && count < 8 || gap != 0 && count == 8 {
        return None;
    }
    if gap != 0 {
        let (_, behind) = groups.split_at_mut(before);
        behind.rotate_right(8 - count);
    }
    Some(IpAddr::V6(Ipv6Addr::from(groups)))
}

/// The first digits of four.
#[inline(always)]
fn group(four: [u8; 4], digits: usize) -> Option<u16> {
    let word = u32::from_be_bytes(four) >> (8 * 4_usize.checked_sub(digits)?);
    let pairs = (word | word >> 4) & 0x00ff_00ff;
    u16::try_from((pairs | pairs >> 8) & 0xffff).ok()
}

/// What each byte is as a hexadecimal digit; a bit for each colon, and for each digit.
#[inline(always)]
fn nibbles(simd: V3, text: &[u8; ROOM]) -> ([u8; ROOM], u64, u64) {
    let [low, high]: [[u8; 32]; 2] = bytemuck::cast(*text);
    // No `map`: what the standard library calls does not have the processor's instructions.
    let (low, colons, digits) = half(simd, low);
    let (high, more_colons, more_digits) = half(simd, high);
    (
        bytemuck::cast([low, high]),
        colons | more_colons << 32,
        digits | more_digits << 32,
    )
}

/// The same for half of them.
#[inline(always)]
fn half(simd: V3, text: [u8; 32]) -> ([u8; 32], u64, u64) {
    let text = bytemuck::cast(text);
    let number = within(simd, text, b'0', b'9');
    let letter = within(simd, simd.avx2._mm256_or_si256(text, set(simd, 0x20)), b'a', b'f');
    let low = simd.avx2._mm256_and_si256(text, set(simd, 0x0f));
    let nine = simd.avx2._mm256_and_si256(letter, set(simd, 9));
    let colons = simd.avx2._mm256_cmpeq_epi8(text, set(simd, b':'));
    (
        bytemuck::cast(simd.avx2._mm256_add_epi8(low, nine)),
        bits(simd, colons),
        bits(simd, simd.avx2._mm256_or_si256(number, letter)),
    )
}

#[inline(always)]
fn set(simd: V3, byte: u8) -> __m256i {
    simd.avx._mm256_set1_epi8(byte.cast_signed())
}

/// Which bytes are from the first to the last.
#[inline(always)]
fn within(simd: V3, text: __m256i, first: u8, last: u8) -> __m256i {
    let above = simd.avx2._mm256_max_epu8(text, set(simd, first));
    simd.avx2
        ._mm256_cmpeq_epi8(simd.avx2._mm256_min_epu8(above, set(simd, last)), text)
}

#[inline(always)]
fn bits(simd: V3, mask: __m256i) -> u64 {
    u64::from(simd.avx2._mm256_movemask_epi8(mask).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};
    use pulp::NullaryFnOnce;

    use super::*;

    struct Read<'t>(V3, &'t [u8; ROOM], usize);

    impl NullaryFnOnce for Read<'_> {
        type Output = Option<IpAddr>;

        #[inline(always)]
        fn call(self) -> Option<IpAddr> {
            read(self.0, self.1, self.2)
        }
    }

    fn here(text: &str) -> Option<IpAddr> {
        let Some(simd) = V3::try_new() else {
            return expected(text);
        };
        // What follows an address in a row must not matter.
        let mut window = *b" 443 6 10 8420 ::1 1790000010 1790000070 ACCEPT OK\n2 1111 f:aaaa";
        window[..text.len()].copy_from_slice(text.as_bytes());
        simd.vectorize(Read(simd, &window, text.len()))
    }

    fn expected(text: &str) -> Option<IpAddr> {
        text.parse().ok().filter(|_| !text.contains('.'))
    }

    proptest! {
        #[test]
        fn an_address_is_that_of_the_standard_library(
            text in "([0-9a-fA-F]{1,4}:){7}[0-9a-f]{1,4}|(:{0,2}[0-9a-fg]{0,5}){1,6}:{0,2}|([0-9a-f]{1,4}:){0,4}:(:[0-9a-f]{1,4}){0,4}|:{1,3}[0-9]?:{0,3}"
        ) {
            prop_assert_eq!(here(&text), expected(&text), "{}", text);
        }

        #[test]
        fn every_address_is_read_as_it_is_written(bits in proptest::prelude::any::<u128>(), zeros in 0_u32..128, shift in 0_u32..64) {
            let v6 = IpAddr::V6(((bits & (u128::MAX << zeros)) >> shift).into());
            prop_assert_eq!(here(&v6.to_string()), Some(v6));
        }
    }

    #[test]
    fn every_way_to_write_few_groups_is_that_of_the_standard_library() {
        let pieces = ["", ":", "::", "1", "ab", "fffff", "10.0.0.1"];
        for places in 0..pieces.len().pow(5) {
            let text: String = (0_u32..5)
                .map(|at| pieces[places / pieces.len().pow(at) % pieces.len()])
                .collect();
            if text.len() <= 39 {
                assert_eq!(here(&text), expected(&text), "{text}");
            }
        }
    }
}
