//! One question to the ledger and to targets: may this service reach that, by which rule, on what evidence?

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Application, Dependency, DependencyMap, Grade, Key, Naming};
use jiff::civil::Date;

use super::show::{bytes, counted, far_end, standing};
use super::{Attempt, Judgement, Semantics, Standing, Verdict, speaking};
use crate::ledger::{self, Destination, Entry, Index, Ledger, transport};
use crate::proposal::Proposal;
use crate::text::inert;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The service that opens the connection.
    pub service: ServiceName,
    /// Where to, as the map writes it.
    pub destination: String,
    /// The port; `None` asks for every port that the map or the ledger knows.
    pub port: Option<u16>,
}

/// One dependency that was asked about, with every answer.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Which.
    pub key: Key,
    /// What the map shows of it; made up of the question alone where it shows nothing.
    pub dependency: Cow<'a, Dependency>,
    /// Whether the map shows it.
    pub seen: bool,
    /// The entry that speaks for it.
    pub entry: Option<Standing>,
    /// What each target would do.
    pub answers: Vec<Answer>,
}

/// What a target would do.
#[derive(Debug)]
pub struct Answer {
    /// The target's name.
    pub target: &'static str,
    /// What becomes of the attempt.
    pub judgement: Judgement,
}

impl Checked<'_> {
    /// Whether every target lets it pass; without a target, whether the ledger allows it.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        let by_ledger = |entry: &Standing| entry.verdict == ledger::Verdict::Allow && !entry.expired;
        match self.answers.as_slice() {
            [] => self.entry.as_ref().is_some_and(by_ledger),
            answers => answers.iter().all(|answer| answer.judgement.verdict == Verdict::Allow),
        }
    }
}

/// Asks the ledger, and each of the targets with the proposal applied. There is at least one answer.
#[must_use]
pub fn ask<'a>(
    map: &'a DependencyMap,
    ledger: &Ledger,
    proposal: &Proposal,
    targets: &[&Semantics],
    asked: &Asked,
    today: Option<Date>,
) -> Vec<Checked<'a>> {
    let policies: Vec<_> = targets
        .iter()
        .map(|target| (target.name, target.policy(map, proposal)))
        .collect();
    let index = Index::of(ledger);
    let seen = map.dependencies.iter().filter(|(key, _)| {
        let port = asked.port.is_none_or(|port| port == key.port);
        port && key.service == asked.service && key.destination == asked.destination
    });
    let mut found: Vec<(Key, Cow<'a, Dependency>, bool)> = seen
        .map(|(key, dependency)| (key.clone(), Cow::Borrowed(dependency), true))
        .collect();
    if found.is_empty() {
        let made_up = made_up(ledger, asked).into_iter();
        found.extend(made_up.map(|(key, dependency)| (key, Cow::Owned(dependency), false)));
    }
    let answered = found.into_iter().map(|(key, dependency, seen)| {
        let attempt = Attempt::of(&key, &dependency);
        let entry = speaking(&index, &attempt).map(|entry| Standing::of(entry, today));
        let answers = policies.iter().map(|(target, policy)| Answer {
            target,
            judgement: policy.judge(&attempt),
        });
        let answers = answers.collect();
        Checked {
            entry,
            answers,
            seen,
            dependency,
            key,
        }
    });
    answered.collect()
}

