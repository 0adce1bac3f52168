//! The documented way out of a port conflict: a virtual router on a port of its own, and clients that dial it there.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;

use super::claims::{Decision, Port, Ports};
use super::clients::Clients;
use super::conflict::Moves;
use super::demand::{NEVER_INTERCEPTED, SERVER_FIRST};
use super::node::{Fleet, Listener};
use super::traffic::Traffic;
use crate::ledger::Ledger;
use crate::text::inert;

/// Ports that Envoy itself listens on beside an application: its admin interface, ingress and egress.
const ENVOY: [u16; 3] = [9901, 15000, 15001];

/// The free port suggested for each (host, port) that must give way somewhere. A virtual service is shared by the whole
/// mesh, so its new port is the same for every caller.
#[derive(Debug)]
pub(super) struct RouterPorts<'a>(BTreeMap<(&'a DnsName, u16), u16>);

impl<'a> RouterPorts<'a> {
    /// `stays` names the ports of hosts that no router helps: nobody on their port moves.
    pub(super) fn suggest(
        traffic: &Traffic<'_>,
        ledger: &Ledger,
        ports: &Ports<'a>,
        stays: impl Fn(&DnsName, u16) -> bool,
    ) -> Self {
        let moving: BTreeSet<(&DnsName, u16)> = ports
            .by_door
            .iter()
            .filter(|((_, number), port)| !port.external.keys().any(|host| stays(host, *number)))
            .flat_map(|((caller, number), port)| {
                let movers = movers(traffic, caller, *number, port);
                movers.into_iter().map(|host| (host, *number))
            })
            .collect();
        let mut used: BTreeSet<u16> = traffic
            .ports()
            .chain(ledger.entries.iter().map(|entry| entry.port))
            .collect();
        used.extend(SERVER_FIRST);
        used.extend(ENVOY);
        used.insert(NEVER_INTERCEPTED);
        let mut suggested = BTreeMap::new();
        // What is used stays used, so the search for a port goes on where the last one from there ended.
        let mut searches = BTreeMap::new();
        for (host, port) in moving {
            let search = searches
                .entry(port)
                .or_insert_with(|| (port..=u16::MAX).chain(1024..port));
            if let Some(free) = search.find(|port| !used.contains(port)) {
                used.insert(free);
                suggested.insert((host, port), free);
            }
        }
        RouterPorts(suggested)
    }

    /// The same as a decision: each host that moves is dialled on its new port.
    pub(super) fn into_moves(self) -> Moves<'a> {
        Moves(self.0)
    }

    /// The way out for one port: which hosts move where, and which clients must change.
    pub(super) fn way_out(
        &self,
        port: u16,
        hosts: &BTreeMap<&DnsName, Listener>,
        clients: &Clients<'_>,
        fleet: &Fleet<'_>,
    ) -> Option<String> {
        let moving: Vec<(&DnsName, u16)> = hosts
            .keys()
            .filter_map(|host| self.0.get(&(host, port)).map(|free| (*host, *free)))
            .collect();
        let changes: Vec<String> = moving
            .iter()
            .flat_map(|(host, free)| {
                let dials = format!("dials {host}:{free} instead of {host}:{port}");
                clients
                    .of_door(host, port)
                    .map(move |client| format!("{} {dials}", inert(client)))
            })
            .collect();
        (!changes.is_empty()).then(|| {
            format!(
                "put a virtual router on a port of its own before each host that moves (a route with a weighted target on port \
                 {port} of its node), and change the clients: {}",
                changes.join("; ") + &keeping(&moving, port, fleet)
            )
        })
    }
}

/// A virtual service has a node or a router, never both: the other ports of the node need the router too.
fn keeping(moving: &[(&DnsName, u16)], port: u16, fleet: &Fleet<'_>) -> String {
    let kept: Vec<String> = moving
        .iter()
        .filter_map(|(host, _)| {
            let others: Vec<String> = fleet
                .listeners(host)
                .filter(|(other, _)| *other != port)
                .map(|(other, listener)| format!("{other} ({listener})"))
                .collect();
            (!others.is_empty()).then(|| format!("{host} on {}", others.join(", ")))
        })
        .collect();
    if kept.is_empty() {
        return String::new();
    }
    format!(
        "; the router takes the place of the node in the virtual service, so it also needs a listener and a route for every \
         other port that callers use: {}",
        kept.join("; ")
    )
}

/// The hosts that must leave a port so that the rest of its claims can stay.
fn movers<'a>(traffic: &Traffic<'_>, caller: &str, number: u16, port: &Port<'a>) -> Vec<&'a DnsName> {
    let tcp = || {
        port.external
            .iter()
            .filter(|(_, listener)| **listener == Listener::Tcp)
            .map(|(host, _)| *host)
    };
    let ours_is_tcp = port.internal.values().any(|listener| *listener == Listener::Tcp);
    match port.decision() {
        Decision::Shared | Decision::LoneTcp | Decision::UnmodelledNeighbour => Vec::new(),
        _ if ours_is_tcp => port.external.keys().copied().collect(),
        Decision::Mixed => tcp().collect(),
        Decision::SecondTcp => {
            // The busiest stays where its clients are; among equals the first by name.
            let busiest = tcp().max_by(|a, b| {
                let records = |host| records(traffic, caller, host, number);
                records(a).cmp(&records(b)).then_with(|| b.cmp(a))
            });
            tcp().filter(|host| Some(*host) != busiest).collect()
        }
    }
}

fn records(traffic: &Traffic<'_>, caller: &str, host: &DnsName, port: u16) -> u64 {
    let seen = traffic
        .on(caller, port)
        .iter()
        .filter(|(key, _)| key.destination == host.as_str());
    seen.map(|(_, dependency)| dependency.flow().records.max(dependency.access.records))
        .sum()
}
