//! What services that only the log names are called, and what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::told::{Kind, Told};
use crate::identity::ServiceName;
use crate::map::ServiceFacts;

/// Services by what told of them.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct Called(BTreeMap<Arc<Told>, ServiceName>);

impl Called {
    /// Names all of them. One is called by its own name, and after its namespace or mesh where that is the name of several,
    /// or of a known service in another one.
    pub(super) fn of(all: BTreeSet<Arc<Told>>, known: &BTreeMap<ServiceName, ServiceFacts>) -> Self {
        let mut scopes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for told in &all {
            scopes.entry(&told.name).or_default().extend(told.scope.as_deref());
        }
        let is_of_another = |told: &Told| {
            let facts = known.get(&*told.name);
            let namespace = facts.and_then(|facts| facts.namespace.as_deref());
            namespace.is_some_and(|namespace| told.kind == Kind::Workload && told.scope.as_deref() != Some(namespace))
        };
        let called = all.iter().filter_map(|told| {
            let name = match &told.scope {
                Some(scope) if scopes[&*told.name].len() > 1 || is_of_another(told) => format!("{scope}/{}", told.name),
                _ => known_word(told, known).to_owned(),
            };
            Some((Arc::clone(told), ServiceName::inert(&name)?))
        });
        Called(called.collect())
    }

    pub(super) fn name(&self, told: &Told) -> Option<&ServiceName> {
        self.0.get(told)
    }

    pub(in crate::aggregate) fn names(&self) -> impl Iterator<Item = &ServiceName> {
        self.0.values()
    }

    /// Adds what is known of each that has an edge and is in no inventory, for the definitions.
    pub(in crate::aggregate) fn add_to<'e>(
        &self,
        mut services: BTreeMap<ServiceName, ServiceFacts>,
        callers: impl Iterator<Item = &'e ServiceName>,
    ) -> BTreeMap<ServiceName, ServiceFacts> {
        if self.0.is_empty() {
            return services;
        }
        let callers: BTreeSet<&ServiceName> = callers.collect();
        for (told, name) in &self.0 {
            let is_listed = services.get(name).is_some_and(|facts| facts.known_by.is_empty());
            if is_listed || !callers.contains(name) {
                continue;
            }
            let of_kind = |kind, value: Option<&str>| value.filter(|_| told.kind == kind).map(str::to_owned);
            let node = Some(&*told.name).filter(|node| *node != name.as_str());
            services.entry(name.clone()).or_default().add(ServiceFacts {
                virtual_node: of_kind(Kind::VirtualNode, node),
                namespace: of_kind(Kind::Workload, told.scope.as_deref()),
                known_by: BTreeSet::from([told.by]),
                ..ServiceFacts::default()
            });
        }
        services
    }
}

/// A plain name; without what follows a dot where only that makes it the name of a known service, as Istio counts nodes
/// by `APP.NAMESPACE`.
fn known_word<'t>(told: &'t Told, known: &BTreeMap<ServiceName, ServiceFacts>) -> &'t str {
    let short = told.name.split_once('.').map(|(name, _)| name);
    match short.filter(|short| !known.contains_key(&*told.name) && known.contains_key(*short)) {
        Some(short) => short,
        None => &told.name,
    }
}
