//! Writes a proposal for Istio: a ServiceEntry for every host, and a Sidecar for every caller that reaches no others.

use serde_json::{Value, json};

use super::callers::{Caller, callers};
use super::draft::{Draft, Page};
use super::losses::Losses;
use super::pods::Pods;
use super::{Rendered, Target, file};
use crate::object::object;
use crate::proposal::{Allowed, Proposal};
use crate::yaml;

mod door;
mod entries;

use door::{Door, doors};
use entries::Entries;

/// `istio`.
#[derive(Debug)]
pub(super) struct Istio;

const PAGE: Page = Page {
    title: "Istio",
    meaning: "HTTP is matched by `Host`, TLS by SNI, TCP by address and port, and each by its port. `*.example.com` means every name below it at any depth, \
              without `example.com`, as in the ledger.",
    steps: &[
        "`kubectl apply -f NAMESPACE/service-entries.yaml` for every namespace. They are visible in their namespace alone, and \
         a workload that still reaches everything goes on doing so.",
        "`kubectl apply -f NAMESPACE/egress-….yaml`, caller by caller, those without a decision below first. This is the \
         cut-over of that caller: its Sidecar sets `REGISTRY_ONLY`. The pods are selected by their label `app`. Watch \
         `BlackHoleCluster` and `block_all` in its access log before you go on.",
        "Set `meshConfig.outboundTrafficPolicy.mode: REGISTRY_ONLY` last: it is the default of workloads that no Sidecar selects.",
    ],
    check: "`istioctl analyze -A` before and `istioctl proxy-config listeners POD` after. `egressmap replay` says what would be dropped.",
    back: "`kubectl delete -f NAMESPACE/egress-….yaml` gives that caller back the default of the mesh. Service entries can stay.",
    lost: &[
        "Names are what the client says: a client that lies in SNI or `Host` reaches the resolved address of an exact name, and any address for a wildcard.",
        "UDP and ICMP do not pass the proxy; pods without a sidecar, and processes of the proxy's own user, do not either.",
        "Services of the cluster stay reachable: `*.svc.cluster.local` in every namespace. If your cluster domain is another, change it in each Sidecar.",
    ],
};

impl Target for Istio {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn help(&self) -> &'static str {
        "Istio service entries, and a Sidecar with REGISTRY_ONLY for each caller"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

/// The entries that Istio has no words for, and those that give way to another caller of their namespace, which speaks something else
/// to the same host and port.
pub(crate) fn left_out(proposal: &Proposal) -> Vec<&Allowed> {
    let (callers, mut losses) = (callers(proposal), Losses::of("Istio"));
    let mut entries = Entries::default();
    let mut left_out = Vec::new();
    for caller in &callers {
        left_out.extend(
            caller
                .grants
                .iter()
                .filter(|allowed| !door::is_writable(&allowed.entry.destination)),
        );
        if let Some(pods) = Pods::of(caller, &mut losses) {
            let doors = doors(caller, &mut losses);
            let wanted: Vec<&Allowed> = doors.iter().map(|door| door.allowed).collect();
            let kept = entries.take(&pods, doors, &mut losses);
            if kept.len() < wanted.len() {
                let gives_way = |allowed: &&Allowed| !kept.iter().any(|door| std::ptr::eq(door.allowed, *allowed));
                left_out.extend(wanted.into_iter().filter(gives_way));
            }
        }
    }
    left_out
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    let mut draft = Draft::of("Istio");
    let callers = callers(proposal);
    let mut entries = Entries::default();
    let mut sidecars = Vec::new();
    for caller in &callers {
        if let Some(pods) = Pods::of(caller, &mut draft.losses) {
            let doors = doors(caller, &mut draft.losses);
            let doors = entries.take(&pods, doors, &mut draft.losses);
            draft.written.extend(doors.iter().map(|door| door.allowed));
            sidecars.push((pods, doors));
        }
    }
    for (namespace, text) in entries.into_documents() {
        draft
            .files
            .push(file(format!("{namespace}/service-entries.yaml"), text));
    }
    for (pods, doors) in &sidecars {
        draft
            .files
            .push(file(pods.path(), yaml::document(&sidecar(pods, doors))));
    }
    draft
}

/// One listener a port, so that a host is reached on the ports of this caller alone, and one for the cluster itself.
fn sidecar(pods: &Pods<'_>, doors: &[Door<'_>]) -> Value {
    let mut egress: Vec<Value> = doors
        .chunk_by(|a, b| a.port == b.port)
        .filter_map(|of_port| {
            let first = of_port.first()?;
            let hosts: Vec<String> = of_port.iter().map(|door| format!("./{}", door.host)).collect();
            Some(object! {"port": entries::port(first), "hosts": hosts})
        })
        .collect();
    egress.push(json!({"hosts": ["istio-system/*", "*/*.svc.cluster.local"]}));
    object! {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": pods.metadata(),
        "spec": object! {
            "workloadSelector": object! {"labels": pods.labels()},
            "outboundTrafficPolicy": object! {"mode": "REGISTRY_ONLY"},
            "egress": egress,
        },
    }
}
