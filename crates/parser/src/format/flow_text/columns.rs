//! Finds the ends of the columns of a line, eight bytes at a time.

/// How many bytes are searched at once: one bit of a mask each.
const BLOCK: usize = 64;

/// Notes where each column ends; false if there are more or fewer columns than `ends` has room for.
///
/// Columns are separated by single spaces; two spaces enclose an empty column.
#[inline]
pub(super) fn split(line: &[u8], ends: &mut [usize]) -> bool {
    let Some((last, before)) = ends.split_last_mut() else {
        return false;
    };
    let mut found = 0;
    let (blocks, rest) = line.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        found = note(spaces(block), number * BLOCK, before, found);
    }
    let mut padded = [0; BLOCK];
    if let Some(head) = padded.get_mut(..rest.len()) {
        head.copy_from_slice(rest);
    }
    found = note(spaces(&padded), blocks.len() * BLOCK, before, found);
    *last = line.len();
    found == before.len()
}

/// Adds the positions of a mask's bits; counts on where there is no more room.
#[inline]
fn note(mut mask: u64, base: usize, ends: &mut [usize], mut found: usize) -> usize {
    while mask != 0 {
        if let Some(end) = ends.get_mut(found) {
            *end = base + mask.trailing_zeros() as usize;
        }
        found += 1;
        mask &= mask - 1;
    }
    found
}

/// A mask with a bit for each space, the first byte's lowest.
#[inline]
fn spaces(block: &[u8; BLOCK]) -> u64 {
    const EVERY: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * EVERY;
    const SPACES: u64 = 0x20 * EVERY;
    // Moves the lowest bit of each byte to the top byte, in order, without two of them meeting.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (words, _) = block.as_chunks::<8>();
    let mut mask = 0;
    for (number, word) in words.iter().enumerate() {
        let differs = u64::from_le_bytes(*word) ^ SPACES;
        // The top bit of each byte that is zero: exact, since no sum carries over.
        let equal = !(((differs & LOW) + LOW) | differs | LOW);
        mask |= ((equal >> 7).wrapping_mul(GATHER) >> 56) << (8 * number);
    }
    mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert_eq, proptest};

    use super::split;

    fn line() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(
            any::<u8>().prop_map(|byte| if byte % 5 == 0 { b' ' } else { byte }),
            0..200,
        )
    }

    proptest! {
        #[test]
        fn columns_are_those_of_a_plain_split(line in line(), more in 0_usize..3) {
            let expected: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
            let mut ends = vec![0; (expected.len() + more).saturating_sub(1)];
            prop_assert_eq!(split(&line, &mut ends), more == 1);
            if more == 1 {
                let mut start = 0;
                for (column, end) in expected.iter().zip(ends) {
                    prop_assert_eq!(*column, &line[start..end]);
                    start = end + 1;
                }
            }
        }
    }
}
