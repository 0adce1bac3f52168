//! The map on disk: one Parquet file, one row a dependency, with the manifest in the file's own metadata.
//!
//! The columns are plain: text, unsigned integers, and lists of them; the words are those of the JSON that `show`
//! prints, times are Unix seconds. The counts that `show` prints (`records_flow`, `bytes_out`, …) stand beside the
//! tallies they are chosen from (`at_initiator_records`, …); only the tallies are read back.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{ParquetReader, PolarsError, SerReader};
use serde::{Deserialize, Serialize};

use crate::aggregate::Kept;
use crate::map::{DependencyMap, Manifest, SCHEMA};
use crate::replace::replace_by;

mod cells;
mod columns;
pub(crate) mod part;
mod rows;
mod sampled;
mod seal;
#[cfg(test)]
mod tests;
mod write;

use seal::{Sealed, Sealing};
use write::Beside;
pub(crate) use write::{LEVEL, Rows};

/// The key of the manifest in the file's metadata.
const METADATA_KEY: &str = "egressmap";

/// The key, in the file's metadata, of where what the logs showed before anything was decided lies in the file.
const KEPT_KEY: &str = "egressmap.counted";

/// The first and last bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// Why a map could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file system would not let it be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file system would not let it be written. What stood there before still does.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else than a map.
    #[error("{}: expected a map, as `discover --out` writes it: {why}", path.display())]
    NotAMap {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// A map of another layout.
    #[error("{}: expected a map of schema {SCHEMA:?}, found {found:?}: another version of egressmap wrote it", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: String,
    },
    /// A map whose content is not what it should be.
    #[error("{}: damaged map: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found, and where.
        why: String,
    },
}

/// What the file's metadata holds.
#[derive(Serialize)]
struct Envelope<'a> {
    schema: &'static str,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

/// The part of it that tells whether the rest can be read.
#[derive(Deserialize)]
struct SchemaOnly {
    schema: String,
}

impl DependencyMap {
    /// Whether a file is a map, told from its content: Parquet that carries our manifest, of whatever schema and in
    /// whatever state. What cannot be read is none.
    #[must_use]
    pub fn is_in(path: &Path) -> bool {
        let Ok(mut file) = File::open(path) else {
            return false;
        };
        carries_manifest(&mut file).unwrap_or(false)
    }

    /// Reads a map.
    ///
    /// # Errors
    /// When the file cannot be read, is no map, is a map of another schema, or is damaged.
    pub fn read_parquet(path: &Path) -> Result<Self, TableError> {
        Ok(DependencyMap::read_to_grow(path)?.0)
    }

    /// Reads a map with what it keeps of its logs, so that more can be added to it. Maps of earlier versions keep nothing.
    ///
    /// # Errors
    /// As [`DependencyMap::read_parquet`].
    pub fn read_to_grow(path: &Path) -> Result<(Self, Option<Kept>), TableError> {
        let file = fs::read(path).map_err(|source| TableError::Read {
            path: path.to_owned(),
            source,
        })?;
        decode(path, file)
    }

    /// Writes the map, all of it or nothing: what stood there before stays until the new map is complete on disk.
    /// The same map gives the same bytes.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_parquet(&self, path: &Path) -> Result<(), TableError> {
        self.write_keeping(None, path)
    }

    /// Writes the map with what it keeps of its logs, as [`DependencyMap::write_parquet`] does.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_keeping(&self, kept: Option<&Kept>, path: &Path) -> Result<(), TableError> {
        let rows: Vec<_> = self.dependencies.iter().collect();
        write_rows(&rows, &self.manifest, kept, path)
    }
}

