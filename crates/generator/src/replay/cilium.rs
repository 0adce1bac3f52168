//! Cilium with a policy for each caller: the addresses that DNS answered for an allowed name, and ranges.

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{DependencyMap, Protocol};

use super::allowances::{Allowances, Rules};
use super::port::{allowed_at, in_spite_of};
use super::{Attempt, Judgement, Policy, Verdict, said, transport, unowned, within_cluster};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Proposal};
use crate::text::inert;

/// How many labels a wildcard reaches: one is all that Cilium knows, and each is written for one, two and three.
const DEPTH: usize = 3;

/// Every caller's policy, which drops what it does not name.
pub(super) struct Cilium<'a> {
    map: &'a DependencyMap,
    allowed: Allowances<'a>,
}

impl<'a> Cilium<'a> {
    pub(super) fn new(map: &'a DependencyMap, proposal: &'a Proposal) -> Self {
        Cilium {
            map,
            allowed: Allowances::by_service(proposal),
        }
    }
}

impl Policy for Cilium<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        let early = unowned(attempt)
            .or_else(|| within_cluster(self.map, attempt, "what stays in the cluster is allowed"))
            .or_else(|| dns(attempt));
        early.unwrap_or_else(|| match self.allowed.for_service(attempt) {
            Some(rules) if matches!(attempt.key.protocol, Protocol::Tcp | Protocol::Udp) => {
                in_spite_of(rules, attempt, at_port(attempt, rules))
            }
            _ => Judgement::drop(format!(
                "the policy of {} allows nothing on port {} of {}",
                inert(attempt.key.service.as_str()),
                attempt.key.port,
                transport(attempt)
            )),
        })
    }
}

/// Queries go to kube-dns and nowhere else.
pub(super) fn dns(attempt: &Attempt<'_>) -> Option<Judgement> {
    attempt.is_dns().then(|| {
        Judgement::uncertain("DNS is allowed to the cluster's own server, and the log does not say which this is")
    })
}

fn at_port(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
    if let Some(judgement) = allowed_at(attempt, rules) {
        return judgement;
    }
    if !rules.has_names() {
        return Judgement::drop("no allowed range holds its address");
    }
    let find = |name: &DnsName| rules.host(name).filter(|allowed| reaches(allowed, name));
    let refused = "no allowed name was the question for its address";
    let judgement = said::judge(attempt, "DNS query", find, refused);
    let neighbour = || attempt.neighbours().find(|name| find(name).is_some());
    match judgement.verdict {
        Verdict::Drop => match neighbour() {
            Some(name) => Judgement::uncertain(format!(
                "passes while the caller's query for {name} is remembered, whose addresses these also are"
            )),
            None => judgement,
        },
        _ => judgement,
    }
}

/// Whether a wildcard is written as deep as a name stands below it.
fn reaches(allowed: &Allowed, name: &DnsName) -> bool {
    match &allowed.entry.destination {
        Destination::Below(suffix) => {
            let labels = |name: &DnsName| name.as_str().split('.').count();
            labels(name) - labels(suffix) <= DEPTH
        }
        _ => true,
    }
}
