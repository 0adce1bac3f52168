//! Rows of bytes under keys, in tables and in order, as a Parquet file: what was counted before anything is decided.
//!
//! Row groups hold rows of one table each, so that a table is read without the others, and a group at a time.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek as _, Write};
use std::path::Path;
use std::sync::Arc;

use polars::io::mmap::MmapBytesReader;
use polars::prelude::{BinaryChunked, DataFrame, ParquetReader, PolarsError, SerReader};
use zstd::bulk::Compressor;

use super::write::{Column, Group, Head, Kind, LEVEL, Sheet};

/// How many rows are compressed together.
pub(crate) const GROUP: usize = 1 << 12;

/// The key, in the file's metadata, of how many rows each table has.
const COUNTS: &str = "egressmap.tables";

/// A file that can be read any number of times, a table at a time.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    held: Held,
    /// How many rows each table has.
    counts: Arc<[usize]>,
}

/// Where the file is.
#[derive(Debug, Clone)]
enum Held {
    Memory(Arc<[u8]>),
    Disk(Arc<File>),
}

impl Part {
    /// A file in memory.
    pub(crate) fn of_bytes(bytes: Arc<[u8]>) -> io::Result<Self> {
        Part::open(Held::Memory(bytes))
    }

    /// What is written to a file without a name in a folder, which ends with the process however that ends; without a folder
    /// to memory.
    pub(crate) fn written(
        folder: Option<&Path>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let Some(folder) = folder else {
            let mut bytes = Vec::new();
            write(&mut bytes)?;
            return Part::of_bytes(bytes.into());
        };
        let mut to = BufWriter::new(tempfile::tempfile_in(folder)?);
        write(&mut to)?;
        let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        Part::open(Held::Disk(Arc::new(file)))
    }

    fn open(held: Held) -> io::Result<Self> {
        let metadata = match &held {
            Held::Memory(bytes) => ParquetReader::new(Cursor::new(Arc::clone(bytes)))
                .get_metadata()
                .cloned(),
            Held::Disk(file) => ParquetReader::new(file.try_clone()?).get_metadata().cloned(),
        };
        let metadata = metadata.map_err(damaged)?;
        let pairs = metadata.key_value_metadata().iter().flatten();
        let counts = pairs
            .filter(|pair| pair.key == COUNTS)
            .find_map(|pair| pair.value.as_deref());
        let counts: Vec<usize> = serde_json::from_str(counts.unwrap_or_default())?;
        let sum = counts.iter().try_fold(0_usize, |sum, count| sum.checked_add(*count));
        if sum != Some(metadata.num_rows) {
            return Err(io::Error::other("its tables do not add up"));
        }
        Ok(Part {
            held,
            counts: counts.into(),
        })
    }

    /// The rows of a table.
    pub(crate) fn rows(&self, table: usize) -> io::Result<Rows> {
        let from = self.counts.iter().take(table).sum();
        let mut rows = Rows {
            part: self.clone(),
            next: from,
            end: from + self.counts.get(table).copied().unwrap_or_default(),
            group: None,
            at: 0,
        };
        rows.read()?;
        Ok(rows)
    }

    /// All of the file, from its beginning.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.held {
            Held::Memory(bytes) => Ok(Box::new(&bytes[..])),
            Held::Disk(file) => {
                let mut file = &**file;
                file.rewind()?;
                Ok(Box::new(file))
            }
        }
    }

    fn group(&self, from: usize, rows: usize) -> io::Result<(BinaryChunked, BinaryChunked)> {
        let frame = match &self.held {
            Held::Memory(bytes) => slice(Cursor::new(Arc::clone(bytes)), from, rows),
            Held::Disk(file) => slice(file.try_clone()?, from, rows),
        };
        let frame = frame.map_err(damaged)?;
        let column = |name| frame.column(name).and_then(|column| column.binary().cloned());
        Ok((column("key").map_err(damaged)?, column("value").map_err(damaged)?))
    }
}

fn slice(file: impl MmapBytesReader + 'static, from: usize, rows: usize) -> Result<DataFrame, PolarsError> {
    let columns = Some(vec!["key".to_owned(), "value".to_owned()]);
    ParquetReader::new(file)
        .with_columns(columns)
        .with_slice(Some((from, rows)))
        .set_rechunk(true)
        .finish()
}

