//! What holds for every target: text from outside is text, and the order of what is read changes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Target, hostile};
use crate::ledger::{Entry, Ledger};
use crate::proposal::{Proposal, Settings, propose};
use crate::sample::{self, Seen};
use crate::target::REGISTRY;

fn every_form() -> Ledger {
    Ledger::parse(sample::EVERY_FORM).unwrap()
}

fn proposal(ledger: &Ledger) -> Proposal {
    propose(&sample::every_form(), ledger, &Settings::for_mesh("shop"))
}

/// What a target writes for tools; its pages are for people.
fn definitions(target: &dyn Target, proposal: &Proposal) -> BTreeMap<String, String> {
    let files = target.render(proposal).files.into_iter();
    files
        .filter(|file| !file.path.ends_with(".md"))
        .map(|file| (file.path, file.text))
        .collect()
}

fn page(target: &dyn Target, proposal: &Proposal) -> String {
    let mut files = target.render(proposal).files.into_iter();
    files.find(|file| file.path == "PROPOSAL.md").unwrap().text
}

#[test]
fn what_people_write_beside_an_entry_changes_no_definition_and_no_heading() {
    let plain = proposal(&every_form());
    for text in hostile() {
        let mut ledger = every_form();
        for entry in &mut ledger.entries {
            (entry.owner, entry.reason) = (Some(text.clone()), Some(text.clone()));
        }
        let noisy = proposal(&ledger);
        for target in REGISTRY {
            assert_eq!(definitions(*target, &noisy), definitions(*target, &plain));
            let headings = |page: String| -> Vec<String> {
                let lines = page
                    .lines()
                    .filter(|line| line.starts_with('#') || line.starts_with("```"));
                lines.map(str::to_owned).collect()
            };
            let (noisy, plain) = (page(*target, &noisy), page(*target, &plain));
            assert_eq!(noisy.lines().count(), plain.lines().count(), "{}", target.name());
            assert_eq!(headings(noisy), headings(plain), "{}", target.name());
        }
    }
}

#[test]
fn the_order_of_the_ledger_changes_no_definition() {
    let mut reversed = every_form();
    reversed.entries.reverse();
    let (reversed, plain) = (proposal(&reversed), proposal(&every_form()));
    for target in REGISTRY {
        assert_eq!(definitions(*target, &reversed), definitions(*target, &plain));
        assert_eq!(
            target.render(&reversed).findings.len(),
            target.render(&plain).findings.len()
        );
    }
}

/// The same grants to every caller.
fn grants_to(callers: &[String]) -> Proposal {
    let mut ledger = Ledger::default();
    let mut map = sample::map([]);
    let checkout = |entry: &&Entry| entry.service == sample::service("checkout");
    for caller in callers {
        map.dependencies
            .extend(sample::map([Seen::tls(caller, "api.stripe.com", 443)]).dependencies);
        ledger
            .entries
            .extend(every_form().entries.iter().filter(checkout).map(|entry| Entry {
                service: sample::service(caller),
                ..entry.clone()
            }));
    }
    propose(&map, &ledger, &Settings::for_mesh("shop"))
}

/// The value of a file of any language, as its own parser reads it.
fn read(path: &str, text: &str) -> Vec<Value> {
    match path.rsplit_once('.').unwrap().1 {
        "tf" => vec![hcl::from_str(text).unwrap()],
        "json" => vec![serde_json::from_str(text).unwrap()],
        "yaml" => text
            .split("\n---\n")
            .map(|document| serde_saphyr::from_str(document).unwrap())
            .collect(),
        // One rule a line: the text itself is compared.
        "rules" => text.lines().map(Value::from).collect(),
        other => panic!("no parser for .{other}"),
    }
}

/// A value without its texts: what holds what, and how many.
fn skeleton(value: &Value) -> String {
    let mut parts: Vec<String> = match value {
        Value::Object(map) => map.values().map(skeleton).collect(),
        Value::Array(items) => items.iter().map(skeleton).collect(),
        Value::String(_) => return "s".to_owned(),
        other => return other.to_string(),
    };
    parts.sort();
    format!("({})", parts.join(" "))
}

#[test]
fn a_name_that_tries_to_be_more_leaves_the_structure_of_every_file_as_it_is() {
    let name = |(at, text): (usize, String)| {
        let text: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        format!("{}{at}", text.trim())
    };
    let hostile: Vec<String> = hostile().into_iter().enumerate().map(name).collect();
    let benign: Vec<String> = (0..hostile.len()).map(|at| format!("service-{at}")).collect();
    let (hostile, benign) = (grants_to(&hostile), grants_to(&benign));
    for target in REGISTRY {
        let skeletons = |proposal: &Proposal| -> Vec<String> {
            let files = definitions(*target, proposal);
            let mut all: Vec<String> = files
                .iter()
                .flat_map(|(path, text)| read(path, text))
                .map(|value| skeleton(&value))
                .collect();
            all.sort();
            all
        };
        let (found, expected) = (skeletons(&hostile), skeletons(&benign));
        if ["istio", "cilium", "network-policy", "eks-network-policy"].contains(&target.name()) {
            // Only what can be the value of a label gets a policy, and the rest is a finding.
            let unselectable = |finding: &&crate::Finding| finding.code.to_string() == "EGR0045";
            let lost = target.render(&hostile).findings.iter().filter(unselectable).count();
            assert!(lost > 10 && found.len() < expected.len());
            assert!(found.iter().all(|shape| expected.contains(shape)), "{}", target.name());
        } else {
            assert_eq!(found, expected, "{}", target.name());
        }
    }
}

#[test]
fn every_allowed_entry_is_written_or_lost_with_a_finding() {
    let proposal = proposal(&every_form());
    for target in REGISTRY.iter().filter(|target| !target.name().starts_with("appmesh")) {
        let page = page(*target, &proposal);
        let rows = page
            .lines()
            .filter(|line| line.starts_with("| ") && line.ends_with(" |"));
        let counts: Vec<usize> = rows
            .filter_map(|row| {
                row.trim_end_matches(" |")
                    .rsplit(' ')
                    .next()?
                    .trim_matches('*')
                    .parse()
                    .ok()
            })
            .collect();
        let (all, parts) = counts.split_last().unwrap();
        assert_eq!(parts.iter().sum::<usize>(), *all, "{page}");
        let (_, listed) = page.split_once("## Allowed\n").unwrap();
        for allowed in &proposal.allowed {
            let shown = crate::text::markdown(&crate::proposal::shown(&allowed.entry));
            assert!(listed.contains(&shown), "{}: {shown} is nowhere", target.name());
        }
    }
}
