//! Suggests one wildcard for many names of one owner, with its price. Nothing is widened by itself.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::{DnsName, ServiceName};
use egressmap_aggregator::map::{Application, DependencyMap};
use jiff::civil::Date;

use super::demand::virtual_node;
use super::finding::{Code, Finding, Severity};
use crate::ledger::{Destination, Ledger, Verdict, application_word};
use crate::text::inert;
use crate::yaml::scalar;

/// So many names below one are worth a wildcard.
const NAMES: usize = 4;

/// Domains below which anybody may have names, beyond those of the Public Suffix List.
const SHARED: [&str; 14] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "on.aws",
    "cloudfront.net",
    "azureedge.net",
    "azurefd.net",
    "windows.net",
    "googleapis.com",
    "googleusercontent.com",
    "akamaized.net",
    "akamaiedge.net",
    "fastly.net",
    "github.io",
];

type Door<'a> = (&'a ServiceName, u16, Application);

pub(super) fn suggest(map: &DependencyMap, ledger: &Ledger, today: Option<Date>, findings: &mut Vec<Finding>) {
    let mut allowed: BTreeMap<Door<'_>, BTreeSet<&DnsName>> = BTreeMap::new();
    let mut against: BTreeMap<(&ServiceName, u16), Vec<&Destination>> = BTreeMap::new();
    for entry in &ledger.entries {
        match (&entry.destination, entry.verdict) {
            (Destination::Name(name), Verdict::Allow) if !entry.expired(today) => {
                let door = (&entry.service, entry.port, entry.application);
                allowed.entry(door).or_default().insert(name);
            }
            // A wildcard must not swallow what somebody denied, has yet to look at, or has widened already.
            (other, _) => against.entry((&entry.service, entry.port)).or_default().push(other),
        }
    }
    for ((service, port, application), names) in allowed {
        let against = against.get(&(service, port)).map_or(&[][..], Vec::as_slice);
        for (suffix, below) in wildcards(&names, against) {
            findings.push(finding(map, service, port, application, suffix, &below));
        }
    }
}

/// The narrowest names that have enough of the others below them, each with those.
fn wildcards<'a>(names: &BTreeSet<&'a DnsName>, against: &[&Destination]) -> Vec<(&'a str, BTreeSet<&'a DnsName>)> {
    let mut below: BTreeMap<&str, BTreeSet<&DnsName>> = BTreeMap::new();
    for name in names {
        for suffix in parents(name.as_str()) {
            below.entry(suffix).or_default().insert(name);
        }
    }
    let mut order: Vec<_> = below.into_iter().filter(|(_, names)| names.len() >= NAMES).collect();
    order.sort_by_key(|(suffix, _)| (std::cmp::Reverse(suffix.split('.').count()), *suffix));
    let mut found: Vec<(&str, BTreeSet<&DnsName>)> = Vec::new();
    for (suffix, mut names) in order {
        let clash = against.iter().any(|other| match other {
            Destination::Name(name) | Destination::Below(name) => name.is_under(suffix),
            _ => false,
        });
        names.retain(|name| !found.iter().any(|(_, taken)| taken.contains(name)));
        if !clash && names.len() >= NAMES {
            found.push((suffix, names));
        }
    }
    found
}

/// The names above one that belong to one owner: down to the registrable domain, and none of a shared domain.
fn parents(name: &str) -> Vec<&str> {
    let is_below = |domain: &str| {
        name.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if SHARED.iter().any(|domain| is_below(domain)) {
        return Vec::new();
    }
    let registrable = psl::domain_str(name).unwrap_or(name);
    let mut parents = Vec::new();
    let mut rest = name;
    while rest.len() > registrable.len() {
        let Some((_, parent)) = rest.split_once('.') else { break };
        parents.push(parent);
        rest = parent;
    }
    parents
}

fn finding(
    map: &DependencyMap,
    service: &ServiceName,
    port: u16,
    application: Application,
    suffix: &str,
    below: &BTreeSet<&DnsName>,
) -> Finding {
    let (count, name) = (below.len(), inert(service.as_str()));
    let sentence =
        format!("{name} is allowed {count} names below {suffix} on port {port}, which one entry could stand for");
    let paste = format!(
        "- {{service: {}, destination: \"*.{suffix}\", port: {port}, application: {}, verdict: allow}}",
        scalar(service.as_str()),
        application_word(application)
    );
    Finding::about(
        Severity::Note,
        Code::CouldBeWider,
        Some(virtual_node(map, service)),
        sentence,
    )
    .on_port(port)
    .because([
        format!("*.{suffix}: {count} names seen"),
        format!("its price: every other name below {suffix} is allowed too, whoever comes to have it"),
        "App Mesh knows no wildcards: there the names must stay, one by one".to_owned(),
    ])
    .because(below.iter().map(|name| format!("stands for {name}")))
    .way_out(format!(
        "if that is worth it, put this in the place of those entries: {paste}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_suffix_or_a_shared_domain_is_nobodys_to_allow() {
        for (name, expected) in [
            ("a.b.example.com", &["b.example.com", "example.com"][..]),
            ("a.example.co.uk", &["example.co.uk"]),
            ("example.com", &[]),
            ("shop.github.io", &[]),
            ("a.shop.github.io", &[]),
            ("a.blogspot.com", &[]),
            ("x.a.blogspot.com", &["a.blogspot.com"]),
            ("queue.eu-west-1.amazonaws.com", &[]),
            ("d1.cloudfront.net", &[]),
            ("a.azureedge.net", &[]),
            ("mycloudfront.net", &[]),
            ("a.mycloudfront.net", &["mycloudfront.net"]),
        ] {
            assert_eq!(parents(name), expected, "{name}");
        }
    }
}
