//! The services of an inventory by number, with the facts about each.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::identity::ServiceName;
use crate::map::ServiceFacts;

/// A service of one inventory, or nobody: small enough for the key of every flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ServiceId(u32);

impl ServiceId {
    /// No service.
    pub(crate) const NOBODY: ServiceId = ServiceId(0);

    /// The id as a number.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The id that a number stands for.
    pub(crate) fn of_number(number: u32) -> Self {
        ServiceId(number)
    }

    /// Whether there is a service.
    pub(crate) fn is_somebody(self) -> bool {
        self != ServiceId::NOBODY
    }

    /// The id in another inventory, given the ids that took its place there.
    pub(super) fn renumbered(self, ids: &[ServiceId]) -> ServiceId {
        self.index()
            .and_then(|index| ids.get(index))
            .copied()
            .unwrap_or(ServiceId::NOBODY)
    }

    fn index(self) -> Option<usize> {
        usize::try_from(self.0.checked_sub(1)?).ok()
    }
}

#[derive(Debug, Default)]
pub(super) struct Names {
    ids: HashMap<ServiceName, ServiceId, foldhash::fast::RandomState>,
    list: Vec<(ServiceName, ServiceFacts)>,
}

impl Names {
    /// The id of a service. Of two facts about it the first counts.
    pub(super) fn intern(&mut self, name: ServiceName, facts: ServiceFacts) -> ServiceId {
        if let Some(id) = self.ids.get(&name).copied() {
            if let Some((_, known)) = id.index().and_then(|index| self.list.get_mut(index)) {
                known.virtual_node = known.virtual_node.take().or(facts.virtual_node);
                known.namespace = known.namespace.take().or(facts.namespace);
                known.owner = known.owner.take().or(facts.owner);
            }
            return id;
        }
        self.list.push((name.clone(), facts));
        let id = ServiceId(u32::try_from(self.list.len()).expect("an inventory of four billion services does not fit"));
        self.ids.insert(name, id);
        id
    }

    pub(super) fn get(&self, id: ServiceId) -> Option<&ServiceName> {
        Some(&self.list.get(id.index()?)?.0)
    }

    /// Takes over the names of another inventory; the new ids stand in the order of its old ones.
    pub(super) fn absorb(&mut self, other: Names) -> Vec<ServiceId> {
        other
            .list
            .into_iter()
            .map(|(name, facts)| self.intern(name, facts))
            .collect()
    }

    pub(super) fn services(&self) -> BTreeMap<ServiceName, ServiceFacts> {
        self.list.iter().cloned().collect()
    }
}
