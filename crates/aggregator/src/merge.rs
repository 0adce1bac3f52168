//! Adds maps of separate shards or periods into one, unless they counted the same object.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use crate::map::{CountedObject, DependencyMap, Manifest, ServiceFacts};
use crate::observed::Observed;

/// Two maps that cannot be added: what both have counted would count twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("both maps have counted {first}{}", and_more(*.more))]
pub struct MergeError {
    /// The first object that both have counted, with its version where it has one.
    pub first: String,
    /// How many more there are.
    pub more: usize,
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => " and 1 more object".to_owned(),
        more => format!(" and {more} more objects"),
    }
}

impl Manifest {
    /// Adds the manifest of another run, where `observed` is what both have shown together.
    ///
    /// # Errors
    /// When both have counted the same version of an object.
    pub fn grow(mut self, other: Manifest, observed: &Observed) -> Result<Self, MergeError> {
        refuse_common(&self.objects, &other.objects)?;
        self.add(other);
        self.show(observed);
        Ok(self)
    }

    /// Takes over what is decided together.
    pub fn show(&mut self, observed: &Observed) {
        self.window = observed.window;
        self.inbound = observed.inbound;
        self.gaps.clone_from(&observed.gaps);
        self.services.clone_from(&observed.services);
        self.sources.clone_from(&observed.sources);
        self.aliases.clone_from(&observed.aliases);
    }
}

impl DependencyMap {
    /// Adds another map. Commutative and associative; the empty map changes nothing.
    ///
    /// # Errors
    /// When both have counted the same version of an object.
    pub fn merge(mut self, other: Self) -> Result<Self, MergeError> {
        refuse_common(&self.manifest.objects, &other.manifest.objects)?;
        self.manifest.add(other.manifest);
        if self.dependencies.is_empty() {
            self.dependencies = other.dependencies;
            return Ok(self);
        }
        for (key, dependency) in other.dependencies {
            match self.dependencies.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(dependency);
                }
                Entry::Occupied(mut known) => known.get_mut().add(&dependency),
            }
        }
        Ok(self)
    }
}

/// The size is no part of an object's identity: it is what the source happened to know.
fn refuse_common(left: &BTreeSet<CountedObject>, right: &BTreeSet<CountedObject>) -> Result<(), MergeError> {
    let identity = |object: &CountedObject| (object.uri.clone(), object.version.clone());
    let known: BTreeSet<_> = left.iter().map(identity).collect();
    let common: BTreeSet<_> = right.iter().map(identity).filter(|it| known.contains(it)).collect();
    let Some((uri, version)) = common.first() else {
        return Ok(());
    };
    Err(MergeError {
        first: match version {
            Some(version) => format!("{uri} (version {version})"),
            None => uri.clone(),
        },
        more: common.len() - 1,
    })
}

impl Manifest {
    fn add(&mut self, other: Manifest) {
        self.window = match (self.window, other.window) {
            (Some((from, until)), Some((other_from, other_until))) => {
                Some((from.min(other_from), until.max(other_until)))
            }
            (window, None) | (None, window) => window,
        };
        self.objects.extend(other.objects);
        self.incomplete.extend(other.incomplete);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.lines = self.lines.saturating_add(other.lines);
        self.used.flow = self.used.flow.saturating_add(other.used.flow);
        self.used.access = self.used.access.saturating_add(other.used.access);
        self.used.dns = self.used.dns.saturating_add(other.used.dns);
        self.inbound = self.inbound.saturating_add(other.inbound);
        self.gaps.add(other.gaps);
        for (reason, count) in other.set_aside {
            let sum = self.set_aside.entry(reason).or_default();
            *sum = sum.saturating_add(count);
        }
        for (service, facts) in other.services {
            self.services.entry(service).or_default().add(facts);
        }
        for (service, sources) in other.sources {
            self.sources.entry(service).or_default().union(&sources);
        }
        self.names.add(other.names);
        self.aws_ranges.extend(other.aws_ranges);
        for (name, targets) in other.aliases {
            self.aliases.entry(name).or_default().extend(targets);
        }
    }
}

impl ServiceFacts {
    /// What either knows; where they differ, the one that sorts first, whichever map came first.
    pub(crate) fn add(&mut self, other: ServiceFacts) {
        let first = |mine: &mut Option<String>, theirs: Option<String>| {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        };
        first(&mut self.virtual_node, other.virtual_node);
        first(&mut self.namespace, other.namespace);
        first(&mut self.owner, other.owner);
        self.known_by.extend(other.known_by);
    }
}
