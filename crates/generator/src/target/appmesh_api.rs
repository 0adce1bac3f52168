//! Writes a proposal as input of the App Mesh API: one JSON file a call, and the backends of each caller.

use serde_json::{Map, Value, json};

use crate::proposal::{ExternalNode, Listener, NextSteps, Proposal, Standing, cut_over_page, summary};
use crate::target::{Rendered, RenderedFile, Target, file};
use crate::text::file_stem;

/// `appmesh-api`.
#[derive(Debug)]
pub(super) struct AppmeshApi;

const STEPS: NextSteps = NextSteps {
    create: "`aws appmesh create-virtual-node --cli-input-json file://…` for every file in `create-virtual-node/`, then \
             `create-virtual-router`, `create-route` and `create-virtual-service` likewise, as far as there are files. What exists \
             already takes the same file through `update-…`.",
    check_created: "`aws appmesh list-virtual-services --mesh-name {mesh}` lists every host.",
    remove: "`delete-virtual-service`, `delete-route`, `delete-virtual-router` and `delete-virtual-node`, in this order.",
    attach: "where `update-caller/` has the caller, `aws appmesh update-virtual-node --cli-input-json file://…` with that file. Else, \
             since `UpdateVirtualNode` replaces the whole spec: read the caller with `aws appmesh describe-virtual-node`, add what \
             `backends.json` has for it to `spec.backends`, and write it back with `update-virtual-node`.",
    check_attached: "`aws appmesh describe-virtual-node --mesh-name {mesh} --virtual-node-name {caller}` lists the backends.",
    detach: "give the spec that you read before to `update-virtual-node` again: keep what `describe-virtual-node` said.",
    flip: "`aws appmesh update-mesh --cli-input-json file://drop-all/update-mesh.json`",
    unflip: "the same with `ALLOW_ALL` in the file.",
};

impl Target for AppmeshApi {
    fn name(&self) -> &'static str {
        "appmesh-api"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as JSON input of its API, with the backends to add to each caller"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        Rendered::of_mesh(proposal, files(proposal))
    }
}

fn files(proposal: &Proposal) -> Vec<RenderedFile> {
    let mut files = vec![
        file("CUTOVER.md", cut_over_page(proposal, &STEPS)),
        file("PROPOSAL.md", summary(proposal)),
        file("backends.json", pretty(&backends(proposal))),
    ];
    for node in &proposal.nodes {
        files.extend(routes(proposal, node));
    }
    for node in proposal.nodes.iter().filter(|node| node.node_is.is_new()) {
        files.push(file(
            format!("create-virtual-node/{}.json", node.name),
            pretty(&virtual_node(proposal, node)),
        ));
    }
    let is_new = |node: &&ExternalNode| !node.routes.is_empty() && !proposal.current.routers.contains_key(&node.name);
    for node in proposal.nodes.iter().filter(is_new) {
        files.push(file(
            format!("create-virtual-router/{}.json", node.name),
            pretty(&virtual_router(proposal, node)),
        ));
    }
    let mut updates = callers(proposal);
    for node in proposal.nodes.iter().filter(|node| node.node_is.changes()) {
        updates.push(file(
            format!("update-virtual-node/{}.json", node.name),
            pretty(&virtual_node(proposal, node)),
        ));
    }
    for node in &proposal.nodes {
        let folder = match node.service_is {
            Standing::New => "create-virtual-service",
            Standing::Changes(_) => "update-virtual-service",
            Standing::There(_) => continue,
        };
        let provider = if node.routes.is_empty() {
            json!({"virtualNode": {"virtualNodeName": node.name}})
        } else {
            json!({"virtualRouter": {"virtualRouterName": node.name}})
        };
        let service = json!({
            "meshName": proposal.mesh,
            "virtualServiceName": node.host.as_str(),
            "spec": {"provider": provider},
        });
        let service = file(format!("{folder}/{}.json", node.name), pretty(&service));
        if node.service_is.is_new() {
            files.push(service);
        } else {
            updates.push(service);
        }
    }
    let flip = json!({"meshName": proposal.mesh, "spec": {"egressFilter": {"type": "DROP_ALL"}}});
    files.push(file("drop-all/update-mesh.json", pretty(&flip)));
    updates.sort_by(|a, b| a.path.cmp(&b.path));
    files.extend(updates);
    files
}

fn virtual_router(proposal: &Proposal, node: &ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .dialled()
        .map(|(port, listener)| json!({"portMapping": {"port": port, "protocol": listener.to_string()}}))
        .collect();
    json!({"meshName": proposal.mesh, "virtualRouterName": node.name, "spec": {"listeners": listeners}})
}

/// One route a port that clients dial.
fn routes(proposal: &Proposal, node: &ExternalNode) -> Vec<RenderedFile> {
    let route = |(port, behind): (&u16, &u16)| {
        let action = json!({"weightedTargets": [{"virtualNode": node.name, "weight": 1, "port": behind}]});
        let spec = match node.listeners.get(behind) {
            Some(Listener::Http) => json!({"httpRoute": {"match": {"prefix": "/", "port": port}, "action": action}}),
            _ => json!({"tcpRoute": {"match": {"port": port}, "action": action}}),
        };
        let name = format!("{}-{port}", node.name);
        let route = json!({
            "meshName": proposal.mesh,
            "virtualRouterName": node.name,
            "routeName": name,
            "spec": spec,
        });
        file(format!("create-route/{name}.json"), pretty(&route))
    };
    let is_new = |port: &u16| {
        let route = (node.name.clone(), format!("{}-{port}", node.name));
        !proposal.current.routes.contains_key(&route)
    };
    node.routes.iter().filter(|(port, _)| is_new(port)).map(route).collect()
}

fn virtual_node(proposal: &Proposal, node: &ExternalNode) -> Value {
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

/// Every caller whose current definition is known, written whole: its own spec with what it gets added to its backends.
fn callers(proposal: &Proposal) -> Vec<RenderedFile> {
    let known = proposal.callers.iter().filter_map(|caller| {
        let node = proposal.current.nodes.get(&caller.virtual_node)?;
        let mut spec = node.spec.clone()?;
        let missing = caller
            .backends
            .iter()
            .filter(|host| !node.backends.contains(host.as_str()));
        let missing: Vec<Value> = missing
            .map(|host| json!({"virtualService": {"virtualServiceName": host.as_str()}}))
            .collect();
        if missing.is_empty() {
            return None;
        }
        let backends = spec.as_object_mut()?.entry("backends").or_insert_with(|| json!([]));
        backends.as_array_mut()?.extend(missing);
        let input = json!({"meshName": proposal.mesh, "virtualNodeName": caller.virtual_node, "spec": spec});
        let path = format!("update-caller/{}.json", file_stem(&caller.virtual_node));
        Some(file(path, pretty(&input)))
    });
    known.collect()
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
    serde_json::to_string_pretty(value).expect("every key is text, so the value is JSON") + "\n"
}
