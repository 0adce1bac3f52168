//! Rows as a Parquet file: row groups are made on all processors, and stand in the order of the rows.
//!
//! Of the format there is what a map needs: columns of texts, of numbers, and of lists of them, without empty cells, in
//! the types that every engine reads. What is written depends on the rows alone.

use std::io::{self, Write};
use std::ops::Range;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use zstd::bulk::Compressor;

use crate::aggregate::Kept;
use crate::map::{Dependency, Key};

mod column;
mod hybrid;
mod sheet;
#[cfg(test)]
mod tests;
mod thrift;

use column::Chunk;
pub(super) use column::{Column, Kind};
pub(super) use sheet::{Head, Sheet};

/// The first and last bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// How many rows are compressed together.
const GROUP: usize = 1 << 16;

/// How many row groups a thread makes before what is made is written.
const GROUPS_A_THREAD: usize = 4;

/// Quick, and hardly longer than slower levels.
pub(crate) const LEVEL: i32 = 1;

/// Rows in their order, any part of which can be had again.
pub(crate) trait Rows: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Shows each row of a part.
    fn each(&self, part: Range<usize>, row: &mut dyn FnMut(&Key, &Dependency));
}

impl Rows for Vec<(&Key, &Dependency)> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn each(&self, part: Range<usize>, row: &mut dyn FnMut(&Key, &Dependency)) {
        self[part].iter().for_each(|(key, dependency)| row(key, dependency));
    }
}

/// A column: its name, and how its cells come out of a row.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) cells: Cells,
}

/// How a cell comes out of a row: lists hand out one value after the other.
pub(super) enum Cells {
    Text(Box<Texts>),
    U32(Box<Number<u32>>),
    U64(Box<Number<u64>>),
    Texts(Box<Texts>),
    U32s(Box<Numbers>),
}

type Number<N> = dyn Fn(&Key, &Dependency) -> N + Sync;
type Texts = dyn Fn(&Key, &Dependency, &mut dyn FnMut(&[u8])) + Sync;
type Numbers = dyn Fn(&Key, &Dependency, &mut dyn FnMut(u32)) + Sync;

/// What a file holds beside its rows.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    /// Goes to the footer.
    pub(super) metadata: &'a [(&'a str, &'a str)],
    /// Bytes that no column refers to, and the key in the footer of where they lie: from, and how many.
    pub(super) kept: Option<(&'a str, &'a Kept)>,
}

/// Writes a file but for its end, and returns that. A few row groups are in memory at a time.
pub(super) fn file<W: Write>(
    fields: &[Field],
    rows: &impl Rows,
    beside: Beside<'_>,
    to: W,
) -> io::Result<(W, Vec<u8>)> {
    let columns = || -> (Vec<Column>, io::Result<Compressor<'_>>) {
        let columns = fields.iter().map(Field::column).collect();
        (columns, Compressor::new(LEVEL))
    };
    let mut sheet = Sheet::new(to, fields.iter().map(Field::head).collect())?;
    let groups: Vec<usize> = (0..rows.len().div_ceil(GROUP)).collect();
    for at_once in groups.chunks(GROUPS_A_THREAD * rayon::current_num_threads()) {
        let made = at_once.par_iter().map_init(columns, |(columns, compressor), group| {
            let compressor = compressor
                .as_mut()
                .map_err(|error| io::Error::other(error.to_string()))?;
            let part = group * GROUP..((group + 1) * GROUP).min(rows.len());
            encode(fields, columns, compressor, rows, part)
        });
        for group in made.collect::<io::Result<Vec<Group>>>()? {
            sheet.add(group)?;
        }
    }
    let mut metadata = beside.metadata.to_vec();
    let place;
    if let Some((key, kept)) = beside.kept {
        let (at, length) = sheet.put(&mut *kept.reader()?)?;
        place = format!("{at} {length}");
        metadata.push((key, &place));
    }
    sheet.finish(&metadata)
}

/// Rows that were compressed together.
#[derive(Debug)]
pub(crate) struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

impl Group {
    pub(super) fn new(rows: usize, chunks: Vec<Chunk>) -> Self {
        Group { rows, chunks }
    }
}

fn encode(
    fields: &[Field],
    columns: &mut [Column],
    compressor: &mut Compressor<'_>,
    rows: &impl Rows,
    part: Range<usize>,
) -> io::Result<Group> {
    let count = part.len();
    let mut failed = None;
    rows.each(part, &mut |key, dependency| {
        for (field, column) in fields.iter().zip(columns.iter_mut()) {
            field.cell(key, dependency, column);
            if let Err(error) = column.pause(compressor) {
                failed = Some(error);
            }
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let chunks = columns.iter_mut().map(|column| column.finish(compressor));
    Ok(Group {
        rows: count,
        chunks: chunks.collect::<io::Result<_>>()?,
    })
}

impl Field {
    fn head(&self) -> Head {
        Head {
            name: self.name.clone(),
            kind: self.kind(),
            listed: self.is_listed(),
        }
    }

    fn column(&self) -> Column {
        Column::new(self.kind(), self.is_listed())
    }

    fn kind(&self) -> Kind {
        match self.cells {
            Cells::Text(_) | Cells::Texts(_) => Kind::Text,
            Cells::U32(_) | Cells::U32s(_) => Kind::U32,
            Cells::U64(_) => Kind::U64,
        }
    }

    fn is_listed(&self) -> bool {
        matches!(self.cells, Cells::Texts(_) | Cells::U32s(_))
    }

    #[inline]
    fn cell(&self, key: &Key, dependency: &Dependency, column: &mut Column) {
        match &self.cells {
            Cells::Text(cell) => cell(key, dependency, &mut |text| column.text(text)),
            Cells::U32(cell) => column.number(u64::from(cell(key, dependency))),
            Cells::U64(cell) => column.number(cell(key, dependency)),
            Cells::Texts(cell) => {
                let mut length = 0;
                cell(key, dependency, &mut |text| {
                    column.text(text);
                    length += 1;
                });
                column.listed(length);
            }
            Cells::U32s(cell) => {
                let mut length = 0;
                cell(key, dependency, &mut |number| {
                    column.number(u64::from(number));
                    length += 1;
                });
                column.listed(length);
            }
        }
    }
}
