//! Writes a proposal as one CloudFormation template.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::proposal::{ExternalNode, Listener, NextSteps, Proposal, cut_over_page, summary};
use crate::target::{RenderedFile, Target, file};
use crate::text::{hash, inert};
use crate::yaml;

/// `appmesh-cloudformation`.
#[derive(Debug)]
pub(super) struct AppmeshCloudformation;

const STEPS: NextSteps = NextSteps {
    create: "`aws cloudformation deploy --template-file template.yaml --stack-name egress --parameter-overrides MeshName=…`; a \
             template above 51,200 bytes needs `--s3-bucket BUCKET` too.",
    attach: "Add `VirtualService: {VirtualServiceName: …}` for every name in the caller's output of the stack to \
             `Spec.Backends` of its own `AWS::AppMesh::VirtualNode`, and deploy that caller.",
    check_created: "`aws cloudformation describe-stacks --stack-name egress` says `CREATE_COMPLETE` or `UPDATE_COMPLETE`.",
    remove: "`aws cloudformation delete-stack --stack-name egress`, before any caller names its services.",
    check_attached: "`aws cloudformation detect-stack-drift` of the caller's stack finds none, and its status is `UPDATE_COMPLETE`.",
    detach: "take the added backends out of the caller's template, and deploy that caller.",
    flip: "Set `Spec.EgressFilter.Type: DROP_ALL` in the `AWS::AppMesh::Mesh`, and deploy.",
    unflip: "set it to `ALLOW_ALL`, and deploy.",
};

impl Target for AppmeshCloudformation {
    fn name(&self) -> &'static str {
        "appmesh-cloudformation"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as a CloudFormation template, with the backends of each caller as outputs"
    }

    fn render(&self, proposal: &Proposal) -> Vec<RenderedFile> {
        vec![
            file("CUTOVER.md", cut_over_page(proposal, &STEPS)),
            file("PROPOSAL.md", summary(proposal)),
            file("template.yaml", yaml::document(&template(proposal))),
        ]
    }
}

fn template(proposal: &Proposal) -> Value {
    let mut resources = Map::new();
    for node in &proposal.nodes {
        let id = logical_id(&node.name);
        let provider = if node.routes.is_empty() {
            json!({"VirtualNode": {"VirtualNodeName": node_name(node, &id)}})
        } else {
            let name = json!({"Fn::GetAtt": [format!("{id}Router"), "VirtualRouterName"]});
            json!({"VirtualRouter": {"VirtualRouterName": name}})
        };
        let virtual_service = json!({
            "Type": "AWS::AppMesh::VirtualService",
            "Properties": {
                "MeshName": {"Ref": "MeshName"},
                "VirtualServiceName": node.host.as_str(),
                "Spec": {"Provider": provider},
            },
        });
        // A stack cannot create what exists; who keeps it changes it.
        if node.node_is.is_new() {
            resources.insert(format!("{id}Node"), virtual_node(node));
        }
        if !node.routes.is_empty() {
            resources.insert(format!("{id}Router"), router(node));
            let routes = node.routes.iter();
            resources
                .extend(routes.map(|(port, behind)| (format!("{id}Route{port}"), route(node, &id, *port, *behind))));
        }
        if node.service_is.is_new() {
            resources.insert(format!("{id}Service"), virtual_service);
        }
    }
    if resources.is_empty() {
        // A template without resources is none; this one makes nothing.
        resources.insert(
            "Nothing".to_owned(),
            json!({"Type": "AWS::CloudFormation::WaitConditionHandle"}),
        );
    }
    let mut template = Map::new();
    template.insert("AWSTemplateFormatVersion".to_owned(), "2010-09-09".into());
    template.insert(
        "Description".to_owned(),
        "External virtual nodes and services with the backends of each caller".into(),
    );
    template.insert("Parameters".to_owned(), parameters(proposal));
    template.insert("Resources".to_owned(), Value::Object(resources));
    let outputs = outputs(proposal);
    if !outputs.is_empty() {
        template.insert("Outputs".to_owned(), Value::Object(outputs));
    }
    Value::Object(template)
}

