//! Carries the person's choice for ports that App Mesh cannot share through the proposal, until nothing is left that it settles.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;

use super::claims::{self, Ports};
use super::clients::Clients;
use super::demand::{Demand, Kind};
use super::node::{Fleet, Listener};
use super::router::RouterPorts;
use super::traffic::Traffic;
use crate::ledger::Ledger;

/// What to do where a caller needs more on one port than App Mesh can tell apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Attach nothing there and say which ways out there are.
    #[default]
    Ask,
    /// Put a virtual router on a port of its own before each host that must give way; its clients dial that port.
    RouterPorts,
    /// Let the port bypass the proxy; another target enforces it.
    IgnorePort,
}

/// The words of [`OnConflict`] on the command line and in a config.
pub const ON_CONFLICT: [(&str, OnConflict); 3] = [
    ("ask", OnConflict::Ask),
    ("router-ports", OnConflict::RouterPorts),
    ("ignore-port", OnConflict::IgnorePort),
];

/// Hosts whose clients dial another port than the host's own, by that own port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Moves<'a>(pub(super) BTreeMap<(&'a DnsName, u16), u16>);

impl Moves<'_> {
    /// The port that clients dial.
    pub(super) fn dialled(&self, host: &DnsName, port: u16) -> u16 {
        self.get(host, port).unwrap_or(port)
    }

    /// The port that clients dial, where it is another.
    pub(super) fn get(&self, host: &DnsName, port: u16) -> Option<u16> {
        self.0.get(&(host, port)).copied()
    }
}

/// The nodes, and who claims which port of which caller.
pub(super) struct Settled<'a> {
    pub(super) fleet: Fleet<'a>,
    pub(super) clients: Clients<'a>,
    pub(super) ports: Ports<'a>,
}

/// Decides every port, by the choice made for conflicts. Demands whose port bypasses the proxy are marked.
pub(super) fn settle<'a>(
    traffic: &Traffic<'a>,
    ledger: &Ledger,
    demands: &mut [Demand<'a>],
    choice: OnConflict,
) -> Settled<'a> {
    if choice == OnConflict::IgnorePort {
        return exempted(traffic, demands);
    }
    let settled = decided(traffic, demands, Moves::default());
    if choice == OnConflict::Ask {
        return settled;
    }
    let routers = RouterPorts::suggest(traffic, ledger, &settled.ports, |host, port| {
        settled.fleet.is_contested(host, port)
    });
    decided(traffic, demands, routers.into_moves())
}

fn decided<'a>(traffic: &Traffic<'a>, demands: &[Demand<'a>], moves: Moves<'a>) -> Settled<'a> {
    let fleet = Fleet::of(demands, moves);
    let clients = Clients::of(demands, &fleet);
    let ports = claims::decide(traffic, demands, &clients, &fleet);
    Settled { fleet, clients, ports }
}

/// Exempts ports until no caller has a conflict. Each turn exempts one more at least, so it ends.
fn exempted<'a>(traffic: &Traffic<'a>, demands: &mut [Demand<'a>]) -> Settled<'a> {
    let mut exempt: BTreeSet<(&str, u16)> = demands
        .iter()
        .filter(|demand| demand.kind.is_beyond_the_mesh())
        .filter_map(|demand| Some((demand.caller?, demand.entry.port)))
        .collect();
    loop {
        mark(demands, &exempt);
        let settled = decided(traffic, demands, Moves::default());
        let more = conflicts(demands, &settled, &exempt);
        if more.is_empty() {
            return settled;
        }
        exempt.extend(more);
    }
}

fn mark(demands: &mut [Demand<'_>], exempt: &BTreeSet<(&str, u16)>) {
    for demand in demands {
        let Some(caller) = demand.caller else { continue };
        demand.exempt = demand.kind != Kind::NotIntercepted && exempt.contains(&(caller, demand.entry.port));
    }
}

fn conflicts<'a>(
    demands: &[Demand<'a>],
    settled: &Settled<'a>,
    exempt: &BTreeSet<(&str, u16)>,
) -> BTreeSet<(&'a str, u16)> {
    let mut more = BTreeSet::new();
    for demand in demands.iter().filter(|demand| !demand.exempt) {
        // Where a host is HTTP to some and TCP to others, the others leave.
        if let (Some(caller), Kind::Host(host, Listener::Tcp)) = (demand.caller, demand.kind)
            && settled.fleet.is_contested(host, demand.entry.port)
        {
            more.insert((caller, demand.entry.port));
        }
    }
    for (&(caller, number), port) in &settled.ports.by_door {
        if !port.is_conflict() {
            continue;
        }
        if !exempt.contains(&(caller, number)) {
            more.insert((caller, number));
            continue;
        }
        // Envoy refuses the listener even where nothing is redirected to it: the hosts that bring it must stay away.
        for host in port.external.keys() {
            let others = settled.clients.ports(caller, host).into_iter();
            more.extend(others.map(|other| (caller, other)));
        }
    }
    more
}
