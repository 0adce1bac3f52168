//! Small numbers as runs of one value and as packed bits: Parquet's levels and the indices of its dictionaries.

use super::thrift::varint;

/// Numbers are packed by so many.
const GROUP: usize = 8;

/// Adds numbers of so many bits each, in the hybrid encoding.
pub(super) fn encode(values: &[u32], bits: u32, to: &mut Vec<u8>) {
    let mut rest = values;
    let mut packed = 0;
    while let Some(&value) = rest.get(packed) {
        // A run may begin where what is to be packed before it fills its groups.
        let run = rest[packed..].iter().take_while(|next| **next == value).count();
        if run >= GROUP {
            pack(&rest[..packed], bits, to);
            varint((run as u64) << 1, to);
            to.extend_from_slice(&value.to_le_bytes()[..(bits as usize).div_ceil(8)]);
            rest = &rest[packed + run..];
            packed = 0;
        } else {
            packed = (packed + GROUP).min(rest.len());
        }
    }
    pack(rest, bits, to);
}

/// Adds `count` times the same number.
pub(super) fn repeat(value: u32, count: usize, bits: u32, to: &mut Vec<u8>) {
    if count > 0 {
        varint((count as u64) << 1, to);
        to.extend_from_slice(&value.to_le_bytes()[..(bits as usize).div_ceil(8)]);
    }
}

/// Packs numbers; the last group is filled up with zeros, which readers leave out by the count of the page.
fn pack(values: &[u32], bits: u32, to: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, to);
    let mut waiting = 0_u64;
    let mut count = 0;
    let filled = values.iter().copied().chain(std::iter::repeat(0)).take(groups * GROUP);
    for value in filled {
        waiting |= u64::from(value) << count;
        count += bits;
        while count >= 8 {
            to.push(waiting.to_le_bytes()[0]);
            waiting >>= 8;
            count -= 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::encode;

    /// Reads the encoding as the specification puts it.
    fn decode(mut bytes: &[u8], bits: usize, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        while values.len() < count {
            let mut head = 0;
            for at in 0.. {
                head |= usize::from(bytes[at] & 0x7f) << (7 * at);
                if bytes[at] & 0x80 == 0 {
                    bytes = &bytes[at + 1..];
                    break;
                }
            }
            let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
            if head & 1 == 1 {
                let number = |at: usize| (0..bits).map(|of| bit(at * bits + of) << of).sum::<u32>();
                values.extend((0..head / 2 * 8).map(number));
                bytes = &bytes[head / 2 * bits..];
            } else {
                let value: u32 = (0..bits).map(|of| bit(of) << of).sum();
                values.extend(std::iter::repeat_n(value, head / 2));
                bytes = &bytes[bits.div_ceil(8)..];
            }
        }
        assert!(bytes.is_empty());
        values.truncate(count);
        values
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(
            runs in prop::collection::vec((0..1_u32 << 13, 1..40_usize), 0..40),
            bits in 1..=13_u32,
        ) {
            let values: Vec<u32> = runs
                .iter()
                .flat_map(|(value, count)| std::iter::repeat_n(value & ((1 << bits) - 1), *count))
                .collect();
            let mut bytes = Vec::new();
            encode(&values, bits, &mut bytes);
            prop_assert_eq!(decode(&bytes, bits as usize, values.len()), values);
        }
    }
}
