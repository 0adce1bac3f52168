//! What the map and the ledger show beside the proposal, so that nothing disappears silently.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::{Class, Dependency, DependencyMap, Key, Protocol};
use jiff::civil::Date;

use super::demand::{bypass, shown, virtual_node};
use super::finding::{Code, Finding, Severity};
use crate::ledger::{Destination, Index, Ledger, Question, Verdict};
use crate::text::inert;

type ByCaller<'a> = BTreeMap<(Code, &'a str), Vec<String>>;

/// One finding a caller and kind.
pub(super) fn note(
    map: &DependencyMap,
    ledger: &Ledger,
    index: &Index<'_>,
    today: Option<Date>,
    findings: &mut Vec<Finding>,
) {
    let mut facts = ByCaller::new();
    let nowhere = BTreeSet::new();
    for entry in &ledger.entries {
        match entry.verdict {
            Verdict::Review => add(
                &mut facts,
                Code::AwaitsReview,
                virtual_node(map, &entry.service),
                shown(entry),
            ),
            Verdict::Allow if !entry.expired(today) => {
                let question = Question {
                    service: &entry.service,
                    destination: &entry.destination,
                    port: entry.port,
                    protocol: entry.protocol(),
                    addresses: &nowhere,
                };
                let mut wider = index.wider(question);
                if let Some(wider) = wider.find(|wider| wider.verdict == Verdict::Deny) {
                    let fact = format!("{} stands in {} (line {})", shown(entry), wider.destination, wider.line);
                    add(
                        &mut facts,
                        Code::AllowedWithinDenied,
                        virtual_node(map, &entry.service),
                        fact,
                    );
                }
            }
            Verdict::Allow | Verdict::Deny => {}
        }
    }
    for (key, dependency) in map
        .dependencies
        .iter()
        .filter(|(key, dependency)| !dependency.only_refused(key.protocol))
    {
        if let Some(code) = kind(key, dependency, index) {
            let fact = format!("{}:{} ({})", inert(&key.destination), key.port, protocol(key.protocol));
            add(&mut facts, code, virtual_node(map, &key.service), fact);
        }
    }
    findings.extend(
        facts
            .into_iter()
            .map(|((code, caller), facts)| finding(code, caller, facts)),
    );
}

fn add<'a>(facts: &mut ByCaller<'a>, code: Code, caller: &'a str, fact: String) {
    facts.entry((code, caller)).or_default().push(fact);
}

fn kind(key: &Key, dependency: &Dependency, index: &Index<'_>) -> Option<Code> {
    match dependency.class {
        Class::Internal => return Some(Code::Internal),
        Class::Infrastructure => return Some(Code::Infrastructure),
        Class::Aws | Class::Private | Class::External => {}
    }
    let Ok(destination) = key.destination.parse::<Destination>() else {
        return Some(Code::NotInLedger);
    };
    // The entry for this very destination speaks before a wider one.
    let question = Question::of(key, &destination, dependency);
    let speaks = index.speaking(question);
    match speaks.map(|entry| entry.verdict) {
        None => Some(Code::NotInLedger),
        Some(Verdict::Deny) => Some(Code::DeniedButSeen),
        Some(Verdict::Allow | Verdict::Review) => None,
    }
}

fn protocol(protocol: Protocol) -> String {
    match protocol {
        Protocol::Icmp => "icmp".to_owned(),
        Protocol::Tcp => "tcp".to_owned(),
        Protocol::Udp => "udp".to_owned(),
        Protocol::Other(number) => format!("protocol {number}"),
    }
}

fn finding(code: Code, caller: &str, facts: Vec<String>) -> Finding {
    let name = inert(caller);
    let many = match facts.len() {
        1 => "1 dependency".to_owned(),
        many => format!("{many} dependencies"),
    };
    let (severity, sentence, way) = match code {
        Code::AwaitsReview => (
            Severity::Warning,
            format!("awaiting review and not proposed: {many} of {name}; what of it passes the proxy, DROP_ALL cuts"),
            Some("set verdict to allow or deny in the ledger".to_owned()),
        ),
        Code::AllowedWithinDenied => (
            Severity::Warning,
            format!("{name} is allowed what a wider entry denies; the narrower entry decides"),
            Some("if that is not meant, set verdict to deny".to_owned()),
        ),
        Code::DeniedButSeen => (
            Severity::Warning,
            format!("denied by the ledger and seen in the map: {many} of {name}"),
            Some("find out what in the caller still uses it before the cut-over".to_owned()),
        ),
        Code::Internal => (
            Severity::Note,
            format!(
                "calls between services of ours, not proposed here since they are backends of the mesh's own: {many} of {name}"
            ),
            Some("check that the caller's own definition lists every one of them before DROP_ALL".to_owned()),
        ),
        Code::Infrastructure => (
            Severity::Note,
            format!("{name} uses DNS, time or instance metadata: UDP and the metadata addresses bypass the proxy"),
            facts.iter().any(|fact| fact.ends_with(":53 (tcp)")).then(|| bypass(53)),
        ),
        _ => (
            Severity::Warning,
            format!("in the map and not in the ledger: {many} of {name}"),
            Some("merge the map into the ledger first".to_owned()),
        ),
    };
    let finding = Finding::about(severity, code, Some(caller), sentence).because(facts);
    match way {
        Some(way) => finding.way_out(way),
        None => finding,
    }
}
