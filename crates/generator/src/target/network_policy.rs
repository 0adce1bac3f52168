//! Writes a proposal as one Kubernetes NetworkPolicy a caller: addresses and ranges alone.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::Protocol;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::callers::Caller;
use super::draft::{Draft, Page};
use super::pods::{self, Pods};
use super::{Rendered, Target};
use crate::ledger::Destination;
use crate::proposal::{Code, Proposal};

/// `network-policy`.
#[derive(Debug)]
pub(super) struct NetworkPolicy;

const PAGE: Page = Page {
    title: "Kubernetes NetworkPolicy",
    meaning: "Matched by address, port and transport. It knows no names, so no wildcards either: what the ledger allows by name is a decision below.",
    steps: &[
        "Check that the cluster's network plugin enforces NetworkPolicy at all; some accept the object and do nothing.",
        "`kubectl apply -f NAMESPACE/egress-….yaml`, caller by caller, those without a decision below first. A policy with \
         `Egress` drops all other egress of the pods it selects, by their label `app`: this is the cut-over of that caller.",
    ],
    check: "`kubectl apply --dry-run=server -f …` reads the files; nothing shows beforehand what would be dropped but `egressmap replay`.",
    back: "`kubectl delete -f NAMESPACE/egress-….yaml` gives that caller all its egress back.",
    lost: &[
        "Names, wildcards, SNI and hosts: on an allowed address every service of the port is reachable.",
        "Services of the cluster stay reachable, and DNS is asked of the pods labelled `k8s-app: kube-dns` alone.",
        "The API server and instance metadata are addresses like others: allow them in the ledger if a caller needs them.",
    ],
};

impl Target for NetworkPolicy {
    fn name(&self) -> &'static str {
        "network-policy"
    }

    fn help(&self) -> &'static str {
        "a Kubernetes NetworkPolicy for each caller, by address"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    pods::draft(proposal, "NetworkPolicy", policy)
}

fn policy<'a>(pods: &Pods<'_>, caller: &Caller<'a>, draft: &mut Draft<'a>) -> Value {
    let mut ranges: BTreeMap<(Protocol, u16), BTreeSet<IpNet>> = BTreeMap::new();
    for allowed in &caller.grants {
        let entry = &allowed.entry;
        let range = match &entry.destination {
            _ if !matches!(entry.protocol(), Protocol::Tcp | Protocol::Udp) => Err(Code::NeedsTransport),
            Destination::Name(_) | Destination::Below(_) => Err(Code::NeedsName),
            Destination::Aws(_) => Err(Code::AwsAddresses),
            Destination::Address(address) => Ok(IpNet::from(*address)),
            Destination::Range(range) => Ok(*range),
        };
        match range {
            Ok(range) => {
                ranges.entry((entry.protocol(), entry.port)).or_default().insert(range);
                draft.written.push(allowed);
            }
            Err(code) => draft.losses.add_with_addresses(code, allowed),
        }
    }
    let mut egress = vec![dns(), cluster()];
    for ((protocol, port), ranges) in &ranges {
        let blocks: Vec<Value> = ranges.iter().map(block).collect();
        egress.push(json!({"to": blocks, "ports": [port_of(*protocol, *port)]}));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": pods.metadata(),
        "spec": {
            "podSelector": {"matchLabels": pods.labels()},
            "policyTypes": ["Egress"],
            "egress": egress,
        },
    })
}

fn dns() -> Value {
    json!({
        "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
        "ports": [port_of(Protocol::Udp, 53), port_of(Protocol::Tcp, 53)],
    })
}

/// Every pod of every namespace: calls between services of ours are not what the ledger is about.
pub(super) fn cluster() -> Value {
    json!({"to": [{"namespaceSelector": {}}]})
}

pub(super) fn block(range: &IpNet) -> Value {
    json!({"ipBlock": {"cidr": range.to_string()}})
}

pub(super) fn port_of(protocol: Protocol, port: u16) -> Value {
    let protocol = if protocol == Protocol::Udp { "UDP" } else { "TCP" };
    json!({"protocol": protocol, "port": port})
}
