//! What replay says, held against a reading of the rendered files that knows nothing of proposals.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egressmap_aggregator::map::Protocol;
use ipnet::IpNet;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::*;
use crate::target::{RenderedFile, target_named};

/// A connection that a client opens: to an address, under a name that it asked DNS for and says.
struct Connection<'a> {
    service: &'a str,
    name: Option<&'a str>,
    address: IpAddr,
    port: u16,
    transport: &'static str,
    /// What it may be, as far as the log shows.
    speaks: &'static [&'static str],
}

impl<'a> Connection<'a> {
    fn of(key: &'a Key, dependency: &Dependency) -> Self {
        let speaks: &[&str] = match (dependency.access.records, dependency.application) {
            (1, Application::Http) => &["http"],
            (1, Application::Tls) => &["tls"],
            _ => &["http", "tls"],
        };
        Connection {
            service: key.service.as_str(),
            name: Some(key.destination.as_str()).filter(|name| name.parse::<IpAddr>().is_err()),
            address: *dependency.addresses.first().unwrap(),
            port: key.port,
            transport: if key.protocol == Protocol::Udp { "udp" } else { "tcp" },
            speaks,
        }
    }

    fn lies_in(&self, range: &Value) -> bool {
        let range: IpNet = range.as_str().unwrap().parse().unwrap();
        range.contains(&self.address)
    }

    /// Whether a list of Kubernetes ports has its own.
    fn has_port(&self, ports: &Value) -> bool {
        ports.as_array().unwrap().iter().any(|port| {
            let number = port["port"].as_u64().or_else(|| port["port"].as_str()?.parse().ok());
            number == Some(self.port.into()) && port["protocol"] == *self.transport.to_ascii_uppercase()
        })
    }
}

