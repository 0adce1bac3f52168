//! What the targets that are not App Mesh write of a ledger with every form of destination.

use super::rendered;
use crate::ledger::Ledger;
use crate::proposal::{Proposal, Settings, propose};
use crate::sample;

fn every_form() -> Proposal {
    let ledger = Ledger::parse(sample::EVERY_FORM).unwrap();
    propose(&sample::every_form(), &ledger, &Settings::for_mesh("shop"))
}

fn snapshot(target: &str) -> String {
    let files = rendered(target, &every_form());
    files
        .iter()
        .map(|file| format!("=== {}\n{}", file.path, file.text))
        .collect()
}

#[test]
fn istio_is_service_entries_by_namespace_and_a_sidecar_a_caller() {
    insta::assert_snapshot!(snapshot("istio"));
}

#[test]
fn cilium_is_a_policy_a_caller() {
    insta::assert_snapshot!(snapshot("cilium"));
}

#[test]
fn envoy_is_a_static_configuration_a_caller() {
    insta::assert_snapshot!(snapshot("envoy"));
}
