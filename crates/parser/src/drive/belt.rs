//! What the readers share: the receiving end, the objects that came over it, and what went wrong.

use std::any::Any;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fault, Outcome, Progress};
use crate::Counters;
use crate::source::{Delivery, Object, ObjectId};

/// Carries deliveries to the readers, and remembers.
pub(super) struct Belt<'a, E> {
    receive: Mutex<Receiver<Delivery>>,
    taken: Mutex<Taken>,
    faults: Mutex<Vec<Fault<E>>>,
    notes: Mutex<BTreeSet<String>>,
    progress: &'a Progress,
}

#[derive(Default)]
struct Taken {
    objects: BTreeSet<ObjectId>,
    duplicates: u64,
}

impl<'a, E> Belt<'a, E> {
    pub(super) fn new(receive: Receiver<Delivery>, progress: &'a Progress) -> Self {
        Self {
            receive: Mutex::new(receive),
            taken: Mutex::default(),
            faults: Mutex::default(),
            notes: Mutex::default(),
            progress,
        }
    }

    /// Takes deliveries until every source is at its end.
    pub(super) fn empty<S>(
        &self,
        sink: &mut S,
        counters: &mut Counters,
        read: &impl Fn(Object, &mut S, &mut Counters) -> Result<(), E>,
    ) {
        while let Some(delivery) = self.next() {
            match delivery {
                Delivery::Failed(error) => self.fault(Fault::Unopened(error)),
                Delivery::Note(note) => drop(lock(&self.notes).insert(note)),
                Delivery::Object(object) if self.take(&object.id) => {
                    let (object, meter) = self.metered(object);
                    let id = object.id.clone();
                    match catch_unwind(AssertUnwindSafe(|| read(object, sink, counters))) {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => self.fault(Fault::Object { object: id, error }),
                        Err(panic) => self.fault(Fault::Panicked {
                            object: id,
                            message: message(&*panic),
                        }),
                    }
                    meter.end();
                    self.progress.objects.fetch_add(1, Ordering::Relaxed);
                }
                // It came before.
                Delivery::Object(_) => {}
            }
        }
    }

    /// The next delivery. One reader waits on the channel, the others on the lock.
    fn next(&self) -> Option<Delivery> {
        lock(&self.receive).recv().ok()
    }

    fn metered(&self, object: Object) -> (Object, Meter) {
        let meter = Meter {
            bytes: Arc::clone(&self.progress.bytes),
            own: Arc::default(),
            size: object.id.size.filter(|_| object.at.is_some()),
        };
        let metered = Object {
            body: Box::new(Metered {
                body: object.body,
                meter: meter.clone(),
            }),
            records: Some(Arc::clone(&self.progress.records)),
            ..object
        };
        (metered, meter)
    }

    /// Whether the object came for the first time.
    fn take(&self, id: &ObjectId) -> bool {
        let mut taken = lock(&self.taken);
        // The size is no part of the identity, and the unknown size sorts first.
        let first_alike = ObjectId {
            size: None,
            ..id.clone()
        };
        let alike = |known: &ObjectId| known.uri == id.uri && known.version == id.version;
        if taken.objects.range(first_alike..).next().is_some_and(alike) {
            taken.duplicates += 1;
            return false;
        }
        taken.objects.insert(id.clone())
    }

    pub(super) fn fault(&self, fault: Fault<E>) {
        lock(&self.faults).push(fault);
    }

    pub(super) fn outcome<S>(self, shares: Vec<(S, Counters)>) -> Outcome<S, E> {
        let taken = self.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        faults.sort_by(|one, other| one.rank().cmp(&other.rank()));
        let mut counters = Counters::default();
        let mut sinks = Vec::with_capacity(shares.len());
        for (sink, counted) in shares {
            counters.add(&counted);
            sinks.push(sink);
        }
        counters.objects = u64::try_from(taken.objects.len()).unwrap_or(u64::MAX);
        Outcome {
            sinks,
            counters,
            objects: taken.objects,
            duplicates: taken.duplicates,
            notes: self.notes.into_inner().unwrap_or_else(PoisonError::into_inner),
            faults,
        }
    }
}

/// Nothing that holds one of the locks calls foreign code, so a poisoned one is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

/// Counts the bytes of a body as they are read.
struct Metered {
    body: Box<dyn Read + Send>,
    meter: Meter,
}

/// The bytes of one object, as part of all.
#[derive(Clone)]
struct Meter {
    bytes: Arc<AtomicU64>,
    own: Arc<AtomicU64>,
    /// Of an object that may be read by its index, and so not all of it.
    size: Option<u64>,
}

impl Meter {
    fn add(&self, bytes: u64) {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was not read by now will not be.
    fn end(self) {
        let read = self.own.load(Ordering::Relaxed);
        self.add(self.size.unwrap_or(read).saturating_sub(read));
    }
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(into)?;
        self.meter.add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