/// Writes rows and their manifest as [`DependencyMap::write_parquet`] does.
pub(crate) fn write_rows(
    rows: &impl Rows,
    manifest: &Manifest,
    kept: Option<&Kept>,
    path: &Path,
) -> Result<(), TableError> {
    let envelope = Envelope {
        schema: SCHEMA,
        manifest,
    };
    let written = serde_json::to_string(&envelope)
        .map_err(io::Error::from)
        .and_then(|envelope| replace_by(path, |to| encode(rows, &envelope, kept, to)));
    written.map_err(|source| TableError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes a table and its manifest.
fn encode(rows: &impl Rows, envelope: &str, kept: Option<&Kept>, to: &mut dyn Write) -> io::Result<()> {
    let metadata = [(METADATA_KEY, envelope), (seal::KEY, seal::BLANK)];
    let beside = Beside {
        metadata: &metadata,
        kept: kept.map(|kept| (KEPT_KEY, kept)),
    };
    let (to, end) = write::file(&columns::fields(), rows, beside, Sealing::new(to))?;
    to.finish(end)
}

/// The bytes of the file at `path` as a map.
fn decode(path: &Path, file: Vec<u8>) -> Result<(DependencyMap, Option<Kept>), TableError> {
    let not_a_map = |why| TableError::NotAMap {
        path: path.to_owned(),
        why,
    };
    let damaged = |why: String| TableError::Damaged {
        path: path.to_owned(),
        why,
    };
    let of_polars = |error: PolarsError| damaged(error.to_string().lines().next().unwrap_or_default().to_owned());
    if !file.starts_with(MAGIC) {
        return Err(not_a_map("this is no Parquet file"));
    }
    if file.len() < 2 * MAGIC.len() || !file.ends_with(MAGIC) {
        return Err(damaged("its end is missing".to_owned()));
    }
    match seal::check(&file) {
        Sealed::Whole => {}
        Sealed::Broken => return Err(damaged("its content is not what was written".to_owned())),
        Sealed::Not => return Err(not_a_map("this Parquet file is something else")),
    }
    let file: Arc<[u8]> = file.into();
    let mut reader = ParquetReader::new(Cursor::new(Arc::clone(&file))).set_rechunk(true);
    let metadata = reader.get_metadata().map_err(of_polars)?.clone();
    let pairs = metadata.key_value_metadata().as_deref().unwrap_or_default();
    let of_key = |key: &str| pairs.iter().find(|pair| pair.key == key)?.value.as_deref();
    let manifest = manifest(
        path,
        of_key(METADATA_KEY).ok_or_else(|| not_a_map("this Parquet file is something else"))?,
    )?;
    let kept = of_key(KEPT_KEY).map(|place| kept(&file, place)).transpose();
    let kept = kept.map_err(|error| damaged(error.to_string()))?;
    let frame = reader.finish().map_err(of_polars)?;
    let dependencies = rows::dependencies(&frame).map_err(|error| damaged(error.to_string()))?;
    Ok((DependencyMap { manifest, dependencies }, kept))
}

/// What lies at a place of the file.
fn kept(file: &Arc<[u8]>, place: &str) -> io::Result<Kept> {
    let place = place.split_once(' ').and_then(|(from, length)| {
        let from = from.parse().ok()?;
        Some((from, length.parse().ok()?))
    });
    let (from, length) = place.ok_or_else(|| io::Error::other("what it keeps of its logs is nowhere"))?;
    Kept::of_map(file, from, length)
}

/// Whether the Parquet footer, whose length stands before the final magic, names our manifest and seal.
fn carries_manifest(file: &mut File) -> io::Result<bool> {
    let mut ends = [0; 8];
    file.read_exact(&mut ends[..MAGIC.len()])?;
    if !ends.starts_with(MAGIC) {
        return Ok(false);
    }
    let end = file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut ends)?;
    let [a, b, c, d, magic @ ..] = ends;
    if magic != *MAGIC {
        return Ok(false);
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d])).min(end);
    file.seek(SeekFrom::Start(end - length))?;
    let mut footer = Vec::new();
    file.take(length).read_to_end(&mut footer)?;
    let mut names = footer.windows(METADATA_KEY.len());
    Ok(seal::is_named_in(&footer) && names.any(|bytes| bytes == METADATA_KEY.as_bytes()))
}

fn manifest(path: &Path, envelope: &str) -> Result<Manifest, TableError> {
    let damaged = |error: serde_json::Error| TableError::Damaged {
        path: path.to_owned(),
        why: format!("manifest: {error}"),
    };
    let SchemaOnly { schema } = serde_json::from_str(envelope).map_err(damaged)?;
    if schema != SCHEMA {
        return Err(TableError::Schema {
            path: path.to_owned(),
            found: schema,
        });
    }
    serde_json::from_str(envelope).map_err(damaged)
}
