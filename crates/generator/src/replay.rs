//! What a default-deny egress would do to what was observed: every dependency judged by the semantics of its target.
//!
//! Each [`Semantics`] is a name on the command line and a [`Policy`] made from the proposal. A policy judges one
//! [`Attempt`] at a time and says by which rule; what the log cannot tell is [`Verdict::Uncertain`], never a guess.

use std::collections::BTreeMap;
use std::fmt;

use egressmap_aggregator::map::{Dependency, DependencyMap, Key};
use jiff::civil::Date;
use serde::Serialize;

use crate::ledger::{self, Entry, Index, Ledger, Question};
use crate::proposal::Proposal;
use crate::text::inert;

mod allowances;
mod appmesh;
mod attempt;
mod beside;
mod check;
mod cilium;
mod dns_firewall;
mod envoy;
mod istio;
mod network_firewall;
mod network_policy;
mod port;
mod ranges;
mod said;
mod security_group;
mod semantics;
mod show;
#[cfg(test)]
mod tests;
mod totals;
mod work;

pub use attempt::{Attempt, Spoken};
pub use check::{Answer, Asked, Checked, ask, in_words};
pub use semantics::{SEMANTICS, Semantics, UnknownSemantics, semantics_named};
pub use show::{json, table};
pub use totals::{Tally, Totals};

/// The default-deny egress of one target, with a proposal applied.
pub trait Policy {
    /// What becomes of one attempt, and by which rule.
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement;
}

/// What becomes of an attempt, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is cut.
    Drop,
    /// It is let through to another destination than its own.
    Misroute,
    /// The log does not show what the target goes by.
    Uncertain,
    /// It goes where it was going.
    Allow,
}

/// A verdict and what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What becomes of the attempt.
    pub verdict: Verdict,
    /// The deciding rule, in words, without a final dot and harmless to print.
    pub rule: String,
    /// The line of the ledger whose entry decided.
    pub line: Option<u64>,
}

/// One dependency and what becomes of it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Which.
    pub key: &'a Key,
    /// What is known of it.
    pub dependency: &'a Dependency,
    /// What becomes of it.
    pub judgement: Judgement,
    /// What the ledger says of it: the entry that decided, else the one that speaks for it.
    pub entry: Option<Standing>,
}

/// What an entry of the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its line.
    pub line: u64,
    /// Its verdict.
    pub verdict: ledger::Verdict,
    /// Whether its last day is past.
    pub expired: bool,
}

/// A map replayed against a proposal.
#[derive(Debug)]
pub struct Replay<'a> {
    /// The target's name.
    pub target: &'static str,
    /// Every dependency of the map once: the worst first, then in the order of the map.
    pub judged: Vec<Judged<'a>>,
}

/// Judges every dependency of the map. `today` is the day on which the proposal judged entries expired.
#[must_use]
pub fn replay<'a>(
    map: &'a DependencyMap,
    ledger: &Ledger,
    proposal: &Proposal,
    semantics: &Semantics,
    today: Option<Date>,
) -> Replay<'a> {
    let policy = semantics.policy(map, proposal);
    let index = Index::of(ledger);
    let by_line: BTreeMap<u64, &Entry> = ledger.entries.iter().map(|entry| (entry.line, entry)).collect();
    let mut judged: Vec<Judged<'a>> = map
        .dependencies
        .iter()
        .map(|(key, dependency)| {
            let attempt = Attempt::of(key, dependency);
            let judgement = policy.judge(&attempt);
            let decided = judgement.line.and_then(|line| by_line.get(&line).copied());
            let entry = decided.or_else(|| speaking(&index, &attempt));
            Judged {
                key,
                dependency,
                judgement,
                entry: entry.map(|entry| Standing::of(entry, today)),
            }
        })
        .collect();
    judged.sort_by_key(|judged| judged.judgement.verdict);
    Replay {
        target: semantics.name,
        judged,
    }
}

