//! Writes a proposal as one CiliumNetworkPolicy a caller: names by what DNS answered, and ranges of addresses.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::Protocol;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::callers::Caller;
use super::draft::{Draft, Page};
use super::losses::Losses;
use super::pods::{self, Pods};
use super::{Rendered, Target};
use crate::ledger::Destination;
use crate::object::object;
use crate::proposal::{Allowed, Code, Proposal};

/// `cilium`.
#[derive(Debug)]
pub(super) struct Cilium;

const PAGE: Page = Page {
    title: "Cilium",
    meaning: "A name is matched by the addresses that DNS answered for it, on its port. `*.example.com` means one label to Cilium, so each wildcard of the \
              ledger is written three times: one, two and three labels below the name.",
    steps: &[
        "Check that the DNS proxy sees the pods' queries: the rule for `kube-dns` in each policy names its pods by \
         `k8s-app: kube-dns`. With NodeLocal DNS change that rule.",
        "For a dry run set `policyAuditMode` on the endpoints, apply, and read `hubble observe --verdict AUDIT`.",
        "`kubectl apply -f NAMESPACE/egress-….yaml`, caller by caller, those without a decision below first. A policy with \
         egress rules drops all other egress of the pods it selects, by their label `app`: this is the cut-over of that caller.",
    ],
    check: "`hubble observe --from-label app=SERVICE --verdict DROPPED` shows what is refused, by name.",
    back: "`kubectl delete -f NAMESPACE/egress-….yaml` gives that caller all its egress back.",
    lost: &[
        "Every name behind an address that an allowed name resolved to is reachable on that port.",
        "A client that keeps an address for longer than Cilium does is dropped now and then; raise `--tofqdns-min-ttl` for names with short TTLs.",
        "`toFQDNs` never matches addresses inside the cluster. Services of the cluster stay reachable: `toEntities: cluster`.",
    ],
};

impl Target for Cilium {
    fn name(&self) -> &'static str {
        "cilium"
    }

    fn help(&self) -> &'static str {
        "a CiliumNetworkPolicy for each caller, by DNS name and by address"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

/// What is allowed on a port: names and patterns in one rule, ranges in another, since Cilium refuses them in one.
#[derive(Debug, Default)]
struct Rules {
    names: Vec<Value>,
    ranges: BTreeSet<IpNet>,
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    pods::draft(proposal, "Cilium", policy)
}

fn policy<'a>(pods: &Pods<'_>, caller: &Caller<'a>, draft: &mut Draft<'a>) -> Value {
    let mut by_port: BTreeMap<(Protocol, u16), Rules> = BTreeMap::new();
    for allowed in &caller.grants {
        let entry = &allowed.entry;
        if !matches!(entry.protocol(), Protocol::Tcp | Protocol::Udp) {
            draft.losses.add(Code::NeedsTransport, allowed);
            continue;
        }
        let rules = by_port.entry((entry.protocol(), entry.port)).or_default();
        if add(rules, allowed, &mut draft.losses) {
            draft.written.push(allowed);
        }
    }
    let mut egress = vec![dns(), json!({"toEntities": ["cluster"]})];
    for ((protocol, port), rules) in &by_port {
        let protocol = if *protocol == Protocol::Udp { "UDP" } else { "TCP" };
        let ports = json!([{"ports": [{"port": port.to_string(), "protocol": protocol}]}]);
        if !rules.names.is_empty() {
            egress.push(json!({"toFQDNs": rules.names, "toPorts": ports}));
        }
        if !rules.ranges.is_empty() {
            let ranges: Vec<Value> = rules
                .ranges
                .iter()
                .map(|range| json!({"cidr": range.to_string()}))
                .collect();
            egress.push(json!({"toCIDRSet": ranges, "toPorts": ports}));
        }
    }
    object! {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": pods.metadata(),
        "spec": object! {"endpointSelector": object! {"matchLabels": pods.labels()}, "egress": egress},
    }
}

/// Whether an entry could be written.
fn add(rules: &mut Rules, allowed: &Allowed, losses: &mut Losses) -> bool {
    match &allowed.entry.destination {
        Destination::Name(name) => rules.names.push(json!({"matchName": name.as_str()})),
        Destination::Below(suffix) => {
            losses.add(Code::WildcardDepth, allowed);
            let patterns = ["*", "*.*", "*.*.*"].map(|labels| format!("{labels}.{suffix}"));
            // The definition takes 255 characters; a name has no more either.
            let patterns = patterns.iter().filter(|pattern| pattern.len() <= 255);
            rules
                .names
                .extend(patterns.map(|pattern| json!({"matchPattern": pattern})));
        }
        Destination::Address(address) => {
            rules.ranges.insert(IpNet::from(*address));
        }
        Destination::Range(range) => {
            rules.ranges.insert(*range);
        }
        Destination::Aws(_) => {
            losses.add_with_addresses(Code::AwsAddresses, allowed);
            return false;
        }
    }
    true
}

/// Without a rule that sends queries through the DNS proxy, no name would ever have an address.
fn dns() -> Value {
    json!({
        "toEndpoints": [{"matchLabels": {
            "k8s:io.kubernetes.pod.namespace": "kube-system",
            "k8s:k8s-app": "kube-dns",
        }}],
        "toPorts": [{
            "ports": [{"port": "53", "protocol": "ANY"}],
            "rules": {"dns": [{"matchPattern": "*"}]},
        }],
    })
}
