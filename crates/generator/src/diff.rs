//! Two maps compared: what came, what went, and what of the rest changed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egressmap_aggregator::map::{Application, Certainty, Class, Dependency, DependencyMap, Grade, Key, Protocol};
use serde::{Serialize, Serializer};

#[cfg(test)]
mod tests;

/// The name of the layout as JSON.
pub const SCHEMA: &str = "egressmap/diff/v1";

const DAY: u64 = 86_400;

/// What differs between two maps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// First and last second of the earlier map, Unix time.
    pub old_window: Option<(u64, u64)>,
    /// The same of the later one.
    pub new_window: Option<(u64, u64)>,
    /// By what factor bytes a day have to differ.
    pub factor: f64,
    /// What only the later map has.
    pub came: Vec<Side>,
    /// What only the earlier map has.
    pub went: Vec<Side>,
    /// What both have and is not the same.
    pub changed: Vec<Changed>,
    /// How many dependencies are the same in both.
    pub unchanged: usize,
}

/// What identifies a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The service that reaches it.
    pub service: String,
    /// The far end.
    pub destination: String,
    /// Its port.
    pub port: u16,
    /// The transport.
    #[serde(serialize_with = "as_text")]
    pub protocol: Protocol,
}

/// A dependency that only one of the maps has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What kind of far end it is.
    pub class: Class,
    /// What is spoken.
    pub application: Application,
    /// How its name is known.
    pub grade: Grade,
    /// How sure the initiator is.
    pub initiator: Certainty,
    /// Whether it was only ever refused.
    pub only_refused: bool,
    /// On how many days it was seen.
    pub days_seen: usize,
    /// Bytes both ways.
    pub bytes: u64,
}

/// A dependency that both maps have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What of it changed; at least one thing.
    pub changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Change {
    /// How its name is known.
    Grade {
        /// Before.
        old: Grade,
        /// Now.
        new: Grade,
    },
    /// What kind of far end it is.
    Class {
        /// Before.
        old: Class,
        /// Now.
        new: Class,
    },
    /// What is spoken.
    Application {
        /// Before.
        old: Application,
        /// Now.
        new: Application,
    },
    /// How sure the initiator is.
    Initiator {
        /// Before.
        old: Certainty,
        /// Now.
        new: Certainty,
    },
    /// Whether it was only ever refused.
    OnlyRefused {
        /// Before.
        old: bool,
        /// Now.
        new: bool,
    },
    /// The addresses it was reached at.
    Addresses {
        /// Those that are no longer among them.
        went: BTreeSet<IpAddr>,
        /// Those that are new among them.
        came: BTreeSet<IpAddr>,
    },
    /// Bytes both ways, a day of the map's window.
    Volume {
        /// Before.
        old: u64,
        /// Now.
        new: u64,
    },
}

/// Compares two maps. Volume changed where bytes a day differ by more than `factor`, or are there in one map only.
#[must_use]
pub fn diff(old: &DependencyMap, new: &DependencyMap, factor: f64) -> Diff {
    let only = |of: &DependencyMap, other: &DependencyMap| -> Vec<Side> {
        let rows = of.dependencies.iter();
        rows.filter(|(key, _)| !other.dependencies.contains_key(key))
            .map(|(key, it)| side(key, it))
            .collect()
    };
    let (old_days, new_days) = (days(old), days(new));
    let mut changed = Vec::new();
    let mut unchanged = 0;
    for (key, now) in &new.dependencies {
        let Some(before) = old.dependencies.get(key) else {
            continue;
        };
        let mut changes = changes(key, before, now);
        changes.extend(volume(bytes(before) / old_days, bytes(now) / new_days, factor));
        if changes.is_empty() {
            unchanged += 1;
        } else {
            changed.push(Changed {
                place: place(key),
                changes,
            });
        }
    }
    Diff {
        old_window: old.manifest.window,
        new_window: new.manifest.window,
        factor,
        came: only(new, old),
        went: only(old, new),
        changed,
        unchanged,
    }
}

impl Diff {
    /// Whether anything differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.came.is_empty() && self.went.is_empty() && self.changed.is_empty()
    }
}

/// How many UTC days a map's window touches.
fn days(map: &DependencyMap) -> u64 {
    let window = map.manifest.window;
    window.map_or(1, |(from, until)| (until / DAY).saturating_sub(from / DAY) + 1)
}

fn bytes(it: &Dependency) -> u64 {
    let volume = it.volume();
    volume.bytes_out.saturating_add(volume.bytes_in)
}

fn place(key: &Key) -> Place {
    Place {
        service: key.service.as_str().to_owned(),
        destination: key.destination.clone(),
        port: key.port,
        protocol: key.protocol,
    }
}

fn side(key: &Key, it: &Dependency) -> Side {
    Side {
        place: place(key),
        class: it.class,
        application: it.application,
        grade: it.name.grade(),
        initiator: it.initiator,
        only_refused: it.only_refused(key.protocol),
        days_seen: it.seen.days_seen(),
        bytes: bytes(it),
    }
}

fn changes(key: &Key, before: &Dependency, now: &Dependency) -> Vec<Change> {
    let went: BTreeSet<IpAddr> = before.addresses.difference(&now.addresses).copied().collect();
    let came: BTreeSet<IpAddr> = now.addresses.difference(&before.addresses).copied().collect();
    let refused = |it: &Dependency| it.only_refused(key.protocol);
    let all = [
        differ(before.name.grade(), now.name.grade(), |old, new| Change::Grade {
            old,
            new,
        }),
        differ(before.class, now.class, |old, new| Change::Class { old, new }),
        differ(before.application, now.application, |old, new| Change::Application {
            old,
            new,
        }),
        differ(before.initiator, now.initiator, |old, new| Change::Initiator {
            old,
            new,
        }),
        differ(refused(before), refused(now), |old, new| Change::OnlyRefused {
            old,
            new,
        }),
        (!went.is_empty() || !came.is_empty()).then_some(Change::Addresses { went, came }),
    ];
    all.into_iter().flatten().collect()
}

fn differ<T: PartialEq>(old: T, new: T, change: impl Fn(T, T) -> Change) -> Option<Change> {
    (old != new).then(|| change(old, new))
}

fn volume(old: u64, new: u64, factor: f64) -> Option<Change> {
    let (less, more) = (old.min(new) as f64, old.max(new) as f64);
    (more > less * factor).then_some(Change::Volume { old, new })
}

fn as_text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}
