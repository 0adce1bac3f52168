//! The resource definitions of Istio, Cilium and EKS, and the schema of Kubernetes itself.

use std::path::Path;

use tempfile::TempDir;

use crate::docket::{every_form, skip, write};
use crate::python::{has, python, said, script};

/// What the judge says of a target's documents: how many of each kind, and how many it refused with an unknown key.
fn heard(target: &str, expected: &str) {
    if !has("jsonschema, kubernetes_validate, yaml") {
        return;
    }
    let Some(data) = std::env::var_os("EGRESSMAP_DATA") else {
        return skip("resource definitions", "EGRESSMAP_DATA is not set");
    };
    let root = TempDir::new().unwrap();
    let folder = write(root.path(), target, &every_form());
    let output = python()
        .arg(script("cluster_schemas.py"))
        .args([&Path::new(&data).join("crds"), &folder])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), expected);
}

#[test]
fn the_definitions_of_istio_accept_every_document_and_no_unknown_field() {
    heard("istio", "ServiceEntry 8\nSidecar 2\nrefused 10\n");
}

#[test]
fn the_definition_of_cilium_accepts_every_policy_and_no_unknown_field() {
    heard("cilium", "CiliumNetworkPolicy 2\nrefused 2\n");
}

#[test]
fn the_schema_of_kubernetes_accepts_every_policy_and_no_unknown_field() {
    heard("network-policy", "NetworkPolicy 2\nrefused 2\n");
}

#[test]
fn the_definition_of_eks_accepts_every_policy_and_no_unknown_field() {
    heard("eks-network-policy", "ApplicationNetworkPolicy 2\nrefused 2\n");
}
