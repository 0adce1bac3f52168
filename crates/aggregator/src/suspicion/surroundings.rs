//! What is usual in a map, learnt once: of each service what it is seen to do, of each far end how many reach it.

use std::collections::{BTreeSet, HashMap};

use super::settled::{Habit, neighbourhood};
use crate::identity::ServiceName;
use crate::map::{Class, Dependency, DependencyMap, Grade, Key, Sources};

/// The map around a dependency.
#[derive(Debug)]
pub(super) struct Surroundings<'m> {
    /// The first and the last second of any record.
    pub(super) window: Option<(u64, u64)>,
    services: HashMap<&'m ServiceName, Habits>,
    sources: HashMap<&'m ServiceName, &'m Sources>,
    callers: HashMap<&'m str, BTreeSet<&'m ServiceName>>,
    /// Of addresses without a name, side by side and of one service.
    beside: HashMap<(&'m ServiceName, u128), Habit>,
    /// Of each of them, whoever reaches it.
    at: HashMap<&'m str, Habit>,
}

/// What a service is seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    /// When it first reached anything, ours or not.
    pub(super) first: u64,
    /// Far ends that are not ours.
    pub(super) outside: u64,
    /// Those of them that DNS answers speak of.
    pub(super) resolved: u64,
    /// Those of them that have a name.
    pub(super) named: u64,
}

impl<'m> Surroundings<'m> {
    pub(super) fn of(map: &'m DependencyMap) -> Self {
        let mut services: HashMap<&ServiceName, Habits> = HashMap::new();
        let mut callers: HashMap<&str, BTreeSet<&ServiceName>> = HashMap::new();
        let (mut beside, mut at) = (HashMap::new(), HashMap::new());
        for (key, dependency) in &map.dependencies {
            if let Some(there) = neighbourhood(dependency) {
                let habit = Habit::of(dependency);
                let beside = beside.entry((&key.service, there));
                beside.and_modify(|known: &mut Habit| known.add(habit)).or_insert(habit);
                let at = at.entry(key.destination.as_str());
                at.and_modify(|known: &mut Habit| known.add(habit)).or_insert(habit);
            }
            let habits = services.entry(&key.service).or_insert(Habits {
                first: u64::MAX,
                outside: 0,
                resolved: 0,
                named: 0,
            });
            habits.first = habits.first.min(dependency.seen.first);
            if matches!(dependency.class, Class::External | Class::Aws) {
                habits.outside += 1;
                habits.resolved += u64::from(is_resolved(dependency));
                habits.named += u64::from(dependency.name.grade() != Grade::Address);
                callers.entry(&key.destination).or_default().insert(&key.service);
            }
        }
        Surroundings {
            window: map.manifest.window,
            services,
            sources: map.manifest.sources.iter().collect(),
            callers,
            beside,
            at,
        }
    }

    /// When an address without a name, and those beside it, were reached, and from where; `None` for what has a name.
    pub(super) fn habit(&self, key: &Key, dependency: &Dependency) -> Option<Habit> {
        let mut habit = *self.at.get(key.destination.as_str())?;
        habit.add(*self.beside.get(&(&key.service, neighbourhood(dependency)?))?);
        Some(habit)
    }

    pub(super) fn habits(&self, service: &ServiceName) -> Option<Habits> {
        self.services.get(service).copied()
    }

    /// The addresses that a service was seen at.
    pub(super) fn sources(&self, service: &ServiceName) -> Option<&'m Sources> {
        self.sources.get(service).copied()
    }

    /// How many services reach a far end, on any port.
    pub(super) fn callers(&self, destination: &str) -> usize {
        self.callers.get(destination).map_or(0, BTreeSet::len)
    }
}

/// Whether a DNS answer speaks of the far end.
pub(super) fn is_resolved(dependency: &Dependency) -> bool {
    [Grade::Dns, Grade::DnsVpc]
        .into_iter()
        .any(|grade| dependency.name.evidence.contains_key(&grade))
}
