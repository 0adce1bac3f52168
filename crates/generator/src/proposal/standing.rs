//! What of the proposal exists already, and what exists that nothing allowed uses.

use std::collections::BTreeSet;

use super::finding::{Code, Finding, Severity};
use super::{Caller, ExternalNode};
use crate::current::{Current, Node, Provider};
use crate::text::inert;

/// Whether a node or a service of the proposal exists already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// No file shows it.
    #[default]
    New,
    /// It exists as it is proposed.
    There(Keeper),
    /// It exists, and is to be changed.
    Changes(Keeper),
}

/// Who keeps what exists, as far as Terraform is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// No Terraform state has it.
    Nobody,
    /// The module of this proposal.
    Module,
    /// Another part of somebody's configuration.
    Elsewhere,
}

impl Keeper {
    /// Who keeps what has this address in Terraform's state, if the module of this proposal would call it `resource`.
    pub(crate) fn of(address: Option<&String>, resource: &str) -> Keeper {
        match address {
            None => Keeper::Nobody,
            Some(address) if address.ends_with(resource) => Keeper::Module,
            Some(_) => Keeper::Elsewhere,
        }
    }
}

impl Standing {
    /// Whether it must be created.
    #[must_use]
    pub fn is_new(self) -> bool {
        self == Standing::New
    }

    /// Whether it exists and must be changed.
    #[must_use]
    pub fn changes(self) -> bool {
        matches!(self, Standing::Changes(_))
    }

    /// Who keeps it, where it exists.
    #[must_use]
    pub fn keeper(self) -> Option<Keeper> {
        match self {
            Standing::New => None,
            Standing::There(keeper) | Standing::Changes(keeper) => Some(keeper),
        }
    }
}

/// Gives each node its standing. A service that leads to a node of another name keeps it: nothing is proposed beside it.
pub(super) fn compare(current: &Current, nodes: &mut [ExternalNode], findings: &mut Vec<Finding>) {
    for node in nodes {
        let label = node.name.replace('-', "_");
        let keeper = |address: Option<&String>, kind: &str| Keeper::of(address, &format!("{kind}.{label}"));
        if let Some(service) = current.services.get(node.host.as_str()) {
            let by = keeper(service.terraform.as_ref(), "aws_appmesh_virtual_service");
            let wanted = if node.routes.is_empty() {
                Provider::Node(node.name.clone())
            } else {
                Provider::Router(node.name.clone())
            };
            match &service.provider {
                Some(Provider::Node(other)) if *other != node.name => {
                    findings.extend(other_node(node, other, current.nodes.get(other)));
                    node.service_is = Standing::There(Keeper::Elsewhere);
                    node.node_is = Standing::There(Keeper::Elsewhere);
                    node.routes.clear();
                    continue;
                }
                Some(found) if *found != wanted => node.service_is = Standing::Changes(by),
                _ => node.service_is = Standing::There(by),
            }
        }
        if let Some(found) = current.nodes.get(&node.name) {
            let by = keeper(found.terraform.as_ref(), "aws_appmesh_virtual_node");
            node.node_is = if is_same(node, found) {
                Standing::There(by)
            } else {
                Standing::Changes(by)
            };
        }
    }
}

fn is_same(node: &ExternalNode, found: &Node) -> bool {
    let listeners = node.listeners.iter();
    let listeners = listeners.map(|(port, listener)| (u64::from(*port), listener.to_string()));
    // A list shows names alone: what is not shown is taken to be as it should.
    let same_listeners = found.listeners.is_empty() || found.listeners.clone().into_iter().eq(listeners);
    same_listeners && found.host.as_deref().is_none_or(|host| host == node.host.as_str())
}

fn other_node(node: &ExternalNode, other: &str, found: Option<&Node>) -> Option<Finding> {
    let found = found.filter(|found| !found.listeners.is_empty())?;
    let missing = node.listeners.iter();
    let missing =
        missing.filter(|(port, listener)| found.listeners.get(&u64::from(**port)) != Some(&listener.to_string()));
    let missing: Vec<String> = missing
        .map(|(port, listener)| format!("no listener for {port} ({listener})"))
        .collect();
    let sentence = format!(
        "the virtual service {} leads to {} already, which lacks ports that are allowed",
        node.host,
        inert(other)
    );
    (!missing.is_empty()).then(|| {
        Finding::about(Severity::Decision, Code::ExistingLacksPort, None, sentence)
            .because(missing)
            .way_out("add the listeners to that node where it is defined")
    })
}

/// What exists for hosts outside and no allowed dependency uses, and backends that callers have beyond what they are allowed.
pub(super) fn unused(
    current: &Current,
    ours: &BTreeSet<&str>,
    nodes: &[ExternalNode],
    callers: &[Caller],
    findings: &mut Vec<Finding>,
) {
    let wanted: BTreeSet<&str> = nodes.iter().map(|node| node.host.as_str()).collect();
    // A node that discovers the very name of its service stands for a host outside, unless it calls, or is one of ours.
    let outside = |name: &str| {
        let provider = current.services.get(name).and_then(|service| service.provider.as_ref());
        let Some(Provider::Node(provider) | Provider::Router(provider)) = provider else {
            return false;
        };
        let node = current.nodes.get(provider);
        let calls = node.is_some_and(|node| !node.backends.is_empty());
        let host = node.and_then(|node| node.host.as_deref());
        !calls && !ours.contains(provider.as_str()) && (provider.starts_with("ext-") || host == Some(name))
    };
    let idle: Vec<String> = current
        .services
        .keys()
        .filter(|name| outside(name) && !wanted.contains(name.as_str()))
        .cloned()
        .collect();
    if !idle.is_empty() {
        let sentence = "the mesh has external services that no allowed dependency uses".to_owned();
        let users = idle.iter().map(|name| {
            let users = current.nodes.iter().filter(|(_, node)| node.backends.contains(name));
            let users: Vec<String> = users.map(|(caller, _)| inert(caller)).collect();
            let users = if users.is_empty() {
                "nobody".to_owned()
            } else {
                users.join(", ")
            };
            format!("{}: a backend of {users}", inert(name))
        });
        findings.push(
            Finding::about(Severity::Warning, Code::UnusedExternal, None, sentence)
                .because(users)
                .way_out(
                    "take them from their callers and then out of the mesh, or allow what uses them in the ledger",
                ),
        );
    }
    for (name, node) in &current.nodes {
        let caller = callers.iter().find(|caller| caller.virtual_node == *name);
        let allowed = |host: &str| {
            caller.is_some_and(|caller| {
                let mut hosts = caller.backends.iter().chain(&caller.waiting);
                hosts.any(|allowed| allowed.as_str() == host)
            })
        };
        let extra: Vec<String> = node
            .backends
            .iter()
            .filter(|host| wanted.contains(host.as_str()) && outside(host) && !allowed(host))
            .map(|host| format!("has the backend {}", inert(host)))
            .collect();
        if !extra.is_empty() {
            let sentence = format!("{} has backends that nothing in the ledger allows it", inert(name));
            findings.push(
                Finding::about(Severity::Warning, Code::BackendNotAllowed, Some(name), sentence)
                    .because(extra)
                    .way_out("take them from the caller's definition, or allow them in the ledger"),
            );
        }
    }
}
