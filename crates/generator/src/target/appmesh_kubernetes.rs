//! Writes a proposal as resources of the App Mesh controller for Kubernetes, and one patch a caller.

use serde_json::{Map, Value, json};

use crate::object::object;
use crate::proposal::{Caller, ExternalNode, Listener, NextSteps, Proposal, Standing, cut_over_page, summary};
use crate::target::{Rendered, RenderedFile, Target, file};
use crate::text::{file_stem, inert};
use crate::yaml;

/// `appmesh-kubernetes`.
#[derive(Debug)]
pub(super) struct AppmeshKubernetes;

const STEPS: NextSteps = NextSteps {
    create: "`kubectl apply` each of `virtual-nodes.yaml`, `virtual-routers.yaml` (if there) and `virtual-services.yaml`. Their \
             namespace must exist and be selected by the mesh's `namespaceSelector`.",
    check_created: "`kubectl get virtualservices -A` shows the ARN of each; the controller's log says why one has none.",
    remove: "`kubectl delete` the same files in the reverse order.",
    attach: "`kubectl apply -f callers/….yaml` where there is one; else `kubectl patch virtualnode NAME -n NAMESPACE --type json --patch-file backends/….yaml`: the first lines of each \
             file name the node. A patch adds to the node's list and refuses a node that has none: give it `backends: []` first. On \
             a later run remove the operations whose service the node already has: the controller's webhook refuses two \
             backends of one reference.",
    check_attached: "`kubectl get virtualnode NAME -n NAMESPACE -o jsonpath='{.spec.backends}'` lists the backends.",
    detach: "`kubectl edit` the node, and take the added backends out; or apply its own manifest again.",
    flip: "`kubectl patch mesh NAME --type merge -p '{\"spec\":{\"egressFilter\":{\"type\":\"DROP_ALL\"}}}'`",
    unflip: "the same with `ALLOW_ALL`.",
};

impl Target for AppmeshKubernetes {
    fn name(&self) -> &'static str {
        "appmesh-kubernetes"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as resources of its Kubernetes controller, with a patch for each caller"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        Rendered::of_mesh(proposal, files(proposal))
    }
}

fn files(proposal: &Proposal) -> Vec<RenderedFile> {
    let mut files = vec![
        file("CUTOVER.md", cut_over_page(proposal, &STEPS)),
        file("PROPOSAL.md", summary(proposal)),
    ];
    let callers = proposal.callers.iter().filter(|caller| !caller.backends.is_empty());
    let groups: Vec<String> = callers
        .clone()
        .map(|caller| yaml::document(&group(proposal, caller)))
        .collect();
    if proposal.layout.backend_groups && !groups.is_empty() {
        files.push(file("backend-groups.yaml", groups.join("---\n")));
    }
    let mut patches: Vec<RenderedFile> = callers.filter_map(|caller| attachment(proposal, caller)).collect();
    patches.sort_by(|a, b| a.path.cmp(&b.path));
    files.extend(patches);
    // `kubectl apply` changes what exists; what exists as it should is left out.
    let differs = |standing: Standing| standing.is_new() || standing.changes();
    let all = || proposal.nodes.iter();
    let nodes: Vec<&ExternalNode> = all().filter(|node| differs(node.node_is)).collect();
    let services: Vec<&ExternalNode> = all().filter(|node| differs(node.service_is)).collect();
    let routed: Vec<&ExternalNode> = all().filter(|node| !node.routes.is_empty()).collect();
    let mut list = |path: &str, text: String| files.push(file(path, text));
    list("virtual-nodes.yaml", documents(proposal, &nodes, virtual_node));
    if !routed.is_empty() {
        list("virtual-routers.yaml", documents(proposal, &routed, virtual_router));
    }
    list("virtual-services.yaml", documents(proposal, &services, virtual_service));
    files
}

fn documents(proposal: &Proposal, nodes: &[&ExternalNode], one: fn(&Proposal, &ExternalNode) -> Value) -> String {
    let documents: Vec<String> = nodes.iter().map(|node| yaml::document(&one(proposal, node))).collect();
    documents.join("---\n")
}

fn virtual_node(proposal: &Proposal, node: &ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .listeners
        .iter()
        .map(|(port, listener)| json!({"portMapping": {"port": port, "protocol": listener.to_string()}}))
        .collect();
    json!({
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualNode",
        "metadata": {"name": node.name, "namespace": proposal.namespace},
        // Without awsName the controller would call it <name>_<namespace>.
        "spec": {
            "awsName": node.name,
            "listeners": listeners,
            "serviceDiscovery": {"dns": {"hostname": node.host.as_str(), "responseType": "LOADBALANCER"}},
        },
    })
}

fn virtual_router(proposal: &Proposal, node: &ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .dialled()
        .map(|(port, listener)| json!({"portMapping": {"port": port, "protocol": listener.to_string()}}))
        .collect();
    let routes: Vec<Value> = node
        .routes
        .iter()
        .map(|(port, behind)| {
            let target = json!({"virtualNodeRef": {"name": node.name}, "weight": 1, "port": behind});
            let action = json!({"weightedTargets": [target]});
            let name = format!("{}-{port}", node.name);
            match node.listeners.get(behind) {
                Some(Listener::Http) => {
                    json!({"name": name, "httpRoute": {"match": {"prefix": "/", "port": port}, "action": action}})
                }
                _ => json!({"name": name, "tcpRoute": {"match": {"port": port}, "action": action}}),
            }
        })
        .collect();
    json!({
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualRouter",
        "metadata": {"name": node.name, "namespace": proposal.namespace},
        "spec": {"awsName": node.name, "listeners": listeners, "routes": routes},
    })
}

