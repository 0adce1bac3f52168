//! What the semantics of several targets share about one port of a caller.

use egressmap_aggregator::identity::DnsName;

use super::allowances::Rules;
use super::{Attempt, Judgement, Spoken};
use crate::ledger::Destination;
use crate::proposal::Allowed;
use crate::text::inert;

/// The one TCP host, if there is one and nothing else of its kind.
pub(super) fn lone_host<'a>(rules: &Rules<'a>) -> Option<(&'a DnsName, &'a Allowed)> {
    match rules.nameless() {
        [allowed] => match &allowed.entry.destination {
            Destination::Name(host) => Some((host, allowed)),
            _ => None,
        },
        _ => None,
    }
}

/// An address that is allowed as such.
pub(super) fn allowed_at(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Option<Judgement> {
    let allowed = rules.addresses(&attempt.addresses())?;
    let rule = format!("{} is allowed by address", allowed.entry.destination);
    Some(Judgement::allow(rule).by(&allowed.entry))
}

/// The judgement with the entry that allows the attempt, where it is cut all the same.
pub(super) fn in_spite_of(rules: &Rules<'_>, attempt: &Attempt<'_>, judgement: Judgement) -> Judgement {
    match rules.speaking(attempt) {
        Some(allowed) if judgement.cuts() && judgement.line.is_none() => {
            let rule = format!("allowed, but {}", judgement.rule);
            Judgement { rule, ..judgement }.by(&allowed.entry)
        }
        _ => judgement,
    }
}

/// A host has all of a port that nothing else on it matches: fine for the host itself, a detour for everything else.
pub(super) fn rest(attempt: &Attempt<'_>, host: &DnsName, allowed: &Allowed) -> Judgement {
    let port = attempt.key.port;
    if attempt.name() == Some(host) {
        return Judgement::allow(format!("{host} is the TCP host of port {port}")).by(&allowed.entry);
    }
    let caller = inert(attempt.key.service.as_str());
    let fate =
        format!("{host} is the TCP host of {caller} on port {port}, and gets all that nothing else there matches");
    match attempt.spoken() {
        Spoken::Name(_) if attempt.also().all(|name| name != *host) => Judgement::misroute(fate),
        _ => Judgement::uncertain(format!(
            "{fate}; nothing in the log tells whether that is where it belongs"
        )),
    }
}
