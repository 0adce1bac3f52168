//! Small numbers as Parquet packs them: runs of one number, and groups of eight with a few bits each.

use super::lane::Narrow;

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
        let (run, length) = if width == 0 {
            // Either way, they all are 0.
            let left = if head & 1 == 0 { count } else { count.checked_mul(8)? };
            (Run::Same { number: 0, left }, 0)
        } else if head & 1 == 0 {
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
            let left = (length * 8 / width).min(count * 8);
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
    let bits = usize::from(width);
    // Up to the next that begins with a byte, as every eighth does.
    let before = (0..8).find(|count| (bit + count * bits).is_multiple_of(8)).unwrap_or(0);
    let (head, rest) = into.split_at_mut(before.min(into.len()));
    one_by_one(page, bit, width, head);
    let bit = bit + head.len() * bits;
    let done = eights(page, bit / 8, width, rest);
    one_by_one(page, bit + done * bits, width, rest.get_mut(done..).unwrap_or_default());
}

fn one_by_one(page: &[u8], bit: usize, width: u8, into: &mut [u32]) {
    let mask = (1_u64 << width) - 1;
    let mut bit = bit;
    for number in into {
        let here = page.get(bit / 8..).unwrap_or_default();
        let word = match here.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => last_word(here),
        };
        *number = u32::narrow((word >> (bit % 8)) & mask);
        bit += usize::from(width);
    }
}

/// Groups of eight numbers from a byte of the page on: how many numbers could be read so. The width is a constant of the
/// loop, and with it every shift.
fn eights(page: &[u8], at: usize, width: u8, into: &mut [u32]) -> usize {
    macro_rules! of_width {
        ($($width:literal)*) => {
            match width {
                $($width => eights_of::<$width>(page, at, into),)*
                _ => 0,
            }
        };
    }
    of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
}

fn eights_of<const WIDTH: usize>(page: &[u8], at: usize, into: &mut [u32]) -> usize {
    let mask = (1_u64 << WIDTH) - 1;
    let mut done = 0;
    let (groups, _) = into.as_chunks_mut::<8>();
    for group in groups {
        let Some(window) = page.get(at + done / 8 * WIDTH..).and_then(|page| page.get(..WIDTH + 8)) else {
            break;
        };
        for (place, number) in group.iter_mut().enumerate() {
            let bit = place * WIDTH;
            let word = window[bit / 8..].first_chunk().copied().unwrap_or_default();
            *number = u32::narrow((u64::from_le_bytes(word) >> (bit % 8)) & mask);
        }
        done += 8;
    }
    done
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
