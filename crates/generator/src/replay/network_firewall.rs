//! AWS Network Firewall in strict order: one list for a whole VPC, by SNI, `Host` and address.

use egressmap_aggregator::map::{Application, Class};

use super::allowances::{Allowances, Rules};
use super::port::{allowed_at, in_spite_of};
use super::{Attempt, Judgement, Policy, said, transport};
use crate::proposal::Proposal;

/// What is allowed to anybody.
pub(super) struct NetworkFirewall<'a>(Allowances<'a>);

impl<'a> NetworkFirewall<'a> {
    pub(super) fn new(proposal: &'a Proposal) -> Self {
        NetworkFirewall(Allowances::of_everybody(proposal))
    }
}

impl Policy for NetworkFirewall<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        if attempt.is_link_local() {
            return Judgement::allow("link-local traffic never reaches the firewall");
        }
        if attempt.is_internal() || attempt.dependency.class == Class::Private {
            let allowed = self
                .0
                .for_everybody(attempt)
                .and_then(|rules| allowed_at(attempt, rules));
            return allowed.unwrap_or_else(|| {
                Judgement::uncertain("passes unless a route leads it through the firewall, which no log shows")
            });
        }
        match self.0.for_everybody(attempt) {
            Some(rules) => in_spite_of(rules, attempt, at_port(attempt, rules)),
            None => Judgement::drop(format!(
                "nothing is allowed to anybody on port {} of {}",
                attempt.key.port,
                transport(attempt)
            )),
        }
    }
}

fn at_port(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
    if let Some(judgement) = allowed_at(attempt, rules) {
        return judgement;
    }
    let said = |application, what| {
        let refused = format!("no rule of the VPC allows this {what}");
        said::judge(attempt, what, |name| rules.host_speaking(name, application), &refused)
    };
    let any = |application| attempt.may_speak(application) && rules.names_speak(application);
    match (any(Application::Tls), any(Application::Http)) {
        (true, false) => said(Application::Tls, "SNI"),
        (false, true) => said(Application::Http, "Host"),
        (true, true) => {
            let (tls, http) = (said(Application::Tls, "SNI"), said(Application::Http, "Host"));
            if tls.verdict >= http.verdict { tls } else { http }
        }
        (false, false) => Judgement::drop("no rule of the VPC allows its address"),
    }
}
