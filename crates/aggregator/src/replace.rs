//! Files that are replaced whole: whoever reads one finds the old or the new, whenever the writer was killed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What the name of a file ends with until it is complete.
const PARTIAL: &str = ".partial";

/// Puts `bytes` in place of the file at `path` in one step, and takes away what writers that were killed left beside it.
/// Two writers of one file at once are a mistake: one of them may fail.
///
/// # Errors
/// When the file system refuses. What stood there before still does.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |to| to.write_all(bytes))
}

/// Puts what `write` writes in place of the file at `path`, as [`replace`] does.
pub(crate) fn replace_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
    let name = path.file_name().ok_or_else(no_name)?;
    sweep(path, name)?;
    let partial = path.with_file_name(partial_name(name, std::process::id()));
    let written = write_through(&partial, write).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to report; a partial file that cannot be removed does no harm.
        fs::remove_file(&partial).ok();
    }
    written
}

/// A name beside the file that no other process writes: `.NAME.PROCESS.partial`.
fn partial_name(name: &OsStr, process: u32) -> OsString {
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(format!(".{process}{PARTIAL}"));
    partial
}

fn sweep(path: &Path, name: &OsStr) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    for beside in fs::read_dir(folder)? {
        let beside = beside?.file_name();
        let process = beside
            .to_str()
            .and_then(|text| text.strip_suffix(PARTIAL)?.rsplit_once('.'));
        let is_left_over = process
            .and_then(|(_, process)| process.parse().ok())
            .is_some_and(|process| beside == partial_name(name, process));
        if is_left_over {
            fs::remove_file(folder.join(beside)).ok();
        }
    }
    Ok(())
}

fn write_through(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::replace;

    #[test]
    fn a_file_is_replaced_and_what_killed_writers_left_of_it_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("map", "old"),
            (".map.12.partial", "m"),
            (".map.x.partial", "another's"),
            (".mapp.12.partial", "another's"),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        replace(&dir.path().join("map"), b"new").unwrap();
        assert_eq!(fs::read(dir.path().join("map")).unwrap(), b"new");
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".map.x.partial", ".mapp.12.partial", "map"]);
    }
}
