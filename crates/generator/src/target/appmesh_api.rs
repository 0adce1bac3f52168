//! Writes a proposal as input of the App Mesh API: one JSON file a call, and the backends of each caller.

use serde_json::{Map, Value, json};

use crate::proposal::{NextSteps, Proposal, summary};
use crate::target::{RenderedFile, Target, file};

/// `appmesh-api`.
#[derive(Debug)]
pub(super) struct AppmeshApi;

const STEPS: NextSteps = NextSteps {
    create: "`aws appmesh create-virtual-node --cli-input-json file://…` for every file in `create-virtual-node/`, then \
             `create-virtual-service` likewise. Where a node exists already, give the same file to `update-virtual-node`; a \
             service that exists needs nothing.",
    attach: "`UpdateVirtualNode` replaces the whole spec: read the caller with `aws appmesh describe-virtual-node`, add what \
             `backends.json` has for it to `spec.backends`, and write it back with `update-virtual-node`.",
    flip: "`aws appmesh update-mesh --cli-input-json file://drop-all/update-mesh.json`",
};

impl Target for AppmeshApi {
    fn name(&self) -> &'static str {
        "appmesh-api"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as JSON input of its API, with the backends to add to each caller"
    }

    fn render(&self, proposal: &Proposal) -> Vec<RenderedFile> {
        let mut files = vec![
            file("PROPOSAL.md", summary(proposal, &STEPS)),
            file("backends.json", pretty(&backends(proposal))),
        ];
        for node in &proposal.nodes {
            files.push(file(
                format!("create-virtual-node/{}.json", node.name),
                pretty(&virtual_node(proposal, node)),
            ));
        }
        for node in &proposal.nodes {
            let service = json!({
                "meshName": proposal.mesh,
                "virtualServiceName": node.host.as_str(),
                "spec": {"provider": {"virtualNode": {"virtualNodeName": node.name}}},
            });
            files.push(file(
                format!("create-virtual-service/{}.json", node.name),
                pretty(&service),
            ));
        }
        let flip = json!({"meshName": proposal.mesh, "spec": {"egressFilter": {"type": "DROP_ALL"}}});
        files.push(file("drop-all/update-mesh.json", pretty(&flip)));
        files
    }
}

fn virtual_node(proposal: &Proposal, node: &crate::proposal::ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .listeners
        .iter()
        .map(|(port, listener)| json!({"portMapping": {"port": port, "protocol": listener.to_string()}}))
        .collect();
    json!({
        "meshName": proposal.mesh,
        "virtualNodeName": node.name,
        "spec": {
            "listeners": listeners,
            "serviceDiscovery": {"dns": {"hostname": node.host.as_str(), "responseType": "LOADBALANCER"}},
        },
    })
}

/// What to add to `spec.backends`, by virtual node of the caller.
fn backends(proposal: &Proposal) -> Value {
    let mut callers = Map::new();
    for caller in proposal.callers.iter().filter(|caller| !caller.backends.is_empty()) {
        let backends: Vec<Value> = caller
            .backends
            .iter()
            .map(|host| json!({"virtualService": {"virtualServiceName": host.as_str()}}))
            .collect();
        callers.insert(caller.virtual_node.clone(), Value::Array(backends));
    }
    Value::Object(callers)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
