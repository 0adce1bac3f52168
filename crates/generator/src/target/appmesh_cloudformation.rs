//! Writes a proposal as a CloudFormation template, or several where one may not hold all of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::object::object;
use crate::proposal::{
    Code, ExternalNode, Finding, Listener, NextSteps, Proposal, Severity, cut_over_page, summary_of,
};
use crate::target::{Rendered, Target, file};
use crate::text::{hash, inert};
use crate::yaml;

mod stacks;

use stacks::{OUTPUTS, Part, RESOURCES, Stack};

const RESOURCES_KEY: &str = "Resources:\n";
const OUTPUTS_KEY: &str = "Outputs:\n";

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

/// The same, where one template is not enough.
const SEVERAL: NextSteps = NextSteps {
    create: "for `template.yaml` and every `template-….yaml`, in any order: `aws cloudformation deploy --template-file template-….yaml \
             --stack-name egress-… --parameter-overrides MeshName=…`, with the name of the stack after that of the file; a template \
             above 51,200 bytes needs `--s3-bucket BUCKET` too.",
    check_created: "`aws cloudformation describe-stacks` says `CREATE_COMPLETE` or `UPDATE_COMPLETE` of each stack.",
    remove: "`aws cloudformation delete-stack` for each of the stacks, before any caller names its services.",
    attach: "Add `VirtualService: {VirtualServiceName: …}` for every name in the caller's output, which one of the stacks has, to \
             `Spec.Backends` of its own `AWS::AppMesh::VirtualNode`, and deploy that caller.",
    ..STEPS
};

impl Target for AppmeshCloudformation {
    fn name(&self) -> &'static str {
        "appmesh-cloudformation"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as a CloudFormation template, with the backends of each caller as outputs"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        let stacks = stacks(proposal);
        let findings = findings(proposal, &stacks);
        let steps = if stacks.len() > 1 { &SEVERAL } else { &STEPS };
        let mut files = vec![
            file("CUTOVER.md", cut_over_page(proposal, steps)),
            file("PROPOSAL.md", summary_of(proposal, &findings)),
        ];
        let head = head(proposal);
        let templates = stacks.iter();
        files.extend(templates.map(|stack| file(stack.file.as_str(), template(&head, stack))));
        Rendered { files, findings }
    }
}

/// The proposal's own, and that it takes several templates where it does.
fn findings(proposal: &Proposal, stacks: &[Stack]) -> Vec<Finding> {
    let mut findings = proposal.findings.clone();
    if stacks.len() > 1 {
        let sentence = format!(
            "this is written as {} CloudFormation templates, each for a stack of its own: one holds at most {RESOURCES} resources, \
             {OUTPUTS} outputs and 1 MB",
            stacks.len()
        );
        let held = stacks.iter().map(|stack| {
            let (resources, outputs) = (stack.resources(), stack.outputs());
            format!("{}: {resources} resources, {outputs} outputs", stack.file)
        });
        findings.push(
            Finding::about(Severity::Warning, Code::TemplateQuota, None, sentence)
                .because(held)
                .way_out("deploy them in any order: none refers to another, and a node stays in its stack while that has room")
                .way_out(
                    "where a later run moves nodes to a new template, move them with `aws cloudformation create-stack-refactor`: a plain \
                     update would delete them in one stack before it could create them in the other",
                ),
        );
        findings.sort();
    }
    findings
}

/// What every template begins with.
fn head(proposal: &Proposal) -> String {
    yaml::document(&object! {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "External virtual nodes and services with the backends of each caller",
        "Parameters": parameters(proposal),
    })
}

fn template(head: &str, stack: &Stack) -> String {
    let mut out = format!("{head}{RESOURCES_KEY}");
    let (resources, outputs): (Vec<&Part>, Vec<&Part>) = stack.parts.iter().partition(|part| part.resources > 0);
    if resources.is_empty() {
        // A template without resources is none; this one makes nothing.
        out.push_str("  Nothing:\n    Type: AWS::CloudFormation::WaitConditionHandle\n");
    }
    out.extend(resources.iter().map(|part| part.text.as_str()));
    if !outputs.is_empty() {
        out.push_str(OUTPUTS_KEY);
    }
    out.extend(outputs.iter().map(|part| part.text.as_str()));
    out
}

/// The nodes with all that belongs to each, and the outputs, divided.
fn stacks(proposal: &Proposal) -> Vec<Stack> {
    let nodes = proposal.nodes.iter().map(|node| (&node.name, resources(node)));
    let nodes = nodes.filter(|(_, resources)| !resources.is_empty());
    let nodes = nodes.map(|(name, resources)| Part {
        hash: hash(name),
        resources: resources.len(),
        text: yaml::entries(&resources, 1),
    });
    let parts = nodes.chain(outputs(proposal)).collect();
    stacks::divide(parts, head(proposal).len() + RESOURCES_KEY.len() + OUTPUTS_KEY.len())
}

/// What a stack creates for one host.
fn resources(node: &ExternalNode) -> Map<String, Value> {
    let mut resources = Map::new();
    let id = logical_id(&node.name);
    // A stack cannot create what exists; who keeps it changes it.
    if node.node_is.is_new() {
        resources.insert(format!("{id}Node"), virtual_node(node));
    }
    if !node.routes.is_empty() {
        resources.insert(format!("{id}Router"), router(node));
        let routes = node.routes.iter();
        resources.extend(routes.map(|(port, behind)| (format!("{id}Route{port}"), route(node, &id, *port, *behind))));
    }
    if node.service_is.is_new() {
        resources.insert(format!("{id}Service"), virtual_service(node, &id));
    }
    resources
}

fn virtual_service(node: &ExternalNode, id: &str) -> Value {
    let provider = if node.routes.is_empty() {
        object! {"VirtualNode": object! {"VirtualNodeName": node_name(node, id)}}
    } else {
        let name = json!({"Fn::GetAtt": [format!("{id}Router"), "VirtualRouterName"]});
        object! {"VirtualRouter": object! {"VirtualRouterName": name}}
    };
    object! {
        "Type": "AWS::AppMesh::VirtualService",
        "Properties": object! {
            "MeshName": object! {"Ref": "MeshName"},
            "VirtualServiceName": node.host.as_str(),
            "Spec": object! {"Provider": provider},
        },
    }
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
fn outputs(proposal: &Proposal) -> impl Iterator<Item = Part> {
    let mut ids = Ids::default();
    let callers = proposal.callers.iter().filter(|caller| !caller.backends.is_empty());
    callers.map(move |caller| {
        let backends: Vec<&str> = caller.backends.iter().map(|host| host.as_str()).collect();
        let output = object! {
            "Description": format!("Backends of {}", description(&caller.virtual_node)),
            "Value": backends.join(","),
        };
        let id = format!("{}Backends", ids.take(&caller.virtual_node));
        Part {
            hash: hash(&caller.virtual_node),
            resources: 0,
            text: yaml::entries(&Map::from_iter([(id, output)]), 1),
        }
    })
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
