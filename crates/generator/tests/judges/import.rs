//! A mesh that was made without Terraform: Terraform itself imports it, and its callers are written whole.

use std::fs;
use std::path::Path;

use egressmap_generator::{Current, OnConflict};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::appmesh_api::AppMeshApi;
use crate::docket::{proposal, proposal_over, write};
use crate::python::{has, python, said, script};
use crate::terraform::{PROVIDER, Terraform, is_there};

const MODULE: &str = r#"
module "egress" {
  source    = "./appmesh-terraform"
  mesh_name = "shop"
}
"#;

/// What only its owner knows of a caller must survive.
fn caller(backends: &[&str]) -> Value {
    let backend = |name: &&str| json!({"virtualService": {"virtualServiceName": name}});
    json!({
        "listeners": [{
            "portMapping": {"port": 8080, "protocol": "http"},
            "timeout": {"http": {"idle": {"unit": "s", "value": 9}}},
        }],
        "serviceDiscovery": {"dns": {"hostname": "caller.shop.test"}},
        "backends": backends.iter().map(backend).collect::<Vec<_>>(),
    })
}

/// Makes the calls in a folder of the API target, and says which.
fn call(api: &AppMeshApi, folder: &Path) -> String {
    let mut calls = python();
    calls
        .arg(script("appmesh_calls.py"))
        .arg(format!("http://{}", api.address))
        .arg(folder);
    let output = calls.env("NO_PROXY", "127.0.0.1").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn what_exists_is_imported_by_terraform_and_callers_are_written_whole() {
    if !is_there() || !has("botocore") {
        return;
    }
    let api = AppMeshApi::start();
    let root = TempDir::new().unwrap();
    api.create("meshes", json!({"meshName": "shop", "spec": {}}));
    for name in ["checkout", "media"] {
        let node = json!({"virtualNodeName": name, "spec": caller(&["ledger.shop.test"])});
        api.create("meshes/shop/virtualNodes", node);
    }
    let made = call(
        &api,
        &write(root.path(), "appmesh-api", &proposal(OnConflict::RouterPorts)),
    );
    assert_eq!(
        made,
        "create-virtual-node 6\ncreate-virtual-router 1\ncreate-route 1\ncreate-virtual-service 6\n"
    );

    let mut current = Current::default();
    current.read(&api.described(), "shop").unwrap();
    let proposal = proposal_over(current, OnConflict::RouterPorts);
    let module = write(root.path(), "appmesh-terraform", &proposal);
    fs::copy(module.join("import/imports.tf"), root.path().join("imports.tf")).unwrap();
    let main = format!("{PROVIDER}{MODULE}").replace("API", &api.address.to_string());
    fs::write(root.path().join("main.tf"), main).unwrap();
    let terraform = Terraform { root: root.path() };
    if !terraform.init() {
        return;
    }
    let applied = terraform.must(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    let all = "Apply complete! Resources: 14 imported, 0 added, 0 changed, 0 destroyed.";
    assert!(applied.contains(all), "{applied}");
    let nothing_is_left = || {
        let again = terraform.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
        assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    };
    nothing_is_left();

    let folder = write(root.path(), "appmesh-api", &proposal);
    assert_eq!(call(&api, &folder), "update-caller 2\n");
    let of_media = [
        "ledger.shop.test",
        "_acme.cdn_.example",
        "a-b.cdn.example",
        "a.b.cdn.example",
    ];
    assert_eq!(api.spec("meshes/shop/virtualNodes/media"), caller(&of_media));

    // Once Terraform keeps them, there is nothing to import.
    let state = terraform.must(&["show", "-json"]);
    let mut current = Current::default();
    current.read(&state, "shop").unwrap();
    let module = write(
        root.path(),
        "appmesh-terraform",
        &proposal_over(current, OnConflict::RouterPorts),
    );
    assert!(!module.join("import").exists());
    nothing_is_left();
}
