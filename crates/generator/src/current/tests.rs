//! What exists already, as each tool prints it, and what a proposal does with it.
use serde_json::json;

use super::*;
use crate::ledger::{Acceptance, merge};
use crate::proposal::{Code, Keeper, Proposal, Settings, Standing, propose};
use crate::sample::{self, Seen};
use crate::target::target_named;

fn node(name: &str, host: &str, port: u16, backends: &[&str]) -> Value {
    let backends: Vec<Value> = backends
        .iter()
        .map(|name| json!({"virtualService": {"virtualServiceName": name}}))
        .collect();
    json!({"virtualNode": {"meshName": "shop", "virtualNodeName": name, "spec": {
        "listeners": [{"portMapping": {"port": port, "protocol": "tcp"}, "timeout": {"tcp": {"idle": {"unit": "s", "value": 9}}}}],
        "serviceDiscovery": {"dns": {"hostname": host}},
        "backends": backends,
    }}})
}

fn service(name: &str, node: &str) -> Value {
    let provider = json!({"virtualNode": {"virtualNodeName": node}});
    json!({"virtualService": {"meshName": "shop", "virtualServiceName": name, "spec": {"provider": provider}}})
}

fn current(values: &[Value]) -> Current {
    let mut current = Current::default();
    let text: String = values.iter().map(Value::to_string).collect();
    current.read(&text, "shop").unwrap();
    current
}

/// `desk` is allowed two hosts: one TLS, one HTTP.
fn proposal(current: Current) -> Proposal {
    let map = sample::map([Seen::tls("desk", "a.example", 443), Seen::http("desk", "b.example", 80)]);
    let ledger = merge(None, &map, Acceptance::Observed, None).unwrap().ledger;
    let settings = Settings {
        current,
        ..Settings::for_mesh("shop")
    };
    propose(&map, &ledger, &settings)
}

fn paths(target: &str, proposal: &Proposal) -> Vec<String> {
    let files = target_named(target).unwrap().render(proposal).files;
    files
        .into_iter()
        .map(|file| file.path)
        .filter(|path| !path.ends_with(".md"))
        .collect()
}

fn text(target: &str, proposal: &Proposal, path: &str) -> String {
    let files = target_named(target).unwrap().render(proposal).files;
    files.into_iter().find(|file| file.path == path).unwrap().text
}

fn in_terraform(address: &str) -> Value {
    json!({"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {"child_modules": [{"resources": [
        {"address": format!("{address}.aws_appmesh_virtual_node.ext_a_example"), "type": "aws_appmesh_virtual_node", "values": {
            "name": "ext-a-example", "mesh_name": "shop", "spec": [{
                "listener": [{"port_mapping": [{"port": 443, "protocol": "tcp"}]}],
                "service_discovery": [{"dns": [{"hostname": "a.example"}]}],
                "backend": [{"virtual_service": [{"virtual_service_name": "x.example"}]}],
            }],
        }},
        {"address": "aws_appmesh_virtual_service.theirs", "type": "aws_appmesh_virtual_service", "values": {
            "name": "a.example", "mesh_name": "shop",
            "spec": [{"provider": [{"virtual_node": [{"virtual_node_name": "ext-a-example"}]}]}],
        }},
        {"address": "aws_appmesh_virtual_node.other", "type": "aws_appmesh_virtual_node", "values": {"name": "n", "mesh_name": "other"}},
    ]}]}}})
}

