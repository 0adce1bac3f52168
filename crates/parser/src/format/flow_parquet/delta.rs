//! Numbers stored as what each has more than the one before it, and text by such lengths.

/// Reads numbers from the bytes of a page. `None` is "this is not what a writer writes".
///
/// Format: Apache Parquet, `Encodings.md`, "Delta Encoding".
#[derive(Debug, Clone, Copy)]
pub(super) struct Delta {
    end: usize,
    /// Numbers in a miniblock, and miniblocks in a block.
    size: usize,
    minis: usize,
    /// Numbers not given yet, and the next of them.
    left: u64,
    next: i64,
    /// What all differences of the block are at least.
    least: i64,
    /// Where the widths of the block's miniblocks that were not begun are, and how many these are.
    widths: usize,
    widths_left: usize,
    /// The miniblock at hand: bits of a difference, how many are left, and at which bit of the page.
    width: u8,
    packed: usize,
    bit: usize,
    /// Where the next miniblock or block begins.
    at: usize,
}

impl Delta {
    /// Numbers that begin at a place of a page.
    pub(super) fn new(page: &[u8], at: usize) -> Option<Delta> {
        let mut at = at;
        let block = usize::try_from(varint(page, &mut at)?).ok()?;
        let minis = usize::try_from(varint(page, &mut at)?).ok()?;
        let left = varint(page, &mut at)?;
        let next = zigzag(varint(page, &mut at)?);
        let size = block.checked_div(minis)?;
        if size == 0 || size % 8 != 0 || size * minis != block {
            return None;
        }
        Some(Delta {
            end: page.len(),
            size,
            minis,
            left,
            next,
            least: 0,
            widths: 0,
            widths_left: 0,
            width: 0,
            packed: 0,
            bit: 0,
            at,
        })
    }

    /// The next number.
    #[inline]
    pub(super) fn next(&mut self, page: &[u8]) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        let number = self.next;
        if self.left > 0 {
            if self.packed == 0 {
                self.begin(page)?;
            }
            let more = bits(page, self.bit, self.width);
            self.bit += usize::from(self.width);
            self.packed -= 1;
            self.next = number.wrapping_add(self.least).wrapping_add(more.cast_signed());
        }
        Some(number)
    }

    /// Where the numbers end, found without reading them.
    pub(super) fn ends(mut self, page: &[u8]) -> Option<usize> {
        let mut left = self.left.saturating_sub(1);
        while left > 0 {
            self.begin(page)?;
            left = left.saturating_sub(self.size as u64);
        }
        Some(self.at)
    }

    /// Begins a miniblock. Each takes at least a byte of the page, its width.
    fn begin(&mut self, page: &[u8]) -> Option<()> {
        if self.widths_left == 0 {
            self.least = zigzag(varint(page, &mut self.at)?);
            self.widths = self.at;
            self.widths_left = self.minis;
            self.at = self.at.checked_add(self.minis).filter(|at| *at <= self.end)?;
        }
        self.width = *page.get(self.widths).filter(|width| **width <= 64)?;
        self.widths += 1;
        self.widths_left -= 1;
        self.packed = self.size;
        self.bit = self.at * 8;
        let length = (self.size / 8).checked_mul(self.width.into())?;
        self.at = self.at.checked_add(length).filter(|at| *at <= self.end)?;
        Some(())
    }
}

/// Text by its lengths, which stand before all of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    lengths: Delta,
    at: usize,
}

impl Lengths {
    pub(super) fn new(page: &[u8], at: usize) -> Option<Lengths> {
        let lengths = Delta::new(page, at)?;
        let at = lengths.ends(page)?;
        Some(Lengths { lengths, at })
    }

    #[inline]
    pub(super) fn next<'p>(&mut self, page: &'p [u8]) -> Option<&'p [u8]> {
        let length = usize::try_from(self.lengths.next(page)?).ok()?;
        let text = page.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(text)
    }
}

/// Text by how much of it the text before begins with, and what follows.
#[derive(Debug)]
pub(super) struct Prefixes {
    prefixes: Delta,
    suffixes: Lengths,
    text: Vec<u8>,
    /// How many bytes of text the page may still come to.
    room: usize,
}

impl Prefixes {
    /// Text of at most `room` bytes in all.
    pub(super) fn new(page: &[u8], at: usize, room: usize) -> Option<Prefixes> {
        let prefixes = Delta::new(page, at)?;
        let suffixes = Lengths::new(page, prefixes.ends(page)?)?;
        Some(Prefixes {
            prefixes,
            suffixes,
            text: Vec::new(),
            room,
        })
    }