/// The transport of an attempt, as a sentence says it.
fn transport(attempt: &Attempt<'_>) -> String {
    let word = attempt.key.protocol.to_string();
    match word.parse::<u8>() {
        Ok(number) => format!("IP protocol {number}"),
        Err(_) => word.to_ascii_uppercase(),
    }
}

/// A caller that nothing in the inventory owns: no policy can be written for it, and whether one stands before it is
/// unknown.
fn unowned(attempt: &Attempt<'_>) -> Option<Judgement> {
    let unowned = attempt.key.service.is_unattributed();
    unowned.then(|| {
        Judgement::uncertain("nothing in the inventory owns the caller, so whether this stands before it is unknown")
    })
}

/// A call to a service of ours, where a target lets pass what stays in the cluster.
fn within_cluster(map: &DependencyMap, attempt: &Attempt<'_>, rule: &str) -> Option<Judgement> {
    if !attempt.is_internal() {
        return None;
    }
    let facts = map.manifest.services.get(attempt.key.destination.as_str());
    Some(match facts.and_then(|facts| facts.namespace.as_ref()) {
        Some(_) => Judgement::allow(rule),
        None => Judgement::uncertain(format!(
            "{rule}, and the inventory does not say that {} is one",
            inert(&attempt.key.destination)
        )),
    })
}

/// The entry of the ledger that speaks for an attempt.
pub(crate) fn speaking<'a>(index: &'a Index<'a>, attempt: &'a Attempt<'a>) -> Option<&'a Entry> {
    let question = Question::of(attempt.key, attempt.far.as_ref()?, attempt.dependency);
    index.speaking(question)
}

impl Replay<'_> {
    /// Whether something that worked would no longer do so. What was only ever refused has nothing to lose.
    #[must_use]
    pub fn breaks(&self) -> bool {
        let worked = |judged: &&Judged<'_>| !judged.dependency.only_refused(judged.key.protocol);
        self.judged
            .iter()
            .filter(worked)
            .any(|judged| matches!(judged.judgement.verdict, Verdict::Drop | Verdict::Misroute))
    }

    /// All verdicts, counted.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.judged.iter().collect()
    }

    /// The verdicts of each service, counted.
    #[must_use]
    pub fn services(&self) -> BTreeMap<&str, Totals> {
        let mut services: BTreeMap<&str, Totals> = BTreeMap::new();
        for judged in &self.judged {
            services.entry(judged.key.service.as_str()).or_default().add(judged);
        }
        services
    }
}

impl Standing {
    pub(crate) fn of(entry: &Entry, today: Option<Date>) -> Self {
        Standing {
            line: entry.line,
            verdict: entry.verdict,
            expired: entry.expired(today),
        }
    }
}

impl Judgement {
    fn new(verdict: Verdict, rule: impl Into<String>) -> Self {
        Judgement {
            verdict,
            rule: rule.into(),
            line: None,
        }
    }

    fn allow(rule: impl Into<String>) -> Self {
        Self::new(Verdict::Allow, rule)
    }

    fn drop(rule: impl Into<String>) -> Self {
        Self::new(Verdict::Drop, rule)
    }

    fn misroute(rule: impl Into<String>) -> Self {
        Self::new(Verdict::Misroute, rule)
    }

    fn uncertain(rule: impl Into<String>) -> Self {
        Self::new(Verdict::Uncertain, rule)
    }

    /// The same, decided by an entry.
    fn by(mut self, entry: &Entry) -> Self {
        self.line = Some(entry.line);
        self
    }

    /// Neither a pass nor a detour.
    fn cuts(&self) -> bool {
        matches!(self.verdict, Verdict::Drop | Verdict::Misroute)
    }
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Verdict; 4] = [Verdict::Drop, Verdict::Misroute, Verdict::Uncertain, Verdict::Allow];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Drop => "drop",
            Verdict::Misroute => "misroute",
            Verdict::Uncertain => "uncertain",
            Verdict::Allow => "allow",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
