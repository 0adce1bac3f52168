//! Small numbers as Parquet packs them: runs of one number, and groups of eight with a few bits each.

/// Reads from the bytes of a page from one place to another. `None` is "this is not what a writer writes".
///
/// Format: Apache Parquet, `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid".
#[derive(Debug, Clone, Copy)]
pub(super) struct Hybrid {
    /// Bits of a number.
    width: u8,
    /// Where the next run begins, and where the last ends.
    at: usize,
    end: usize,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    /// The same number so many times more.
    Same { number: u32, left: usize },
    /// So many numbers more, the next at this bit of the page.
    Packed { left: usize, bit: usize },
}

impl Hybrid {
    pub(super) fn new(width: u8, at: usize, end: usize) -> Option<Self> {
        (width <= 32).then_some(Hybrid {
            width,
            at,
            end,
            run: Run::Same { number: 0, left: 0 },
        })
    }

    /// Reads numbers until `into` is full.
    pub(super) fn fill(&mut self, page: &[u8], into: &mut [u32]) -> Option<()> {
        let mut into = into;
        while !into.is_empty() {
            let wanted = into.len();
            let count = match &mut self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => {
                    self.begin(page)?;
                    continue;
                }
                Run::Same { number, left } => {
                    let count = wanted.min(*left);
                    into.get_mut(..count)?.fill(*number);
                    *left -= count;
                    count
                }
                Run::Packed { left, bit } => {
                    let count = wanted.min(*left);
                    unpack(page, *bit, self.width, into.get_mut(..count)?);
                    *bit += count * usize::from(self.width);
                    *left -= count;
                    count
                }
            };
            into = into.get_mut(count..)?;
        }
        Some(())
    }

    /// The number that the next `count` all are, if one run says so; they are read then.
    pub(super) fn same(&mut self, page: &[u8], count: usize) -> Option<u32> {
        if let Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } = self.run {
            self.begin(page)?;
        }
        match &mut self.run {
            Run::Same { number, left } if *left >= count => {
                *left -= count;
                Some(*number)
            }
            _ => None,
        }
    }

    fn begin(&mut self, page: &[u8]) -> Option<()> {
        let mut head = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = *page.get(..self.end)?.get(self.at)?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return self.run(page, usize::try_from(head).ok()?);
            }
        }
        None
    }

    fn run(&mut self, page: &[u8], head: usize) -> Option<()> {
        let width = usize::from(self.width);
        let count = head >> 1;
        let (run, length) = if head & 1 == 0 {
            let bytes = width.div_ceil(8);
            let mut number = [0; 4];
            let written = page.get(self.at..self.at + bytes)?;
            number.get_mut(..bytes)?.copy_from_slice(written);
            let number = u32::from_le_bytes(number);
            (Run::Same { number, left: count }, bytes)
        } else {
            // The last group may be cut off where the page ends.
            let here = self.end - self.at;
            let length = count.checked_mul(width)?.min(here);
            let left = match width {
                0 => count.checked_mul(8)?,
                width => (length * 8 / width).min(count * 8),
            };
            let bit = self.at * 8;
            (Run::Packed { left, bit }, length)
        };
        if count == 0 || self.end - self.at < length {
            return None;
        }
        self.at += length;
        self.run = run;
        // A run that holds nothing would be begun for ever.
        (!matches!(self.run, Run::Packed { left: 0, .. })).then_some(())
    }
}

/// Numbers of `width` bits each, the lowest bit first, from a bit of the page on.
fn unpack(page: &[u8], bit: usize, width: u8, into: &mut [u32]) {
    if width == 0 {
        into.fill(0);
        return;
    }
    let mask = (1_u64 << width) - 1;
    let mut bit = bit;
    for number in into {
        let here = page.get(bit / 8..).unwrap_or_default();
        let word = match here.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => last_word(here),
        };
        // At most 32 bits are left by the mask.
        *number = u32::try_from((word >> (bit % 8)) & mask).unwrap_or_default();
        bit += usize::from(width);
    }
}

/// The last bytes of a page as if zeros followed.
fn last_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert_eq, proptest};

    use super::Hybrid;

    /// Writes numbers the slow way: runs where they are long, groups of eight bit by bit elsewhere.
    fn written(runs: &[(u32, usize)], width: u8) -> (Vec<u8>, Vec<u32>) {
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        for &(seed, count) in runs {
            let number = |at: usize| {
                let mask = (1_u64 << width) - 1;
                u32::try_from(u64::from(seed).wrapping_mul(at as u64 * 2_654_435_761 + 1) & mask).unwrap()
            };
            if seed % 2 == 0 {
                varint(&mut bytes, count << 1);
                bytes.extend(&number(0).to_le_bytes()[..usize::from(width).div_ceil(8)]);
                numbers.extend(std::iter::repeat_n(number(0), count));
            } else {
                varint(&mut bytes, count << 1 | 1);
                let group: Vec<u32> = (0..count * 8).map(number).collect();
                let bits: Vec<u8> = group
                    .iter()
                    .flat_map(|number| (0..width).map(move |bit| u8::from(number >> bit & 1 == 1)))
                    .collect();
                bytes.extend(
                    bits.chunks(8)
                        .map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | bit)),
                );
                numbers.extend(group);
            }
        }
        (bytes, numbers)
    }

    fn varint(bytes: &mut Vec<u8>, mut number: usize) {
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
    }

    fn runs() -> impl Strategy<Value = Vec<(u32, usize)>> {
        prop::collection::vec((any::<u32>(), 1_usize..40), 0..8)
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(runs in runs(), width in 0_u8..=32, step in 1_usize..50) {
            let (mut page, numbers) = written(&runs, width);
            let end = page.len();
            page.extend([0xff; 3]);
            let mut hybrid = Hybrid::new(width, 0, end).unwrap();
            let mut found = vec![0; numbers.len()];
            for part in found.chunks_mut(step) {
                match hybrid.same(&page, part.len()) {
                    Some(number) => part.fill(number),
                    None => hybrid.fill(&page, part).unwrap(),
                }
            }
            prop_assert_eq!(found, numbers);
            prop_assert_eq!(hybrid.fill(&page, &mut [0]), None);
        }

        #[test]
        fn any_bytes_are_numbers_or_none(page in prop::collection::vec(any::<u8>(), 0..40), width in 0_u8..40) {
            if let Some(mut hybrid) = Hybrid::new(width, 0, page.len()) {
                // A run may be of billions: it need not be read to its end.
                let mut found = [0; 100];
                let _ = (0..100).try_for_each(|_| hybrid.fill(&page, &mut found));
            }
        }
    }
}
