//! `kubectl get pods -A -o json`: which workload ran as which pod, on which addresses, from when to when.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::owners::Owners;
use super::{Entry, Found, Moment, Place, printable};
use crate::inventory::error::InventoryError;
use crate::inventory::row::Net;
use crate::inventory::runners::Runner;
use crate::map::ServiceFacts;

/// A list of objects, and of what kind it is.
#[derive(Debug)]
pub(super) struct List {
    pub(super) kind: Option<String>,
    pub(super) items: Vec<Object>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Object {
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) owner_references: Option<Vec<Owner>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) controller: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    host_network: Option<bool>,
    node_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    phase: Option<String>,
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    #[serde(rename = "podIPs")]
    pod_ips: Option<Vec<PodIp>>,
    start_time: Option<Moment>,
    container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Debug, Deserialize)]
struct PodIp {
    ip: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ContainerStatus {
    state: Option<State>,
}

#[derive(Debug, Deserialize)]
struct State {
    terminated: Option<Terminated>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    finished_at: Option<Moment>,
}

/// Reads the lists of a file together: pods may stand in one and their owners in another.
pub(super) fn read(lists: Vec<(Place<'_>, List)>, found: &mut Found) -> Result<(), InventoryError> {
    let mut owners = Owners::default();
    let mut pods = Vec::new();
    let mut kinds = BTreeSet::new();
    for (place, list) in lists {
        // A list of one kind need not say it of each.
        let of_list = list.kind.as_deref().and_then(|kind| kind.strip_suffix("List"));
        for (index, object) in list.items.into_iter().enumerate() {
            match object.kind.as_deref().or(of_list) {
                Some("Pod") => pods.push((place.item("items", index), object)),
                Some(kind) => {
                    owners.add(kind, &object.metadata);
                    kinds.insert(kind.to_owned());
                }
                None => return Err(place.item("items", index).fault("kind", "the kind of an object", None)),
            }
        }
        if pods.is_empty() && !kinds.is_empty() {
            let kinds: Vec<String> = kinds.iter().take(8).map(|kind| printable(kind)).collect();
            let mut error = place.fault("items", "pods", None);
            error.what = format!("expected pods, found {}", kinds.join(", "));
            error.hint = Some("put the pods first: kubectl get pods,replicasets,jobs -A -o json".to_owned());
            return Err(error);
        }
    }
    let mut on_host = 0_u64;
    for (place, pod) in pods {
        on_host += u64::from(pod.is_on_host());
        found.entries.push(pod.entry(&place, &owners)?);
    }
    if on_host > 0 {
        found.remarks.push(format!(
            "{on_host} of the pods run on their node's network and have no address of their own: their flow records stay with the node"
        ));
    }
    Ok(())
}

impl Object {
    fn is_on_host(&self) -> bool {
        self.spec.as_ref().and_then(|spec| spec.host_network) == Some(true)
    }

    fn entry(self, place: &Place<'_>, owners: &Owners) -> Result<Entry, InventoryError> {
        let node = self.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        let service = owners.workload(&self.metadata, node);
        if service.is_empty() {
            return Err(place.fault("metadata.name", "the name of a pod", None));
        }
        let status = self.status.as_ref();
        let from = place.moment("status.startTime", status.and_then(|status| status.start_time.as_ref()))?;
        let until = status.map_or(Ok(None), |status| status.ended(place))?;
        let ended = status.and_then(|status| status.phase.as_deref());
        let ended = matches!(ended, Some("Succeeded" | "Failed"));
        // The address of a pod that ended at no known time may be another's since.
        let addresses = match status {
            Some(status) if !self.is_on_host() && (!ended || until.is_some()) => status.addresses(place)?,
            _ => Vec::new(),
        };
        Ok(Entry {
            service,
            scope: self.metadata.namespace.clone(),
            facts: ServiceFacts {
                namespace: self.metadata.namespace.clone(),
                ..ServiceFacts::default()
            },
            addresses,
            runner: Some(Runner {
                name: self.metadata.name,
                namespace: self.metadata.namespace,
            }),
            from,
            until: until.filter(|_| ended),
            ..Entry::default()
        })
    }
}

impl Status {
    fn addresses(&self, place: &Place<'_>) -> Result<Vec<Net>, InventoryError> {
        let several = self.pod_ips.iter().flatten().filter_map(|address| address.ip.as_ref());
        let texts = self.pod_ip.iter().chain(several).filter(|text| !text.is_empty());
        let mut addresses = Vec::new();
        for text in texts {
            let net = place.net("status.podIPs", text)?;
            if !addresses.contains(&net) {
                addresses.push(net);
            }
        }
        Ok(addresses)
    }

    /// When the last of its containers ended.
    fn ended(&self, place: &Place<'_>) -> Result<Option<u64>, InventoryError> {
        let mut last = None;
        for container in self.container_statuses.iter().flatten() {
            let terminated = container.state.as_ref().and_then(|state| state.terminated.as_ref());
            let finished = terminated.and_then(|terminated| terminated.finished_at.as_ref());
            last = last.max(place.moment("status.containerStatuses.state.terminated.finishedAt", finished)?);
        }
        Ok(last)
    }
}
