//! The proposal: what of the ledger the mesh can carry, caller by caller, and what needs a decision first.
//!
//! App Mesh matches HTTP by host and everything else by port alone, and it does so per caller. So whether a destination
//! may be attached to a caller is decided per (caller, port), over all that the caller reaches there. What cannot be
//! attached or expressed becomes a [`Finding`] with its ways out; every allowed entry ends in exactly one [`Placement`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_aggregator::identity::{DnsName, ServiceName};
use egressmap_aggregator::map::DependencyMap;
use jiff::civil::Date;

use crate::ledger::{Entry, Ledger};

mod claims;
mod clients;
mod demand;
mod explain;
mod finding;
mod names;
mod node;
mod notes;
mod ours;
mod quota;
mod router;
mod seen;
mod summary;
mod traffic;

pub(crate) use demand::{NEVER_INTERCEPTED, shown, virtual_node};
pub use finding::{Code, Finding, Severity};
pub use node::{ExternalNode, Listener};
pub(crate) use summary::section;
pub use summary::{NextSteps, summary};

/// What a proposal is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the mesh.
    pub mesh: String,
    /// The Kubernetes namespace that holds the external nodes and services.
    pub namespace: String,
    /// The day on which entries are judged expired; without one none is.
    pub today: Option<Date>,
}

impl Settings {
    /// Settings for a mesh, with the namespace `egress` and no day.
    #[must_use]
    pub fn for_mesh(mesh: impl Into<String>) -> Self {
        Settings {
            mesh: mesh.into(),
            namespace: "egress".to_owned(),
            today: None,
        }
    }
}

/// What the ledger and the map together want allowed, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The name of the mesh.
    pub mesh: String,
    /// The Kubernetes namespace that holds the external nodes and services.
    pub namespace: String,
    /// Every live `allow` entry, in the order of the ledger.
    pub allowed: Vec<Allowed>,
    /// One virtual node, and one virtual service of the host's name, for every host that can be modelled.
    pub nodes: Vec<ExternalNode>,
    /// The virtual nodes that call, by name.
    pub callers: Vec<Caller>,
    /// What to know and what to decide, the most urgent first.
    pub findings: Vec<Finding>,
}

/// An allowed entry and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The entry.
    pub entry: Entry,
    /// The virtual node of its service; `None` where nothing in the inventory owns or knows the caller.
    pub caller: Option<String>,
    /// What becomes of it in App Mesh.
    pub placement: Placement,
    /// The addresses that the map saw its caller reach it at, on its port.
    pub addresses: BTreeSet<IpAddr>,
    /// The Kubernetes namespace of its caller, where the inventory has one.
    pub namespace: Option<String>,
}

/// What becomes of an allowed entry in App Mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placement {
    /// A backend of its caller.
    Attached,
    /// Modelled, but its caller gets it only after a decision.
    Waits,
    /// The mesh lets `*.amazonaws.com` on 443 through by itself.
    AllowedByMesh,
    /// The proxy never sees it.
    NotIntercepted,
    /// Its port must bypass the proxy.
    PortBypass,
    /// App Mesh has no words for it.
    Inexpressible,
    /// Nothing in the inventory owns its caller, or has its name.
    NoCaller,
    /// A service of ours: a backend of the mesh's own.
    Internal,
}

/// A virtual node that calls, with the external hosts it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its name in the mesh.
    pub virtual_node: String,
    /// Its Kubernetes namespace, where the inventory has one.
    pub namespace: Option<String>,
    /// The services that run as it.
    pub services: BTreeSet<ServiceName>,
    /// The hosts attached to it as backends.
    pub backends: BTreeSet<DnsName>,
    /// The hosts that wait for a decision.
    pub waiting: BTreeSet<DnsName>,
}

/// Decides what is attached to whom. Only `allow` entries that have not expired are proposed.
#[must_use]
pub fn propose(map: &DependencyMap, ledger: &Ledger, settings: &Settings) -> Proposal {
    let mut findings = Vec::new();
    let demands = demand::collect(map, ledger, settings.today, &mut findings);
    let fleet = node::Fleet::of(&demands, &mut findings);
    let (traffic, clients) = (traffic::Traffic::of(map), clients::Clients::of(&demands));
    let ports = claims::decide(&traffic, &demands, &clients, &fleet);
    explain::explain(&traffic, ledger, &clients, &fleet, &ports, &mut findings);
    notes::note(map, ledger, settings.today, &mut findings);
    let callers = callers(map, &demands, &fleet, &ports);
    let nodes = fleet.into_nodes();
    quota::check(map, &nodes, &callers, &mut findings);
    findings.sort();
    let by_name: BTreeMap<&str, &Caller> = callers
        .iter()
        .map(|caller| (caller.virtual_node.as_str(), caller))
        .collect();
    let allowed = demands.iter().map(|demand| place(map, demand, &by_name)).collect();
    Proposal {
        mesh: settings.mesh.clone(),
        namespace: settings.namespace.clone(),
        allowed,
        nodes,
        callers,
        findings,
    }
}

fn callers(
    map: &DependencyMap,
    demands: &[demand::Demand<'_>],
    fleet: &node::Fleet,
    ports: &claims::Ports,
) -> Vec<Caller> {
    let mut callers: BTreeMap<&str, Caller> = BTreeMap::new();
    for demand in demands {
        let Some(virtual_node) = demand.caller.as_deref() else {
            continue;
        };
        let service = &demand.entry.service;
        let caller = callers.entry(virtual_node).or_insert_with(|| Caller {
            virtual_node: virtual_node.to_owned(),
            namespace: None,
            services: BTreeSet::new(),
            backends: BTreeSet::new(),
            waiting: BTreeSet::new(),
        });
        caller.services.insert(service.clone());
        caller.namespace = caller.namespace.take().or_else(|| namespace(map, service));
        if let demand::Kind::Host(host, _) = &demand.kind {
            if ports.waits(virtual_node, host) || !fleet.has_node(host) {
                caller.waiting.insert(host.clone());
            } else {
                caller.backends.insert(host.clone());
            }
        }
    }
    callers.into_values().collect()
}

/// The namespace that the inventory has for a service.
fn namespace(map: &DependencyMap, service: &ServiceName) -> Option<String> {
    let facts = map.manifest.services.get(service)?;
    facts.namespace.clone().filter(|name| !name.is_empty())
}

fn place(map: &DependencyMap, demand: &demand::Demand<'_>, callers: &BTreeMap<&str, &Caller>) -> Allowed {
    let caller = demand.caller.as_deref().and_then(|caller| callers.get(caller));
    let placement = match (&demand.kind, caller) {
        (_, None) => Placement::NoCaller,
        (demand::Kind::Host(host, _), Some(caller)) if caller.backends.contains(host) => Placement::Attached,
        (demand::Kind::Host(..), _) => Placement::Waits,
        (demand::Kind::Ours(_), _) => Placement::Internal,
        (demand::Kind::AllowedByMesh, _) => Placement::AllowedByMesh,
        (demand::Kind::NotIntercepted, _) => Placement::NotIntercepted,
        (demand::Kind::ServerFirst, _) => Placement::PortBypass,
        (demand::Kind::Nameless | demand::Kind::Wildcard, _) => Placement::Inexpressible,
    };
    Allowed {
        entry: demand.entry.clone(),
        caller: demand.caller.clone(),
        placement,
        addresses: seen::addresses(map, demand.entry),
        namespace: namespace(map, &demand.entry.service),
    }
}

#[cfg(test)]
mod tests;
