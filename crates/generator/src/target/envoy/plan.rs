//! What Envoy does on each port of a caller.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::Application;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::ledger::Destination;
use crate::proposal::{Allowed, Code};
use crate::target::callers::Caller;
use crate::target::draft::Draft;

/// The ports of a caller.
#[derive(Debug, Default)]
pub(super) struct Plan<'a>(pub(super) BTreeMap<u16, Port<'a>>);

/// One port: what is matched by `Host`, by SNI, by address, and what gets the rest.
#[derive(Debug, Default)]
pub(super) struct Port<'a> {
    pub(super) http: BTreeSet<Host<'a>>,
    pub(super) tls: BTreeSet<Host<'a>>,
    pub(super) ranges: BTreeSet<IpNet>,
    pub(super) rest: Option<&'a DnsName>,
}

/// A name, or all names below one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host<'a> {
    Exact(&'a DnsName),
    Below(&'a DnsName),
}

impl<'a> Plan<'a> {
    pub(super) fn of(caller: &Caller<'a>, draft: &mut Draft<'a>) -> Self {
        let mut plan = Plan::default();
        let mut by_port_alone: BTreeMap<u16, Vec<&'a Allowed>> = BTreeMap::new();
        for allowed in caller.grants.iter().copied() {
            let entry = &allowed.entry;
            let lost = match (entry.application, &entry.destination) {
                (Application::Udp | Application::Icmp | Application::Other, _) => Some(Code::OutOfReach),
                (_, Destination::Aws(_)) => Some(Code::AwsAddresses),
                (Application::Tcp, Destination::Name(_) | Destination::Below(_)) => {
                    by_port_alone.entry(entry.port).or_default().push(allowed);
                    continue;
                }
                _ => None,
            };
            if let Some(code) = lost {
                draft.losses.add_with_addresses(code, allowed);
                continue;
            }
            plan.0.entry(entry.port).or_default().add(allowed, draft);
            draft.written.push(allowed);
        }
        for (number, grants) in by_port_alone {
            plan.0.entry(number).or_default().add_nameless(&grants, draft);
        }
        plan.0.retain(|_, port| !port.is_empty());
        plan
    }

    /// The ports on which nothing is matched by what the client says first: there the server may speak first.
    pub(super) fn silent_ports(&self) -> Option<Value> {
        let silent = self
            .0
            .iter()
            .filter(|(_, port)| port.http.is_empty() && port.tls.is_empty());
        let mut rules: Vec<Value> = silent
            .map(|(port, _)| json!({"destination_port_range": {"start": port, "end": u32::from(*port) + 1}}))
            .collect();
        match rules.len() {
            0 => None,
            1 => rules.pop(),
            _ => Some(json!({"or_match": {"rules": rules}})),
        }
    }
}

impl<'a> Port<'a> {
    fn is_empty(&self) -> bool {
        self.http.is_empty() && self.tls.is_empty() && self.ranges.is_empty() && self.rest.is_none()
    }

    fn add(&mut self, allowed: &'a Allowed, draft: &mut Draft<'a>) {
        let host = match &allowed.entry.destination {
            Destination::Name(name) => Host::Exact(name),
            Destination::Below(suffix) => {
                draft.losses.add(Code::NameFromClient, allowed);
                Host::Below(suffix)
            }
            Destination::Address(address) => {
                self.ranges.insert(IpNet::from(*address));
                return;
            }
            Destination::Range(range) => {
                self.ranges.insert(*range);
                return;
            }
            Destination::Aws(_) => return,
        };
        let hosts = if allowed.entry.application == Application::Http {
            &mut self.http
        } else {
            &mut self.tls
        };
        hosts.insert(host);
    }

    /// TCP that says no name: one host alone can have what is left of the port; several are told apart by where the map
    /// saw them.
    fn add_nameless(&mut self, grants: &[&'a Allowed], draft: &mut Draft<'a>) {
        if let [only] = grants
            && let Destination::Name(name) = &only.entry.destination
        {
            self.rest = Some(name);
            draft.losses.add(Code::HostTakesPort, only);
            draft.written.push(only);
            return;
        }
        for allowed in grants.iter().copied() {
            if allowed.addresses.is_empty() {
                draft.losses.add(Code::HostsAlike, allowed);
                continue;
            }
            self.ranges.extend(allowed.addresses.iter().copied().map(IpNet::from));
            draft.losses.add_with_addresses(Code::AddressesAsSeen, allowed);
            draft.written.push(allowed);
        }
    }
}
