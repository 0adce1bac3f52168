//! Rows as a Parquet file: row groups are made on all processors, and stand in the order of the rows.
//!
//! Of the format there is what a map needs: columns of texts, of numbers, and of lists of them, without empty cells, in
//! the types that every engine reads. What is written depends on the rows alone.

use std::io;
use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use zstd::bulk::Compressor;

use crate::map::{Dependency, Key};

mod column;
mod hybrid;
mod thrift;

use column::{Chunk, Column, Kind};
use thrift::{Of, Thrift};

/// The first and last bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// How many rows are compressed together.
const GROUP: usize = 1 << 16;

/// Quick, and hardly longer than slower levels.
const LEVEL: i32 = 1;

/// Zstandard, as the format numbers it.
const ZSTD: i32 = 6;

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
    U32(Box<dyn Fn(&Key, &Dependency) -> u32 + Sync>),
    U64(Box<dyn Fn(&Key, &Dependency) -> u64 + Sync>),
    Texts(Box<Texts>),
    U32s(Box<Numbers>),
}

type Texts = dyn Fn(&Key, &Dependency, &mut dyn FnMut(&[u8])) + Sync;
type Numbers = dyn Fn(&Key, &Dependency, &mut dyn FnMut(u32)) + Sync;

/// The bytes of a file of so many rows; `metadata` goes to its footer.
pub(super) fn file(fields: &[Field], rows: &impl Rows, metadata: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let groups = (0..rows.len().div_ceil(GROUP)).into_par_iter();
    let columns = || -> (Vec<Column>, io::Result<Compressor<'_>>) {
        let columns = fields.iter().map(Field::column).collect();
        (columns, Compressor::new(LEVEL))
    };
    let groups = groups.map_init(columns, |(columns, compressor), group| {
        let compressor = compressor
            .as_mut()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let part = group * GROUP..((group + 1) * GROUP).min(rows.len());
        encode(fields, columns, compressor, rows, part)
    });
    let groups: Vec<Group> = groups.collect::<io::Result<_>>()?;
    let mut file = MAGIC.to_vec();
    file.reserve(
        groups
            .iter()
            .flat_map(|group| &group.chunks)
            .map(|chunk| chunk.bytes.len())
            .sum(),
    );
    let mut footer = Thrift::default();
    footer.i32(1, 1);
    schema(fields, &mut footer);
    footer.i64(3, long(rows.len()));
    footer.list(4, Of::Struct, groups.len());
    for group in groups {
        footer.struct_element(|footer| group.place(fields, &mut file, footer));
    }
    footer.list(5, Of::Struct, metadata.len());
    for (key, value) in metadata {
        footer.struct_element(|pair| {
            pair.text(1, key.as_bytes());
            pair.text(2, value.as_bytes());
        });
    }
    footer.text(6, b"egressmap");
    footer.list(7, Of::Struct, fields.len());
    for _ in fields {
        footer.struct_element(|order| order.within(1, |_| ()));
    }
    let footer = footer.finish();
    file.extend_from_slice(&footer);
    let length = u32::try_from(footer.len()).map_err(|_| io::Error::other("the manifest is too long for Parquet"))?;
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(MAGIC);
    Ok(file)
}

/// Rows that were compressed together.
struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
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

    /// The path to the values.
    fn path(&self) -> Vec<&str> {
        if self.is_listed() {
            vec![&self.name, "list", "element"]
        } else {
            vec![&self.name]
        }
    }
}

impl Group {
    /// Puts the chunks at the end of the file, and what they are into the footer.
    fn place(self, fields: &[Field], file: &mut Vec<u8>, footer: &mut Thrift) {
        let from = file.len();
        let uncompressed = self.chunks.iter().map(|chunk| chunk.uncompressed).sum();
        footer.list(1, Of::Struct, self.chunks.len());
        for (field, chunk) in fields.iter().zip(self.chunks) {
            let at = file.len();
            file.extend_from_slice(&chunk.bytes);
            footer.struct_element(|footer| {
                footer.i64(2, 0);
                footer.within(3, |footer| field.describe(&chunk, at, footer));
            });
        }
        footer.i64(2, long(uncompressed));
        footer.i64(3, long(self.rows));
        footer.i64(5, long(from));
        footer.i64(6, long(file.len() - from));
    }
}

impl Field {
    fn describe(&self, chunk: &Chunk, at: usize, footer: &mut Thrift) {
        footer.i32(1, physical(self.kind()));
        column::encodings(chunk, footer);
        let path = self.path();
        footer.list(3, Of::Text, path.len());
        path.iter().for_each(|part| footer.text_element(part.as_bytes()));
        footer.i32(4, ZSTD);
        footer.i64(5, long(chunk.values));
        footer.i64(6, long(chunk.uncompressed));
        footer.i64(7, long(chunk.bytes.len()));
        footer.i64(9, long(at + chunk.dictionary.unwrap_or_default()));
        if chunk.dictionary.is_some() {
            footer.i64(11, long(at));
        }
        column::statistics(chunk, footer);
    }
}

/// The root, then each column, depth first.
fn schema(fields: &[Field], footer: &mut Thrift) {
    let elements = fields.iter().map(|field| if field.is_listed() { 3 } else { 1 });
    footer.list(2, Of::Struct, 1 + elements.sum::<usize>());
    footer.struct_element(|root| {
        root.text(4, b"root");
        root.i32(5, i32::try_from(fields.len()).unwrap_or(i32::MAX));
    });
    for field in fields {
        if field.is_listed() {
            footer.struct_element(|list| {
                list.i32(3, OPTIONAL);
                list.text(4, field.name.as_bytes());
                list.i32(5, 1);
                list.i32(6, 3);
                list.within(10, |logical| logical.within(3, |_| ()));
            });
            footer.struct_element(|repeated| {
                repeated.i32(3, REPEATED);
                repeated.text(4, b"list");
                repeated.i32(5, 1);
            });
            leaf(footer, b"element", field.kind());
        } else {
            leaf(footer, field.name.as_bytes(), field.kind());
        }
    }
}

const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;

fn leaf(footer: &mut Thrift, name: &[u8], kind: Kind) {
    let (converted, bits) = match kind {
        Kind::Text => (0, 0),
        Kind::U32 => (13, 32),
        Kind::U64 => (14, 64),
    };
    footer.struct_element(|element| {
        element.i32(1, physical(kind));
        element.i32(3, OPTIONAL);
        element.text(4, name);
        element.i32(6, converted);
        element.within(10, |logical| match kind {
            Kind::Text => logical.within(1, |_| ()),
            Kind::U32 | Kind::U64 => logical.within(10, |integer| {
                integer.byte(1, bits);
                integer.flag(2, false);
            }),
        });
    });
}

/// How values lie in the file, as the format numbers it.
fn physical(kind: Kind) -> i32 {
    match kind {
        Kind::Text => 6,
        Kind::U32 => 1,
        Kind::U64 => 2,
    }
}

fn long(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
