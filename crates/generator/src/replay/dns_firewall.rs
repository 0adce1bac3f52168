//! Route 53 DNS Firewall: one list of names for a whole VPC; what is dialled without a query passes.

use super::allowances::Rules;
use super::{Attempt, Judgement, Policy, said};
use crate::ledger::Destination;
use crate::proposal::{Placement, Proposal};

/// Every name that is allowed to anybody on any port.
pub(super) struct DnsFirewall<'a>(Rules<'a>);

impl<'a> DnsFirewall<'a> {
    pub(super) fn new(proposal: &'a Proposal) -> Self {
        let live = proposal
            .allowed
            .iter()
            .filter(|allowed| allowed.placement != Placement::NoCaller)
            // The API takes no name with an underscore.
            .filter(|allowed| !allowed.entry.destination.to_string().contains('_'));
        DnsFirewall(live.collect())
    }
}

impl Policy for DnsFirewall<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        if attempt.is_dns() || attempt.is_link_local() {
            return Judgement::allow("no name is looked up for it");
        }
        if attempt.is_internal() {
            return Judgement::uncertain(
                "passes if it is dialled by address, or by a name that is allowed; no log shows which",
            );
        }
        if matches!(attempt.far, Some(Destination::Address(_))) {
            return Judgement::uncertain(
                "passes if it is dialled by address; no log shows whether a name was looked up",
            );
        }
        said::judge(
            attempt,
            "query",
            |name| self.0.host(name),
            "no list allows the query for this name",
        )
    }
}
