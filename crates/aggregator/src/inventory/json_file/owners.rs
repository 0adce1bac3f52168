//! Which workload a pod belongs to: its owners, as far as they are printed, then the names and labels they give.

use std::collections::BTreeMap;

use super::pods::{Metadata, Owner};

/// How many owners above each other are followed: a pod has two or three, and what is printed may go in circles.
const MOST_OWNERS: usize = 8;

/// Objects that own pods, each with its own owner.
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeMap<Key, Option<Owner>>);

type Key = (String, Option<String>, String);

impl Owners {
    pub(super) fn add(&mut self, kind: &str, metadata: &Metadata) {
        let key = key(kind, metadata, &metadata.name);
        self.0.insert(key, controller(metadata).cloned());
    }

    /// The name of the workload of a pod: the last owner that is known, without what a controller appended to its name.
    pub(super) fn workload(&self, pod: &Metadata, node: Option<&str>) -> String {
        let Some(mut owner) = controller(pod) else {
            return label(pod).unwrap_or(&pod.name).to_owned();
        };
        for _ in 0..MOST_OWNERS {
            match self.0.get(&key(&owner.kind, pod, &owner.name)) {
                Some(Some(next)) => owner = next,
                // Nothing owns it: its name is as whoever made it wrote it.
                Some(None) => return owner.name.clone(),
                None => break,
            }
        }
        let name = owner.name.as_str();
        let workload = match owner.kind.as_str() {
            "ReplicaSet" => without_hash(name, pod).or_else(|| label(pod)).unwrap_or(name),
            "Job" => without_schedule(name),
            "CronJob" | "DaemonSet" | "Deployment" | "ReplicationController" | "Rollout" | "StatefulSet" => name,
            "Node" => {
                let of_node = node.and_then(|node| pod.name.strip_suffix(node)?.strip_suffix('-'));
                label(pod).or(of_node).unwrap_or(&pod.name)
            }
            _ => label(pod).unwrap_or(name),
        };
        workload.to_owned()
    }
}

fn key(kind: &str, near: &Metadata, name: &str) -> Key {
    (kind.to_owned(), near.namespace.clone(), name.to_owned())
}

fn controller(of: &Metadata) -> Option<&Owner> {
    let owners = of.owner_references.as_deref()?;
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .or(owners.first())
}

/// What the pod itself says that it is a part of.
fn label(pod: &Metadata) -> Option<&str> {
    let labels = pod.labels.as_ref()?;
    let named = ["app.kubernetes.io/name", "app"]
        .into_iter()
        .find_map(|key| labels.get(key));
    named.map(String::as_str).filter(|name| !name.trim().is_empty())
}

/// The Deployment of a ReplicaSet, whose name it is with the hash of the pods' template.
fn without_hash<'n>(replica_set: &'n str, pod: &Metadata) -> Option<&'n str> {
    let hash = pod.labels.as_ref()?.get("pod-template-hash")?;
    replica_set
        .strip_suffix(hash.as_str())?
        .strip_suffix('-')
        .filter(|name| !name.is_empty())
}

/// The CronJob of a Job, whose name it is with the minute of its schedule (or the second, in old clusters).
fn without_schedule(job: &str) -> &str {
    match job.rsplit_once('-') {
        Some((name, at)) if (8..=10).contains(&at.len()) && at.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => job,
    }
}
