//! Writes a world to disk, in the folders and under the names that a platform would use.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use crate::world::World;

/// Whether flow log objects are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `.log.gz`, as AWS delivers them.
    Gzip,
    /// `.log`.
    Plain,
}

/// How a world lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The container of flow log objects; access logs are plain, as a sidecar writes them.
    pub container: Container,
}

impl World {
    /// All files of the world by their path below its folder, in order: `logs/flow/AWSLogs/…`, `logs/envoy/…`,
    /// `inventory.csv`, `ip-ranges.json` and `truth.json`.
    ///
    /// # Errors
    /// When compression fails, which it does not for want of anything but memory.
    pub fn files(&self, layout: Layout) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::with_capacity(self.objects.len() + 3);
        for object in &self.objects {
            let path = format!("logs/{}", object.key);
            let text = object.text.as_bytes();
            files.push(match layout.container {
                Container::Gzip if object.delivered_compressed => (format!("{path}.gz").into(), gzip(text)?),
                Container::Gzip | Container::Plain => (path.into(), text.to_vec()),
            });
        }
        let mut truth = serde_json::to_vec_pretty(&self.truth)?;
        truth.push(b'\n');
        files.push(("inventory.csv".into(), self.inventory.clone().into_bytes()));
        files.push(("ip-ranges.json".into(), self.ip_ranges.clone().into_bytes()));
        files.push(("truth.json".into(), truth));
        Ok(files)
    }

    /// Writes all files below `dir`, which is made where it does not exist.
    ///
    /// # Errors
    /// When a file cannot be written, or when `dir/logs` holds a log of another world, which would mix with this one's;
    /// the message names it.
    pub fn write(&self, dir: &Path, layout: Layout) -> io::Result<()> {
        let files = self.files(layout)?;
        refuse_strangers(dir, &files.iter().map(|(path, _)| dir.join(path)).collect())?;
        for (path, bytes) in files {
            let path = dir.join(path);
            let written = path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, bytes));
            written
                .map_err(|error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())))?;
        }
        Ok(())
    }
}

/// Fails where `dir/logs` holds a file that is not among `own`.
pub(crate) fn refuse_strangers(dir: &Path, own: &BTreeSet<PathBuf>) -> io::Result<()> {
    let mut folders = vec![dir.join("logs")];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !own.contains(&path) {
                let message = format!("{} is not of this world: write to an empty folder", path.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
        }
    }
    Ok(())
}

/// One gzip member without name and time. Level and backend are fixed (the workspace builds flate2 with zlib-rs and
/// nothing else that would come first), so that the bytes are the same on any machine.
fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder: GzEncoder<Vec<u8>> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    encoder.write_all(text)?;
    encoder.finish()
}
