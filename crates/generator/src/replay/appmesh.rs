//! App Mesh under `DROP_ALL`: the caller's backends by port, HTTP among them by host, and everything else closed.
//!
//! What the proxy does on a port follows from the filter chains that the backends of the caller make there. One TCP
//! backend is a chain that matches the port alone and takes all that comes; HTTP backends share a chain that looks
//! up the `Host`; without a chain the proxy closes the connection. Before all of them stands a chain for TLS on 443
//! whose SNI is below `amazonaws.com`.

use std::net::IpAddr;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Application, DependencyMap};

use super::allowances::Allowances;
use super::{Attempt, Judgement, Policy, Spoken, Verdict, transport, unowned};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Listener, NEVER_INTERCEPTED, Placement, Proposal, virtual_node};
use crate::text::inert;

mod doors;

use doors::{Door, Doors};

/// What the redirect rules leave out by default: instance metadata, and the credentials of ECS tasks.
const IGNORED: [&str; 2] = ["169.254.169.254", "169.254.170.2"];

/// The mesh with the proposal's backends attached, as far as they are.
pub(super) struct AppMesh<'a> {
    map: &'a DependencyMap,
    doors: Doors<'a>,
    allowed: Allowances<'a>,
}

impl<'a> AppMesh<'a> {
    pub(super) fn new(map: &'a DependencyMap, proposal: &'a Proposal) -> Self {
        AppMesh {
            map,
            doors: Doors::of(map, proposal),
            allowed: Allowances::by_service(proposal),
        }
    }
}

impl Policy for AppMesh<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        let key = attempt.key;
        if let Some(unseen) = never_seen(attempt) {
            return unseen;
        }
        if let Some(unowned) = unowned(attempt) {
            return unowned;
        }
        let caller = virtual_node(self.map, &key.service);
        let judgement = self.at_door(attempt, caller);
        if judgement.cuts() && attempt.is_only_at(IpAddr::is_ipv6) {
            return Judgement {
                verdict: Verdict::Uncertain,
                rule: format!(
                    "where the proxy intercepts IPv6 (APPMESH_ENABLE_IPV6): {}",
                    judgement.rule
                ),
                ..judgement
            };
        }
        judgement
    }
}

/// What the redirect to the proxy leaves out.
fn never_seen(attempt: &Attempt<'_>) -> Option<Judgement> {
    if !attempt.is_tcp() {
        let rule = format!("{} never passes the proxy", transport(attempt));
        return Some(Judgement::allow(rule));
    }
    if attempt.key.port == NEVER_INTERCEPTED {
        return Some(Judgement::allow("port 22 never passes the proxy"));
    }
    let ignored = |address: &IpAddr| IGNORED.contains(&address.to_string().as_str());
    attempt
        .is_only_at(ignored)
        .then(|| Judgement::allow("instance metadata bypasses the proxy by default (EgressIgnoredIPs)"))
}

impl<'a> AppMesh<'a> {
    fn at_door(&self, attempt: &Attempt<'_>, caller: &str) -> Judgement {
        let port = attempt.key.port;
        let closed = Door::default();
        let door = self.doors.get(caller, port).unwrap_or(&closed);
        if door.exempt {
            return Judgement::allow(format!("port {port} bypasses the proxy"));
        }
        if let Some(entry) = door.bypass {
            let rule = format!(
                "port {port} bypasses the proxy, as the proposal asks for {}",
                entry.destination
            );
            return Judgement::allow(rule).by(entry);
        }
        if attempt.is_internal() {
            return Judgement::uncertain(format!(
                "a service of ours: passes if {}'s own definition lists it as a backend, which no log shows",
                inert(caller)
            ));
        }
        if is_aws_by_name(attempt) {
            return Judgement::allow("the mesh lets TLS on 443 through whose SNI is below amazonaws.com");
        }
        let judgement = self.by_backends(attempt, caller, door);
        if judgement.cuts() && may_be_aws(attempt) {
            return Judgement {
                verdict: Verdict::Uncertain,
                rule: "passes only if its SNI is below amazonaws.com, which its address does not tell".to_owned(),
                ..judgement
            };
        }
        judgement
    }

    fn by_backends(&self, attempt: &Attempt<'_>, caller: &str, door: &Door<'_>) -> Judgement {
        let port = attempt.key.port;
        let shown = inert(caller);
        if let Some((host, Listener::Tcp)) = door.external.iter().next().map(|(host, listener)| (*host, *listener)) {
            return self.captured(attempt, &shown, host);
        }
        if !door.external.is_empty() || door.internal.values().any(|listener| *listener == Listener::Http) {
            return self.by_host(attempt, &shown, door);
        }
        let ours: Vec<String> = door.internal.keys().map(|service| inert(service)).collect();
        match ours.as_slice() {
            [] => self.closed(attempt, &shown),
            [one] => Judgement::misroute(format!(
                "{one}, a service of ours, is taken as the TCP backend of {shown} on port {port}, and gets all TCP there"
            )),
            many => Judgement::uncertain(format!(
                "{shown} calls {} services of ours on port {port}, and App Mesh would tell them apart by port alone",
                many.len()
            )),
        }
    }