fn damaged(error: PolarsError) -> io::Error {
    io::Error::other(error.to_string())
}

/// One table's rows, one after the other.
#[derive(Debug)]
pub(crate) struct Rows {
    part: Part,
    next: usize,
    end: usize,
    group: Option<(BinaryChunked, BinaryChunked)>,
    at: usize,
}

impl Rows {
    /// Key and value of the row at hand; `None` after the last.
    pub(crate) fn row(&self) -> Option<(&[u8], &[u8])> {
        let (keys, values) = self.group.as_ref()?;
        Some((keys.get(self.at)?, values.get(self.at)?))
    }

    /// Goes on to the next row.
    pub(crate) fn step(&mut self) -> io::Result<()> {
        self.at += 1;
        match &self.group {
            Some((keys, _)) if self.at >= keys.len() => self.read(),
            _ => Ok(()),
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let rows = GROUP.min(self.end - self.next);
        self.group = None;
        if rows > 0 {
            self.group = Some(self.part.group(self.next, rows)?);
        }
        (self.next, self.at) = (self.next + rows, 0);
        Ok(())
    }
}

/// Makes row groups.
pub(crate) struct Groups {
    columns: [Column; 3],
    compressor: Compressor<'static>,
    rows: usize,
}

impl Groups {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Groups {
            columns: [Kind::Text, Kind::Bytes, Kind::Bytes].map(|kind| Column::new(kind, false)),
            compressor: Compressor::new(LEVEL)?,
            rows: 0,
        })
    }

    /// Adds a row to the group at hand.
    pub(crate) fn row(&mut self, table: &str, key: &[u8], value: &[u8]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip([table.as_bytes(), key, value]) {
            column.text(cell);
            column.pause(&mut self.compressor)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The group.
    pub(crate) fn finish(&mut self) -> io::Result<Group> {
        let chunks = self
            .columns
            .iter_mut()
            .map(|column| column.finish(&mut self.compressor));
        Ok(Group::new(
            std::mem::take(&mut self.rows),
            chunks.collect::<io::Result<_>>()?,
        ))
    }
}

/// Writes a file, table after table.
pub(crate) struct Writer<W> {
    sheet: Sheet<W>,
    groups: Groups,
    tables: &'static [&'static str],
    counts: Vec<usize>,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(to: W, tables: &'static [&'static str]) -> io::Result<Self> {
        let head = |(name, kind): (&str, Kind)| Head {
            name: name.to_owned(),
            kind,
            listed: false,
        };
        let heads = [("table", Kind::Text), ("key", Kind::Bytes), ("value", Kind::Bytes)];
        Ok(Writer {
            sheet: Sheet::new(to, heads.map(head).into())?,
            groups: Groups::new()?,
            tables,
            counts: Vec::new(),
        })
    }

    /// Begins the next table.
    pub(crate) fn table(&mut self) -> io::Result<()> {
        self.close()?;
        self.counts.push(0);
        Ok(())
    }

    /// Adds a row to the table at hand.
    pub(crate) fn row(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let name = self
            .counts
            .len()
            .checked_sub(1)
            .and_then(|table| self.tables.get(table));
        self.groups.row(name.copied().unwrap_or_default(), key, value)?;
        if self.groups.rows == GROUP {
            self.close()
        } else {
            Ok(())
        }
    }

    /// Adds row groups of the table at hand, all full but the last.
    pub(crate) fn add(&mut self, groups: Vec<Group>) -> io::Result<()> {
        for group in groups {
            self.place(group)?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.close()?;
        let counts = serde_json::to_string(&self.counts)?;
        self.sheet.finish(&[(COUNTS, &counts)])
    }

    fn close(&mut self) -> io::Result<()> {
        if self.groups.rows == 0 {
            return Ok(());
        }
        let group = self.groups.finish()?;
        self.place(group)
    }

    fn place(&mut self, group: Group) -> io::Result<()> {
        if let Some(count) = self.counts.last_mut() {
            *count += group.rows();
        }
        self.sheet.add(group)
    }
}
