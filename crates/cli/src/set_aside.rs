//! `--set-aside`: every line that no record was used of, as JSON lines in an order that no thread decides.
//!
//! Each reader spools what it sets aside to a file without a name beside the result, and remembers where each object's
//! lines lie: an object is read by one reader, in the order of its lines. At the end the objects are copied together in
//! the order of their names. Memory follows the objects, not the lines.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use egressmap_parser::batch::{FlowBatch, Refused};
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, DnsRecord, FlowRecord, Gap, Reason, Sink, Verdict};
use serde::Serialize;

use crate::json;

/// The file that was asked for, open before anything is read.
pub(crate) struct SetAside {
    path: PathBuf,
    file: File,
}

impl SetAside {
    /// Empties the file, or makes it.
    pub(crate) fn create(path: &Path) -> Result<SetAside> {
        let file = File::create(path).with_context(|| format!("--set-aside: cannot write {}", path.display()))?;
        Ok(SetAside {
            path: path.to_path_buf(),
            file,
        })
    }

    /// Where one reader puts its lines.
    pub(crate) fn spool(&self) -> Spool {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Beside the result, where there is room for it; a device has nothing beside it.
        let spool = tempfile::tempfile_in(folder.unwrap_or(Path::new("."))).or_else(|_| tempfile::tempfile());
        let (to, failed) = match spool {
            Ok(file) => (Some(BufWriter::new(file)), None),
            Err(error) => (None, Some(error)),
        };
        Spool {
            to,
            failed,
            runs: Vec::new(),
            object: String::new(),
        }
    }

    /// Writes the lines of all readers in order.
    pub(crate) fn gather(self, spools: Vec<Spool>) -> Result<()> {
        self.copy(spools)
            .with_context(|| format!("--set-aside: cannot write {} whole", self.path.display()))
    }

    fn copy(&self, spools: Vec<Spool>) -> io::Result<()> {
        let mut files = Vec::with_capacity(spools.len());
        let mut runs = Vec::new();
        for (reader, spool) in spools.into_iter().enumerate() {
            let (file, run) = spool.close()?;
            files.push(file);
            runs.extend(run.into_iter().map(|run| (run, reader)));
        }
        runs.sort_unstable();
        let mut out = BufWriter::new(&self.file);
        for (run, reader) in runs {
            if let Some(mut file) = files.get(reader) {
                file.seek(SeekFrom::Start(run.from))?;
                io::copy(&mut file.take(run.length), &mut out)?;
            }
        }
        out.flush()
    }
}

/// What one reader set aside.
pub(crate) struct Spool {
    to: Option<BufWriter<File>>,
    failed: Option<io::Error>,
    runs: Vec<Run>,
    /// The object at hand as JSON.
    object: String,
}

/// Where the lines of one object lie.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    uri: String,
    version: Option<String>,
    from: u64,
    length: u64,
}

#[derive(Serialize)]
struct Aside<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<u64>,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Spool {
    fn object(&mut self, id: &ObjectId) {
        self.object = json::line(&id.uri);
        self.runs.push(Run {
            uri: id.uri.clone(),
            version: id.version.clone(),
            from: self.runs.last().map_or(0, |last| last.from + last.length),
            length: 0,
        });
    }

    fn line(&mut self, aside: &Aside<'_>) {
        let (Some(to), Some(run)) = (&mut self.to, self.runs.last_mut()) else {
            return;
        };
        let text = json::line(aside);
        let rest = text.strip_prefix('{').unwrap_or(&text);
        let text = format!("{{\"object\":{},{rest}\n", self.object);
        match to.write_all(text.as_bytes()) {
            Ok(()) => run.length += text.len() as u64,
            // The rest of the logs is read all the same; the end says what is missing.
            Err(error) => (self.to, self.failed) = (None, Some(error)),
        }
    }

    fn close(self) -> io::Result<(File, Vec<Run>)> {
        match (self.failed, self.to) {
            (Some(error), _) => Err(error),
            (None, Some(to)) => Ok((to.into_inner().map_err(io::IntoInnerError::into_error)?, self.runs)),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A sink that spools what it and the reader set aside, and leaves the rest to another.
pub(crate) struct Spooling<S> {
    inner: S,
    spool: Option<Spool>,
}

impl<S: Sink> Spooling<S> {
    pub(crate) fn new(inner: S, spool: Option<Spool>) -> Self {
        Spooling { inner, spool }
    }

    /// What records are given to: without a spool the other sink itself, so that nothing stands in between.
    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        if self.spool.is_some() { self } else { &mut self.inner }
    }

    pub(crate) fn apart(self) -> (S, Option<Spool>) {
        (self.inner, self.spool)
    }
}

impl<S: Sink> Sink for Spooling<S> {
    fn object(&mut self, id: &ObjectId) {
        self.inner.object(id);
        if let Some(spool) = &mut self.spool {
            spool.object(id);
        }
    }

    fn flow(&mut self, line: u64, record: &FlowRecord<'_>) -> Verdict {
        self.inner.flow(line, record)
    }

    fn origin(&mut self, origin: &str) {
        self.inner.origin(origin);
    }

    fn flows(&mut self, batch: &FlowBatch<'_>, refused: &mut Refused) {
        self.inner.flows(batch, refused);
    }

    fn access(&mut self, line: u64, record: &AccessRecord<'_>) -> Verdict {
        self.inner.access(line, record)
    }

    fn dns(&mut self, line: u64, record: &DnsRecord<'_>) -> Verdict {
        self.inner.dns(line, record)
    }

    fn gap(&mut self, line: u64, gap: &Gap<'_>) {
        self.inner.gap(line, gap);
    }

    fn wants_set_aside(&self) -> bool {
        true
    }

    fn set_aside(&mut self, line: u64, event: Option<u64>, reason: Reason, message: Option<&str>) {
        if let Some(spool) = &mut self.spool {
            spool.line(&Aside {
                line,
                event,
                reason,
                message,
            });
        }
    }
}
