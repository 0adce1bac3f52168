//! Security groups: each caller's rules by address, port and transport.

use super::allowances::Allowances;
use super::port::in_spite_of;
use super::{Attempt, Judgement, Policy, ranges, transport, unowned};
use crate::ledger::Destination;
use crate::proposal::Proposal;
use crate::text::inert;

/// Every caller's group, without the rule that allows all.
pub(super) struct SecurityGroup<'a>(Allowances<'a>);

impl<'a> SecurityGroup<'a> {
    pub(super) fn new(proposal: &'a Proposal) -> Self {
        SecurityGroup(Allowances::by_service(proposal))
    }
}

impl Policy for SecurityGroup<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        if attempt.is_link_local() {
            return Judgement::allow("security groups do not filter Amazon's DNS, time and metadata");
        }
        if let Some(unowned) = unowned(attempt) {
            return unowned;
        }
        if attempt.is_internal() {
            return Judgement::allow("services of ours lie inside, which stays open");
        }
        let rules = self.0.for_service(attempt);
        if let Some(Destination::Aws(label)) = &attempt.far
            && let Some(allowed) = rules.and_then(|rules| rules.label(label))
        {
            return Judgement::allow("its service of AWS is allowed by a prefix list").by(&allowed.entry);
        }
        let refused = format!(
            "no rule of {} allows this address on port {} of {}",
            inert(attempt.key.service.as_str()),
            attempt.key.port,
            transport(attempt)
        );
        let judgement = ranges::judge(attempt, rules, &refused);
        match rules {
            Some(rules) => in_spite_of(rules, attempt, judgement),
            None => judgement,
        }
    }
}
