//! One column of a row group: cells in, pages out, compressed, with a dictionary where that is the shorter way.

use std::borrow::Cow;
use std::io;

use hashbrown::HashMap;
use zstd::bulk::Compressor;

use super::hybrid;
use super::thrift::{Of, Thrift};

/// A page is closed once its values take so many bytes.
const PAGE: usize = 4 << 20;

/// A dictionary has at most so many entries.
const ENTRIES: usize = 1 << 12;

/// The numbers that the format gives to what is used of it.
pub(super) const PLAIN: i32 = 0;
pub(super) const RLE: i32 = 3;
pub(super) const RLE_DICTIONARY: i32 = 8;
const UNCOMPRESSED: i32 = 0;
const ZSTD: i32 = 6;
const DATA_PAGE: i32 = 0;
const DICTIONARY_PAGE: i32 = 2;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) enum Kind {
    Text,
    U32,
    U64,
    /// Like texts, for what is none and is compressed already.
    Packed,
}

/// A column in the making.
#[derive(Debug)]
pub(in crate::table) struct Column {
    kind: Kind,
    /// Whether a cell lists values; else it is one.
    listed: bool,
    /// Texts as the format writes them.
    plain: Vec<u8>,
    numbers: Vec<u64>,
    values: usize,
    /// How many values each cell has, where they are listed.
    lengths: Vec<u32>,
    dictionary: Dictionary,
    chunk: Chunk,
}

/// The pages of a column and what the footer says of them.
#[derive(Debug, Default)]
pub(in crate::table) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) uncompressed: usize,
    /// Cells and, in lists, the values in them.
    pub(super) values: usize,
    /// How many bytes the page of the dictionary takes, where there is one.
    pub(super) dictionary: Option<usize>,
    /// The least and the greatest value as the format writes it, of columns without lists.
    pub(super) range: Option<(Vec<u8>, Vec<u8>)>,
}

/// The values met so far, for as long as they are few.
#[derive(Debug, Default)]
struct Dictionary {
    by_text: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    by_number: HashMap<u64, u32, foldhash::fast::RandomState>,
    entries: usize,
    /// The entries that are texts, as the format writes them, and those that are numbers.
    plain: Vec<u8>,
    numbers: Vec<u64>,
    indices: Vec<u32>,
    /// Where the text met last stands among the plain ones, and its index.
    last_text: Option<(usize, u32)>,
    last_number: Option<(u64, u32)>,
    too_long: bool,
}

impl Column {
    pub(in crate::table) fn new(kind: Kind, listed: bool) -> Self {
        Column {
            kind,
            listed,
            plain: Vec::new(),
            numbers: Vec::new(),
            values: 0,
            lengths: Vec::new(),
            dictionary: Dictionary::default(),
            chunk: Chunk::default(),
        }
    }

    /// Adds a text to the cell at hand.
    #[inline]
    pub(in crate::table) fn text(&mut self, text: &[u8]) {
        let from = self.plain.len();
        // No text is longer than a page can be: what names things is short, and lists of them were read from lines.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.plain.extend_from_slice(&length.to_le_bytes());
        self.plain.extend_from_slice(text);
        self.values += 1;
        if self.kind != Kind::Packed {
            self.dictionary.meet_text(&self.plain, from);
        }
    }

