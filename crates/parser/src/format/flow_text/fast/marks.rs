//! Where the columns and lines of a piece of text end.

use pulp::x86::V3;

/// How many bytes are looked at at once: one bit of a mask each.
const CHUNK: usize = 64;

/// The positions of all spaces and line ends of a piece, in order.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The first one is that of the line end before the piece (or what would be before the block's first byte).
    at: Vec<u32>,
    /// Which of them are line ends.
    lines: Vec<u32>,
}

impl Marks {
    /// Notes the marks of `block[from..to]`, which begins a line.
    #[inline(always)]
    pub(super) fn mark(&mut self, simd: V3, block: &[u8], from: usize, to: usize) {
        let piece = block.get(from..to).unwrap_or_default();
        // A mark a byte at most, and room for what is written ahead of the count.
        if self.at.len() < piece.len() + CHUNK + 1 {
            self.at.resize(piece.len() + CHUNK + 1, 0);
        }
        self.lines.clear();
        // Blocks are far shorter than four gigabytes.
        #[expect(clippy::cast_possible_truncation, reason = "a block is at most some megabytes")]
        let mut base = from as u32;
        self.at[0] = base.wrapping_sub(1);
        let mut count = 1;
        let (chunks, rest) = piece.as_chunks::<CHUNK>();
        for chunk in chunks {
            let (spaces, ends) = masks(simd, chunk);
            count = self.note(spaces | ends, ends, base, count);
            base += 64;
        }
        let mut padded = [0; CHUNK];
        padded[..rest.len()].copy_from_slice(rest);
        let (spaces, ends) = masks(simd, &padded);
        self.note(spaces | ends, ends, base, count);
    }

    /// Adds the marks of a chunk: how many there are now.
    #[inline(always)]
    fn note(&mut self, all: u64, mut ends: u64, base: u32, count: usize) -> usize {
        while ends != 0 {
            let before = all & (ends & ends.wrapping_neg()).wrapping_sub(1);
            #[expect(clippy::cast_possible_truncation, reason = "a mark a byte of a piece at most")]
            self.lines.push(count as u32 + before.count_ones());
            ends &= ends - 1;
        }
        let mut mask = all;
        let Some(to) = self
            .at
            .get_mut(count..count + CHUNK)
            .and_then(|to| to.first_chunk_mut::<CHUNK>())
        else {
            return count;
        };
        // Eight at once without asking how many there are: what is written too much is overwritten.
        let found = all.count_ones() as usize;
        for eight in to.as_chunks_mut::<8>().0 {
            for mark in eight {
                *mark = base + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                break;
            }
        }
        count + found
    }

    /// The line ends, as numbers of marks.
    #[inline(always)]
    pub(super) fn lines(&self) -> &[u32] {
        &self.lines
    }

    /// The marks from the end of the line before up to the end of a line.
    #[inline(always)]
    pub(super) fn ends(&self, before: usize, last: usize) -> &[u32] {
        self.at.get(before..=last).unwrap_or_default()
    }
}

/// A bit for each space, and for each line end.
#[inline(always)]
fn masks(simd: V3, chunk: &[u8; CHUNK]) -> (u64, u64) {
    let [low, high]: [[u8; 32]; 2] = bytemuck::cast(*chunk);
    let (low, high) = (bytemuck::cast(low), bytemuck::cast(high));
    let mask = |byte: u8| {
        let wanted = simd.avx._mm256_set1_epi8(byte.cast_signed());
        let one = |part| {
            let equal = simd.avx2._mm256_cmpeq_epi8(part, wanted);
            u64::from(simd.avx2._mm256_movemask_epi8(equal).cast_unsigned())
        };
        one(low) | one(high) << 32
    };
    (mask(b' '), mask(b'\n'))
}
