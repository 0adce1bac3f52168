//! Blocks of bytes, in tables and in order, as a Parquet file: what was counted before anything is decided.
//!
//! A row is a block, and has a row group of its own; what a block holds is its writer's affair. The footer's metadata says
//! where each of them lies, so that a table is read without the others, and a block at a time.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{ParquetReader, SerReader};
use serde::{Deserialize, Serialize};
use zstd::bulk::Compressor;

use super::write::{Column, Group, Head, Kind, LEVEL, Sheet};

/// The key, in the file's metadata, of where the blocks are.
const BLOCKS: &str = "egressmap.blocks";

/// A file that can be read any number of times, a block at a time.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    held: Held,
    length: u64,
    blocks: Arc<[Block]>,
}

/// Where the file is.
#[derive(Debug, Clone)]
enum Held {
    /// In a file that is in memory, from there on.
    Memory(Arc<[u8]>, usize),
    Disk(Arc<Mutex<File>>),
}

/// Where a block is: the number of its table, and its place in the file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Block(usize, u64, usize);

impl Part {
    /// A part of a file in memory that is one.
    pub(crate) fn of_bytes(file: &Arc<[u8]>, from: usize, length: usize) -> io::Result<Self> {
        let whole = from.checked_add(length).and_then(|end| file.get(from..end));
        let whole = whole.ok_or_else(|| io::Error::other("what it keeps of its logs is not where it should be"))?;
        let mut reader = ParquetReader::new(Cursor::new(whole));
        let metadata = reader
            .get_metadata()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let pairs = metadata.key_value_metadata().iter().flatten();
        let blocks = pairs
            .filter(|pair| pair.key == BLOCKS)
            .find_map(|pair| pair.value.as_deref());
        let blocks: Vec<Block> = serde_json::from_str(blocks.unwrap_or_default())?;
        Ok(Part {
            held: Held::Memory(Arc::clone(file), from),
            length: length as u64,
            blocks: blocks.into(),
        })
    }

    /// What is written to a file without a name in a folder, which ends with the process however that ends; without a folder
    /// to memory. Blocks are of these tables.
    pub(crate) fn written(
        folder: Option<&Path>,
        tables: &'static [&'static str],
        write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let Some(folder) = folder else {
            let mut bytes = Vec::new();
            let blocks = written(&mut bytes, tables, write)?;
            return Ok(Part {
                length: bytes.len() as u64,
                held: Held::Memory(bytes.into(), 0),
                blocks,
            });
        };
        let mut to = BufWriter::new(tempfile::tempfile_in(folder)?);
        let blocks = written(&mut to, tables, write)?;
        let mut file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Part {
            length: file.stream_position()?,
            held: Held::Disk(Arc::new(Mutex::new(file))),
            blocks,
        })
    }

    /// The blocks of a table.
    pub(crate) fn blocks(&self, table: usize) -> impl Iterator<Item = io::Result<Vec<u8>>> + use<> {
        let part = self.clone();
        let mut next = 0;
        std::iter::from_fn(move || {
            let Block(_, at, length) = *part.blocks[next..].iter().find(|Block(of, ..)| {
                next += 1;
                *of == table
            })?;
            Some(part.bytes(at, length))
        })
    }

    /// All of the file, from its beginning.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.held {
            Held::Memory(file, from) => Ok(Box::new(file[*from..].take(self.length))),
            Held::Disk(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?;
                file.rewind()?;
                Ok(Box::new(file))
            }
        }
    }

    fn bytes(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = at.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::Error::other("what it keeps of its logs is not where it should be"));
        }
        let mut bytes = vec![0; length];
        match &self.held {
            Held::Memory(file, from) => {
                let mut file = Cursor::new(&file[*from..]);
                file.set_position(at);
                file.read_exact(&mut bytes)?;
            }
            Held::Disk(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

/// Writes a file, and tells where its blocks are.
fn written(
    to: &mut dyn Write,
    tables: &'static [&'static str],
    write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>,
) -> io::Result<Arc<[Block]>> {
    let heads = [("table", Kind::Text), ("block", Kind::Packed)];
    let heads = heads.map(|(name, kind)| Head {
        name: name.to_owned(),
        kind,
        listed: false,
    });
    let mut writer = Writer {
        sheet: Sheet::new(to, heads.into())?,
        columns: [Kind::Text, Kind::Packed].map(|kind| Column::new(kind, false)),
        compressor: Compressor::new(LEVEL)?,
        tables,
        blocks: Vec::new(),
    };
    write(&mut writer)?;
    let blocks = serde_json::to_string(&writer.blocks)?;
    let (to, end) = writer.sheet.finish(&[(BLOCKS, &blocks)])?;
    to.write_all(&end)?;
    Ok(writer.blocks.into())
}

/// Writes a file, block after block.
pub(crate) struct Writer<'w> {
    sheet: Sheet<&'w mut dyn Write>,
    columns: [Column; 2],
    compressor: Compressor<'static>,
    tables: &'static [&'static str],
    blocks: Vec<Block>,
}

impl Writer<'_> {
    /// Adds a block to the table of that number. A block is packed already: it stands in the file as it is.
    pub(crate) fn block(&mut self, table: usize, block: &[u8]) -> io::Result<()> {
        let name = self.tables.get(table).copied().unwrap_or_default();
        let [of_name, of_block] = &mut self.columns;
        of_name.text(name.as_bytes());
        of_block.text(block);
        let chunks = [
            of_name.finish(&mut self.compressor)?,
            of_block.finish(&mut self.compressor)?,
        ];
        let end = self.sheet.add(Group::new(1, chunks.into()))?;
        // The values of a page are its end.
        self.blocks.push(Block(table, (end - block.len()) as u64, block.len()));
        Ok(())
    }
}
