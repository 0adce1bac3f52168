//! Kubernetes network policies: each caller's rules by address, and on EKS by name.

use egressmap_aggregator::map::{DependencyMap, Protocol};

use super::allowances::{Allowances, Rules};
use super::cilium::dns;
use super::port::{allowed_at, in_spite_of};
use super::{Attempt, Judgement, Policy, ranges, said, transport, unowned, within_cluster};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Proposal};
use crate::target::is_domain_name;
use crate::text::inert;

/// What a policy can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knows {
    /// Addresses alone, as Kubernetes itself.
    Addresses,
    /// Names too, as EKS.
    Names,
}

/// Every caller's policy.
pub(super) struct NetworkPolicy<'a> {
    map: &'a DependencyMap,
    allowed: Allowances<'a>,
    knows: Knows,
}

impl<'a> NetworkPolicy<'a> {
    pub(super) fn new(map: &'a DependencyMap, proposal: &'a Proposal, knows: Knows) -> Self {
        let unwritable = |allowed: &&Allowed| match &allowed.entry.destination {
            Destination::Name(name) | Destination::Below(name) => {
                knows == Knows::Names && !is_domain_name(name.as_str())
            }
            _ => false,
        };
        let left_out: Vec<&Allowed> = proposal.allowed.iter().filter(unwritable).collect();
        NetworkPolicy {
            map,
            allowed: Allowances::by_service_but(proposal, &left_out),
            knows,
        }
    }

    fn at_port(&self, attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
        if self.knows == Knows::Addresses || !rules.has_names() {
            return ranges::judge(attempt, Some(rules), "no allowed range holds its address");
        }
        let by_name = || {
            said::judge(
                attempt,
                "DNS query",
                |name| rules.host(name),
                "no allowed name was the question for its address",
            )
        };
        allowed_at(attempt, rules).unwrap_or_else(by_name)
    }
}

impl Policy for NetworkPolicy<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        let early = unowned(attempt)
            .or_else(|| within_cluster(self.map, attempt, "what stays in the cluster is allowed"))
            .or_else(|| match self.knows {
                Knows::Addresses => dns(attempt),
                Knows::Names => attempt
                    .is_dns()
                    .then(|| Judgement::allow("DNS is open to every address: the resolver runs on the node")),
            });
        early.unwrap_or_else(|| match self.allowed.for_service(attempt) {
            Some(rules) if matches!(attempt.key.protocol, Protocol::Tcp | Protocol::Udp) => {
                in_spite_of(rules, attempt, self.at_port(attempt, rules))
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
