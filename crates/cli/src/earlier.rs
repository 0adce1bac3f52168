//! What an earlier run counted: objects that are not read again when a map is added to.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::Manifest;
use egressmap_parser::source::ObjectId;
use egressmap_parser::{Fault, ObjectError};

/// Objects by what a map knows them by, with the size they had.
#[derive(Default)]
pub(crate) struct Earlier(BTreeMap<(String, Option<String>), Option<u64>>);

impl Earlier {
    /// The objects that a map has counted.
    pub(crate) fn of(before: &Manifest) -> Earlier {
        let objects = before.objects.iter();
        Earlier(
            objects
                .map(|object| ((object.uri.clone(), object.version.clone()), object.size))
                .collect(),
        )
    }

    pub(crate) fn has(&self, id: &ObjectId) -> bool {
        self.0.contains_key(&identity(id))
    }

    /// An object that was counted before is not read again; one that has changed since cannot be told apart from its
    /// past. `None` if it was not counted before.
    pub(crate) fn unchanged(&self, id: &ObjectId) -> Option<Result<(), ObjectError>> {
        let then = self.0.get(&identity(id))?;
        if id.size == *then {
            return Some(Ok(()));
        }
        Some(Err(ObjectError {
            uri: id.uri.clone(),
            what: "has changed since this map counted it, and was not read again\n  \
                   hint: discover into a new map, or read files that are no longer written to"
                .to_owned(),
        }))
    }

    /// The objects that were read in part now: what they lack is lacking from the map for good.
    pub(crate) fn incomplete_since(&self, faults: &[Fault<ObjectError>]) -> BTreeSet<(String, String)> {
        faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::Object { object, .. } if self.has(object) => None,
                Fault::Object { object, error } => Some((object.uri.clone(), error.what.clone())),
                Fault::Panicked { object, message } => Some((object.uri.clone(), message.clone())),
                Fault::Source(_) | Fault::Unopened(_) => None,
            })
            .collect()
    }
}

/// What an earlier run could not read whole, and nobody reads again.
pub(crate) fn left_lacking(before: &Manifest) -> Vec<String> {
    let incomplete = before.incomplete.iter();
    let named = incomplete.map(|(uri, what)| {
        format!("{uri}: {what} (in an earlier run)\n  hint: discover into a new map once the object is whole")
    });
    named.collect()
}

/// What an object is known by in a map.
fn identity(id: &ObjectId) -> (String, Option<String>) {
    (id.uri.clone(), id.version.clone())
}
