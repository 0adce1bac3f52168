//! Where the columns and lines of a piece of text end.

use pulp::x86::V3;

/// How many bytes are looked at at once: one bit of a mask each.
const CHUNK: usize = 64;

/// The most columns of a line whose marks can be looked at.
pub(super) const MOST: usize = 64;

/// The longest piece: a mark is a number of two bytes.
const LONGEST: usize = 32 * 1024;

/// By the bits of a byte: the number behind each bit that is set, lowest first.
static BEHIND: [[u16; 8]; 256] = behind();

/// The places behind all spaces and line ends of a piece, in order, counted from its first byte.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The first one is 0: the line before ends there.
    at: Vec<u16>,
    /// Which of them are behind line ends, and how many those are.
    lines: Vec<u16>,
    count: usize,
}

impl Marks {
    /// Notes the marks of `block[from..to]`, which begins a line.
    #[inline(always)]
    pub(super) fn mark(&mut self, simd: V3, block: &[u8], from: usize, to: usize) {
        let piece = block.get(from..to.min(from + LONGEST)).unwrap_or_default();
        // A mark a byte at most, and room for what is written or looked at ahead of the count.
        if self.at.len() < piece.len() + 2 * CHUNK + MOST {
            self.at.resize(piece.len() + 2 * CHUNK + MOST, 0);
            self.lines.resize(piece.len() + 2 * CHUNK, 0);
        }
        let mut noted = Noted { marks: 1, lines: 0 };
        let (chunks, rest) = piece.as_chunks::<CHUNK>();
        let mut base = 0;
        for chunk in chunks {
            self.note(simd, chunk, base, &mut noted);
            base += 64;
        }
        let mut padded = [0; CHUNK];
        padded[..rest.len()].copy_from_slice(rest);
        self.note(simd, &padded, base, &mut noted);
        self.count = noted.lines;
    }

    /// Adds the marks of a chunk.
    #[inline(always)]
    fn note(&mut self, simd: V3, chunk: &[u8; CHUNK], base: u16, noted: &mut Noted) {
        let (spaces, ends) = masks(simd, chunk);
        let all = spaces | ends;
        self.note_lines(all, ends, noted);
        let Some(to) = self
            .at
            .get_mut(noted.marks..noted.marks + CHUNK + 8)
            .and_then(|to| to.first_chunk_mut::<{ CHUNK + 8 }>())
        else {
            return;
        };
        // Eight at once without asking how many there are: what is written too much is overwritten.
        let mut count = 0;
        let mut here = simd.sse2._mm_set1_epi16(base.cast_signed());
        for byte in 0..8 {
            let bits = all >> (8 * byte) & 0xff;
            let behind = bytemuck::cast(BEHIND[bits as usize]);
            let behind: [u16; 8] = bytemuck::cast(simd.sse2._mm_add_epi16(behind, here));
            let from = count & (CHUNK - 1);
            to[from..from + 8].copy_from_slice(&behind);
            count += bits.count_ones() as usize;
            here = simd.sse2._mm_add_epi16(here, simd.sse2._mm_set1_epi16(8));
        }
        noted.marks += count;
    }

    /// Adds the line ends of a chunk: nearly always two at most.
    #[inline(always)]
    fn note_lines(&mut self, all: u64, mut ends: u64, noted: &mut Noted) {
        let count = ends.count_ones() as usize;
        let mut left = count;
        let mut at = noted.lines;
        loop {
            let Some(to) = self.lines.get_mut(at..at + 2) else {
                return;
            };
            for line in to {
                let before = all & (ends & ends.wrapping_neg()).wrapping_sub(1);
                #[expect(clippy::cast_possible_truncation, reason = "a mark a byte of a piece at most")]
                {
                    *line = noted.marks as u16 + before.count_ones() as u16;
                }
                ends &= ends.wrapping_sub(1);
            }
            if left <= 2 {
                break;
            }
            (at, left) = (at + 2, left - 2);
        }
        noted.lines += count;
    }

    /// The line ends, as numbers of marks.
    #[inline(always)]
    pub(super) fn lines(&self) -> &[u16] {
        self.lines.get(..self.count).unwrap_or_default()
    }

    /// The marks from one on: the first places of a line's columns.
    #[inline(always)]
    pub(super) fn starts(&self, first: usize) -> &[u16] {
        self.at.get(first..).unwrap_or_default()
    }

    /// Where the line ends that a mark is behind of.
    #[inline(always)]
    pub(super) fn end(&self, last: usize) -> usize {
        self.at.get(last).map_or(0, |behind| usize::from(*behind) - 1)
    }
}

/// How many marks and lines there are.
struct Noted {
    marks: usize,
    lines: usize,
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

const fn behind() -> [[u16; 8]; 256] {
    let mut all = [[0; 8]; 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if bits >> bit & 1 != 0 {
                all[bits][count] = bit + 1;
                count += 1;
            }
            bit += 1;
        }
        bits += 1;
    }
    all
}
