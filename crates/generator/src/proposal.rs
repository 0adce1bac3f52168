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

use crate::current::Current;
use crate::ledger::{Entry, Index, Ledger};

mod again;
mod choice;
mod claims;
mod clients;
mod conflict;
mod cutover;
mod demand;
mod explain;
mod finding;
mod names;
mod node;
mod notes;
mod ours;
mod quota;
mod risk;
mod router;
mod seen;
mod standing;
mod summary;
mod traffic;
mod wider;

pub use conflict::{ON_CONFLICT, OnConflict};
pub use cutover::{NextSteps, cut_over_page};
pub(crate) use demand::{NEVER_INTERCEPTED, shown, virtual_node};
pub use finding::{Code, Finding, Severity};
pub use node::{ExternalNode, Listener};
pub use risk::{CutOver, Fate, Loss};
pub use standing::{Keeper, Standing};
pub use summary::summary;
pub(crate) use summary::{section, summary_of};

/// What a proposal is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the mesh.
    pub mesh: String,
    /// The Kubernetes namespace that holds the external nodes and services.
    pub namespace: String,
    /// The day on which entries are judged expired; without one none is.
    pub today: Option<Date>,
    /// What to do where a caller needs more on one port than App Mesh can tell apart.
    pub on_conflict: OnConflict,
    /// The name of the target that enforces ports which bypass the proxy.
    pub companion: String,
    /// What the mesh holds already.
    pub current: Current,
    /// How definitions are laid out, where a target has more than one way.
    pub layout: Layout,
}

/// How definitions are laid out, where a target has more than one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Whether Terraform gets values for resources of the reader's own, instead of resources.
    pub tfvars: bool,
    /// Whether callers in Kubernetes get a BackendGroup, instead of a backend for each host.
    pub backend_groups: bool,
}

/// What enforces the ports that bypass the proxy unless another target is named: it needs no agent beside the callers, and
/// tells the hosts of a port apart.
pub const COMPANION: &str = "network-firewall";

impl Settings {
    /// Settings for a mesh, with the namespace `egress`, no day, and conflicts left to the reader.
    #[must_use]
    pub fn for_mesh(mesh: impl Into<String>) -> Self {
        Settings {
            mesh: mesh.into(),
            namespace: "egress".to_owned(),
            today: None,
            on_conflict: OnConflict::Ask,
            companion: COMPANION.to_owned(),
            current: Current::default(),
            layout: Layout::default(),
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
    /// One virtual node, and one virtual service of the host's name, for every host that can be modelled, in the order
    /// of the hosts.
    pub nodes: Vec<ExternalNode>,
    /// The virtual nodes that call, by name.
    pub callers: Vec<Caller>,
    /// The callers in the order of the cut-over, the least to lose first, with what each stands to lose.
    pub cut_over: Vec<CutOver>,
    /// The name of the target that enforces ports which bypass the proxy.
    pub companion: String,
    /// What the mesh holds already.
    pub current: Current,
    /// How definitions are laid out, where a target has more than one way.
    pub layout: Layout,
    /// What to know and what to decide, the most urgent first.
    pub findings: Vec<Finding>,
}

impl Proposal {
    /// The nodes of the hosts that are attached to a caller, in the order of the hosts.
    pub(crate) fn attached_to(&self, caller: &Caller) -> impl Iterator<Item = &ExternalNode> {
        caller.backends.iter().filter_map(|host| {
            let at = self.nodes.binary_search_by(|node| node.host.cmp(host)).ok()?;
            self.nodes.get(at)
        })
    }
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
    /// Its port bypasses the proxy of its caller, by the choice made for conflicts: the companion target enforces it.
    PortExempt,
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
    /// The hosts that it must dial on another port, by host and the port that it dials now.
    pub redials: BTreeMap<(DnsName, u16), u16>,
    /// The ports that its proxy must ignore.
    pub ignored_ports: BTreeSet<u16>,
}

impl Proposal {
    /// The services with a port that bypasses the proxy by the choice made for conflicts.
    pub(crate) fn exempt(&self) -> BTreeSet<&ServiceName> {
        let exempt = self.callers.iter().filter(|caller| !caller.ignored_ports.is_empty());
        exempt.flat_map(|caller| &caller.services).collect()
    }

    /// What the companion target must allow. It stands behind the proxies too, and sees every port: so all that is allowed to the
    /// callers with ports that bypass the proxy, or to everybody where it is shared. Nothing where no port does.
    #[must_use]
    pub fn beside(&self, is_shared: bool) -> Proposal {
        let exempt = self.exempt();
        let sees = |allowed: &&Allowed| !exempt.is_empty() && (is_shared || exempt.contains(&allowed.entry.service));
        Proposal {
            mesh: self.mesh.clone(),
            namespace: self.namespace.clone(),
            allowed: self.allowed.iter().filter(sees).cloned().collect(),
            nodes: Vec::new(),
            callers: Vec::new(),
            cut_over: Vec::new(),
            companion: self.companion.clone(),
            current: Current::default(),
            layout: self.layout,
            findings: Vec::new(),
        }
    }
}

/// Decides what is attached to whom. Only `allow` entries that have not expired are proposed.
#[must_use]
pub fn propose(map: &DependencyMap, ledger: &Ledger, settings: &Settings) -> Proposal {
    let mut findings = Vec::new();
    let (ours, traffic) = (ours::Ours::of(map), traffic::Traffic::of(map));
    let decided = Decided::of(map, &ours, &traffic, ledger, settings, &mut findings);
    let (demands, callers) = (&decided.demands, &decided.callers);
    let conflict::Settled { fleet, clients, ports } = &decided.settled;
    demand::explain(map, &ours, demands, &mut findings);
    findings.extend(fleet.findings());
    explain::explain(&traffic, ledger, clients, fleet, ports, &mut findings);
    let index = Index::of(ledger);
    notes::note(map, ledger, &index, settings.today, &mut findings);
    again::review(map, &index, settings.today, &mut findings);
    wider::suggest(map, ledger, settings.today, &mut findings);
    choice::explain(map, demands, callers, &settings.companion, &mut findings);
    let mut proposal = decided.into_proposal(map, settings, &mut findings);
    let (nodes, callers) = (&proposal.nodes, &proposal.callers);
    standing::unused(&settings.current, &own_nodes(map), nodes, callers, &mut findings);
    quota::check(map, nodes, callers, &mut findings);
    proposal.cut_over = risk::cut_over(&index, &traffic, callers, nodes);
    findings.sort();
    proposal.findings = findings;
    proposal
}

/// The same without its findings and its cut-over, on which nothing rests that is enforced: all that a replay goes by.
#[must_use]
pub fn outline(map: &DependencyMap, ledger: &Ledger, settings: &Settings) -> Proposal {
    let mut unsaid = Vec::new();
    let (ours, traffic) = (ours::Ours::of(map), traffic::Traffic::of(map));
    let decided = Decided::of(map, &ours, &traffic, ledger, settings, &mut unsaid);
    decided.into_proposal(map, settings, &mut unsaid)
}

/// What becomes of the live `allow` entries.
struct Decided<'a> {
    demands: Vec<demand::Demand<'a>>,
    callers: Vec<Caller>,
    settled: conflict::Settled<'a>,
}

impl<'a> Decided<'a> {
    fn of(
        map: &'a DependencyMap,
        ours: &ours::Ours<'_>,
        traffic: &traffic::Traffic<'a>,
        ledger: &'a Ledger,
        settings: &Settings,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut demands = demand::collect(map, ours, ledger, settings.today, findings);
        let settled = conflict::settle(traffic, ledger, &mut demands, settings.on_conflict);
        Decided {
            callers: callers(map, &demands, &settled.fleet, &settled.ports),
            demands,
            settled,
        }
    }

