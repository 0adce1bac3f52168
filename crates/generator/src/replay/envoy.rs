//! Envoy with one static configuration a caller: filter chains by port, and on it by address, SNI and `Host`, else nothing.

use egressmap_aggregator::map::Application;

use super::allowances::{Allowances, Rules};
use super::port::{allowed_at, in_spite_of, lone_host, rest};
use super::{Attempt, Judgement, Policy, said, transport, unowned};
use crate::proposal::Proposal;
use crate::text::inert;

/// Every caller's Envoy.
pub(super) struct Envoy<'a>(Allowances<'a>);

impl<'a> Envoy<'a> {
    pub(super) fn new(proposal: &'a Proposal) -> Self {
        Envoy(Allowances::by_service(proposal))
    }
}

impl Policy for Envoy<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        if !attempt.is_tcp() {
            return Judgement::allow(format!("{} does not pass the proxy", transport(attempt)));
        }
        if let Some(unowned) = unowned(attempt) {
            return unowned;
        }
        if attempt.is_internal() {
            return Judgement::allow("calls between services of ours are left out of the redirect to the proxy");
        }
        let Some(rules) = self.0.for_service(attempt) else {
            return Judgement::drop(format!(
                "no filter chain of {} is for port {}: BlackHoleCluster",
                inert(attempt.key.service.as_str()),
                attempt.key.port
            ));
        };
        in_spite_of(rules, attempt, at_port(attempt, rules))
    }
}

/// Envoy takes the chain with the most specific match: the address, then the SNI, then whether it is TLS, then HTTP.
fn at_port(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Judgement {
    if let Some(judgement) = allowed_at(attempt, rules) {
        return judgement;
    }
    let entry = attempt.name().and_then(|name| rules.host(name));
    // What a flow log calls TCP may be anything; the ledger knows what its own entries speak.
    let written = entry.map(|allowed| allowed.entry.application);
    let spoken = match written.filter(|application| attempt.may_speak(*application)) {
        Some(application) => application,
        None => inferred(attempt, rules),
    };
    match spoken {
        Application::Tls if rules.names_speak(Application::Tls) => {
            let judgement = said::judge(attempt, "SNI", |name| rules.host_speaking(name, spoken), NO_CHAIN);
            or_rest(attempt, rules, judgement)
        }
        Application::Http if rules.names_speak(Application::Http) => {
            let judgement = said::judge(attempt, "Host", |name| rules.host_speaking(name, spoken), NO_HOST);
            match lone_host(rules) {
                Some((host, _)) if judgement.cuts() && attempt.may_speak(Application::Tcp) => {
                    Judgement::uncertain(format!(
                        "HTTP without an allowed Host is refused, and plain TCP goes to {host}: the log does not tell which it is"
                    ))
                }
                _ => judgement,
            }
        }
        // A lone TCP host has a chain for plain text too: Envoy does not go back from the one that asks for HTTP.
        Application::Tcp if rules.names_speak(Application::Http) => {
            let rule = format!(
                "plain TCP on port {} matches no filter chain beside HTTP: BlackHoleCluster",
                attempt.key.port
            );
            or_rest(attempt, rules, Judgement::drop(rule))
        }
        _ => match entry.filter(|_| lone_host(rules).is_none()) {
            Some(allowed) if spoken == Application::Tcp && !attempt.addresses().is_empty() => {
                let rule = format!(
                    "{} is allowed at the addresses that the map saw",
                    allowed.entry.destination
                );
                Judgement::allow(rule).by(&allowed.entry)
            }
            _ => or_rest(attempt, rules, Judgement::drop(NO_CHAIN)),
        },
    }
}

/// What an attempt speaks that no entry names. What is called TCP may be what the port matches names by.
fn inferred(attempt: &Attempt<'_>, rules: &Rules<'_>) -> Application {
    match attempt.dependency.application {
        Application::Http => Application::Http,
        Application::Tls => Application::Tls,
        _ if rules.names_speak(Application::Tls) => Application::Tls,
        _ if rules.names_speak(Application::Http) => Application::Http,
        other => other,
    }
}

/// What no chain of the port matches goes to the chain that asks for nothing but the port, if there is one.
fn or_rest(attempt: &Attempt<'_>, rules: &Rules<'_>, judgement: Judgement) -> Judgement {
    match lone_host(rules) {
        Some((host, allowed)) if judgement.cuts() => rest(attempt, host, allowed),
        _ => judgement,
    }
}

const NO_HOST: &str = "no virtual host has this Host: 404 NR";
const NO_CHAIN: &str = "no filter chain matches: BlackHoleCluster";
