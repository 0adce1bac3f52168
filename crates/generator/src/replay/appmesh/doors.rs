//! What stands behind each port of each caller in App Mesh.

use std::collections::{BTreeMap, HashMap};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Class, DependencyMap, Protocol};

use crate::ledger::Entry;
use crate::proposal::{Listener, Placement, Proposal, virtual_node};
use crate::replay::work;

/// The ports of all callers, by virtual node.
#[derive(Debug)]
pub(super) struct Doors<'a>(BTreeMap<&'a str, BTreeMap<u16, Door<'a>>>);

/// What one port of one caller leads to.
#[derive(Debug, Default)]
pub(super) struct Door<'a> {
    /// The external hosts attached to the caller whose node has the port.
    pub(super) external: BTreeMap<&'a DnsName, Listener>,
    /// Services of ours that it calls there, taken as backends of the mesh's own.
    pub(super) internal: BTreeMap<String, Listener>,
    /// The entry because of which the port bypasses the proxy.
    pub(super) bypass: Option<&'a Entry>,
    /// Whether it does by the choice made for conflicts.
    pub(super) exempt: bool,
}

impl<'a> Doors<'a> {
    pub(super) fn of(map: &'a DependencyMap, proposal: &'a Proposal) -> Self {
        let mut doors = Doors(BTreeMap::new());
        let listeners: HashMap<&DnsName, &BTreeMap<u16, Listener>> = proposal
            .nodes
            .iter()
            .map(|node| (&node.host, &node.listeners))
            .collect();
        for caller in &proposal.callers {
            for host in &caller.backends {
                for (port, listener) in listeners.get(host).into_iter().copied().flatten() {
                    doors.at(&caller.virtual_node, *port).external.insert(host, *listener);
                }
            }
        }
        for allowed in &proposal.allowed {
            let (Some(caller), entry) = (&allowed.caller, &allowed.entry) else {
                continue;
            };
            match allowed.placement {
                Placement::PortExempt => doors.at(caller, entry.port).exempt = true,
                Placement::PortBypass => doors.at(caller, entry.port).bypass = Some(entry),
                Placement::Internal => {
                    let listener = Listener::of(entry.application);
                    let ours = &mut doors.at(caller, entry.port).internal;
                    ours.insert(entry.destination.to_string(), listener);
                }
                _ => {}
            }
        }
        for (key, dependency) in &map.dependencies {
            let ours = dependency.class == Class::Internal && key.protocol == Protocol::Tcp;
            if ours && !dependency.only_refused(key.protocol) {
                let door = doors.at(virtual_node(map, &key.service), key.port);
                let listener = Listener::of(dependency.application);
                door.internal.insert(key.destination.clone(), listener);
            }
        }
        doors
    }

    /// A port of a caller, if anything is known of it.
    pub(super) fn get(&self, caller: &str, port: u16) -> Option<&Door<'a>> {
        work::look();
        self.0.get(caller)?.get(&port)
    }

    fn at(&mut self, caller: &'a str, port: u16) -> &mut Door<'a> {
        work::look();
        self.0.entry(caller).or_default().entry(port).or_default()
    }
}
