//! The virtual nodes that stand for external hosts: one a host, with a listener for every port its callers use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Application;

use super::conflict::Moves;
use super::demand::Demand;
use super::finding::{Code, Finding, Severity};
use super::names;
use super::standing::Standing;
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
    /// Where a virtual router stands before the node: each port that clients dial, with the port of the node behind it.
    /// Empty where the virtual service leads to the node itself.
    pub routes: BTreeMap<u16, u16>,
    /// Whether the node exists already.
    pub node_is: Standing,
    /// Whether its virtual service exists already.
    pub service_is: Standing,
}

impl ExternalNode {
    /// Each port that clients dial, with what is spoken there.
    pub fn dialled(&self) -> impl Iterator<Item = (u16, Listener)> + '_ {
        let direct = self.routes.is_empty().then_some(&self.listeners);
        let direct = direct.into_iter().flatten().map(|(port, listener)| (*port, *listener));
        let routed = self
            .routes
            .iter()
            .filter_map(|(dialled, port)| Some((*dialled, *self.listeners.get(port)?)));
        direct.chain(routed)
    }
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

/// The callers of a host's port, by what they speak there.
type BySpeech<'a> = BTreeMap<Listener, BTreeSet<&'a str>>;

/// All external nodes, and the ports of hosts that callers disagree about.
#[derive(Debug)]
pub(super) struct Fleet<'a> {
    nodes: HashMap<&'a DnsName, BTreeMap<u16, Listener>>,
    contested: BTreeMap<(&'a DnsName, u16), BySpeech<'a>>,
    moves: Moves<'a>,
}

impl<'a> Fleet<'a> {
    /// The nodes that the demands of all callers make together.
    pub(super) fn of(demands: &[Demand<'a>], moves: Moves<'a>) -> Self {
        let mut wanted: HashMap<(&DnsName, u16), BySpeech<'a>> = HashMap::new();
        for (caller, host, listener, port) in demands.iter().filter_map(Demand::for_host) {
            let door = wanted.entry((host, port)).or_default();
            door.entry(listener).or_default().insert(caller);
        }
        let mut fleet = Fleet {
            nodes: HashMap::new(),
            contested: BTreeMap::new(),
            moves,
        };
        for ((host, port), by_listener) in wanted {
            if by_listener.len() > 1 {
                fleet.contested.insert((host, port), by_listener);
            } else if let Some(listener) = by_listener.into_keys().next() {
                fleet.nodes.entry(host).or_default().insert(port, listener);
            }
        }
        fleet
    }

    /// The ports that lead to a host's node, as clients dial them.
    pub(super) fn listeners<'s>(&'s self, host: &'s DnsName) -> impl Iterator<Item = (u16, Listener)> + 's {
        let ports = self.nodes.get(host).into_iter().flatten();
        ports.map(|(port, listener)| (self.moves.dialled(host, *port), *listener))
    }

    /// Which hosts are dialled on another port than their own.
    pub(super) fn moves(&self) -> &Moves<'a> {
        &self.moves
    }

    /// A finding for each port of a host that callers disagree about.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        let contested = self.contested.iter();
        contested.map(|((host, port), by_listener)| two_protocols(host, *port, by_listener))
    }

    /// Whether a host has any port that can be modelled.
    pub(super) fn has_node(&self, host: &DnsName) -> bool {
        self.nodes.contains_key(host)
    }

    /// Whether callers need this port of the host as HTTP and as TCP.
    pub(super) fn is_contested(&self, host: &DnsName, port: u16) -> bool {
        self.contested.contains_key(&(host, port))
    }

    pub(super) fn into_nodes(self) -> Vec<ExternalNode> {
        let Fleet { nodes, moves, .. } = self;
        let routes = |host: &DnsName, listeners: &BTreeMap<u16, Listener>| -> BTreeMap<u16, u16> {
            let moved = listeners.keys().any(|port| moves.get(host, *port).is_some());
            let doors = listeners.keys().map(|port| (moves.dialled(host, *port), *port));
            doors.filter(|_| moved).collect()
        };
        let mut nodes: Vec<(&DnsName, BTreeMap<u16, Listener>)> = nodes.into_iter().collect();
        nodes.sort_unstable_by_key(|(host, _)| *host);
        nodes
            .into_iter()
            .map(|(host, listeners)| ExternalNode {
                name: names::node_name(host),
                routes: routes(host, &listeners),
                node_is: Standing::New,
                service_is: Standing::New,
                host: host.clone(),
                listeners,
            })
            .collect()
    }
}

fn two_protocols(host: &DnsName, port: u16, by_listener: &BySpeech<'_>) -> Finding {
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
