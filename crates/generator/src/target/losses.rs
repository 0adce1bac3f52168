//! What a target could not say as the ledger means it: one finding a kind and caller, with every entry it is about.

use std::collections::BTreeMap;
use std::fmt;

use crate::proposal::{Allowed, Code, Finding, Severity, shown};
use crate::text::inert;

/// How many of the addresses that the map saw are spelt out.
const ADDRESSES: usize = 8;

/// The losses of one target.
#[derive(Debug)]
pub(super) struct Losses {
    /// What the target is called in a sentence.
    tool: &'static str,
    facts: BTreeMap<(Code, Option<String>), Vec<String>>,
}

impl Losses {
    pub(super) fn of(tool: &'static str) -> Self {
        Losses {
            tool,
            facts: BTreeMap::new(),
        }
    }

    /// An entry that is lost, or means something else here.
    pub(super) fn add(&mut self, code: Code, allowed: &Allowed) {
        self.note(code, Some(allowed.entry.service.as_str()), shown(&allowed.entry));
    }

    /// The same, with the addresses that it was seen at.
    pub(super) fn add_with_addresses(&mut self, code: Code, allowed: &Allowed) {
        let mut fact = shown(&allowed.entry);
        let seen: Vec<String> = allowed.addresses.iter().map(ToString::to_string).collect();
        if let Some(first) = seen.get(..ADDRESSES.min(seen.len())).filter(|first| !first.is_empty()) {
            let more = match seen.len() - first.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            fact.push_str(&format!(", seen at {}{more}", first.join(", ")));
        }
        self.note(code, Some(allowed.entry.service.as_str()), fact);
    }

    /// A fact about a caller, or about all of them.
    pub(super) fn note(&mut self, code: Code, caller: Option<&str>, fact: impl fmt::Display) {
        let key = (code, caller.map(str::to_owned));
        self.facts.entry(key).or_default().push(fact.to_string());
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let tool = self.tool;
        let facts = self.facts.into_iter();
        facts
            .map(|((code, caller), facts)| {
                let who = caller.as_deref().map_or_else(|| "every caller".to_owned(), inert);
                let (severity, sentence, ways) = words(code, tool, &who);
                let finding = Finding::about(severity, code, caller.as_deref(), sentence).because(facts);
                ways.iter().fold(finding, |finding, way| finding.way_out(*way))
            })
            .collect()
    }
}

const BY_NAME: &str =
    "enforce these with a target that knows names: istio, envoy, cilium, eks-network-policy, network-firewall";
const BY_ADDRESS: &str =
    "enforce these with a target that knows addresses: network-policy, security-group, network-firewall";

/// How urgent a kind of loss is, what it is in one sentence, and the ways out.
fn words(code: Code, tool: &str, who: &str) -> (Severity, String, &'static [&'static str]) {
    use Severity::{Decision, Note, Warning};
    match code {
        Code::NeedsName => (
            Decision,
            format!("{tool} cannot allow {who} what is known by name alone"),
            &[
                BY_NAME,
                "if the provider publishes stable addresses, allow those in the ledger",
            ],
        ),
        Code::UnwritableName => (
            Decision,
            format!("{tool} has no way to write these destinations of {who}"),
            &["enforce these with another target"],
        ),
        Code::WildcardDepth => (
            Warning,
            format!("a wildcard of {tool} stands for one label, so {who} gets names up to three labels below, not all"),
            &["allow deeper names one by one"],
        ),
        Code::OutOfReach => (
            Note,
            format!("{tool} neither allows nor drops these of {who}"),
            &[BY_ADDRESS],
        ),
        Code::NeedsTransport => (
            Decision,
            format!("{tool} drops these of {who} and has no way to allow them"),
            &[
                "enforce these with another target",
                "allow them by address in the ledger",
            ],
        ),
        Code::UnselectableCaller => (
            Decision,
            format!("{tool} cannot select {who}: the name of a service must be a label, and its namespace a DNS label"),
            &["give the service in the inventory the name that its pods carry in the label app"],
        ),
        Code::NamespaceAssumed => (
            Warning,
            format!("the inventory has no namespace for {who}, so its resources are for the namespace default"),
            &["add the column namespace to the inventory, and discover again"],
        ),
        other => words_of_rules(other, tool, who),
    }
}

/// The same, for losses that come from how a target matches.
fn words_of_rules(code: Code, tool: &str, who: &str) -> (Severity, String, &'static [&'static str]) {
    use Severity::{Decision, Warning};
    match code {
        Code::CallersTogether => (
            Warning,
            format!("{tool} has one list for a whole VPC: each caller may reach what any of them is allowed"),
            &["tell callers apart with a target that does, or run them in VPCs or subnets of their own"],
        ),
        Code::HostTakesPort => (
            Warning,
            format!("{tool} matches these of {who} by port alone, so all its other TCP on that port is sent there too"),
            &["allow the address, if it is stable"],
        ),
        Code::NameFromClient => (
            Warning,
            format!("for these of {who} {tool} believes the name that the client gives, whatever address it dials"),
            &["allow the names one by one", BY_ADDRESS],
        ),
        Code::AddressesAsSeen => (
            Warning,
            format!("{tool} has these of {who} by the addresses that the map saw; other addresses are dropped"),
            &["check that the addresses are stable, and propose again when they change"],
        ),
        Code::HostsAlike => (
            Decision,
            format!("{tool} cannot tell these of {who} apart on their port, so they are left out"),
            &[
                "allow them by address in the ledger",
                "enforce the port with another target",
            ],
        ),
        Code::TargetQuota => (
            Decision,
            format!("{tool} does not take as much as is proposed for {who}"),
            &["split the caller, or replace names by a wildcard or a range"],
        ),
        Code::NeedsPrefixList => (
            Warning,
            format!("{tool} follows these of {who} by a prefix list of AWS: name it in the variable prefix_lists"),
            &["aws ec2 describe-managed-prefix-lists shows them; without one there is no rule"],
        ),
        Code::AwsAddresses => (
            Decision,
            format!("{tool} cannot follow the published addresses of AWS, by which {who} is allowed these"),
            &["find the name the client dials (SNI in Envoy's access log, DNS query logs), and allow that"],
        ),
        _ => (
            Warning,
            format!("{tool} also drops calls of {who} to services of ours"),
            &["list the networks of your own services in the variable inside before you flip"],
        ),
    }
}
