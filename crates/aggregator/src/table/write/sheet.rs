//! A Parquet file in the making: row groups one after the other, then the footer that says where they lie.

use std::io::{self, Read, Write};

use super::column::{self, Chunk, Kind};
use super::thrift::{Of, Thrift};
use super::{Group, MAGIC};

/// What the footer says of a column.
pub(in crate::table) struct Head {
    pub(in crate::table) name: String,
    pub(in crate::table) kind: Kind,
    pub(in crate::table) listed: bool,
}

/// The file, as far as it is written.
pub(in crate::table) struct Sheet<W> {
    to: W,
    at: usize,
    heads: Vec<Head>,
    groups: Vec<Placed>,
}

/// A row group that is written.
struct Placed {
    rows: usize,
    from: usize,
    length: usize,
    /// Each chunk without its bytes, where it begins, and how long it is.
    chunks: Vec<(Chunk, usize, usize)>,
}

impl<W: Write> Sheet<W> {
    pub(in crate::table) fn new(mut to: W, heads: Vec<Head>) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Sheet {
            to,
            at: MAGIC.len(),
            heads,
            groups: Vec::new(),
        })
    }

    /// Writes a row group, and returns where it ends.
    pub(in crate::table) fn add(&mut self, group: Group) -> io::Result<usize> {
        let from = self.at;
        let mut chunks = Vec::with_capacity(group.chunks.len());
        for mut chunk in group.chunks {
            let bytes = std::mem::take(&mut chunk.bytes);
            let (at, length) = self.put(&mut &bytes[..])?;
            chunks.push((chunk, at, length));
        }
        self.groups.push(Placed {
            rows: group.rows,
            from,
            length: self.at - from,
            chunks,
        });
        Ok(self.at)
    }

    /// Writes bytes, and returns where they begin and how many they are.
    pub(in crate::table) fn put(&mut self, bytes: &mut dyn Read) -> io::Result<(usize, usize)> {
        let at = self.at;
        let length = usize::try_from(io::copy(bytes, &mut self.to)?).map_err(io::Error::other)?;
        self.at += length;
        Ok((at, length))
    }

    /// What comes last: the footer, with `metadata` in it.
    pub(in crate::table) fn finish(self, metadata: &[(&str, &str)]) -> io::Result<(W, Vec<u8>)> {
        let mut footer = Thrift::default();
        footer.i32(1, 1);
        schema(&self.heads, &mut footer);
        footer.i64(3, long(self.groups.iter().map(|group| group.rows).sum()));
        footer.list(4, Of::Struct, self.groups.len());
        for group in &self.groups {
            footer.struct_element(|footer| group.describe(&self.heads, footer));
        }
        footer.list(5, Of::Struct, metadata.len());
        for (key, value) in metadata {
            footer.struct_element(|pair| {
                pair.text(1, key.as_bytes());
                pair.text(2, value.as_bytes());
            });
        }
        footer.text(6, b"egressmap");
        footer.list(7, Of::Struct, self.heads.len());
        for _ in &self.heads {
            footer.struct_element(|order| order.within(1, |_| ()));
        }
        let mut footer = footer.finish();
        let too_long = |_| io::Error::other("the manifest is too long for Parquet");
        let length = u32::try_from(footer.len()).map_err(too_long)?;
        footer.extend_from_slice(&length.to_le_bytes());
        footer.extend_from_slice(MAGIC);
        Ok((self.to, footer))
    }
}

impl Placed {
    fn describe(&self, heads: &[Head], footer: &mut Thrift) {
        let uncompressed = self.chunks.iter().map(|(chunk, ..)| chunk.uncompressed).sum();
        footer.list(1, Of::Struct, self.chunks.len());
        for (head, (chunk, at, length)) in heads.iter().zip(&self.chunks) {
            footer.struct_element(|footer| {
                footer.i64(2, 0);
                footer.within(3, |footer| head.describe(chunk, *at, *length, footer));
            });
        }
        footer.i64(2, long(uncompressed));
        footer.i64(3, long(self.rows));
        footer.i64(5, long(self.from));
        footer.i64(6, long(self.length));
    }
}

impl Head {
    fn describe(&self, chunk: &Chunk, at: usize, length: usize, footer: &mut Thrift) {
        footer.i32(1, physical(self.kind));
        column::encodings(chunk, footer);
        let path = self.path();
        footer.list(3, Of::Text, path.len());
        path.iter().for_each(|part| footer.text_element(part.as_bytes()));
        footer.i32(4, self.kind.codec());
        footer.i64(5, long(chunk.values));
        footer.i64(6, long(chunk.uncompressed));
        footer.i64(7, long(length));
        footer.i64(9, long(at + chunk.dictionary.unwrap_or_default()));
        if chunk.dictionary.is_some() {
            footer.i64(11, long(at));
        }
        column::statistics(chunk, footer);
    }

    /// The path to the values.
    fn path(&self) -> Vec<&str> {
        if self.listed {
            vec![&self.name, "list", "element"]
        } else {
            vec![&self.name]
        }
    }
}

/// The root, then each column, depth first.
fn schema(heads: &[Head], footer: &mut Thrift) {
    let elements = heads.iter().map(|head| if head.listed { 3 } else { 1 });
    footer.list(2, Of::Struct, 1 + elements.sum::<usize>());
    footer.struct_element(|root| {
        root.text(4, b"root");
        root.i32(5, i32::try_from(heads.len()).unwrap_or(i32::MAX));
    });
    for head in heads {
        if head.listed {
            footer.struct_element(|list| {
                list.i32(3, OPTIONAL);
                list.text(4, head.name.as_bytes());
                list.i32(5, 1);
                list.i32(6, 3);
                list.within(10, |logical| logical.within(3, |_| ()));
            });
            footer.struct_element(|repeated| {
                repeated.i32(3, REPEATED);
                repeated.text(4, b"list");
                repeated.i32(5, 1);
            });
            leaf(footer, b"element", head.kind);
        } else {
            leaf(footer, head.name.as_bytes(), head.kind);
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
        Kind::Packed => {
            return footer.struct_element(|element| {
                element.i32(1, physical(kind));
                element.i32(3, OPTIONAL);
                element.text(4, name);
            });
        }
    };
    footer.struct_element(|element| {
        element.i32(1, physical(kind));
        element.i32(3, OPTIONAL);
        element.text(4, name);
        element.i32(6, converted);
        element.within(10, |logical| match kind {
            Kind::Text | Kind::Packed => logical.within(1, |_| ()),
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
        Kind::Text | Kind::Packed => 6,
        Kind::U32 => 1,
        Kind::U64 => 2,
    }
}

fn long(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