/// Attempts that the map does not show: one a port and transport that the ledger has for the destination, else one.
fn made_up(ledger: &Ledger, asked: &Asked) -> Vec<(Key, Dependency)> {
    let far: Option<Destination> = asked.destination.parse().ok();
    let addresses: BTreeSet<IpAddr> = match far {
        Some(Destination::Address(address)) => [address].into(),
        _ => BTreeSet::new(),
    };
    let speaks = |entry: &&Entry| {
        let port = asked.port.is_none_or(|port| port == entry.port);
        let far = far
            .as_ref()
            .is_some_and(|far| entry.destination.covers(far, &addresses));
        port && far && entry.service == asked.service
    };
    let mut spoken: BTreeSet<(u16, Application)> = ledger
        .entries
        .iter()
        .filter(speaks)
        .map(|entry| (entry.port, entry.application))
        .collect();
    if spoken.is_empty() {
        let port = asked.port.unwrap_or(443);
        let application = match port {
            80 => Application::Http,
            443 => Application::Tls,
            _ => Application::Tcp,
        };
        spoken.insert((port, application));
    }
    let named = !matches!(far, Some(Destination::Address(_) | Destination::Range(_)));
    spoken
        .into_iter()
        .map(|(port, application)| {
            let key = Key {
                service: asked.service.clone(),
                destination: asked.destination.clone(),
                port,
                protocol: transport(application),
            };
            (key, unseen(addresses.clone(), application, named))
        })
        .collect()
}

/// A dependency without a record. Whoever asks by name means that the client says that name.
fn unseen(addresses: BTreeSet<IpAddr>, application: Application, named: bool) -> Dependency {
    let evidence = if named {
        BTreeMap::from([(Grade::Dns, 0)])
    } else {
        BTreeMap::new()
    };
    Dependency {
        addresses,
        application,
        name: Naming {
            evidence,
            also: BTreeMap::new(),
        },
        ..Dependency::default()
    }
}

/// An answer in lines: the question, what the ledger says, what the map shows, what each target does.
#[must_use]
pub fn in_words(checked: &Checked<'_>, ledger: &Ledger) -> String {
    let mut out = format!(
        "{} -> {} ({}): {}\n",
        inert(checked.key.service.as_str()),
        far_end(&checked.key),
        checked.dependency.application,
        if checked.is_allowed() { "allowed" } else { "not allowed" }
    );
    let said = match &checked.entry {
        Some(entry) => format!("{}{}", standing(entry), whose(ledger, entry.line)),
        None => "no entry speaks for it".to_owned(),
    };
    out.push_str(&format!("  ledger      {said}\n  evidence    {}\n", evidence(checked)));
    let width = checked
        .answers
        .iter()
        .map(|answer| answer.target.len())
        .max()
        .unwrap_or_default()
        .max(10);
    for answer in &checked.answers {
        let line = answer
            .judgement
            .line
            .map_or_else(String::new, |line| format!(" (line {line})"));
        out.push_str(&format!(
            "  {:<width$}  {}: {}{line}\n",
            answer.target,
            answer.judgement.verdict.as_str(),
            answer.judgement.rule
        ));
    }
    out
}

/// The owner and the reason of an entry.
fn whose(ledger: &Ledger, line: u64) -> String {
    let entry = ledger.entries.iter().find(|entry| entry.line == line);
    let said = entry.into_iter().flat_map(|entry| [&entry.owner, &entry.reason]);
    said.flatten().map(|text| format!(", {}", inert(text))).collect()
}

/// What the map shows.
fn evidence(checked: &Checked<'_>) -> String {
    if !checked.seen {
        return "none: the map does not show it".to_owned();
    }
    let it = &checked.dependency;
    let volume = it.volume();
    let days = it.seen.days_seen();
    let mut words = vec![
        counted(volume.records, "record", "records"),
        bytes(volume.bytes_out.saturating_add(volume.bytes_in)),
        format!(
            "on {}",
            if days == 1 {
                "1 day".to_owned()
            } else {
                format!("{days} days")
            }
        ),
        format!("class {}", it.class),
        format!("initiator {}", it.initiator),
    ];
    words.extend(it.name.evidence.iter().map(|(grade, count)| format!("{grade} {count}")));
    let refused = it.refused_flow.max(it.refused_access);
    if refused > 0 {
        words.push(format!("{refused} refused"));
    }
    let shown: Vec<String> = it.addresses.iter().take(3).map(ToString::to_string).collect();
    if !shown.is_empty() {
        let more = if it.addresses.len() > shown.len() { ", …" } else { "" };
        words.push(format!("at {}{more}", shown.join(", ")));
    }
    words.join(", ")
}
