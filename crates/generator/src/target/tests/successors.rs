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

#[test]
fn a_network_policy_has_addresses_alone() {
    insta::assert_snapshot!(snapshot("network-policy"));
}

#[test]
fn an_eks_network_policy_has_names_and_addresses() {
    insta::assert_snapshot!(snapshot("eks-network-policy"));
}

#[test]
fn network_firewall_is_rules_and_a_module_around_them() {
    insta::assert_snapshot!(snapshot("network-firewall"));
}

#[test]
fn dns_firewall_is_a_module_of_lists() {
    insta::assert_snapshot!(snapshot("dns-firewall"));
}

#[test]
fn security_groups_are_a_module_of_rules() {
    insta::assert_snapshot!(snapshot("security-group"));
}
