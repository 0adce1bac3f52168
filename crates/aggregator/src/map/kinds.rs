//! How many dependencies of a map are of each class, and how many are named by each grade.

use std::collections::BTreeMap;

use super::{Class, Dependency, DependencyMap, Grade, Key};

/// Counts of dependencies; adds up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    /// All of them, by class.
    pub classes: BTreeMap<Class, u64>,
    /// Those that are no service of ours, by how the name is known.
    pub grades: BTreeMap<Grade, u64>,
    /// Those of callers that nothing owns.
    pub unattributed: u64,
}

impl Kinds {
    /// The kinds of all dependencies of a map.
    #[must_use]
    pub fn of(map: &DependencyMap) -> Self {
        let mut kinds = Kinds::default();
        map.dependencies.iter().for_each(|(key, it)| kinds.count(key, it));
        kinds
    }

    /// How many dependencies there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.classes.values().sum()
    }

    pub(crate) fn count(&mut self, key: &Key, dependency: &Dependency) {
        self.unattributed += u64::from(key.service.is_unattributed());
        *self.classes.entry(dependency.class).or_default() += 1;
        if dependency.class != Class::Internal {
            *self.grades.entry(dependency.name.grade()).or_default() += 1;
        }
    }

    pub(crate) fn add(&mut self, other: &Kinds) {
        self.unattributed += other.unattributed;
        for (class, count) in &other.classes {
            *self.classes.entry(*class).or_default() += count;
        }
        for (grade, count) in &other.grades {
            *self.grades.entry(*grade).or_default() += count;
        }
    }
}
