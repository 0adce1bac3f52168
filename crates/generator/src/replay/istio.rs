//! Istio under `REGISTRY_ONLY`: a caller's port speaks one protocol, and matches `Host`, SNI or address by it.

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Application, DependencyMap};

use super::allowances::{Allowances, Rules};
use super::port::{allowed_at, in_spite_of, rest};
use super::{Attempt, Judgement, Policy, Spoken, said, transport, unowned, within_cluster};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Proposal};
use crate::target::left_out;
use crate::text::inert;

/// The mesh with a service entry for every allowed host, and a Sidecar for every caller.
pub(super) struct Istio<'a> {
    map: &'a DependencyMap,
    allowed: Allowances<'a>,
}

impl<'a> Istio<'a> {
    pub(super) fn new(map: &'a DependencyMap, proposal: &'a Proposal) -> Self {
        Istio {
            map,
            allowed: Allowances::by_service_but(proposal, &left_out(proposal)),
        }
    }
}

impl Policy for Istio<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        if !attempt.is_tcp() {
            return Judgement::allow(format!("{} does not pass the proxy", transport(attempt)));
        }
        let early = unowned(attempt)
            .or_else(|| within_cluster(self.map, attempt, "services of the cluster stay in the registry"));
        early.unwrap_or_else(|| match self.allowed.for_service(attempt) {
            Some(rules) => at_port(attempt, rules),
            None => Judgement::drop(format!(
                "no service entry lets {} out on port {}: BlackHoleCluster",
                inert(attempt.key.service.as_str()),
                attempt.key.port
            )),
        })
    }
}

fn at_port(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
    let number = attempt.key.port;
    let judgement = match spoken(rules).as_slice() {
        [] => Judgement::drop(format!("Istio has no words for what is allowed on port {number}")),
        // https://github.com/istio/istio/issues/29992
        [Application::Tcp] if number == 443 => {
            Judgement::drop("TCP on 443 would take the port from all TLS, so it is left out")
        }
        [Application::Http] => by_literal(attempt, rules).unwrap_or_else(|| {
            by_name(
                attempt,
                rules,
                Application::Http,
                "Host",
                "no service entry has this host: 502 block_all",
            )
        }),
        [only] => allowed_at(attempt, rules).unwrap_or_else(|| match only {
            Application::Tls => by_name(
                attempt,
                rules,
                *only,
                "SNI",
                "no service entry has this SNI: BlackHoleCluster",
            ),
            _ => by_port(attempt, rules),
        }),
        _ => Judgement::drop(format!(
            "more than one of HTTP, TLS and TCP is allowed on port {number}, and a port of a caller speaks one of them"
        )),
    };
    in_spite_of(rules, attempt, judgement)
}

/// What the service entries of a port speak. A range is TCP to Istio, whatever the ledger says of it; a wildcard of TCP
/// cannot be written.
fn spoken(rules: &Rules<'_>) -> Vec<Application> {
    let tcp = rules.has_ranges() || hosts(rules).next().is_some();
    [Application::Http, Application::Tls, Application::Tcp]
        .into_iter()
        .filter(|application| match application {
            Application::Tcp => tcp || rules.addresses_speak(*application),
            _ => rules.names_speak(*application) || rules.addresses_speak(*application),
        })
        .collect()
}

/// The TCP hosts that say no name.
fn hosts<'a>(rules: &Rules<'a>) -> impl Iterator<Item = (&'a DnsName, &'a Allowed)> {
    rules
        .nameless()
        .iter()
        .filter_map(|allowed| match &allowed.entry.destination {
            Destination::Name(host) => Some((host, *allowed)),
            _ => None,
        })
}

/// For HTTP an address is a host like any other: it is what the client says in `Host`.
fn by_literal(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Option<Judgement> {
    let allowed = allowed_at(attempt, rules).filter(|_| attempt.may_speak(Application::Http))?;
    match attempt.spoken() {
        Spoken::Literal => Some(allowed),
        Spoken::Name(_) => None,
        Spoken::Reverse(_) | Spoken::Unknown => Some(Judgement::uncertain(
            "passes only if its Host is the address, and the log shows no Host",
        )),
    }
}

fn by_name(attempt: &Attempt<'_>, rules: &Rules<'_>, speaks: Application, what: &str, refused: &str) -> Judgement {
    if !attempt.may_speak(speaks) {
        return Judgement::drop(format!(
            "port {} speaks {speaks} there, and this does not",
            attempt.key.port
        ));
    }
    said::judge(attempt, what, |name| rules.host_speaking(name, speaks), refused)
}

fn by_port(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
    match hosts(rules).take(2).collect::<Vec<_>>().as_slice() {
        [] => Judgement::drop("no service entry has this address: BlackHoleCluster"),
        [(host, allowed)] => rest(attempt, host, allowed),
        _ => Judgement::drop(format!(
            "several TCP hosts on port {} cannot be told apart, so they are left out",
            attempt.key.port
        )),
    }
}
