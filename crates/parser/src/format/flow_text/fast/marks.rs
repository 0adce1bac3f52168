//! Where the columns and lines of a piece of text end.

use pulp::NullaryFnOnce;
use pulp::x86::{V3, V4};

/// How many bytes are looked at at once: one bit of a mask each.
const CHUNK: usize = 64;

/// The most columns of a line whose marks can be looked at.
pub(super) const MOST: usize = 64;

/// The longest piece: a mark is a number of two bytes.
const LONGEST: usize = 32 * 1024;

/// By the bits of a byte: the number behind each bit that is set, lowest first.
static BEHIND: [[u16; 8]; 256] = behind();

/// The places behind all spaces and line ends of a piece, in order, counted from its first byte.
#[derive(Debug)]
pub(super) struct Marks {
    /// The wider instructions, where the processor has them.
    wide: Option<V4>,
    /// The first one is 0: the line before ends there.
    at: Vec<u16>,
    /// Which of them are behind line ends, and how many those are.
    lines: Vec<u16>,
    count: usize,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            wide: V4::try_new(),
            at: Vec::new(),
            lines: Vec::new(),
            count: 0,
        }
    }
}

impl Marks {
    /// Notes the marks of `block[from..to]`, which begins a line.
    #[inline(always)]
    pub(super) fn mark(&mut self, simd: V3, block: &[u8], from: usize, to: usize) {
        let piece = block.get(from..to.min(from + LONGEST)).unwrap_or_default();
        match self.wide {
            Some(simd) => simd.vectorize(Mark {
                simd,
                marks: self,
                piece,
            }),
            None => self.mark_with(simd, piece),
        }
    }

    #[inline(always)]
    fn mark_with(&mut self, simd: impl Vectors, piece: &[u8]) {
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
    fn note(&mut self, simd: impl Vectors, chunk: &[u8; CHUNK], base: u16, noted: &mut Noted) {
        let [spaces, ends] = simd.find(chunk, [b' ', b'\n']);
        let all = spaces | ends;
        self.note_lines(all, ends, noted);
        let to = self.at.get_mut(noted.marks..).and_then(|to| to.first_chunk_mut());
        if let Some(to) = to {
            simd.places_behind(all, base, to);
            noted.marks += all.count_ones() as usize;
        }
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

/// What is marked with the instructions of one processor.
struct Mark<'m, S> {
    simd: S,
    marks: &'m mut Marks,
    piece: &'m [u8],
}

impl<S: Vectors> NullaryFnOnce for Mark<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.marks.mark_with(self.simd, self.piece);
    }
}

/// Room for the places of a chunk's marks, and for what is written without asking how many there are.
type Room = [u16; CHUNK + 16];

/// What a processor does with many bytes at once.
trait Vectors: Copy {
    /// A bit for each of the bytes that is the first one, and for each that is the second.
    fn find(self, chunk: &[u8; CHUNK], bytes: [u8; 2]) -> [u64; 2];

    /// Writes the place behind each bit, lowest first, counted from `base`; what stands behind the last is of no meaning.
    fn places_behind(self, bits: u64, base: u16, to: &mut Room);
}

impl Vectors for V3 {
    #[inline(always)]
    fn find(self, chunk: &[u8; CHUNK], bytes: [u8; 2]) -> [u64; 2] {
        let [low, high]: [[u8; 32]; 2] = bytemuck::cast(*chunk);
        let (low, high) = (bytemuck::cast(low), bytemuck::cast(high));
        let mask = |byte: u8| {
            let wanted = self.avx._mm256_set1_epi8(byte.cast_signed());
            let one = |part| {
                let equal = self.avx2._mm256_cmpeq_epi8(part, wanted);
                u64::from(self.avx2._mm256_movemask_epi8(equal).cast_unsigned())
            };
            one(low) | one(high) << 32
        };
        [mask(bytes[0]), mask(bytes[1])]
    }

    #[inline(always)]
    fn places_behind(self, bits: u64, base: u16, to: &mut Room) {
        let mut count = 0;
        let mut here = self.sse2._mm_set1_epi16(base.cast_signed());
        for byte in 0..8 {
            let bits = bits >> (8 * byte) & 0xff;
            let behind = bytemuck::cast(BEHIND[bits as usize]);
            let behind: [u16; 8] = bytemuck::cast(self.sse2._mm_add_epi16(behind, here));
            let from = count & (CHUNK - 1);
            to[from..from + 8].copy_from_slice(&behind);
            count += bits.count_ones() as usize;
            here = self.sse2._mm_add_epi16(here, self.sse2._mm_set1_epi16(8));
        }
    }
}

/// The places behind the first sixteen bytes.
const FIRST: [i32; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

impl Vectors for V4 {
    #[inline(always)]
    fn find(self, chunk: &[u8; CHUNK], bytes: [u8; 2]) -> [u64; 2] {
        let chunk = bytemuck::cast(*chunk);
        let mask = |byte: u8| {
            let wanted = self.avx512f._mm512_set1_epi8(byte.cast_signed());
            self.avx512bw._mm512_cmpeq_epi8_mask(chunk, wanted)
        };
        [mask(bytes[0]), mask(bytes[1])]
    }

    #[inline(always)]
    fn places_behind(self, bits: u64, base: u16, to: &mut Room) {
        let mut count = 0;
        let base = self.avx512f._mm512_set1_epi32(base.into());
        let mut here = self.avx512f._mm512_add_epi32(bytemuck::cast(FIRST), base);
        for bits in bytemuck::cast::<_, [u16; 4]>(bits.to_le()) {
            let behind = self.avx512f._mm512_maskz_compress_epi32(bits, here);
            let behind: [u16; 16] = bytemuck::cast(self.avx512f._mm512_cvtepi32_epi16(behind));
            let from = count & (CHUNK - 1);
            to[from..from + 16].copy_from_slice(&behind);
            count += bits.count_ones() as usize;
            here = self.avx512f._mm512_add_epi32(here, self.avx512f._mm512_set1_epi32(16));
        }
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The places behind spaces and line ends, and which of them are behind line ends.
    fn expected(text: &[u8]) -> (Vec<u16>, Vec<u16>) {
        let mut places = vec![0];
        let mut lines = Vec::new();
        for (byte, behind) in text.iter().zip(1..) {
            if *byte == b'\n' {
                lines.push(u16::try_from(places.len()).unwrap());
            }
            if matches!(byte, b' ' | b'\n') {
                places.push(behind);
            }
        }
        (places, lines)
    }

    proptest! {
        /// With the instructions of every processor that this one has.
        #[test]
        fn marks_stand_behind_spaces_and_line_ends(
            text in prop::collection::vec(prop::sample::select(&b" \n ab\x00\xa0"[..]), 0..700),
            times in 1..40_usize,
        ) {
            let text = text.repeat(times);
            let text = &text[..text.len().min(LONGEST)];
            let (places, lines) = expected(text);
            for wide in [None, V4::try_new()] {
                let Some(simd) = V3::try_new() else { continue };
                let mut marks = Marks { wide, ..Marks::default() };
                marks.mark(simd, text, 0, text.len());
                prop_assert_eq!(&marks.starts(0)[..places.len()], &places);
                prop_assert_eq!(marks.lines(), &lines);
            }
        }
    }
}
