//! What the map and the ledger show beside the proposal, so that nothing disappears silently.

use std::collections::BTreeMap;

use egressmap_aggregator::map::{Class, Dependency, DependencyMap, Key, Protocol};
use jiff::civil::Date;

use super::demand::{bypass, shown, virtual_node};
use super::finding::{Code, Finding, Severity};
use crate::ledger::{Destination, Entry, Ledger, Verdict};
use crate::text::inert;

type ByCaller = BTreeMap<(Code, String), Vec<String>>;

/// One finding a caller and kind.
pub(super) fn note(map: &DependencyMap, ledger: &Ledger, today: Option<Date>, findings: &mut Vec<Finding>) {
    let mut facts = ByCaller::new();
    for entry in ledger.entries.iter().filter(|entry| entry.verdict == Verdict::Review) {
        add(&mut facts, Code::AwaitsReview, virtual_node(map, &entry.service), shown(entry));
    }
    for entry in ledger.entries.iter().filter(|entry| entry.verdict == Verdict::Allow && !entry.expired(today)) {
        let wider = ledger.entries.iter().find(|other| is_denied_by(entry, other));
        if let Some(wider) = wider {
            let fact = format!("{} stands in {} (line {})", shown(entry), wider.destination, wider.line);
            add(&mut facts, Code::AllowedWithinDenied, virtual_node(map, &entry.service), fact);
        }
    }
    for (key, dependency) in map.dependencies.iter().filter(|(_, dependency)| !dependency.only_refused()) {
        let fact = format!("{}:{} ({})", inert(&key.destination), key.port, protocol(key.protocol));
        if let Some(code) = kind(key, dependency, ledger) {
            add(&mut facts, code, virtual_node(map, &key.service), fact);
        }
    }
    findings.extend(facts.into_iter().map(|((code, caller), facts)| finding(code, &caller, facts)));
}

fn add(facts: &mut ByCaller, code: Code, caller: String, fact: String) {
    facts.entry((code, caller)).or_default().push(fact);
}

fn is_denied_by(entry: &Entry, other: &Entry) -> bool {
    other.verdict == Verdict::Deny
        && other.service == entry.service
        && other.port == entry.port
        && other.protocol() == entry.protocol()
        && other.destination.covers(&entry.destination, &Default::default())
}

fn kind(key: &Key, dependency: &Dependency, ledger: &Ledger) -> Option<Code> {
    match dependency.class {
        Class::Internal => return Some(Code::Internal),
        Class::Infrastructure => return Some(Code::Infrastructure),
        Class::Aws | Class::Private | Class::External => {}
    }
    let Ok(destination) = key.destination.parse::<Destination>() else {
        return Some(Code::NotInLedger);
    };
    let speaking = || {
        ledger.entries.iter().filter(|entry| {
            entry.service == key.service
                && entry.port == key.port
                && entry.protocol() == key.protocol
                && entry.destination.covers(&destination, &dependency.addresses)
        })
    };
    // The entry for this very destination speaks before a wider one.
    let own = speaking().find(|entry| entry.destination == destination);
    match own.or_else(|| speaking().next()).map(|entry| entry.verdict) {
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
    let (name, many) = (inert(caller), facts.len());
    let (severity, sentence, way) = match code {
        Code::AwaitsReview => (
            Severity::Warning,
            format!("{many} dependencies of {name} await review and are not proposed; DROP_ALL would cut them"),
            Some("set verdict to allow or deny in the ledger".to_owned()),
        ),
        Code::AllowedWithinDenied => (
            Severity::Warning,
            format!("{name} is allowed what a wider entry denies; the narrower entry decides"),
            Some("if that is not meant, set verdict to deny".to_owned()),
        ),
        Code::DeniedButSeen => (
            Severity::Warning,
            format!("{name} was seen to reach {many} destinations that the ledger denies"),
            Some("find out who calls them before the cut-over: DROP_ALL will cut them".to_owned()),
        ),
        Code::Internal => (
            Severity::Note,
            format!("{name} calls {many} services of ours: these are backends of the mesh's own and not proposed here"),
            Some("check that the caller's own definition lists them all before DROP_ALL".to_owned()),
        ),
        Code::Infrastructure => (
            Severity::Note,
            format!("{name} uses DNS, time or instance metadata: UDP and the metadata addresses bypass the proxy"),
            facts.iter().any(|fact| fact.ends_with(":53 (tcp)")).then(|| bypass(53)),
        ),
        _ => (
            Severity::Warning,
            format!("{many} dependencies of {name} are in the map and not in the ledger"),
            Some("merge the map into the ledger first".to_owned()),
        ),
    };
    let finding = Finding::about(severity, code, Some(caller), sentence).because(facts);
    match way {
        Some(way) => finding.way_out(way),
        None => finding,
    }
}
