//! The evidence that an entry was made on, as its reason keeps it: grade, class and certainty in one word at its end.

use std::fmt;

use egressmap_aggregator::map::{Certainty, Class, Dependency, Grade};

/// What was known of a dependency when its entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) grade: Grade,
    pub(crate) class: Class,
    pub(crate) initiator: Certainty,
}

impl Evidence {
    /// What a map knows of a dependency.
    pub(crate) fn of(dependency: &Dependency) -> Self {
        Evidence {
            grade: dependency.name.grade(),
            class: dependency.class,
            initiator: dependency.initiator,
        }
    }

    /// What a reason keeps, if this program wrote it and nobody took it out.
    pub(crate) fn recorded(reason: &str) -> Option<Self> {
        let (_, word) = reason.trim_end().rsplit_once(" as ")?;
        let mut words = word.split('/');
        let evidence = Evidence {
            grade: words.next()?.parse().ok()?,
            class: words.next()?.parse().ok()?,
            initiator: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(evidence)
    }

    /// What got worse since, one fact each.
    pub(crate) fn worse(self, now: Evidence) -> Vec<String> {
        let mut facts = Vec::new();
        if now.grade > self.grade {
            facts.push(format!(
                "named by {} when it was allowed, by {} now",
                self.grade, now.grade
            ));
        }
        if now.class != self.class {
            facts.push(format!("{} when it was allowed, {} now", self.class, now.class));
        }
        if now.initiator > self.initiator {
            facts.push(format!(
                "who opens it was {} when it was allowed, is {} now",
                self.initiator, now.initiator
            ));
        }
        facts
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.grade, self.class, self.initiator)
    }
}
