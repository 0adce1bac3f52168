//! The services of an inventory by number, with the facts about each.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::error::printable;
use crate::identity::ServiceName;
use crate::map::ServiceFacts;

/// A service of one inventory, or nobody: small enough for the key of every flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Facts that contradict each other.
    pub(super) contradictions: BTreeSet<String>,
}

impl Names {
    /// The id of a service. Of two facts about it the first counts.
    pub(super) fn intern(&mut self, name: ServiceName, facts: ServiceFacts) -> ServiceId {
        if let Some(id) = self.ids.get(&name).copied() {
            if let Some((_, known)) = id.index().and_then(|index| self.list.get_mut(index)) {
                let facts = [
                    ("virtual node", &mut known.virtual_node, facts.virtual_node),
                    ("namespace", &mut known.namespace, facts.namespace),
                    ("owner", &mut known.owner, facts.owner),
                ];
                for (what, known, new) in facts {
                    if let (Some(known), Some(new)) = (&*known, &new)
                        && known != new
                    {
                        let [name, known, new] = [name.as_str(), known, new].map(printable);
                        self.contradictions.insert(format!(
                            "the service {name} has two {what}s, {known} and {new}: the first is used for all of it"
                        ));
                    }
                    *known = known.take().or(new);
                }
            }
            return id;
        }
        self.list.push((name.clone(), facts));
        let id = ServiceId(u32::try_from(self.list.len()).expect("an inventory of four billion services does not fit"));
        self.ids.insert(name, id);
        id
    }

    /// The id of a service that is here.
    pub(super) fn id(&self, name: &ServiceName) -> Option<ServiceId> {
        self.ids.get(name).copied()
    }

    /// The first service that has this virtual node by its own row, else nobody.
    pub(super) fn of_virtual_node(&self, node: &str) -> ServiceId {
        let has = |(_, facts): &&(ServiceName, ServiceFacts)| facts.virtual_node.as_deref() == Some(node);
        let found = self.list.iter().find(has).and_then(|(name, _)| self.id(name));
        found.unwrap_or(ServiceId::NOBODY)
    }

    /// The id after all that were given out.
    pub(super) fn next(&self) -> u32 {
        u32::try_from(self.list.len() + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, id: ServiceId) -> Option<&ServiceName> {
        Some(&self.list.get(id.index()?)?.0)
    }

    /// Takes over the names of another inventory; the new ids stand in the order of its old ones.
    pub(super) fn absorb(&mut self, mut other: Names) -> Vec<ServiceId> {
        self.contradictions.append(&mut other.contradictions);
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
