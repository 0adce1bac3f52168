//! Sources as the user wrote them: opened together, or read one object after the other in their order.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use egressmap_parser::source::{self, Object, Source, Wanted};
use egressmap_parser::{Counters, ObjectError, Progress, drive};

use crate::args::Global;
use crate::{Ending, say};

/// Every source, nothing found and nothing opened yet.
pub(crate) fn open(sources: &[String], wanted: &Wanted) -> Result<Vec<Box<dyn Source>>> {
    let opened: Result<Vec<_>, _> = sources.iter().map(|spec| source::open(spec, wanted)).collect();
    Ok(opened?)
}

/// Reads the objects of all sources on one thread, in the order of the sources and of their names; says what cannot be
/// read and goes on.
pub(crate) fn in_order(
    global: &Global,
    sources: &[String],
    wanted: &Wanted,
    read: impl FnMut(Object) -> Result<(), ObjectError> + Send,
) -> Result<Ending> {
    // There is one reader; the lock tells the compiler.
    let read = Mutex::new(read);
    let mut ending = Ending::Done;
    for source in open(sources, wanted)? {
        let outcome = drive(
            &[source],
            NonZeroUsize::MIN,
            || (),
            |object, (), _: &mut Counters| (read.lock().unwrap_or_else(PoisonError::into_inner))(object),
            &Progress::default(),
        );
        for note in &outcome.notes {
            say::note(global, note);
        }
        for fault in outcome.faults {
            say::fault(fault);
            ending = Ending::Incomplete;
        }
    }
    Ok(ending)
}

/// Whether there can be more than one object, so that each line must say which it is from.
pub(crate) fn may_be_several(sources: &[String]) -> bool {
    match sources {
        [one] => one != "-" && !is_file(one),
        _ => true,
    }
}

/// Whether it is a path to something that is read as one object, a pipe among them.
fn is_file(spec: &str) -> bool {
    Path::new(spec).metadata().is_ok_and(|metadata| !metadata.is_dir())
}

/// The first source that can be read only once: standard input, or a pipe.
pub(crate) fn read_once(sources: &[String]) -> Option<&String> {
    let regular = |path: &Path| path.metadata().is_ok_and(|metadata| metadata.is_file());
    sources
        .iter()
        .find(|spec| *spec == "-" || (is_file(spec) && !regular(Path::new(spec))))
}