fn virtual_service(proposal: &Proposal, node: &ExternalNode) -> Value {
    let provider = if node.routes.is_empty() {
        json!({"virtualNode": {"virtualNodeRef": {"name": node.name}}})
    } else {
        json!({"virtualRouter": {"virtualRouterRef": {"name": node.name}}})
    };
    json!({
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualService",
        "metadata": {"name": node.name, "namespace": proposal.namespace},
        // The name that requests are matched by: it must be the host, not <name>.<namespace>.
        "spec": {
            "awsName": node.host.as_str(),
            "provider": provider,
        },
    })
}

/// The name of a caller's BackendGroup.
fn group_name(caller: &Caller) -> String {
    format!("egress-{}", file_stem(&caller.virtual_node).replace('.', "-"))
}

/// All hosts of a caller under one name, which its node refers to.
fn group(proposal: &Proposal, caller: &Caller) -> Value {
    let nodes = proposal.attached_to(caller);
    let services: Vec<Value> = nodes
        .map(|node| backend(proposal, node)["virtualService"]["virtualServiceRef"].clone())
        .collect();
    json!({
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "BackendGroup",
        "metadata": {"name": group_name(caller), "namespace": caller.namespace.as_deref().unwrap_or("default")},
        "spec": {"virtualservices": services},
    })
}

/// The caller's own resource with its backends added, where it is known; else a patch.
fn attachment(proposal: &Proposal, caller: &Caller) -> Option<RenderedFile> {
    let known = proposal.current.nodes.get(&caller.virtual_node);
    let Some((node, manifest)) = known.and_then(|node| Some((node, node.manifest.as_ref()?))) else {
        return Some(patch(proposal, caller));
    };
    if proposal.layout.backend_groups {
        return Some(patch(proposal, caller));
    }
    let missing = proposal
        .nodes
        .iter()
        .filter(|found| caller.backends.contains(&found.host) && !node.backends.contains(found.host.as_str()));
    let missing: Vec<Value> = missing.map(|node| backend(proposal, node)).collect();
    if missing.is_empty() {
        return None;
    }
    let mut metadata = manifest["metadata"].clone();
    keep_what_people_wrote(metadata.as_object_mut()?);
    let mut spec = manifest["spec"].clone();
    let backends = spec.as_object_mut()?.entry("backends").or_insert_with(|| json!([]));
    backends.as_array_mut()?.extend(missing);
    // The mesh is filled in by the controller, which refuses it from others.
    spec.as_object_mut()?.remove("meshRef");
    let namespace = metadata["namespace"].as_str().unwrap_or("default");
    let path = format!(
        "callers/{}/{}.yaml",
        file_stem(namespace),
        file_stem(metadata["name"].as_str()?)
    );
    let whole = json!({
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualNode",
        "metadata": metadata,
        "spec": spec,
    });
    Some(file(path, yaml::document(&whole)))
}

/// Leaves of a resource's metadata what its owner gives it: the rest is the server's, and kubectl's own note of what it last applied.
fn keep_what_people_wrote(metadata: &mut Map<String, Value>) {
    metadata.retain(|key, _| ["name", "namespace", "labels", "annotations"].contains(&key.as_str()));
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| key != "kubectl.kubernetes.io/last-applied-configuration");
    }
    metadata.retain(|_, value| value.as_object().is_none_or(|texts| !texts.is_empty()));
}

/// A reference to a host's virtual service, to the one that exists where there is one.
fn backend(proposal: &Proposal, node: &ExternalNode) -> Value {
    let existing = proposal.current.services.get(node.host.as_str());
    let place = existing.and_then(|service| service.resource.clone());
    let (namespace, name) = place.unwrap_or_else(|| (proposal.namespace.clone(), node.name.clone()));
    object! {"virtualService": object! {"virtualServiceRef": object! {"name": name, "namespace": namespace}}}
}

/// A JSON patch that adds to the caller's list. A merge patch would replace the list that its owner keeps.
fn patch(proposal: &Proposal, caller: &Caller) -> RenderedFile {
    let nodes = proposal.attached_to(caller);
    let group = json!({"op": "add", "path": "/spec/backendGroups", "value": [{"name": group_name(caller)}]});
    let operations: Vec<Value> = nodes
        .filter(|_| !proposal.layout.backend_groups)
        .map(|node| object! {"op": "add", "path": "/spec/backends/-", "value": backend(proposal, node)})
        .chain(proposal.layout.backend_groups.then_some(group))
        .collect();
    let namespace = caller.namespace.as_deref().unwrap_or("default");
    let name = resource_name(caller, namespace);
    let (shown_name, shown_namespace) = (inert(name), inert(namespace));
    let head = format!("# virtualnode: {shown_name}\n# namespace: {shown_namespace}\n");
    let path = format!("backends/{}/{}.yaml", file_stem(namespace), file_stem(name));
    file(path, format!("{head}{}", yaml::document(&Value::Array(operations))))
}

/// The controller calls a node `<name>_<namespace>` in the mesh unless told otherwise.
fn resource_name<'a>(caller: &'a Caller, namespace: &str) -> &'a str {
    let stem = caller
        .virtual_node
        .strip_suffix(namespace)
        .and_then(|stem| stem.strip_suffix('_'));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(&caller.virtual_node)
}
