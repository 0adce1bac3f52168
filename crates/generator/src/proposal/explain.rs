//! Says what was decided for each port of each caller, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Class;

use super::claims::{Decision, Port, Ports};
use super::clients::Clients;
use super::conflict::Moves;
use super::demand::{bypass, is_allowed_by_mesh, shown};
use super::finding::{Code, Finding, Severity};
use super::node::Fleet;
use super::router::RouterPorts;
use super::traffic::Traffic;
use crate::ledger::{Destination, Entry, Ledger};
use crate::text::inert;

pub(super) fn explain(
    traffic: &Traffic<'_>,
    ledger: &Ledger,
    clients: &Clients<'_>,
    fleet: &Fleet<'_>,
    ports: &Ports<'_>,
    findings: &mut Vec<Finding>,
) {
    let routers = RouterPorts::suggest(traffic, ledger, ports, |_, _| false);
    for (&(caller, number), port) in &ports.by_door {
        if port.is_conflict() {
            let way = routers.way_out(number, &port.external, clients, fleet);
            findings.push(conflict(caller, number, port, clients, way));
            continue;
        }
        if port.closed {
            findings.extend(neighbours(caller, number, port, clients, fleet, ports));
            continue;
        }
        let hosts = port.external.keys().copied();
        let attached: BTreeSet<&DnsName> = hosts.filter(|host| !ports.waits(caller, host)).collect();
        if !attached.is_empty() {
            findings.extend(cut_over(traffic, caller, number, port, &attached, fleet.moves()));
        }
    }
    findings.extend(extra_ports(clients, fleet, ports));
}

fn conflict(caller: &str, number: u16, port: &Port<'_>, clients: &Clients<'_>, router: Option<String>) -> Finding {
    let shown_caller = inert(caller);
    let (code, sentence) = match port.decision() {
        Decision::Mixed => (
            Code::MixedProtocols,
            format!("{shown_caller} needs HTTP and TCP on port {number}, and a port of a caller speaks one protocol"),
        ),
        Decision::UnmodelledNeighbour => (
            Code::UnmodelledNeighbour,
            format!(
                "{shown_caller} is allowed destinations on port {number} that App Mesh cannot express; a backend there \
                 would cut them off"
            ),
        ),
        _ => (
            Code::SecondTcpOnPort,
            format!(
                "{shown_caller} needs more than one TCP or TLS destination on port {number}, and App Mesh tells them \
                 apart by port alone"
            ),
        ),
    };
    let external = port.external.iter().map(|(host, listener)| {
        let used = clients.has(caller, host, number);
        let whose = if used {
            ""
        } else {
            ", a port of its node that other callers use"
        };
        format!("waits: {host} ({listener}{whose})")
    });
    let internal = port
        .internal
        .iter()
        .map(|(service, listener)| format!("ours: {} ({listener}, taken as a backend of the mesh)", inert(service)));
    let unmodelled = port
        .unmodelled
        .iter()
        .map(|entry| format!("cannot be expressed: {}", shown(entry)));
    let mut finding = Finding::about(Severity::Decision, code, Some(caller), sentence)
        .on_port(number)
        .because(external.chain(internal).chain(unmodelled));
    if let Some(router) = router {
        finding = finding.way_out(router);
    }
    let named = |entry: &&Entry| matches!(entry.destination, Destination::Name(_));
    if !port.unmodelled.iter().all(named) {
        finding = finding.way_out("allow by name what cannot be expressed, then propose again");
    }
    finding.way_out(bypass(number)).way_out("keep ALLOW_ALL")
}

/// The hosts that wait on a port only because an allowed one waits: attaching them would cut it off there.
fn neighbours(
    caller: &str,
    number: u16,
    port: &Port<'_>,
    clients: &Clients<'_>,
    fleet: &Fleet<'_>,
    ports: &Ports<'_>,
) -> Option<Finding> {
    let contested = |host: &DnsName| fleet.is_contested(host, number) && clients.has(caller, host, number);
    let held_here = |host: &DnsName| !contested(host) && ports.held_by(caller, host) == Some(number);
    if !port.external.keys().copied().any(held_here) {
        return None;
    }
    let facts = port.external.keys().map(|host| {
        if contested(host) {
            return format!("waits: {host}, which callers need as HTTP and as TCP on this port");
        }
        match ports.held_by(caller, host) {
            Some(held_by) if held_by != number => format!("waits: {host}, because of port {held_by}"),
            _ => format!("waits with it: {host}"),
        }
    });
    let sentence = format!(
        "{} gets no backend on port {number} while a host it is allowed there waits: App Mesh would match the other \
         backends alone, and cut that host off",
        inert(caller)
    );
    let code = Code::WaitingNeighbour;
    Some(
        Finding::about(Severity::Decision, code, Some(caller), sentence)
            .on_port(number)
            .because(facts)
            .way_out("decide first what that host waits for, then propose again")
            .way_out(bypass(number))
            .way_out("keep ALLOW_ALL"),
    )
}

