//! Writes a proposal as one ApplicationNetworkPolicy of EKS Auto Mode a caller: names and addresses.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::Protocol;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::callers::Caller;
use super::draft::{Draft, Page};
use super::network_policy::{block, cluster, port_of};
use super::pods::{self, Pods};
use super::{Rendered, Target};
use crate::ledger::Destination;
use crate::proposal::{Code, Proposal};

/// `eks-network-policy`.
#[derive(Debug)]
pub(super) struct EksNetworkPolicy;

const PAGE: Page = Page {
    title: "EKS ApplicationNetworkPolicy",
    meaning: "A name is matched by the addresses that DNS answered for it, on its port. `*.example.com` means every name below it at any depth, without \
              `example.com`, as in the ledger.",
    steps: &[
        "Check that the nodes are of EKS Auto Mode: names work nowhere else. The NodeClass must have `networkPolicy` set, and the \
         network policy controller must be on.",
        "`kubectl apply -f NAMESPACE/egress-….yaml`, caller by caller, those without a decision below first. A policy with \
         `Egress` drops all other egress of the pods it selects, by their label `app`: this is the cut-over of that caller.",
        "To deny the rest of the cluster too, add a `ClusterNetworkPolicy` of the tier `Baseline` that denies egress last.",
    ],
    check: "`kubectl apply --dry-run=server -f …`, and the network policy event logs of the NodeClass after.",
    back: "`kubectl delete -f NAMESPACE/egress-….yaml` gives that caller all its egress back.",
    lost: &[
        "Every name behind an address that an allowed name resolved to is reachable on that port.",
        "DNS is open to every address on port 53: the resolver of Auto Mode runs on the node and no selector finds it.",
        "Services of the cluster, and the agent of Pod Identity, stay reachable.",
    ],
};

impl Target for EksNetworkPolicy {
    fn name(&self) -> &'static str {
        "eks-network-policy"
    }

    fn help(&self) -> &'static str {
        "an ApplicationNetworkPolicy of EKS Auto Mode for each caller, by name and by address"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

/// What is allowed on a port: names and addresses are peers of their own.
#[derive(Debug, Default)]
struct Peers {
    names: BTreeSet<String>,
    ranges: BTreeSet<IpNet>,
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    pods::draft(proposal, "ApplicationNetworkPolicy", policy)
}

fn policy<'a>(pods: &Pods<'_>, caller: &Caller<'a>, draft: &mut Draft<'a>) -> Value {
    let mut by_port: BTreeMap<(Protocol, u16), Peers> = BTreeMap::new();
    for allowed in &caller.grants {
        let entry = &allowed.entry;
        let peers = by_port.entry((entry.protocol(), entry.port)).or_default();
        let added = match &entry.destination {
            _ if !matches!(entry.protocol(), Protocol::Tcp | Protocol::Udp) => Err(Code::NeedsTransport),
            Destination::Name(name) | Destination::Below(name) if !is_domain_name(name.as_str()) => {
                Err(Code::UnwritableName)
            }
            Destination::Name(_) | Destination::Below(_) => Ok(peers.names.insert(entry.destination.to_string())),
            Destination::Address(address) => Ok(peers.ranges.insert(IpNet::from(*address))),
            Destination::Range(range) => Ok(peers.ranges.insert(*range)),
            Destination::Aws(_) => Err(Code::AwsAddresses),
        };
        match added {
            Ok(_) => draft.written.push(allowed),
            Err(code) => draft.losses.add_with_addresses(code, allowed),
        }
    }
    let mut egress = vec![dns(), cluster(), pod_identity()];
    for ((protocol, port), peers) in &by_port {
        let mut to: Vec<Value> = peers.ranges.iter().map(block).collect();
        if !peers.names.is_empty() {
            to.insert(0, json!({"domainNames": peers.names}));
        }
        if !to.is_empty() {
            egress.push(json!({"to": to, "ports": [port_of(*protocol, *port)]}));
        }
    }
    json!({
        "apiVersion": "networking.k8s.aws/v1alpha1",
        "kind": "ApplicationNetworkPolicy",
        "metadata": pods.metadata(),
        "spec": {
            "podSelector": {"matchLabels": pods.labels()},
            "policyTypes": ["Egress"],
            "egress": egress,
        },
    })
}

/// The definition asks for two labels or more, none of which begins or ends with an underscore.
pub(crate) fn is_domain_name(name: &str) -> bool {
    name.contains('.')
        && !name
            .split('.')
            .any(|label| label.starts_with('_') || label.ends_with('_'))
}

fn dns() -> Value {
    let everywhere = json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]);
    json!({"to": everywhere, "ports": [port_of(Protocol::Udp, 53), port_of(Protocol::Tcp, 53)]})
}

/// Without its agent on the node a pod has no credentials.
fn pod_identity() -> Value {
    json!({"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [port_of(Protocol::Tcp, 80)]})
}