    /// Adds a number to the cell at hand.
    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        self.numbers.push(number);
        self.values += 1;
        self.dictionary.meet_number(number);
    }

    /// Ends a cell that lists so many values.
    pub(super) fn listed(&mut self, length: usize) {
        self.lengths.push(u32::try_from(length).unwrap_or(u32::MAX));
    }

    /// Closes the page if it is long enough. To be called between cells.
    #[inline]
    pub(in crate::table) fn pause(&mut self, compressor: &mut Compressor<'_>) -> io::Result<()> {
        if self.plain.len() + 8 * self.numbers.len() < PAGE {
            return Ok(());
        }
        self.dictionary.give_up();
        self.close(compressor)
    }

    /// The pages; the column is as new.
    pub(in crate::table) fn finish(&mut self, compressor: &mut Compressor<'_>) -> io::Result<Chunk> {
        if !self.listed {
            self.widen_range();
        }
        self.close(compressor)?;
        self.dictionary = Dictionary::default();
        Ok(std::mem::take(&mut self.chunk))
    }

    fn close(&mut self, compressor: &mut Compressor<'_>) -> io::Result<()> {
        let dictionary = std::mem::take(&mut self.dictionary.indices);
        self.kind.write(&self.numbers, &mut self.plain);
        self.kind.write(&self.dictionary.numbers, &mut self.dictionary.plain);
        let few = self.kind != Kind::Packed && !self.dictionary.too_long;
        let worth_it = few && self.dictionary.plain.len() * 2 < self.plain.len();
        let mut page = Vec::with_capacity(self.plain.len() / 2);
        let values = self.levels(&mut page)?;
        let encoding = if worth_it {
            let entries = self.dictionary.entries;
            self.chunk
                .page(Some(compressor), &self.dictionary.plain, dictionary_head(entries)?)?;
            self.chunk.dictionary = Some(self.chunk.bytes.len());
            let bits = usize::BITS - entries.saturating_sub(1).max(1).leading_zeros();
            page.push(bits.to_le_bytes()[0]);
            hybrid::encode(&dictionary, bits, &mut page);
            RLE_DICTIONARY
        } else {
            page.extend_from_slice(&self.plain);
            PLAIN
        };
        let head = move |head: &mut Thrift| {
            head.within(5, |data| {
                data.i32(1, values);
                data.i32(2, encoding);
                data.i32(3, RLE);
                data.i32(4, RLE);
            });
        };
        let compressor = (self.kind.codec() == ZSTD).then_some(compressor);
        self.chunk.page(compressor, &page, (DATA_PAGE, Box::new(head)))?;
        self.chunk.values += usize::try_from(values).unwrap_or_default();
        self.plain.clear();
        self.numbers.clear();
        self.lengths.clear();
        self.values = 0;
        self.dictionary.too_long = true;
        Ok(())
    }

    /// Adds which values stand where, and returns how many entries that are.
    fn levels(&self, page: &mut Vec<u8>) -> io::Result<i32> {
        if !self.listed {
            sized(page, |to| hybrid::repeat(1, self.values, 1, to))?;
            return size(self.values);
        }
        let alone = self.lengths.iter().all(|length| *length == 1);
        if alone {
            sized(page, |to| hybrid::repeat(0, self.values, 1, to))?;
            sized(page, |to| hybrid::repeat(3, self.values, 2, to))?;
            return size(self.values);
        }
        let (mut repeated, mut defined) = (Vec::new(), Vec::new());
        for length in &self.lengths {
            repeated.push(0);
            defined.push(if *length == 0 { 1 } else { 3 });
            let others = (*length).saturating_sub(1) as usize;
            repeated.extend(std::iter::repeat_n(1, others));
            defined.extend(std::iter::repeat_n(3, others));
        }
        sized(page, |to| hybrid::encode(&repeated, 1, to))?;
        sized(page, |to| hybrid::encode(&defined, 2, to))?;
        size(repeated.len())
    }

    /// Takes the values of the page into the range, if all pages were.
    fn widen_range(&mut self) {
        if self.chunk.values > 0 || self.values == 0 {
            return;
        }
        let few = !self.dictionary.too_long;
        let numbers = if few { &self.dictionary.numbers } else { &self.numbers };
        let texts = texts(if few { &self.dictionary.plain } else { &self.plain });
        let number = |number: u64| {
            let mut bytes = Vec::new();
            self.kind.write(&[number], &mut bytes);
            bytes
        };
        self.chunk.range = match self.kind {
            Kind::Text => ends(texts).map(|(least, most)| (least.to_vec(), most.to_vec())),
            Kind::Packed => None,
            Kind::U32 | Kind::U64 => ends(numbers.iter().copied()).map(|(least, most)| (number(least), number(most))),
        };
    }
}

impl Kind {
    /// How pages of it are compressed, as the format numbers it.
    pub(super) fn codec(self) -> i32 {
        if self == Kind::Packed { UNCOMPRESSED } else { ZSTD }
    }

    /// Adds numbers as the format writes them; those of 32 bits fit.
    fn write(self, numbers: &[u64], to: &mut Vec<u8>) {
        match self {
            Kind::U32 => to.extend(numbers.iter().flat_map(|number| {
                let [a, b, c, d, ..] = number.to_le_bytes();
                [a, b, c, d]
            })),
            Kind::Text | Kind::Packed | Kind::U64 => to.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
        }
    }
}

