//! What a place must do to be put through the suite.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use egressmap_parser::source::{Object, Source, Wanted};
use egressmap_parser::{Counters, Fault, Progress, drive};

use crate::scenario::Scenario;

/// What stands between a store and whoever reads it from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Connections are reset in the middle of an answer.
    Reset,
    /// Connections end in the middle of an answer as if all had been said.
    Cut,
    /// Connections stay open and silent in the middle of an answer.
    Stall,
    /// The first bytes of connections come one at a time.
    Drip,
    /// The server answers that it is not available.
    Unavailable,
    /// The server answers that the credentials have expired.
    Expired,
}

/// A place that holds objects, and the source that reads it.
pub(crate) trait Store {
    /// The name of the source in its registry.
    const NAME: &'static str;

    /// Whether it holds one object alone: the last that was put.
    const HOLDS_ONE: bool = false;

    /// Why a scenario makes no sense for this source; `None` if it does.
    fn declines(scenario: Scenario) -> Option<&'static str>;

    /// An empty place.
    fn start() -> Self;

    /// Puts an object of text in place of whatever the name held. The text is empty or ends with a line end.
    fn put(&mut self, name: &str, text: &str);

    /// Deletes an object.
    fn delete(&mut self, name: &str);

    /// Lets something go wrong for all who read from now on.
    fn trouble(&mut self, trouble: Trouble);

    /// Whether what was to go wrong did.
    fn was_troubled(&self) -> bool;

    /// The source of all that the place holds.
    fn source(&self, wanted: &Wanted) -> Box<dyn Source>;

    /// The name under which an object was put; `None` for a stranger.
    fn name(&self, uri: &str) -> Option<String>;

    /// The text that was put, out of the bytes that arrived.
    fn text(&self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    /// Reads all that there is, on two threads.
    fn read(&self) -> Reading {
        read(self, self.source(&Wanted::default()))
    }
}

/// An object that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// The name under which it was put, or its URI.
    pub(crate) name: Result<String, String>,
    /// As far as it came.
    pub(crate) text: Vec<u8>,
    /// Why it came no further, if it did not come whole.
    pub(crate) fault: Option<String>,
}

/// All that arrived, and all that went wrong.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) arrived: Vec<Arrived>,
    /// Faults of the source, and of objects that could not be opened.
    pub(crate) faults: Vec<String>,
    /// Objects that were delivered more than once.
    pub(crate) duplicates: u64,
    pub(crate) notes: Vec<String>,
}

pub(crate) fn read<S: Store + ?Sized>(store: &S, source: Box<dyn Source>) -> Reading {
    let read = |mut object: Object, sink: &mut Vec<(String, Vec<u8>, Option<String>)>, _: &mut Counters| {
        let mut bytes = Vec::new();
        let fault = object.body.read_to_end(&mut bytes).err().map(|why| why.to_string());
        sink.push((object.id.uri, bytes, fault));
        Ok::<(), String>(())
    };
    let two = NonZeroUsize::new(2).unwrap();
    let outcome = drive(&[source], two, Vec::new, read, &Progress::default());
    let mut arrived: Vec<Arrived> = outcome
        .sinks
        .into_iter()
        .flatten()
        .map(|(uri, bytes, fault)| Arrived {
            name: store.name(&uri).ok_or(uri),
            text: store.text(bytes),
            fault,
        })
        .collect();
    arrived.sort_by(|one, other| one.name.cmp(&other.name));
    Reading {
        arrived,
        faults: outcome.faults.iter().map(Fault::to_string).collect(),
        duplicates: outcome.duplicates,
        notes: outcome.notes.into_iter().collect(),
    }
}

/// Whoever asks for a source and has counted these objects, by their URIs.
pub(crate) fn counted(uris: BTreeSet<String>) -> Wanted {
    Wanted {
        counted: Some(Arc::new(move |id| uris.contains(&id.uri))),
        ..Wanted::default()
    }
}
