//! One dependency's whole story: what is known of it, how that is known, what speaks against it, and what the ledger says.

use std::collections::BTreeMap;

use egressmap_aggregator::map::{Application, Certainty, Class, Dependency, DependencyMap, Grade, Key};
use egressmap_aggregator::show::utc;
use egressmap_aggregator::suspicion::{Suspicion, Suspicions};
use jiff::civil::Date;
use serde::Serialize;

use crate::ledger::{Destination, Entry, Index, Ledger, Question, Verdict};

mod calendar;
mod find;
mod sentences;
#[cfg(test)]
mod tests;

pub use find::{NotFound, find};

/// What is told of one dependency. Serialises to the document of schema `egressmap/why/v1`.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    schema: &'static str,
    service: String,
    destination: String,
    port: u16,
    protocol: String,
    class: Class,
    application: Application,
    addresses: Vec<String>,
    first_seen: String,
    last_seen: String,
    /// A row for each month and one for the hours of the day: a mark for each in which it was seen.
    pub calendar: Vec<Row>,
    grade: Grade,
    evidence: BTreeMap<Grade, u64>,
    also: BTreeMap<String, u64>,
    initiator: Certainty,
    suspicion: Vec<Suspicion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<Ruling>,
    /// The story in sentences, each under the word that it is about.
    pub told: Vec<Told>,
}

/// A row of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The month as `2026-08`, or `hours`.
    pub label: String,
    /// One character a day, or an hour: `#` seen, `·` not seen, a space outside the window.
    pub marks: String,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What it is about.
    pub about: &'static str,
    /// The sentence, harmless on a terminal.
    pub sentence: String,
}

/// What a ledger says of a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Ruling {
    /// Whether it may be reached.
    allowed: bool,
    /// `allow`, `deny` or `review`; nothing where no entry speaks for it.
    verdict: Option<String>,
    /// The line of the file on which the entry begins.
    line: Option<u64>,
    expired: bool,
}

impl Story {
    /// Tells the story of a dependency of the map. `ledger` is asked as on the day `today`.
    #[must_use]
    pub fn of(
        map: &DependencyMap,
        (key, dependency): (&Key, &Dependency),
        ledger: Option<&Ledger>,
        today: Option<Date>,
    ) -> Self {
        let suspicion = Suspicions::of(map).about(key, dependency);
        let ruled = ledger.map(|ledger| rule(ledger, key, dependency, today));
        let told = sentences::all(map, (key, dependency), &suspicion, ruled.as_ref());
        Story {
            schema: "egressmap/why/v1",
            service: key.service.to_string(),
            destination: key.destination.clone(),
            port: key.port,
            protocol: key.protocol.to_string(),
            class: dependency.class,
            application: dependency.application,
            addresses: dependency.addresses.iter().map(ToString::to_string).collect(),
            first_seen: utc(dependency.seen.first),
            last_seen: utc(dependency.seen.last),
            calendar: calendar::rows(&dependency.seen, map.manifest.window),
            grade: dependency.name.grade(),
            evidence: dependency.name.evidence.clone(),
            also: dependency.name.also.clone(),
            initiator: dependency.initiator,
            suspicion,
            ledger: ruled.map(|(ruling, _)| ruling),
            told,
        }
    }

    /// The line of the ledger's entry that somebody has to decide: a review, or an expired one.
    #[must_use]
    pub fn waits_at(&self) -> Option<u64> {
        let ruling = self.ledger.as_ref()?;
        let is_denied = ruling.verdict.as_deref() == Some("deny");
        ruling.line.filter(|_| !ruling.allowed && !is_denied)
    }

    /// Whether something about it is to be looked at: it is suspicious, or the ledger does not allow it.
    #[must_use]
    pub fn is_to_be_looked_at(&self) -> bool {
        !self.suspicion.is_empty() || self.ledger.as_ref().is_some_and(|ruling| !ruling.allowed)
    }
}

/// The entry for the very destination, else one that denies an address of it, else a wider one that holds.
fn rule(ledger: &Ledger, key: &Key, dependency: &Dependency, today: Option<Date>) -> (Ruling, Option<Entry>) {
    let index = Index::of(ledger);
    let destination = key.destination.parse::<Destination>().ok();
    let question = destination.as_ref().map(|it| Question::of(key, it, dependency));
    let entry = question.and_then(|question| {
        let denying = || index.holding(question).find(|entry| entry.verdict == Verdict::Deny);
        let holding = || index.wider(question).find(|entry| !entry.expired(today));
        index
            .exact(question)
            .or_else(denying)
            .or_else(holding)
            .or_else(|| index.wider(question).next())
            .cloned()
    });
    let expired = entry.as_ref().is_some_and(|entry| entry.expired(today));
    let ruling = Ruling {
        allowed: entry.as_ref().is_some_and(|entry| entry.verdict == Verdict::Allow) && !expired,
        verdict: entry.as_ref().map(|entry| entry.verdict.to_string()),
        line: entry.as_ref().map(|entry| entry.line),
        expired,
    };
    (ruling, entry)
}
