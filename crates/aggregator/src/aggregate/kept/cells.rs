//! The numbers of many rows as a block: column by column, and each column compressed.

use std::io;

use hashbrown::HashMap;
use zstd::bulk::{Compressor, Decompressor};

use super::damaged;
use crate::table::LEVEL;

/// How many rows a block has at most.
pub(super) const GROUP: usize = 1 << 12;

/// No column of a block is longer.
const LONGEST: usize = 1 << 28;

/// Rows in the making: a row writes the same columns in the same order as every other.
#[derive(Default)]
pub(super) struct Cells {
    columns: Vec<Vec<u8>>,
    next: usize,
    rows: usize,
    words: HashMap<String, u64, foldhash::fast::RandomState>,
    listed: Vec<u8>,
    /// The number that the next one is near to.
    near: u64,
    compressor: Option<Compressor<'static>>,
}

impl Cells {
    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.next = 0;
        self.rows += 1;
    }

    /// How many there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn number(&mut self, number: u64) {
        put(number, self.column());
    }

    /// A number that is not far from the one told so before; `None` is as near as can be.
    pub(super) fn near(&mut self, number: Option<u64>) {
        let far = number.map_or(0, |number| number.wrapping_sub(self.near).cast_signed());
        self.number(((far << 1) ^ (far >> 63)).cast_unsigned());
        self.near = number.unwrap_or(self.near);
    }

    pub(super) fn wide(&mut self, mut number: u128) {
        let column = self.column();
        while let [low, ..] = number.to_le_bytes()
            && number >= 1 << 7
        {
            column.push(low | 0x80);
            number >>= 7;
        }
        column.push(number.to_le_bytes()[0]);
    }

    /// Any number of numbers, which take one column. How many must be told elsewhere.
    pub(super) fn numbers(&mut self, numbers: impl Iterator<Item = u64>) {
        let column = self.column();
        numbers.for_each(|number| put(number, column));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.column().extend_from_slice(bytes);
    }

    /// One of few words.
    pub(super) fn word(&mut self, word: &str) {
        let known = if word.is_empty() {
            Some(0)
        } else {
            self.words.get(word).copied()
        };
        let number = known.unwrap_or_else(|| {
            let next = self.words.len() as u64 + 1;
            self.words.insert(word.to_owned(), next);
            put(word.len() as u64, &mut self.listed);
            self.listed.extend_from_slice(word.as_bytes());
            next
        });
        self.number(number);
    }

    /// The block; it is as new.
    pub(super) fn finish(&mut self) -> io::Result<Vec<u8>> {
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        let mut head = Vec::new();
        let mut body = Vec::new();
        put(self.rows as u64, &mut head);
        put(self.columns.len() as u64, &mut head);
        for column in std::iter::once(&self.listed).chain(&self.columns) {
            let packed = compressor.compress(column)?;
            put(column.len() as u64, &mut head);
            put(packed.len() as u64, &mut head);
            body.extend_from_slice(&packed);
        }
        head.extend_from_slice(&body);
        self.columns.iter_mut().for_each(Vec::clear);
        self.words.clear();
        self.listed.clear();
        (self.rows, self.near) = (0, 0);
        Ok(head)
    }

    fn column(&mut self) -> &mut Vec<u8> {
        if self.next == self.columns.len() {
            self.columns.push(Vec::new());
        }
        self.next += 1;
        &mut self.columns[self.next - 1]
    }
}

/// Adds a number in as few times seven bits as it takes.
fn put(mut number: u64, to: &mut Vec<u8>) {
    while number >= 1 << 7 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// Rows of a block, which are read as they were written. What is not there is `None`.
pub(super) struct Block {
    columns: Vec<Column>,
    next: usize,
    rows: usize,
    words: Vec<String>,
    near: u64,
}

struct Column {
    bytes: Vec<u8>,
    at: usize,
}

impl Block {
    pub(super) fn of(block: &[u8]) -> io::Result<Self> {
        let mut head = Column {
            bytes: block.to_vec(),
            at: 0,
        };
        let mut length = || usize::try_from(head.number()?).ok().filter(|length| *length <= LONGEST);
        let mut next = || length().ok_or_else(damaged);
        let (rows, columns) = (next()?, next()?);
        let lengths = (0..=columns).map(|_| Ok((next()?, next()?)));
        let lengths: Vec<(usize, usize)> = lengths.collect::<io::Result<_>>()?;
        let mut decompressor = Decompressor::new()?;
        let mut columns = Vec::with_capacity(lengths.len());
        for (long, packed) in lengths {
            let packed = head.bytes(packed).ok_or_else(damaged)?;
            let bytes = decompressor.decompress(packed, long)?;
            columns.push(Column { bytes, at: 0 });
        }
        let words = columns.remove(0).words().ok_or_else(damaged)?;
        Ok(Block {
            columns,
            next: 0,
            rows,
            words,
            near: 0,
        })
    }

    /// Each row of it, as `row` reads it.
    pub(super) fn read<T>(mut self, mut row: impl FnMut(&mut Self) -> Option<T>) -> io::Result<Vec<T>> {
        let rows = (0..self.rows).map(|_| {
            self.next = 0;
            row(&mut self).ok_or_else(damaged)
        });
        rows.collect()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        self.column()?.number()
    }

    pub(super) fn small<N: TryFrom<u64>>(&mut self) -> Option<N> {
        N::try_from(self.number()?).ok()
    }

    pub(super) fn near(&mut self) -> Option<u64> {
        let number = self.number()?;
        let far = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        self.near = self.near.wrapping_add(far.cast_unsigned());
        Some(self.near)
    }

    pub(super) fn wide(&mut self) -> Option<u128> {
        self.column()?.wide()
    }

    pub(super) fn numbers(&mut self, count: usize) -> Option<Vec<u64>> {
        let column = self.column()?;
        (0..count).map(|_| column.number()).collect()
    }

    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = self.small()?;
        self.column()?.bytes(length).map(<[u8]>::to_vec)
    }

    pub(super) fn word(&mut self) -> Option<&str> {
        let number: usize = self.small()?;
        match number.checked_sub(1) {
            None => Some(""),
            Some(at) => self.words.get(at).map(String::as_str),
        }
    }

    fn column(&mut self) -> Option<&mut Column> {
        self.next += 1;
        self.columns.get_mut(self.next - 1)
    }
}

impl Column {
    fn number(&mut self) -> Option<u64> {
        // Most numbers take a byte.
        let first = *self.bytes.get(self.at)?;
        if first < 0x80 {
            self.at += 1;
            return Some(u64::from(first));
        }
        u64::try_from(self.wide()?).ok()
    }

    fn wide(&mut self) -> Option<u128> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&[u8]> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    fn words(mut self) -> Option<Vec<String>> {
        let mut words = Vec::new();
        while self.at < self.bytes.len() {
            let length = usize::try_from(self.number()?).ok()?;
            words.push(std::str::from_utf8(self.bytes(length)?).ok()?.to_owned());
        }
        Some(words)
    }
}
