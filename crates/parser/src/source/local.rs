//! Files: one, a folder of them with all that is below it, or those that a glob matches.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::{Deliveries, Delivery, Object, ObjectId, ReadAt, Source, SourceError, SourceKind};
use crate::printable;
use spool::Stored;

mod spool;

pub(crate) use spool::spool;

pub(super) static KIND: SourceKind = SourceKind {
    name: "local",
    help: "a file, a folder with all that is below it, or a glob (* and ? stay within a folder, ** does not)",
    example: "logs/**/*.log.gz",
    recognises: |spec| super::scheme(spec).is_none(),
    open: |spec, _| Ok(Box::new(Local::new(spec)?)),
};

/// The characters that make a path a glob, unless a file of that very name exists.
const GLOB: &[char] = &['*', '?', '[', '{'];

const NO_MATCH: &str = "no file matches it";

struct Local {
    spec: String,
    what: What,
}

enum What {
    /// A file or a folder; which one is found out when it is delivered.
    Path(PathBuf),
    /// What matches, below the deepest folder that is named without a glob.
    Glob { below: PathBuf, matcher: GlobMatcher },
}

/// Whether the receiving end still wants more.
type Sent = ControlFlow<()>;

impl Local {
    fn new(spec: &str) -> Result<Self, SourceError> {
        let path = PathBuf::from(spec);
        let what = if spec.contains(GLOB) && !path.exists() {
            let glob = GlobBuilder::new(spec.strip_prefix("./").unwrap_or(spec))
                .literal_separator(true)
                .build()
                .map_err(|error| SourceError {
                    what: format!("cannot read {}", printable::name(spec)),
                    why: printable::name(&error.kind().to_string()),
                    hint: None,
                })?;
            What::Glob {
                below: below(&path),
                matcher: glob.compile_matcher(),
            }
        } else {
            What::Path(path)
        };
        Ok(Local {
            spec: spec.to_owned(),
            what,
        })
    }

    fn nothing(&self, why: &str) -> SourceError {
        SourceError {
            what: self.cannot_read(),
            why: why.to_owned(),
            hint: None,
        }
    }

    fn cannot_read(&self) -> String {
        format!("cannot read {}", printable::name(&self.spec))
    }

    /// Sends every file below a folder that is wanted, in the order of names; fails if there is none.
    fn walk(
        &self,
        folder: &Path,
        wanted: impl Fn(&Path) -> bool,
        none: &str,
        to: &Deliveries,
    ) -> Result<(), SourceError> {
        let mut found = false;
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            let sent = match entry {
                Ok(entry) if entry.file_type().is_dir() || !wanted(plain(entry.path())) => continue,
                Ok(entry) => send_entry(&entry, to),
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_path_buf();
                    send_failure("list", &path, &error.to_string(), to)
                }
            };
            found = true;
            if sent.is_break() {
                return Ok(());
            }
        }
        if found { Ok(()) } else { Err(self.nothing(none)) }
    }
}

impl Source for Local {
    fn uri(&self) -> &str {
        &self.spec
    }

    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError> {
        match &self.what {
            What::Glob { below, .. } if !below.exists() => Err(self.nothing(NO_MATCH)),
            What::Glob { below, matcher } => self.walk(below, |path| matcher.is_match(path), NO_MATCH, to),
            What::Path(path) => match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => self.walk(path, |_| true, "there is no file in it", to),
                Ok(_) => {
                    // Whether more is wanted does not matter: there is no more.
                    let _ = send_file(plain(path), to);
                    Ok(())
                }
                Err(error) => Err(self.nothing(&reason(&error))),
            },
        }
    }

    fn survey(&self, each: &mut dyn FnMut(&ObjectId)) -> bool {
        let below = match &self.what {
            What::Glob { below, .. } => below,
            What::Path(path) => path,
        };
        let mut told = true;
        for entry in WalkDir::new(below).follow_links(true).into_iter().flatten() {
            let wanted = match &self.what {
                What::Glob { matcher, .. } => matcher.is_match(plain(entry.path())),
                What::Path(_) => true,
            };
            if entry.file_type().is_dir() || !wanted {
                continue;
            }
            let size = entry.metadata().ok().filter(fs::Metadata::is_file);
            told &= size.is_some();
            each(&id(plain(entry.path()), size.as_ref()));
        }
        told
    }
}

/// The deepest folder of a glob that is named plainly; what to walk.
fn below(glob: &Path) -> PathBuf {
    let plain: PathBuf = glob
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(GLOB))
        .collect();
    if plain.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        plain
    }
}

/// A path below `.` as the user would have written it.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

fn send_entry(entry: &DirEntry, to: &Deliveries) -> Sent {
    if entry.file_type().is_file() {
        return send_file(plain(entry.path()), to);
    }
    // A pipe or a device in a folder would make the run wait for ever.
    send_failure("open", entry.path(), "it is not a regular file", to)
}

fn send_file(path: &Path, to: &Deliveries) -> Sent {
    match File::open(path) {
        Ok(file) => {
            let id = id(path, file.metadata().ok().filter(fs::Metadata::is_file).as_ref());
            let file = Arc::new(file);
            let object = Object {
                at: random(&file, id.size),
                ..Object::new(id, Box::new(file))
            };
            send(Delivery::Object(object), to)
        }
        Err(error) => send_failure("open", path, &reason(&error), to),
    }
}

/// What a file is known by; only of a regular one is the size the size.
fn id(path: &Path, regular: Option<&fs::Metadata>) -> ObjectId {
    ObjectId {
        uri: path.to_string_lossy().into_owned(),
        version: None,
        size: regular.map(fs::Metadata::len),
    }
}

/// A file that has a size can be read in any order.
fn random(file: &Arc<File>, size: Option<u64>) -> Option<Arc<dyn ReadAt>> {
    let stored = Stored {
        file: Arc::clone(file),
        size: size?,
    };
    Some(Arc::new(stored))
}

fn send_failure(verb: &str, path: &Path, why: &str, to: &Deliveries) -> Sent {
    let what = format!("cannot {verb} {}", printable::name(&path.to_string_lossy()));
    send(
        Delivery::Failed(SourceError {
            what,
            why: printable::name(why),
            hint: None,
        }),
        to,
    )
}

fn send(delivery: Delivery, to: &Deliveries) -> Sent {
    match to.send(delivery) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// Why, in the words that say what to do about it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
