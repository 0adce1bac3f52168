//! Says what the choice for conflicts asks of each caller: another port to dial, or ports that its proxy must ignore.

use egressmap_aggregator::map::{Class, DependencyMap, Protocol};

use super::Caller;
use super::demand::{Demand, NEVER_INTERCEPTED, shown};
use super::finding::{Code, Finding, Severity};
use crate::text::inert;

/// What one caller's proxy may ignore: the limit of `EgressIgnoredPorts` in an ECS task definition.
const IGNORED_PORTS: usize = 15;

pub(super) fn explain(
    map: &DependencyMap,
    demands: &[Demand<'_>],
    callers: &[Caller],
    companion: &str,
    findings: &mut Vec<Finding>,
) {
    for caller in callers {
        findings.extend(redials(caller));
        if !caller.ignored_ports.is_empty() {
            findings.push(exempt(map, demands, caller, companion));
            findings.extend(too_many(caller));
        }
    }
}

fn redials(caller: &Caller) -> Option<Finding> {
    let name = inert(&caller.virtual_node);
    let sentence = format!("{name} must dial another port, where a virtual router stands before the host");
    let changes = caller.redials.iter();
    let changes = changes.map(|((host, port), dialled)| format!("dial {host}:{dialled} instead of {host}:{port}"));
    (!caller.redials.is_empty()).then(|| {
        Finding::about(Severity::Warning, Code::DialsAnotherPort, Some(&caller.virtual_node), sentence)
            .because(changes)
            .way_out(
                "change the client together with its backends: the router passes the connection on to the host's own port, and \
                 a server that looks at the port in Host must accept the new one",
            )
    })
}

fn exempt(map: &DependencyMap, demands: &[Demand<'_>], caller: &Caller, companion: &str) -> Finding {
    let name = inert(&caller.virtual_node);
    let companion = inert(companion);
    let sentence = format!(
        "the proxy of {name} must ignore port{} {}, which {companion} then enforces",
        if caller.ignored_ports.len() == 1 { "" } else { "s" },
        listed(caller, None)
    );
    let mine = |demand: &&Demand<'_>| demand.exempt && demand.caller == Some(caller.virtual_node.as_str());
    let allowed = demands.iter().filter(mine);
    let allowed = allowed.map(|demand| format!("{companion} must allow {}", shown(demand.entry)));
    let ours = map.dependencies.iter().filter(|(key, dependency)| {
        dependency.class == Class::Internal
            && key.protocol == Protocol::Tcp
            && caller.services.contains(&key.service)
            && caller.ignored_ports.contains(&key.port)
    });
    let ours = ours.map(|(key, _)| {
        format!(
            "calls to {}:{} leave the mesh too: it no longer routes or encrypts them",
            inert(&key.destination),
            key.port
        )
    });
    Finding::about(
        Severity::Warning,
        Code::PortsExempt,
        Some(&caller.virtual_node),
        sentence,
    )
    .because(settings(caller))
    .because(allowed)
    .because(ours)
    .way_out(format!(
        "apply the files in {companion} first, then the setting for your platform; the proxy reads it when it starts"
    ))
}

/// The setting that makes a caller's proxy ignore its ports, for each platform.
pub(super) fn settings(caller: &Caller) -> [String; 3] {
    let plain = listed(caller, None);
    [
        format!("on ECS, in proxyConfiguration.properties of the task definition: EgressIgnoredPorts = {plain}"),
        format!("on EC2, in the environment of the redirect script: APPMESH_EGRESS_IGNORED_PORTS={plain}"),
        format!(
            "on Kubernetes, an annotation of the pods, with the 22 that it replaces: appmesh.k8s.aws/egressIgnoredPorts: \"{}\"",
            listed(caller, Some(NEVER_INTERCEPTED))
        ),
    ]
}

fn listed(caller: &Caller, first: Option<u16>) -> String {
    let ports = first.into_iter().chain(caller.ignored_ports.iter().copied());
    ports.map(|port| port.to_string()).collect::<Vec<_>>().join(",")
}

fn too_many(caller: &Caller) -> Option<Finding> {
    let count = caller.ignored_ports.len();
    let sentence = format!(
        "the proxy of {} would have to ignore {count} ports, and a task definition takes {IGNORED_PORTS}",
        inert(&caller.virtual_node)
    );
    (count > IGNORED_PORTS).then(|| {
        Finding::about(
            Severity::Decision,
            Code::IgnoredPortQuota,
            Some(&caller.virtual_node),
            sentence,
        )
        .because([format!("ports {}", listed(caller, None))])
        .way_out("split the caller, so that each part uses fewer ports")
        .way_out("let addresses bypass the proxy instead (EgressIgnoredIPs), and allow them in a security group")
        .way_out("take the caller out of the mesh, and enforce all of it with another target")
    })
}