#[test]
fn what_exists_is_not_created_again_and_what_differs_is_updated() {
    let there = [
        node("ext-a-example", "a.example", 443, &[]),
        service("a.example", "ext-a-example"),
    ];
    let same = proposal(current(&there));
    assert_eq!(same.nodes[0].node_is, Standing::There(Keeper::Nobody));
    assert_eq!(
        paths("appmesh-api", &same),
        [
            "backends.json",
            "create-virtual-node/ext-b-example.json",
            "create-virtual-service/ext-b-example.json",
            "drop-all/update-mesh.json",
        ]
    );
    assert!(!text("appmesh-kubernetes", &same, "virtual-nodes.yaml").contains("ext-a-example"));
    assert!(!text("appmesh-cloudformation", &same, "template.yaml").contains("VirtualNodeName: ext-a-example"));

    let differs = proposal(current(&[node("ext-a-example", "a.example", 8443, &[])]));
    assert!(paths("appmesh-api", &differs).contains(&"update-virtual-node/ext-a-example.json".to_owned()));
    assert!(text("appmesh-kubernetes", &differs, "virtual-nodes.yaml").contains("ext-a-example"));
}

#[test]
fn a_list_shows_names_and_that_suffices_to_know_what_exists() {
    let list = json!({"virtualNodes": [
        {"meshName": "shop", "virtualNodeName": "ext-a-example"},
        {"meshName": "other", "virtualNodeName": "ext-b-example"},
    ]});
    let proposal = proposal(current(&[list]));
    assert!(!proposal.nodes[0].node_is.is_new() && proposal.nodes[1].node_is.is_new());
}

#[test]
fn a_caller_whose_definition_is_given_is_written_whole_for_the_api() {
    let desk = node("desk", "desk.shop.local", 8080, &["ours.shop.local", "a.example"]);
    let proposal = proposal(current(std::slice::from_ref(&desk)));
    let input: Value = serde_json::from_str(&text("appmesh-api", &proposal, "update-caller/desk.json")).unwrap();
    let mut wanted = desk["virtualNode"].clone();
    let backends = wanted["spec"]["backends"].as_array_mut().unwrap();
    backends.push(json!({"virtualService": {"virtualServiceName": "b.example"}}));
    assert_eq!(input, wanted);
    // Once it has all of them there is nothing to write.
    let desk = node("desk", "desk.shop.local", 8080, &["a.example", "b.example"]);
    let again = self::proposal(current(&[desk]));
    assert!(
        paths("appmesh-api", &again)
            .iter()
            .all(|path| !path.starts_with("update-caller/"))
    );
}

