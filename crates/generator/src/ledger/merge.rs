//! Merges a map into the ledger: what it lacks is added, what stands there stays.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Application, Dependency, DependencyMap, Key, Protocol};
use egressmap_aggregator::suspicion::Suspicions;
use jiff::civil::Date;

use super::accept::{Acceptance, Held, LeftOut, held, left_out};
use super::append::append;
use super::{Destination, Entry, Evidence, Index, Ledger, LedgerError, Owners, Question, Verdict, transport};

/// A ledger with what the map adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The file's new text. The old text with nothing but additions.
    pub text: String,
    /// What the new text says.
    pub ledger: Ledger,
    /// What was added, in the order of the file.
    pub added: Vec<Added>,
    /// How many dependencies of the map have no place in the ledger, by reason.
    pub left_out: BTreeMap<LeftOut, usize>,
    /// How many dependencies of the map an entry spoke for already.
    pub known: usize,
}

/// An entry that a merge added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The entry as it stands in the file.
    pub entry: Entry,
    /// Why it waits for a person; `None` if it was accepted.
    pub held: Option<Held>,
}

/// On what terms a map is merged.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What a new dependency may become by itself.
    pub acceptance: Acceptance,
    /// The day on which entries are judged expired; without one none is.
    pub today: Option<Date>,
    /// The teams of services; they come before the owners of the inventory.
    pub owners: &'a Owners,
}

/// [`merge_on`] the terms that the inventory alone knows owners.
///
/// # Errors
/// As there.
pub fn merge(
    existing: Option<&str>,
    map: &DependencyMap,
    acceptance: Acceptance,
    today: Option<Date>,
) -> Result<Merged, LedgerError> {
    let terms = Terms {
        acceptance,
        today,
        owners: &Owners::default(),
    };
    merge_on(existing, map, terms)
}

/// Adds to a ledger what a map shows and it lacks. `existing` is the file's text, if there is one; an entry that had
/// expired on the day no longer speaks for what a pattern of its covers.
///
/// Merging the same map again changes nothing.
///
/// # Errors
/// The text is no ledger, or its list is laid out so that nothing can be added without rewriting it.
pub fn merge_on(existing: Option<&str>, map: &DependencyMap, terms: Terms<'_>) -> Result<Merged, LedgerError> {
    let text = existing.unwrap_or_default();
    let before = Ledger::parse(text)?;
    let index = Index::of(&before);
    let mut merged = Merged {
        text: String::new(),
        ledger: Ledger::default(),
        added: Vec::new(),
        left_out: BTreeMap::new(),
        known: 0,
    };
    let mut taken: BTreeSet<(&ServiceName, Destination, u16, Protocol)> = BTreeSet::new();
    let suspicions = Suspicions::of(map);
    let asking = Asking {
        index: &index,
        suspicions: &suspicions,
        terms,
    };
    for (key, dependency) in &map.dependencies {
        match consider(key, dependency, &asking) {
            Outcome::LeftOut(why) => *merged.left_out.entry(why).or_default() += 1,
            Outcome::Known => merged.known += 1,
            Outcome::Add(destination, held) => {
                // Two spellings of one destination, such as of an IPv6 address, are one entry.
                if taken.insert((&key.service, destination.clone(), key.port, key.protocol)) {
                    let entry = new_entry(map, terms.owners, key, dependency, destination, held.as_ref());
                    merged.added.push(Added { entry, held });
                } else {
                    merged.known += 1;
                }
            }
        }
    }
    let new: Vec<&Entry> = merged.added.iter().map(|added| &added.entry).collect();
    let already = before.entries.len();
    (merged.text, merged.ledger) = append(existing, before, &new)?;
    take_lines(&mut merged, already);
    Ok(merged)
}

enum Outcome {
    LeftOut(LeftOut),
    Known,
    Add(Destination, Option<Held>),
}

/// What every dependency is held against.
struct Asking<'a> {
    index: &'a Index<'a>,
    suspicions: &'a Suspicions<'a>,
    terms: Terms<'a>,
}

fn consider(key: &Key, dependency: &Dependency, asking: &Asking<'_>) -> Outcome {
    let (index, today) = (asking.index, asking.terms.today);
    if let Some(why) = left_out(key, dependency) {
        return Outcome::LeftOut(why);
    }
    let Ok(destination) = key.destination.parse::<Destination>() else {
        return Outcome::LeftOut(LeftOut::Destination);
    };
    let question = Question::of(key, &destination, dependency);
    let wider = || index.wider(question);
    if index.exact(question).is_some() || wider().any(|entry| !entry.expired(today)) {
        return Outcome::Known;
    }
    let denied = index
        .holding(question)
        .find(|entry| entry.verdict == Verdict::Deny)
        .map(|entry| Held::DeniedAddress(entry.destination.to_string()));
    let expired = wider()
        .next()
        .map(|entry| Held::CoverExpired(entry.destination.to_string()));
    let held = denied
        .or(expired)
        .or_else(|| held(key, dependency, asking.suspicions, asking.terms.acceptance));
    Outcome::Add(destination, held)
}

fn new_entry(
    map: &DependencyMap,
    owners: &Owners,
    key: &Key,
    dependency: &Dependency,
    destination: Destination,
    held: Option<&Held>,
) -> Entry {
    let accepted = || {
        let days = dependency.seen.days_seen();
        format!(
            "accepted as observed on {days} {}",
            if days == 1 { "day" } else { "days" }
        )
    };
    let in_inventory = || {
        let owner = map.manifest.services.get(&key.service)?.owner.clone();
        owner.filter(|owner| !owner.is_empty())
    };
    // The ledger's word must give the transport back that the map has.
    let application = match key.protocol {
        Protocol::Udp => Application::Udp,
        Protocol::Icmp => Application::Icmp,
        _ if transport(dependency.application) == Protocol::Tcp => dependency.application,
        _ => Application::Tcp,
    };
    Entry {
        service: key.service.clone(),
        destination,
        port: key.port,
        application,
        verdict: if held.is_some() {
            Verdict::Review
        } else {
            Verdict::Allow
        },
        owner: owners.of(&key.service).map(str::to_owned).or_else(in_inventory),
        reason: Some(format!(
            "{} as {}",
            held.map_or_else(accepted, Held::words),
            Evidence::of(dependency)
        )),
        expires: None,
        line: 0,
    }
}

/// Gives the added entries the lines they have in the new text.
fn take_lines(merged: &mut Merged, before: usize) {
    for (added, written) in merged.added.iter_mut().zip(merged.ledger.entries.iter().skip(before)) {
        added.entry.line = written.line;
    }
}