/// The rules of the policy of a caller; without a policy nothing is open.
fn rules(files: &[RenderedFile], connection: &Connection<'_>) -> Vec<Value> {
    let path = format!("default/egress-{}.yaml", connection.service);
    let policy = files.iter().find(|file| file.path == path);
    let policy = policy.map(|file| serde_saphyr::from_str::<Value>(&file.text).unwrap());
    policy.map_or_else(Vec::new, |policy| policy["spec"]["egress"].as_array().unwrap().clone())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// `*.example`: any name below, at any depth.
fn is_below(name: &str, pattern: &str) -> bool {
    name == pattern || pattern.strip_prefix('*').is_some_and(|suffix| name.ends_with(suffix))
}

/// The policies of Kubernetes, and of EKS with names.
fn network_policy(files: &[RenderedFile], connection: &Connection<'_>) -> bool {
    rules(files, connection).iter().any(|rule| {
        let to_it = list(rule, "to").any(|to| {
            let block = to
                .get("ipBlock")
                .is_some_and(|block| connection.lies_in(&block["cidr"]));
            let mut names = list(to, "domainNames").map(|name| name.as_str().unwrap());
            block || names.any(|pattern| connection.name.is_some_and(|name| is_below(name, pattern)))
        });
        to_it && connection.has_port(&rule["ports"])
    })
}

fn cilium(files: &[RenderedFile], connection: &Connection<'_>) -> bool {
    let named = |fqdn: &Value| {
        let Some(name) = connection.name else { return false };
        match fqdn["matchPattern"].as_str() {
            None => fqdn["matchName"] == name,
            // A star is one label.
            Some(pattern) => {
                let (labels, wanted): (Vec<_>, Vec<_>) = (name.split('.').collect(), pattern.split('.').collect());
                labels.len() == wanted.len()
                    && labels
                        .iter()
                        .zip(wanted)
                        .all(|(label, wanted)| wanted == "*" || *label == wanted)
            }
        }
    };
    rules(files, connection).iter().any(|rule| {
        let to_it =
            list(rule, "toFQDNs").any(named) || list(rule, "toCIDRSet").any(|set| connection.lies_in(&set["cidr"]));
        to_it && list(rule, "toPorts").any(|ports| connection.has_port(&ports["ports"]))
    })
}

/// The value of an attribute in a block of `rules.tf`.
fn attribute(files: &[RenderedFile], wanted: impl Fn(&hcl::Block) -> bool, key: &str) -> Option<Value> {
    let file = files.iter().find(|file| file.path == "rules.tf").unwrap();
    let body = hcl::parse(&file.text).unwrap();
    let found = body
        .blocks()
        .find(|block| wanted(block))?
        .body
        .attributes()
        .find(|found| found.key() == key)?;
    let value: hcl::Value = found.expr().clone().into();
    Some(serde_json::to_value(value).unwrap())
}

fn security_group(files: &[RenderedFile], connection: &Connection<'_>) -> bool {
    let rules = attribute(files, |block| block.identifier() == "locals", "rules").unwrap();
    rules.as_object().unwrap().values().any(|rule| {
        let mut ranges = ["cidr_ipv4", "cidr_ipv6"].iter().filter_map(|key| rule.get(*key));
        rule["service"] == connection.service
            && rule["protocol"] == connection.transport
            && rule["port"] == connection.port
            && ranges.any(|range| !range.is_null() && connection.lies_in(range))
    })
}

fn dns_firewall(files: &[RenderedFile], connection: &Connection<'_>) -> bool {
    let first_list = |block: &hcl::Block| block.labels().iter().any(|label| label.as_str() == "allowed_0");
    let names = attribute(files, first_list, "domains").unwrap_or_else(|| serde_json::json!([]));
    let mut names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    names.any(|pattern| connection.name.is_some_and(|name| is_below(name, pattern)))
}

fn network_firewall(files: &[RenderedFile], connection: &Connection<'_>) -> bool {
    let file = files.iter().find(|file| file.path == "egress.rules").unwrap();
    file.text.lines().filter(|line| line.starts_with("pass ")).any(|line| {
        let (head, options) = line.split_once(" (").unwrap();
        let [_, protocol, _, _, _, to, port] = head.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        if port != connection.port.to_string() {
            return false;
        }
        match protocol {
            "http" | "tls" => {
                let (_, content) = options.split_once("content:\"").unwrap();
                let content = content.split('"').next().unwrap();
                let whole = options.contains(" startswith;");
                connection.transport == "tcp"
                    && connection.speaks.contains(&protocol)
                    && connection
                        .name
                        .is_some_and(|name| name == content || (!whole && name.ends_with(content)))
            }
            transport => {
                let range = if to.contains('/') {
                    to.parse()
                } else {
                    to.parse()
                        .map(|address: IpAddr| address.into())
                        .map_err(|_| unreachable!())
                };
                transport == connection.transport && range.is_ok_and(|range: IpNet| range.contains(&connection.address))
            }
        }
    })
}

type Reading = fn(&[RenderedFile], &Connection<'_>) -> bool;

const READINGS: [(&str, Reading); 6] = [
    ("network-policy", network_policy),
    ("eks-network-policy", network_policy),
    ("cilium", cilium),
    ("security-group", security_group),
    ("network-firewall", network_firewall),
    ("dns-firewall", dns_firewall),
];

/// Dependencies outside, of callers that are known, each at one address.
fn outside(mut seen: Vec<Seen>) -> DependencyMap {
    seen.retain(|seen| !seen.key.service.is_unattributed() && !seen.key.destination.starts_with("aws/"));
    sample::map(seen.into_iter().map(|mut seen| {
        seen.dependency.class = Class::External;
        if seen.dependency.addresses.is_empty() {
            let own = seen.key.destination.parse().ok();
            seen.dependency
                .addresses
                .insert(own.unwrap_or(IpAddr::from([192, 0, 2, 7])));
        }
        seen
    }))
}

#[test]
fn what_replay_says_is_what_the_rendered_files_do() {
    let mut runner = TestRunner::deterministic();
    let worlds = (
        prop::collection::vec(laws::seen(), 1..24),
        laws::allows(),
        any::<bool>(),
    );
    let mut met: BTreeMap<(&str, Verdict), usize> = BTreeMap::new();
    for _ in 0..128 {
        let (mut seen, mut allowed, underscores) = worlds.new_tree(&mut runner).unwrap().current();
        if underscores {
            // A name that not every target can write.
            for seen in seen.iter_mut().filter(|seen| seen.key.destination == "b.example") {
                seen.key.destination = "_b.example".to_owned();
            }
            for entry in allowed.iter_mut().filter(|entry| entry.1 == "b.example") {
                entry.1 = "_b.example";
            }
        }
        let (map, ledger) = (outside(seen), ledger(&allowed));
        let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
        for (target, passes) in READINGS {
            let files = target_named(target).unwrap().render(&proposal);
            let replay = replay(&map, &ledger, &proposal, semantics_named(target).unwrap(), None);
            for judged in &replay.judged {
                let verdict = judged.judgement.verdict;
                *met.entry((target, verdict)).or_default() += 1;
                let connection = Connection::of(judged.key, judged.dependency);
                let said = match verdict {
                    Verdict::Allow => true,
                    Verdict::Drop => false,
                    // The log does not show what the target goes by.
                    Verdict::Uncertain | Verdict::Misroute => continue,
                };
                assert_eq!(
                    passes(&files, &connection),
                    said,
                    "{target}: {:?} {}\n{allowed:?}",
                    judged.key,
                    judged.judgement.rule
                );
            }
        }
    }
    for (target, _) in READINGS {
        for verdict in [Verdict::Allow, Verdict::Drop] {
            let count = met.get(&(target, verdict)).copied().unwrap_or_default();
            assert!(count > 20, "{target}: {count} times {verdict}");
        }
    }
}