    #[inline]
    pub(super) fn next(&mut self, page: &[u8]) -> Option<&[u8]> {
        let prefix = usize::try_from(self.prefixes.next(page)?).ok()?;
        let suffix = self.suffixes.next(page)?;
        if prefix > self.text.len() {
            return None;
        }
        self.text.truncate(prefix);
        self.text.extend_from_slice(suffix);
        self.room = self.room.checked_sub(self.text.len())?;
        Some(&self.text)
    }
}

/// At most 64 bits from a bit of the page on.
#[inline]
fn bits(page: &[u8], bit: usize, width: u8) -> u64 {
    if width == 0 {
        return 0;
    }
    let mut word = [0; 16];
    let here = page.get(bit / 8..).unwrap_or_default();
    if let Some(whole) = here.first_chunk() {
        word = *whole;
    } else {
        for (to, from) in word.iter_mut().zip(here) {
            *to = *from;
        }
    }
    let [a, b, c, d, e, f, g, h, ..] = (u128::from_le_bytes(word) >> (bit % 8)).to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) & (u64::MAX >> (64 - width))
}

fn varint(page: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *page.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::{Delta, Lengths, Prefixes};

    fn varint(bytes: &mut Vec<u8>, number: u64) {
        let mut number = number;
        while number >= 0x80 {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
    }

    fn signed(bytes: &mut Vec<u8>, number: i64) {
        varint(bytes, (number << 1 ^ number >> 63).cast_unsigned());
    }

    /// Blocks of two miniblocks of eight numbers, written bit by bit.
    fn written(numbers: &[i64]) -> Vec<u8> {
        let mut bytes = vec![16, 2];
        varint(&mut bytes, numbers.len() as u64);
        signed(&mut bytes, numbers.first().copied().unwrap_or_default());
        let deltas: Vec<i64> = numbers.windows(2).map(|two| two[1].wrapping_sub(two[0])).collect();
        for block in deltas.chunks(16) {
            let least = block.iter().copied().min().unwrap_or_default();
            signed(&mut bytes, least);
            let more: Vec<u64> = block
                .iter()
                .map(|delta| delta.wrapping_sub(least).cast_unsigned())
                .collect();
            let widths = [0, 1].map(|mini| {
                let most = more.iter().skip(mini * 8).take(8).copied().max().unwrap_or_default();
                u8::try_from(64 - most.leading_zeros()).unwrap()
            });
            bytes.extend(widths);
            for (mini, width) in more.chunks(8).zip(widths) {
                let mut bits: Vec<u8> = mini
                    .iter()
                    .flat_map(|number| (0..width).map(move |bit| u8::from(number >> bit & 1 == 1)))
                    .collect();
                bits.resize(8 * usize::from(width), 0);
                bytes.extend(
                    bits.chunks(8)
                        .map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | bit)),
                );
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(
            numbers in prop::collection::vec(prop_oneof![any::<i64>(), -40..40_i64], 0..70),
        ) {
            let mut page = written(&numbers);
            let end = page.len();
            page.extend([0xff; 3]);
            let mut delta = Delta::new(&page, 0).unwrap();
            prop_assert_eq!(delta.ends(&page), Some(end));
            for number in numbers {
                prop_assert_eq!(delta.next(&page), Some(number));
            }
            prop_assert_eq!(delta.next(&page), None);
        }

        #[test]
        fn any_bytes_are_values_or_none(
            head in prop::sample::select(vec![vec![16, 2], vec![0x80, 1, 4], vec![8, 1], vec![]]),
            page in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let page = [head, page].concat();
            if let Some(mut delta) = Delta::new(&page, 0) {
                prop_assert!((0..300).filter_map(|_| delta.next(&page)).count() <= 300);
            }
            if let Some(mut lengths) = Lengths::new(&page, 0) {
                let total: usize = (0..300).filter_map(|_| lengths.next(&page).map(<[u8]>::len)).sum();
                prop_assert!(total <= page.len());
            }
            if let Some(mut prefixes) = Prefixes::new(&page, 0, 500) {
                let lengths = std::iter::from_fn(|| prefixes.next(&page).map(<[u8]>::len));
                prop_assert!(lengths.take(300).sum::<usize>() <= 500);
            }
        }
    }
}