/// What else the caller sends to a port on which backends are attached: App Mesh will not let it pass as before.
fn cut_over(
    traffic: &Traffic<'_>,
    caller: &str,
    number: u16,
    port: &Port<'_>,
    attached: &BTreeSet<&DnsName>,
    moves: &Moves<'_>,
) -> Option<Finding> {
    let shown_caller = inert(caller);
    if port.decision() == Decision::LoneTcp {
        let host = attached.iter().next()?;
        if moves.0.iter().any(|((moved, _), to)| moved == host && *to == number) {
            // Nothing else dials a port that was chosen because nothing uses it.
            return None;
        }
        let sentence = format!(
            "{host} is the only TCP backend of {shown_caller} on port {number}, so all its other TCP and TLS there (except \
             to *.amazonaws.com on 443) is not dropped but sent to {host}"
        );
        return Some(
            Finding::about(Severity::Warning, Code::LoneTcpCaptures, Some(caller), sentence)
                .on_port(number)
                .because(others(traffic, caller, number, port, attached, moves, "misrouted"))
                .way_out(bypass(number)),
        );
    }
    let others = others(traffic, caller, number, port, attached, moves, "refused");
    (!others.is_empty()).then(|| {
        let sentence = format!(
            "once its backends on port {number} are attached, {shown_caller} no longer reaches what else it was seen to \
             reach there, even under ALLOW_ALL"
        );
        Finding::about(Severity::Warning, Code::UnlistedHosts, Some(caller), sentence)
            .on_port(number)
            .because(others)
            .way_out("review these in the ledger before you attach the backends")
    })
}

/// What becomes of the other destinations of a port, one fact each. What is known by the addresses of AWS alone passes
/// by itself only if its server name is theirs too.
fn others(
    traffic: &Traffic<'_>,
    caller: &str,
    number: u16,
    port: &Port<'_>,
    attached: &BTreeSet<&DnsName>,
    moves: &Moves<'_>,
    fate: &str,
) -> Vec<String> {
    const UNLESS: &str = ", unless its SNI is below amazonaws.com";
    let mut seen = BTreeMap::new();
    for (key, dependency) in traffic.on(caller, number) {
        let ours = dependency.class == Class::Internal;
        if ours || attached.iter().any(|host| host.as_str() == key.destination) {
            continue;
        }
        let far = key.destination.parse::<Destination>();
        let passes = |far: &Destination| is_allowed_by_mesh(far, number, dependency.application);
        let unless = match far {
            Ok(far) if passes(&far) && matches!(far, Destination::Aws(_)) => UNLESS.to_owned(),
            Ok(far) if passes(&far) => continue,
            Ok(Destination::Name(host)) => match moves.get(&host, number) {
                Some(dialled) => format!(", until it is dialled on port {dialled}"),
                None => String::new(),
            },
            _ => String::new(),
        };
        seen.insert(key.destination.as_str(), unless);
    }
    let allowed = port.aws.iter().filter(|label| !seen.contains_key(label.as_str()));
    let allowed = allowed.map(|label| format!("allowed, and would be {fate}: {label}{UNLESS}"));
    let seen = seen
        .iter()
        .map(|(other, unless)| format!("seen, and would be {fate}: {}{unless}", inert(other)));
    seen.chain(allowed).collect()
}

/// A backend opens every port of its node: says so to callers that used fewer.
fn extra_ports(clients: &Clients<'_>, fleet: &Fleet<'_>, ports: &Ports<'_>) -> Vec<Finding> {
    clients
        .pairs()
        .filter(|(caller, host)| !ports.waits(caller, host))
        .filter_map(|(caller, host)| {
            let extra: Vec<String> = fleet
                .listeners(host)
                .filter(|(port, _)| !clients.has(caller, host, *port))
                .map(|(port, listener)| format!("port {port} ({listener}) is there for other callers"))
                .collect();
            let sentence = format!(
                "{} gets ports of {host} that it is not allowed by an entry of its own",
                inert(caller)
            );
            (!extra.is_empty()).then(|| {
                Finding::about(Severity::Warning, Code::ExtraPorts, Some(caller), sentence)
                    .because(extra)
                    .way_out("accept it: a backend opens every port of its virtual node")
            })
        })
        .collect()
}
