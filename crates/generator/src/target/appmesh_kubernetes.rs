//! Writes a proposal as resources of the App Mesh controller for Kubernetes, and one patch a caller.

use serde_json::{Value, json};

use crate::proposal::{Caller, ExternalNode, Listener, NextSteps, Proposal, cut_over_page, summary};
use crate::target::{RenderedFile, Target, file};
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
    attach: "`kubectl patch virtualnode NAME -n NAMESPACE --type json --patch-file backends/….yaml`: the first lines of each \
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

    fn render(&self, proposal: &Proposal) -> Vec<RenderedFile> {
        let mut files = vec![
            file("CUTOVER.md", cut_over_page(proposal, &STEPS)),
            file("PROPOSAL.md", summary(proposal)),
        ];
        let callers = proposal.callers.iter().filter(|caller| !caller.backends.is_empty());
        let mut patches: Vec<RenderedFile> = callers.map(|caller| patch(proposal, caller)).collect();
        patches.sort_by(|a, b| a.path.cmp(&b.path));
        files.extend(patches);
        let all: Vec<&ExternalNode> = proposal.nodes.iter().collect();
        let routed: Vec<&ExternalNode> = all.iter().copied().filter(|node| !node.routes.is_empty()).collect();
        files.push(file("virtual-nodes.yaml", documents(proposal, &all, virtual_node)));
        if !routed.is_empty() {
            files.push(file(
                "virtual-routers.yaml",
                documents(proposal, &routed, virtual_router),
            ));
        }
        files.push(file(
            "virtual-services.yaml",
            documents(proposal, &all, virtual_service),
        ));
        files
    }
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

/// A JSON patch that adds to the caller's list. A merge patch would replace the list that its owner keeps.
fn patch(proposal: &Proposal, caller: &Caller) -> RenderedFile {
    let nodes = proposal
        .nodes
        .iter()
        .filter(|node| caller.backends.contains(&node.host));
    let operations: Vec<Value> = nodes
        .map(|node| {
            let service = json!({"virtualServiceRef": {"name": node.name, "namespace": proposal.namespace}});
            json!({"op": "add", "path": "/spec/backends/-", "value": {"virtualService": service}})
        })
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