impl Dictionary {
    /// Takes in the text that ends the plain ones.
    #[inline]
    fn meet_text(&mut self, plain: &[u8], from: usize) {
        if self.too_long {
            return;
        }
        let text = &plain[from..];
        if let Some((last, index)) = self.last_text
            && plain.get(last..last + text.len()) == Some(text)
        {
            self.indices.push(index);
            return;
        }
        let Some(index) = self.by_text.get(text).copied().or_else(|| {
            let next = self.next()?;
            self.by_text.insert(text.into(), next);
            self.plain.extend_from_slice(text);
            Some(next)
        }) else {
            return self.give_up();
        };
        self.indices.push(index);
        self.last_text = Some((from, index));
    }

    #[inline]
    fn meet_number(&mut self, number: u64) {
        if self.too_long {
            return;
        }
        if let Some((last, index)) = self.last_number
            && last == number
        {
            self.indices.push(index);
            return;
        }
        let Some(index) = self.by_number.get(&number).copied().or_else(|| {
            let next = self.next()?;
            self.by_number.insert(number, next);
            self.numbers.push(number);
            Some(next)
        }) else {
            return self.give_up();
        };
        self.indices.push(index);
        self.last_number = Some((number, index));
    }

    /// The index of one more entry; `None` once there are too many.
    fn next(&mut self) -> Option<u32> {
        let next = u32::try_from(self.entries).ok().filter(|_| self.entries < ENTRIES)?;
        self.entries += 1;
        Some(next)
    }

    fn give_up(&mut self) {
        *self = Dictionary {
            too_long: true,
            ..Dictionary::default()
        };
    }
}

type Head = (i32, Box<dyn FnOnce(&mut Thrift)>);

fn dictionary_head(entries: usize) -> io::Result<Head> {
    let entries = size(entries)?;
    let head = move |head: &mut Thrift| {
        head.within(7, |page| {
            page.i32(1, entries);
            page.i32(2, PLAIN);
        });
    };
    Ok((DICTIONARY_PAGE, Box::new(head)))
}

impl Chunk {
    fn page(&mut self, compressor: Option<&mut Compressor<'_>>, body: &[u8], (kind, of_kind): Head) -> io::Result<()> {
        let compressed = match compressor {
            Some(compressor) => Cow::Owned(compressor.compress(body)?),
            None => Cow::Borrowed(body),
        };
        let mut head = Thrift::default();
        head.i32(1, kind);
        head.i32(2, size(body.len())?);
        head.i32(3, size(compressed.len())?);
        of_kind(&mut head);
        let head = head.finish();
        self.uncompressed += head.len() + body.len();
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(&compressed);
        Ok(())
    }
}

/// The statistics of a chunk, as a structure of the footer.
pub(super) fn statistics(chunk: &Chunk, to: &mut Thrift) {
    if let Some((least, most)) = &chunk.range {
        to.within(12, |statistics| {
            statistics.i64(3, 0);
            statistics.text(5, most);
            statistics.text(6, least);
        });
    }
}

/// The encodings that a chunk uses.
pub(super) fn encodings(chunk: &Chunk, to: &mut Thrift) {
    let used = [PLAIN, RLE, RLE_DICTIONARY];
    let used = if chunk.dictionary.is_some() {
        &used[..]
    } else {
        &used[..2]
    };
    to.list(2, Of::I32, used.len());
    used.iter().for_each(|encoding| to.i32_element(*encoding));
}

fn sized(page: &mut Vec<u8>, levels: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
    let at = page.len();
    page.extend_from_slice(&[0; 4]);
    levels(page);
    let length = size(page.len() - at - 4)?;
    page[at..at + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// The texts among plain values.
fn texts(mut plain: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = plain.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length)?;
        plain = rest;
        Some(text)
    })
}

/// The least and the greatest.
fn ends<T: Ord + Copy>(mut values: impl Iterator<Item = T>) -> Option<(T, T)> {
    let first = values.next()?;
    Some(values.fold((first, first), |(least, most), value| {
        (least.min(value), most.max(value))
    }))
}

/// A length as the format writes it; it is far from the limit, unless something is wrong.
fn size(length: usize) -> io::Result<i32> {
    i32::try_from(length).map_err(|_| io::Error::other("a page of the map would be larger than Parquet allows"))
}
