//! What a Parquet file says of itself at its end: its columns, and where the values of each stand.

use super::corrupt::Corrupt;
use super::thrift::Thrift;
use crate::decode::Packing;
use crate::printable;
use crate::source::ReadAt;

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
/// What it ends with where the footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// The longest footer that is read: some kilobytes is usual.
const LONGEST: u64 = 64 * 1024 * 1024;

/// More rows for each stored byte than this cannot be meant: a flow log has a dozen columns that differ from row to row.
const ROWS_PER_BYTE: u64 = 1000;

/// Format: Apache Parquet, `parquet.thrift`, `FileMetaData`.
#[derive(Debug)]
pub(super) struct Footer {
    /// The columns that hold one value or none for each row; those of nested structures are left out.
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
}

/// A column that holds one value or none for each row.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) physical: Physical,
    /// Whether numbers are without a sign.
    pub(super) unsigned: bool,
    /// Whether a row may have no value: definition levels say which.
    pub(super) optional: bool,
    /// Its place among the chunks of a group.
    pub(super) chunk: usize,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Int32,
    Int64,
    Double,
    Bytes,
    /// A type that no field of a flow log has, by its name.
    Other(&'static str),
}

/// Rows that are stored together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

/// The values of one column in one group.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) length: u64,
    /// As written: see [`Packing::of`].
    pub(super) codec: i64,
}

impl Footer {
    /// Reads and checks it; nothing that it says reaches beyond the file.
    pub(super) fn read(file: &dyn ReadAt) -> Result<Footer, Corrupt> {
        let size = file.size();
        let mut tail = [0; 8];
        let Some(ends) = size.checked_sub(8).filter(|ends| *ends >= 4) else {
            return Err(Corrupt::new(format!("expected a Parquet file, found {size} bytes")));
        };
        file.read_at(ends, &mut tail).map_err(Corrupt::io)?;
        let [length @ .., _, _, _, _] = tail;
        if tail.ends_with(ENCRYPTED) {
            return Err(Corrupt::new("the footer is encrypted".to_owned()));
        }
        if !tail.ends_with(MAGIC) {
            return Err(Corrupt::new(
                "expected PAR1 at the end of a Parquet file: it is cut off or not one".to_owned(),
            ));
        }
        let length = u64::from(u32::from_le_bytes(length));
        if length > LONGEST || length > ends - 4 {
            return Err(Corrupt::new(format!(
                "expected a footer within the file's {size} bytes, found one of {length}"
            )));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_at(ends - length, &mut bytes).map_err(Corrupt::io)?;
        let written = Written::read(&bytes).ok_or_else(|| Corrupt::new("the footer is corrupt".to_owned()))?;
        written.checked(ends - length, size)
    }
}

/// The footer as it is written.
#[derive(Default)]
struct Written {
    schema: Vec<Element>,
    groups: Vec<Group>,
    encrypted: bool,
}

/// A node of the schema, in the order of a walk from the root.
#[derive(Default)]
struct Element {
    kind: Option<i64>,
    repetition: i64,
    name: String,
    children: i64,
    converted: Option<i64>,
}

impl Written {
    fn read(bytes: &[u8]) -> Option<Written> {
        let mut written = Written::default();
        Thrift::new(bytes).structure(|thrift, id, _| {
            match id {
                2 => written.schema = thrift.structures(Element::read)?,
                4 => written.groups = thrift.structures(Group::read)?,
                8 => written.encrypted = true,
                _ => return Some(false),
            }
            Some(id != 8)
        })?;
        Some(written)
    }