    fn into_proposal(self, map: &DependencyMap, settings: &Settings, findings: &mut Vec<Finding>) -> Proposal {
        let mut nodes = self.settled.fleet.into_nodes();
        standing::compare(&settings.current, &mut nodes, findings);
        let callers = self.callers.iter();
        let by_name = callers.map(|caller| (caller.virtual_node.as_str(), caller)).collect();
        let seen = seen::Seen::of(map);
        let allowed = self.demands.iter();
        Proposal {
            mesh: settings.mesh.clone(),
            namespace: settings.namespace.clone(),
            allowed: allowed.map(|demand| place(map, &seen, demand, &by_name)).collect(),
            nodes,
            cut_over: Vec::new(),
            companion: settings.companion.clone(),
            current: settings.current.clone(),
            layout: settings.layout,
            findings: Vec::new(),
            callers: self.callers,
        }
    }
}

/// The virtual nodes of our own services, as far as the inventory and the map know them.
fn own_nodes(map: &DependencyMap) -> BTreeSet<&str> {
    let known = map.manifest.services.keys();
    let seen = map.dependencies.keys().map(|key| &key.service);
    known.chain(seen).map(|service| virtual_node(map, service)).collect()
}

fn callers(
    map: &DependencyMap,
    demands: &[demand::Demand<'_>],
    fleet: &node::Fleet<'_>,
    ports: &claims::Ports<'_>,
) -> Vec<Caller> {
    let mut callers: BTreeMap<&str, Caller> = BTreeMap::new();
    for demand in demands {
        let Some(virtual_node) = demand.caller else {
            continue;
        };
        let service = &demand.entry.service;
        let caller = callers.entry(virtual_node).or_insert_with(|| Caller {
            virtual_node: virtual_node.to_owned(),
            namespace: None,
            services: BTreeSet::new(),
            backends: BTreeSet::new(),
            waiting: BTreeSet::new(),
            redials: BTreeMap::new(),
            ignored_ports: BTreeSet::new(),
        });
        caller.services.insert(service.clone());
        caller.namespace = caller.namespace.take().or_else(|| namespace(map, service));
        if demand.exempt {
            caller.ignored_ports.insert(demand.entry.port);
        }
        if let Some((_, host, _, port)) = demand.for_host() {
            let dialled = fleet.moves().get(host, port);
            if ports.waits(virtual_node, host) || !fleet.has_node(host) {
                caller.waiting.insert(host.clone());
            } else {
                caller
                    .redials
                    .extend(dialled.map(|dialled| ((host.clone(), port), dialled)));
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

fn place(
    map: &DependencyMap,
    seen: &seen::Seen<'_>,
    demand: &demand::Demand<'_>,
    callers: &BTreeMap<&str, &Caller>,
) -> Allowed {
    let caller = demand.caller.and_then(|caller| callers.get(caller));
    let placement = match (demand.kind, caller) {
        (_, None) => Placement::NoCaller,
        (_, Some(_)) if demand.exempt => Placement::PortExempt,
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
        caller: demand.caller.map(str::to_owned),
        placement,
        addresses: seen.addresses(demand.entry),
        namespace: namespace(map, &demand.entry.service),
    }
}

#[cfg(test)]
mod tests;