#[test]
fn a_caller_whose_resource_is_given_is_written_whole_for_kubernetes() {
    let service = json!({"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "VirtualService",
        "metadata": {"name": "alpha", "namespace": "web"},
        "spec": {"awsName": "a.example", "provider": {"virtualNode": {"virtualNodeRef": {"name": "alpha"}}}}});
    let desk = json!({"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "VirtualNode",
        "metadata": {"name": "desk", "namespace": "web", "uid": "1", "resourceVersion": "7", "generation": 2, "managedFields": [],
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["finalizers.appmesh.k8s.aws/resources"],
            "labels": {"team": "${desk}"},
            "annotations": {"note": "a: b", "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "status": {"conditions": []},
        "spec": {"awsName": "desk", "meshRef": {"name": "shop", "uid": "2"}, "podSelector": {"matchLabels": {"app": "desk"}},
            "backends": [{"virtualService": {"virtualServiceRef": {"name": "alpha"}}}]}});
    let proposal = proposal(current(&[json!({"kind": "List", "items": [desk.clone(), service]})]));
    assert!(
        paths("appmesh-kubernetes", &proposal)
            .iter()
            .all(|path| !path.starts_with("backends/"))
    );
    let whole: Value = serde_saphyr::from_str(&text("appmesh-kubernetes", &proposal, "callers/web/desk.yaml")).unwrap();
    let metadata =
        json!({"name": "desk", "namespace": "web", "labels": {"team": "${desk}"}, "annotations": {"note": "a: b"}});
    assert_eq!((&whole["metadata"], whole.get("status")), (&metadata, None));
    assert_eq!(whole["spec"]["podSelector"]["matchLabels"]["app"], "desk");
    assert_eq!(whole["spec"]["meshRef"], Value::Null);
    let added = &whole["spec"]["backends"][1]["virtualService"]["virtualServiceRef"];
    assert_eq!(added, &json!({"name": "ext-b-example", "namespace": "egress"}));
    // A resource without a namespace is for that of whoever applies it, and stays so.
    let mut bare = desk;
    bare["metadata"] = json!({"name": "desk"});
    let proposal = self::proposal(current(&[bare]));
    let whole: Value =
        serde_saphyr::from_str(&text("appmesh-kubernetes", &proposal, "callers/default/desk.yaml")).unwrap();
    assert_eq!(whole["metadata"], json!({"name": "desk"}));
}

#[test]
fn terraform_imports_what_it_does_not_keep_and_leaves_alone_what_others_keep() {
    let outside = proposal(current(&[
        node("ext-a-example", "a.example", 443, &[]),
        service("a.example", "ext-a-example"),
    ]));
    insta::assert_snapshot!(text("appmesh-terraform", &outside, "import/imports.tf"), @r#"
    import {
      to = module.egress.aws_appmesh_virtual_node.ext_a_example
      id = "shop/ext-a-example"
    }

    import {
      to = module.egress.aws_appmesh_virtual_service.ext_a_example
      id = "shop/a.example"
    }
    "#);
    assert!(text("appmesh-terraform", &outside, "virtual_nodes.tf").contains("ext_a_example"));

    let kept = proposal(current(&[in_terraform("module.egress")]));
    assert_eq!(kept.nodes[0].node_is, Standing::There(Keeper::Module));
    assert_eq!(kept.nodes[0].service_is, Standing::There(Keeper::Elsewhere));
    assert!(
        paths("appmesh-terraform", &kept)
            .iter()
            .all(|path| !path.starts_with("import/"))
    );
    assert!(text("appmesh-terraform", &kept, "virtual_nodes.tf").contains("ext_a_example"));
    assert!(!text("appmesh-terraform", &kept, "virtual_services.tf").contains("ext_a_example"));
    assert!(text("appmesh-terraform", &kept, "outputs.tf").contains("\"a.example\","));
}

#[test]
fn a_service_that_leads_to_a_node_of_another_name_keeps_it() {
    let there = [node("alpha", "a.example", 8443, &[]), service("a.example", "alpha")];
    let proposal = proposal(current(&there));
    let lacks = proposal
        .findings
        .iter()
        .find(|found| found.code == Code::ExistingLacksPort)
        .unwrap();
    assert_eq!(lacks.evidence, ["no listener for 443 (tcp)"]);
    assert!(
        paths("appmesh-api", &proposal)
            .iter()
            .all(|path| !path.contains("a-example"))
    );
    assert!(!text("appmesh-terraform", &proposal, "virtual_nodes.tf").contains("a_example"));
}

#[test]
fn what_nothing_allowed_uses_is_said_with_who_has_it() {
    let proposal = proposal(current(&[
        node("ext-old-example", "old.example", 443, &[]),
        service("old.example", "ext-old-example"),
        node("ledger", "ledger.shop.local", 8080, &["old.example", "a.example"]),
        service("ledger.shop.local", "ledger"),
        node("ext-a-example", "a.example", 443, &[]),
        service("a.example", "ext-a-example"),
    ]));
    let find = |code| proposal.findings.iter().find(|found| found.code == code).unwrap();
    assert_eq!(
        find(Code::UnusedExternal).evidence,
        ["old.example: a backend of ledger"]
    );
    let extra = find(Code::BackendNotAllowed);
    assert_eq!((extra.caller.as_deref(), extra.evidence.len()), (Some("ledger"), 1));
}

#[test]
fn a_file_of_no_known_kind_says_what_was_expected() {
    let read = |text: &str| Current::default().read(text, "shop").unwrap_err().to_string();
    assert!(read("{\"a\": 1, \"b\": 2}").ends_with("found an object with a, b"));
    assert!(read("[]").ends_with("found a list") && read("").ends_with("found nothing"));
    assert!(read("no").starts_with("expected JSON: "));
    assert_eq!(
        current(&[json!({"format_version": "1.0", "terraform_version": "1.9.0"})]),
        Current::default()
    );
}
