//! Which allowed entries need another review, because what they rest on is no longer what it was.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::{Application, Dependency, DependencyMap, Key};
use jiff::civil::Date;

use super::demand::{shown, virtual_node};
use super::finding::{Code, Finding, Severity};
use crate::ledger::{Destination, Entry, Evidence, Index, Question, Verdict};
use crate::text::inert;

/// One finding an entry. The entry itself stays as the person left it.
pub(super) fn review(map: &DependencyMap, index: &Index<'_>, today: Option<Date>, findings: &mut Vec<Finding>) {
    let mut facts: BTreeMap<u64, (&Entry, BTreeSet<String>)> = BTreeMap::new();
    let seen = map.dependencies.iter();
    let seen: Vec<(&Key, &Dependency, Destination)> = seen
        .filter(|(key, dependency)| !dependency.only_refused(key.protocol))
        .filter_map(|(key, dependency)| Some((key, dependency, key.destination.parse().ok()?)))
        .collect();
    for (key, dependency, destination) in &seen {
        let question = Question::of(key, destination, dependency);
        let live = |entry: &&Entry| entry.verdict == Verdict::Allow && !entry.expired(today);
        let exact = index.exact(question).filter(live);
        let told = exact.map(|entry| (entry, of_itself(entry, dependency)));
        let held = index.holding(question).filter(live).filter_map(|entry| {
            let left = left(entry, key, dependency);
            (entry.destination != *destination).then_some((entry, left))
        });
        for (entry, new) in told.into_iter().chain(held).filter(|(_, new)| !new.is_empty()) {
            facts
                .entry(entry.line)
                .or_insert((entry, BTreeSet::new()))
                .1
                .extend(new);
        }
    }
    findings.extend(facts.into_values().map(|(entry, facts)| {
        let sentence = format!("what {} was allowed on is no longer what the map shows", shown(entry));
        Finding::about(
            Severity::Warning,
            Code::EvidenceChanged,
            Some(virtual_node(map, &entry.service)),
            sentence,
        )
        .on_port(entry.port)
        .because([format!("line {} of the ledger", entry.line)])
        .because(facts)
        .way_out("review the entry again: set verdict to review or deny, or write a reason of your own to keep it")
    }));
}

/// What changed of a dependency that has its own entry.
fn of_itself(entry: &Entry, dependency: &Dependency) -> Vec<String> {
    let recorded = entry.reason.as_deref().and_then(Evidence::recorded);
    let mut facts = recorded.map_or_else(Vec::new, |then| then.worse(Evidence::of(dependency)));
    // TCP is what is said where nobody looked inside.
    let told_apart = |application| matches!(application, Application::Http | Application::Tls);
    let now = dependency.application;
    if told_apart(entry.application) && told_apart(now) && entry.application != now {
        facts.push(format!("allowed as {}, seen as {now}", entry.application));
    }
    facts
}

/// Where a destination with a name left the addresses that an entry allows.
fn left(entry: &Entry, key: &Key, dependency: &Dependency) -> Vec<String> {
    let inside = |address: &&std::net::IpAddr| match entry.destination {
        Destination::Address(allowed) => allowed == **address,
        Destination::Range(range) => range.contains(*address),
        _ => true,
    };
    let outside = dependency.addresses.iter().filter(|address| !inside(address));
    outside
        .map(|address| format!("{} is reached there, and at {address} too", inert(&key.destination)))
        .collect()
}
