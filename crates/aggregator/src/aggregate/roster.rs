//! All services by number: those of the inventory, and those of ECS that flow records themselves tell.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::interfaces::{Interfaces, Told};
use super::words::Words;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, ServiceId};
use crate::map::{KnownBy, ServiceFacts};

/// The services of a run.
pub(super) struct Roster<'i> {
    inventory: &'i Inventory,
    /// Those that the inventory does not have, in order; the first has its next number.
    told: Vec<ServiceName>,
    /// Those of them that flow records tell.
    of_ecs: BTreeSet<ServiceName>,
}

impl<'i> Roster<'i> {
    /// Numbers what the records told, those of proxies beside those of flows, and puts it into the places. A service is called as ECS calls it, and after its
    /// cluster where several clusters have one of that name.
    pub(super) fn of<'n>(
        inventory: &'i Inventory,
        interfaces: &mut Interfaces,
        words: &Words,
        of_proxies: impl Iterator<Item = &'n ServiceName>,
    ) -> Self {
        let mut clusters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for place in interfaces.places() {
            if let Some(service) = words.get(place.told.service) {
                clusters
                    .entry(service)
                    .or_default()
                    .extend(words.get(place.told.cluster));
            }
        }
        let name = |told: Told| {
            let service = words.get(told.service)?;
            match words.get(told.cluster) {
                Some(cluster) if clusters[service].len() > 1 => ServiceName::inert(&format!("{cluster}/{service}")),
                _ => ServiceName::inert(service),
            }
        };
        let told = interfaces.places().iter().filter_map(|place| name(place.told));
        let of_ecs: BTreeSet<ServiceName> = told.filter(|name| inventory.id(name).is_none()).collect();
        let mut told = of_ecs.clone();
        told.extend(of_proxies.filter(|name| inventory.id(name).is_none()).cloned());
        let numbered = told.iter().cloned().zip(inventory.next_id()..);
        let ids: HashMap<ServiceName, u32> = numbered.collect();
        interfaces.name_told(|told| {
            let name = name(told);
            let id = name.and_then(|name| {
                inventory
                    .id(&name)
                    .or_else(|| ids.get(&name).copied().map(ServiceId::of_number))
            });
            id.unwrap_or(ServiceId::NOBODY)
        });
        Roster {
            inventory,
            told: told.into_iter().collect(),
            of_ecs,
        }
    }

    /// The id of a service by its name.
    pub(super) fn id(&self, name: &ServiceName) -> ServiceId {
        let told = || {
            let at = u32::try_from(self.told.binary_search(name).ok()?).ok()?;
            Some(ServiceId::of_number(self.inventory.next_id() + at))
        };
        self.inventory.id(name).or_else(told).unwrap_or(ServiceId::NOBODY)
    }

    /// The name behind an id; `None` for [`ServiceId::NOBODY`].
    pub(super) fn name(&self, id: ServiceId) -> Option<&ServiceName> {
        self.inventory.name(id).or_else(|| {
            let at = id.number().checked_sub(self.inventory.next_id())?;
            self.told.get(usize::try_from(at).ok()?)
        })
    }

    /// Every service, with what is said of it beyond its addresses.
    pub(super) fn services(&self) -> BTreeMap<ServiceName, ServiceFacts> {
        let mut services = self.inventory.services();
        for name in &self.of_ecs {
            services.entry(name.clone()).or_insert_with(|| ServiceFacts {
                known_by: BTreeSet::from([KnownBy::EcsFields]),
                ..ServiceFacts::default()
            });
        }
        services
    }
}
