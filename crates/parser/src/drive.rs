//! Where sources and readers meet: one bounded channel between the threads that fetch and the threads that parse.

mod belt;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use rayon::ThreadPoolBuilder;

use crate::Counters;
use crate::source::{Delivery, Object, ObjectId, Source, SourceError};
use belt::{Belt, message};

/// How many deliveries wait for a reader; each may hold an open file or a connection.
const WAITING: usize = 8;

/// How far a run has come, for whoever wants to show it from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    objects: AtomicU64,
    bytes: Arc<AtomicU64>,
    records: Arc<AtomicU64>,
}

impl Progress {
    /// Objects read to their end, or as far as they could be.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }

    /// Bytes read as stored, before decoding; of an object that is read by its index all, once it is done.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Records given to the sinks, wanted by them or not, counted a block at a time.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome<S, E> {
    /// One sink for each reader. Which object went to which sink is chance: adding the sinks up must not depend on it.
    pub sinks: Vec<S>,
    /// The counters of all readers, added up; `objects` counts every object that was read, in whole or in part.
    pub counters: Counters,
    /// The objects that were read, in whole or in part.
    pub objects: BTreeSet<ObjectId>,
    /// Deliveries of an object that had been delivered before: not read again, and no fault.
    pub duplicates: u64,
    /// What the sources have to say of what they left out on purpose, sorted.
    pub notes: BTreeSet<String>,
    /// What went wrong, in an order that does not depend on the threads.
    pub faults: Vec<Fault<E>>,
}

/// Something that could not be read, so that the run is incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault<E> {
    /// A source that could not be listed to its end.
    Source(SourceError),
    /// An object that is there and could not be opened.
    Unopened(SourceError),
    /// An object whose reader gave up; what it had read until then stands.
    Object {
        /// Which object.
        object: ObjectId,
        /// What its reader said; it names the object.
        error: E,
    },
    /// An object whose reader panicked; what it had read until then stands.
    Panicked {
        /// Which object.
        object: ObjectId,
        /// The panic's message.
        message: String,
    },
}

impl<E> Fault<E> {
    /// Sources first, then objects by name: a fixed order for the same faults.
    fn rank(&self) -> (u8, &str, &str) {
        match self {
            Self::Source(error) => (0, &error.what, &error.why),
            Self::Unopened(error) => (1, &error.what, &error.why),
            Self::Object { object, .. } => (2, &object.uri, object.version.as_deref().unwrap_or_default()),
            Self::Panicked { object, message } => (3, &object.uri, message),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) | Self::Unopened(error) => error.fmt(f),
            Self::Object { error, .. } => error.fmt(f),
            Self::Panicked { object, message } => {
                let (uri, message) = (object.uri.escape_debug(), message.escape_debug());
                write!(f, "cannot read {uri}: the reader panicked: {message}")
            }
        }
    }
}

/// Reads every object of every source once, on `threads` readers that each have a sink and counters of their own.
///
/// Each source runs on a thread of its own and blocks while the readers are behind. `read` is given one object at a
/// time; an error, a source that fails, or a panic costs its own object or source and nothing else. An object (the same
/// URI and version) that is delivered again is not read again.
pub fn drive<S: Send, E: Send>(
    sources: &[Box<dyn Source>],
    threads: NonZeroUsize,
    new_sink: impl Fn() -> S,
    read: impl Fn(Object, &mut S, &mut Counters) -> Result<(), E> + Sync,
    progress: &Progress,
) -> Outcome<S, E> {
    let (to, receive) = sync_channel(WAITING);
    let belt = Belt::new(receive, progress);
    let mut shares: Vec<(S, Counters)> = (0..threads.get()).map(|_| (new_sink(), Counters::default())).collect();
    let pool = match ThreadPoolBuilder::new().num_threads(threads.get()).build() {
        Ok(pool) => pool,
        Err(why) => {
            belt.fault(Fault::Source(no_thread(&format!("with {threads} threads"), &why)));
            return belt.outcome(shares);
        }
    };
    thread::scope(|suppliers| {
        for source in sources {
            let (to, belt) = (to.clone(), &belt);
            let supply = move || supply(source.as_ref(), &to, belt);
            if let Err(why) = thread::Builder::new().spawn_scoped(suppliers, supply) {
                belt.fault(Fault::Source(no_thread(source.uri(), &why)));
            }
        }
        // The channel closes when the last source is at its end.
        drop(to);
        pool.in_place_scope(|readers| {
            for (sink, counters) in &mut shares {
                readers.spawn(|_| belt.empty(sink, counters, &read));
            }
        });
    });
    belt.outcome(shares)
}

/// Runs one source to its end on the current thread.
fn supply<E>(source: &dyn Source, to: &SyncSender<Delivery>, belt: &Belt<'_, E>) {
    let delivered = catch_unwind(AssertUnwindSafe(|| source.deliver(to)));
    let error = match delivered {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(panic) => SourceError {
            what: format!("cannot read {}", source.uri()),
            why: format!("the source panicked: {}", message(&*panic)),
            hint: None,
        },
    };
    belt.fault(Fault::Source(error));
}

fn no_thread(what: &str, why: &dyn fmt::Display) -> SourceError {
    SourceError {
        what: format!("cannot read {what}"),
        why: format!("no thread could be started: {why}"),
        hint: Some("fewer threads, or a higher limit of processes".to_owned()),
    }
}