    fn checked(self, values_end: u64, size: u64) -> Result<Footer, Corrupt> {
        if self.encrypted {
            return Err(Corrupt::new("the columns are encrypted".to_owned()));
        }
        let (columns, leaves) =
            flat(&self.schema).ok_or_else(|| Corrupt::new("the footer's schema is corrupt".to_owned()))?;
        let mut rows = 0_u64;
        for (number, group) in (1..).zip(&self.groups) {
            let corrupt = |what: String| Err(Corrupt::new(format!("row group {number}: {what}")));
            if group.chunks.len() != leaves {
                return corrupt(format!("expected {leaves} columns, found {}", group.chunks.len()));
            }
            for column in &columns {
                let chunk = &group.chunks[column.chunk];
                let end = chunk.start.checked_add(chunk.length);
                if chunk.start < 4 || end.is_none_or(|end| end > values_end) {
                    return corrupt(format!(
                        "column {}: expected its values within the file's {size} bytes, found {} bytes from {}",
                        printable::quoted(column.name.as_bytes()),
                        chunk.length,
                        chunk.start
                    ));
                }
            }
            rows = rows.saturating_add(group.rows);
        }
        if rows > size.saturating_mul(ROWS_PER_BYTE) {
            return Err(Corrupt::new(format!(
                "expected a footer that is true, found {rows} rows in {size} bytes"
            )));
        }
        Ok(Footer {
            columns,
            groups: self.groups,
        })
    }
}

/// The columns right below the root that do not repeat, and how many leaves there are in all.
fn flat(schema: &[Element]) -> Option<(Vec<Column>, usize)> {
    let (root, nodes) = schema.split_first()?;
    // How many children each open node still awaits.
    let mut open = vec![root.children];
    let mut columns = Vec::new();
    let mut leaves = 0;
    for node in nodes {
        while open.pop_if(|awaits| *awaits == 0).is_some() {}
        *open.last_mut()? -= 1;
        if let Some(kind) = node.kind {
            if open.len() == 1 && node.repetition != REPEATED {
                columns.push(node.column(kind, leaves));
            }
            leaves += 1;
        } else {
            open.push(node.children);
        }
    }
    open.iter().all(|awaits| *awaits == 0).then_some((columns, leaves))
}

const OPTIONAL: i64 = 1;
const REPEATED: i64 = 2;

impl Element {
    fn read(thrift: &mut Thrift<'_>) -> Option<Element> {
        let mut element = Element::default();
        thrift.structure(|thrift, id, _| {
            match id {
                1 => element.kind = Some(thrift.integer()?),
                3 => element.repetition = thrift.integer()?,
                4 => element.name = String::from_utf8_lossy(thrift.binary()?).into_owned(),
                5 => element.children = thrift.integer()?,
                6 => element.converted = Some(thrift.integer()?),
                _ => return Some(false),
            }
            Some(true)
        })?;
        Some(element)
    }

    fn column(&self, kind: i64, chunk: usize) -> Column {
        let physical = match kind {
            0 => Physical::Other("BOOLEAN"),
            1 => Physical::Int32,
            2 => Physical::Int64,
            3 => Physical::Other("INT96"),
            4 => Physical::Other("FLOAT"),
            5 => Physical::Double,
            6 => Physical::Bytes,
            7 => Physical::Other("FIXED_LEN_BYTE_ARRAY"),
            _ => Physical::Other("an unknown type"),
        };
        Column {
            name: self.name.clone(),
            physical,
            // UINT_8 to UINT_64.
            unsigned: matches!(self.converted, Some(11..=14)),
            optional: self.repetition == OPTIONAL,
            chunk,
        }
    }
}

impl Group {
    fn read(thrift: &mut Thrift<'_>) -> Option<Group> {
        let mut group = Group {
            rows: 0,
            chunks: Vec::new(),
        };
        thrift.structure(|thrift, id, _| {
            match id {
                1 => group.chunks = thrift.structures(Chunk::read)?,
                3 => group.rows = u64::try_from(thrift.integer()?).ok()?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        Some(group)
    }
}

impl Chunk {
    fn read(thrift: &mut Thrift<'_>) -> Option<Chunk> {
        let mut chunk = Chunk::default();
        let mut elsewhere = false;
        thrift.structure(|thrift, id, _| {
            match id {
                1 => elsewhere = true,
                3 => chunk = Chunk::described(thrift)?,
                _ => return Some(false),
            }
            Some(id == 3)
        })?;
        (!elsewhere).then_some(chunk)
    }

    /// `ColumnMetaData`.
    fn described(thrift: &mut Thrift<'_>) -> Option<Chunk> {
        let mut chunk = Chunk::default();
        let mut dictionary = None;
        thrift.structure(|thrift, id, _| {
            let known = match id {
                4 => {
                    chunk.codec = thrift.integer()?;
                    return Some(true);
                }
                7 => &mut chunk.length,
                9 => &mut chunk.start,
                11 => dictionary.insert(0),
                _ => return Some(false),
            };
            *known = u64::try_from(thrift.integer()?).ok()?;
            Some(true)
        })?;
        // Some writers put 0 where there is no dictionary.
        if let Some(at) = dictionary.filter(|at| (4..chunk.start).contains(at)) {
            chunk.start = at;
        }
        Some(chunk)
    }

    /// How its pages are packed.
    pub(super) fn packing(&self) -> Result<Packing, Corrupt> {
        Packing::of(self.codec).map_err(|found| {
            let known = "plain, SNAPPY, GZIP, BROTLI, ZSTD or LZ4";
            Corrupt::new(format!("expected pages that are {known}, found {found}"))
        })
    }
}