    /// One TCP backend has the port, and all that comes to it.
    fn captured(&self, attempt: &Attempt<'_>, caller: &str, host: &DnsName) -> Judgement {
        let port = attempt.key.port;
        if attempt.name() == Some(host) {
            return self.attached(attempt, host, "the one TCP backend of its port");
        }
        let fate = format!("{host} is the only TCP backend of {caller} on port {port}, so all TCP there goes to it");
        match attempt.spoken() {
            Spoken::Name(_) if attempt.also().all(|name| name != *host) => Judgement::misroute(fate),
            Spoken::Name(_) => Judgement::uncertain(format!("{fate}; the addresses are also {host}'s")),
            _ => Judgement::uncertain(format!(
                "{fate}; nothing in the log tells whether that is where it belongs"
            )),
        }
    }

    /// HTTP backends have the port, and tell each other apart by `Host`.
    fn by_host(&self, attempt: &Attempt<'_>, caller: &str, door: &Door<'_>) -> Judgement {
        let port = attempt.key.port;
        if !attempt.may_speak(Application::Http) {
            return Judgement::drop(format!("port {port} of {caller} speaks HTTP, and this is no HTTP"));
        }
        let refused = format!("no HTTP backend of {caller} on port {port} has this host: 404 NR");
        match attempt.spoken() {
            Spoken::Name(host) if door.external.contains_key(host) => {
                self.attached(attempt, host, "an HTTP backend of its port")
            }
            Spoken::Name(_) => match attempt.also().find(|name| door.external.contains_key(name)) {
                Some(also) => Judgement::uncertain(format!(
                    "passes only if its Host is {also}, whose addresses these also are"
                )),
                None => self.closed_by(attempt, refused),
            },
            Spoken::Literal => Judgement::drop(format!("its Host is an address; {refused}")),
            Spoken::Reverse(_) | Spoken::Unknown if door.external.is_empty() => Judgement::drop(refused),
            Spoken::Reverse(_) | Spoken::Unknown => Judgement::uncertain(format!(
                "passes only if its Host is a backend of {caller} on port {port}, and the log shows no Host"
            )),
        }
    }

    /// The host is a backend: by an entry for this port, or because a backend opens every port of its node.
    fn attached(&self, attempt: &Attempt<'_>, host: &DnsName, how: &str) -> Judgement {
        let rule = format!("{host} is {how}");
        match self.entry_for(attempt) {
            Some(allowed) => Judgement::allow(rule).by(&allowed.entry),
            None => Judgement::allow(format!("{rule}, which other callers opened")),
        }
    }

    /// No backend has the port.
    fn closed(&self, attempt: &Attempt<'_>, caller: &str) -> Judgement {
        let rule = format!(
            "{caller} has no backend on port {}, so the proxy closes the connection",
            attempt.key.port
        );
        self.closed_by(attempt, rule)
    }

    /// Cut by a rule; where an entry allows it all the same, with why it does not help.
    fn closed_by(&self, attempt: &Attempt<'_>, rule: String) -> Judgement {
        let Some(allowed) = self.entry_for(attempt) else {
            return Judgement::drop(rule);
        };
        let why = match allowed.placement {
            Placement::Waits => "allowed, but not attached before a decision is taken",
            Placement::Inexpressible => "allowed, but App Mesh has no words for it",
            _ => return Judgement::drop(rule).by(&allowed.entry),
        };
        Judgement::drop(format!("{why}; {rule}")).by(&allowed.entry)
    }

    /// The allow entry for an attempt, the one for its very destination first.
    fn entry_for(&self, attempt: &Attempt<'_>) -> Option<&'a Allowed> {
        self.allowed.for_service(attempt)?.speaking(attempt)
    }
}

/// TLS to 443 with a name below `amazonaws.com` that the client says.
fn is_aws_by_name(attempt: &Attempt<'_>) -> bool {
    matches!(attempt.spoken(), Spoken::Name(name) if is_below_aws(name)) && speaks_tls_on_443(attempt)
}

/// TLS to 443 at an address of AWS, by whatever name.
fn may_be_aws(attempt: &Attempt<'_>) -> bool {
    let aws = match attempt.spoken() {
        Spoken::Reverse(name) => is_below_aws(name),
        _ => matches!(attempt.far, Some(Destination::Aws(_))),
    };
    aws && speaks_tls_on_443(attempt)
}

fn is_below_aws(name: &DnsName) -> bool {
    name.is_under("amazonaws.com") && name.as_str() != "amazonaws.com"
}

fn speaks_tls_on_443(attempt: &Attempt<'_>) -> bool {
    attempt.key.port == 443 && attempt.may_speak(Application::Tls)
}
