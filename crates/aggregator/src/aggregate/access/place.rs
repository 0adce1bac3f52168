//! Where access records stand: an object, and where within it an envelope says that they come from.

use std::collections::HashMap;
use std::sync::Arc;

use super::told::Told;
use crate::inventory::{Inventory, ObjectOwners, ServiceId};

/// How many origins are remembered at once: the containers of a host write to its log in turn.
const REMEMBERED: usize = 1024;

/// Where the records at hand stand. Owners are found when the first access record comes: most objects hold none.
#[derive(Debug, Default)]
pub(super) struct Place {
    uri: Arc<str>,
    owners: Option<ObjectOwners>,
    /// Empty where no envelope says it.
    origin: Arc<str>,
    by_origin: HashMap<Arc<str>, ObjectOwners>,
    /// Whom the name of the origin, or else of the object, tells; looked at when it is asked for.
    told: Option<Option<Arc<Told>>>,
}

impl Place {
    pub(super) fn object(uri: &str) -> Self {
        Place {
            uri: uri.into(),
            ..Place::default()
        }
    }

    pub(super) fn origin(&mut self, origin: &str) {
        self.told = None;
        self.origin = match self.by_origin.get_key_value(origin) {
            Some((known, _)) => Arc::clone(known),
            None => origin.into(),
        };
    }

    /// Who owns the records at a moment: by their origin, else by their object.
    pub(super) fn owner(&mut self, at: u64, inventory: &Inventory) -> ServiceId {
        if !self.origin.is_empty() {
            if self.by_origin.len() >= REMEMBERED && !self.by_origin.contains_key(&self.origin) {
                self.by_origin.clear();
            }
            let owners = self
                .by_origin
                .entry(Arc::clone(&self.origin))
                .or_insert_with_key(|origin| inventory.owners_of_object(origin));
            let owner = owners.at(at);
            if owner.is_somebody() {
                return owner;
            }
        }
        let owners = self.owners.get_or_insert_with(|| inventory.owners_of_object(&self.uri));
        owners.at(at)
    }

    /// Whom the name of their origin, or else of their object, tells.
    pub(super) fn told(&mut self) -> Option<Arc<Told>> {
        let told = self.told.get_or_insert_with(|| {
            Told::of_origin(&self.origin)
                .or_else(|| Told::of_origin(&self.uri))
                .map(Arc::new)
        });
        told.clone()
    }

    /// What records that nobody owns are called after.
    pub(super) fn name(&self) -> Arc<str> {
        let name = if self.origin.is_empty() {
            &self.uri
        } else {
            &self.origin
        };
        Arc::clone(name)
    }
}
