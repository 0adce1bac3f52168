//! The virtual nodes that stand for external hosts: one a host, with a listener for every port its callers use.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Application;

use super::demand::{Demand, Kind};
use super::finding::{Code, Finding, Severity};
use super::names;
use crate::text::inert;

/// A virtual node for an external host. Its virtual service has the host's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalNode {
    /// The node's name: letters, digits and hyphens, valid in Kubernetes too, and made of the host alone, so that it is
    /// the same in every proposal.
    pub name: String,
    /// The host the clients dial, which names the virtual service.
    pub host: DnsName,
    /// What is spoken on each of its ports; at least one.
    pub listeners: BTreeMap<u16, Listener>,
}

/// What a listener of a virtual node speaks. TLS that the application itself began is TCP to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listener {
    /// Matched by host.
    Http,
    /// Matched by port alone.
    Tcp,
}

impl Listener {
    /// What an application needs.
    #[must_use]
    pub fn of(application: Application) -> Self {
        match application {
            Application::Http => Listener::Http,
            _ => Listener::Tcp,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Listener::Http => "http",
            Listener::Tcp => "tcp",
        })
    }
}

/// All external nodes, and the ports of hosts that callers disagree about.
#[derive(Debug)]
pub(super) struct Fleet {
    nodes: BTreeMap<DnsName, BTreeMap<u16, Listener>>,
    contested: BTreeSet<(DnsName, u16)>,
}

impl Fleet {
    /// The nodes that the demands of all callers make together.
    pub(super) fn of(demands: &[Demand<'_>], findings: &mut Vec<Finding>) -> Self {
        let mut wanted: BTreeMap<(&DnsName, u16), BTreeMap<Listener, BTreeSet<&str>>> = BTreeMap::new();
        for demand in demands {
            if let (Kind::Host(host, listener), Some(caller)) = (&demand.kind, &demand.caller) {
                let door = wanted.entry((host, demand.entry.port)).or_default();
                door.entry(*listener).or_default().insert(caller);
            }
        }
        let mut fleet = Fleet {
            nodes: BTreeMap::new(),
            contested: BTreeSet::new(),
        };
        for ((host, port), by_listener) in &wanted {
            if by_listener.len() > 1 {
                fleet.contested.insert(((*host).clone(), *port));
                findings.push(two_protocols(host, *port, by_listener));
            } else if let Some(listener) = by_listener.keys().next() {
                fleet.nodes.entry((*host).clone()).or_default().insert(*port, *listener);
            }
        }
        fleet
    }

    /// The ports of a host's node.
    pub(super) fn listeners(&self, host: &DnsName) -> impl Iterator<Item = (u16, Listener)> + '_ {
        self.nodes
            .get(host)
            .into_iter()
            .flatten()
            .map(|(port, listener)| (*port, *listener))
    }

    /// Whether a host has any port that can be modelled.
    pub(super) fn has_node(&self, host: &DnsName) -> bool {
        self.nodes.contains_key(host)
    }

    /// Whether callers need this port of the host as HTTP and as TCP.
    pub(super) fn is_contested(&self, host: &DnsName, port: u16) -> bool {
        self.contested.contains(&(host.clone(), port))
    }

    pub(super) fn into_nodes(self) -> Vec<ExternalNode> {
        let nodes = self.nodes.into_iter();
        nodes
            .map(|(host, listeners)| ExternalNode {
                name: names::node_name(&host),
                host,
                listeners,
            })
            .collect()
    }
}

fn two_protocols(host: &DnsName, port: u16, by_listener: &BTreeMap<Listener, BTreeSet<&str>>) -> Finding {
    let sentence =
        format!("{host}:{port} is needed as HTTP and as TCP, and one port of a virtual node speaks one protocol");
    let evidence = by_listener.iter().map(|(listener, callers)| {
        let callers: Vec<String> = callers.iter().map(|caller| inert(caller)).collect();
        format!("{listener}: {}", callers.join(", "))
    });
    Finding::about(Severity::Decision, Code::HostOfTwoProtocols, None, sentence)
        .on_port(port)
        .because(evidence)
        .way_out("set application to the same word in all of these entries: tcp carries HTTP too, but is matched by port alone")
        .way_out(super::demand::bypass(port))
        .way_out("keep ALLOW_ALL")
}
