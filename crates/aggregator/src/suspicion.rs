//! Why a dependency is not to be allowed unseen: named factors, each with its evidence, and never one score.
//!
//! All of it is computed from the map when asked for. Each factor is one file and one line in `FACTORS`; what it means
//! and how often it is wrong stands in `docs/SEMANTICS.md`. Only external far ends that were reached are looked at.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::map::{Class, Dependency, DependencyMap, Key};

mod address_without_name;
mod fixed_period;
mod generated_name;
mod late_start;
mod never_resolved;
mod one_of_many;
mod registrable;
mod settled;
mod surprise;
mod surroundings;
#[cfg(test)]
pub(crate) mod tests;
mod upload_heavy;

use surroundings::Surroundings;

/// One reason to look at a dependency, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suspicion {
    /// The reason.
    pub factor: Factor,
    /// What was seen, in words and numbers. Nothing in it was written by whoever sent the traffic but labels of host
    /// names and addresses.
    pub evidence: String,
}

/// The reasons there are, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// An address that nothing names.
    AddressWithoutName,
    /// DNS is logged for the service, and never told it this far end.
    NeverResolved,
    /// Opened from one address of a service that has many.
    OneOfMany,
    /// Began late in a long window.
    LateStart,
    /// Connections at a fixed period.
    FixedPeriod,
    /// Sends far more than it receives.
    UploadHeavy,
    /// A name that looks made up by a program.
    GeneratedName,
}

/// What speaks for a factor, if anything does.
type Finder = fn(&Case<'_>) -> Option<String>;

const FACTORS: [(Factor, Finder); 7] = [
    (Factor::AddressWithoutName, address_without_name::find),
    (Factor::NeverResolved, never_resolved::find),
    (Factor::OneOfMany, one_of_many::find),
    (Factor::LateStart, late_start::find),
    (Factor::FixedPeriod, fixed_period::find),
    (Factor::UploadHeavy, upload_heavy::find),
    (Factor::GeneratedName, generated_name::find),
];

/// A map that can be asked what is suspicious in it.
#[derive(Debug)]
pub struct Suspicions<'m> {
    surroundings: Surroundings<'m>,
}

/// A dependency and everything around it.
struct Case<'a> {
    key: &'a Key,
    dependency: &'a Dependency,
    around: &'a Surroundings<'a>,
}

impl<'m> Suspicions<'m> {
    /// Learns what is usual in a map.
    #[must_use]
    pub fn of(map: &'m DependencyMap) -> Self {
        Suspicions {
            surroundings: Surroundings::of(map),
        }
    }

    /// What is suspicious about a dependency of the map, in the order of the factors.
    #[must_use]
    pub fn about(&self, key: &Key, dependency: &Dependency) -> Vec<Suspicion> {
        if dependency.class != Class::External || dependency.only_refused(key.protocol) {
            return Vec::new();
        }
        let case = Case {
            key,
            dependency,
            around: &self.surroundings,
        };
        FACTORS
            .iter()
            .filter_map(|&(factor, find)| find(&case).map(|evidence| Suspicion { factor, evidence }))
            .collect()
    }
}

impl Factor {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Factor::AddressWithoutName => "address-without-name",
            Factor::NeverResolved => "never-resolved",
            Factor::OneOfMany => "one-of-many",
            Factor::LateStart => "late-start",
            Factor::FixedPeriod => "fixed-period",
            Factor::UploadHeavy => "upload-heavy",
            Factor::GeneratedName => "generated-name",
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