fn virtual_node(node: &ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .listeners
        .iter()
        .map(|(port, listener)| json!({"PortMapping": {"Port": port, "Protocol": listener.to_string()}}))
        .collect();
    let discovery = json!({"DNS": {"Hostname": node.host.as_str(), "ResponseType": "LOADBALANCER"}});
    json!({
        "Type": "AWS::AppMesh::VirtualNode",
        "Properties": {
            "MeshName": {"Ref": "MeshName"},
            "VirtualNodeName": node.name,
            "Spec": {"Listeners": listeners, "ServiceDiscovery": discovery},
        },
    })
}

/// The name of a node: of the stack's own resource, or of what exists.
fn node_name(node: &ExternalNode, id: &str) -> Value {
    if node.node_is.is_new() {
        json!({"Fn::GetAtt": [format!("{id}Node"), "VirtualNodeName"]})
    } else {
        json!(node.name)
    }
}

fn router(node: &ExternalNode) -> Value {
    let listeners: Vec<Value> = node
        .dialled()
        .map(|(port, listener)| json!({"PortMapping": {"Port": port, "Protocol": listener.to_string()}}))
        .collect();
    json!({
        "Type": "AWS::AppMesh::VirtualRouter",
        "Properties": {
            "MeshName": {"Ref": "MeshName"},
            "VirtualRouterName": node.name,
            "Spec": {"Listeners": listeners},
        },
    })
}

fn route(node: &ExternalNode, id: &str, port: u16, behind: u16) -> Value {
    let router = json!({"Fn::GetAtt": [format!("{id}Router"), "VirtualRouterName"]});
    let action = json!({"WeightedTargets": [{"VirtualNode": node_name(node, id), "Weight": 1, "Port": behind}]});
    let spec = match node.listeners.get(&behind) {
        Some(Listener::Http) => json!({"HttpRoute": {"Match": {"Prefix": "/", "Port": port}, "Action": action}}),
        _ => json!({"TcpRoute": {"Match": {"Port": port}, "Action": action}}),
    };
    json!({
        "Type": "AWS::AppMesh::Route",
        "Properties": {
            "MeshName": {"Ref": "MeshName"},
            "VirtualRouterName": router,
            "RouteName": format!("{}-{port}", node.name),
            "Spec": spec,
        },
    })
}

fn parameters(proposal: &Proposal) -> Value {
    json!({"MeshName": {
        "Type": "String",
        "Description": "The mesh that the external nodes and services belong to",
        "Default": proposal.mesh,
    }})
}

/// One output a caller: its virtual node, and the names of its backends with commas between them.
fn outputs(proposal: &Proposal) -> Map<String, Value> {
    let mut ids = Ids::default();
    let mut outputs = Map::new();
    for caller in proposal.callers.iter().filter(|caller| !caller.backends.is_empty()) {
        let backends: Vec<&str> = caller.backends.iter().map(|host| host.as_str()).collect();
        let output = json!({
            "Description": format!("Backends of {}", description(&caller.virtual_node)),
            "Value": backends.join(","),
        });
        outputs.insert(format!("{}Backends", ids.take(&caller.virtual_node)), output);
    }
    outputs
}

/// A name shown in a description: short, and without the braces of a dynamic reference.
fn description(name: &str) -> String {
    let short: String = name.chars().take(200).collect();
    inert(&short).replace("{{", "{ {")
}

/// The words of a text with a capital each, and nothing between them.
fn capitals(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

/// The logical name of a node, made of its name alone: CloudFormation replaces a resource whose logical name changes.
/// Where the capitals do not show where a word begins, the hash comes first; no plain name begins so, each with `Ext`.
fn logical_id(name: &str) -> String {
    let plain = name
        .split('-')
        .all(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    if plain {
        capitals(name)
    } else {
        format!("X{:016x}{}", hash(name), capitals(name))
    }
}

/// Names of outputs: letters and digits only, no two alike.
#[derive(Debug, Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    fn take(&mut self, text: &str) -> String {
        let mut id = capitals(text);
        // A logical name has at most 255 characters; this leaves room for the kind and the hash.
        let whole = id.len() <= 200;
        id.truncate(200);
        if id.is_empty() || !whole || self.0.contains(&id) {
            id.push_str(&format!("X{:016x}", hash(text)));
        }
        self.0.insert(id.clone());
        id
    }
}
