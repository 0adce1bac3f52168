//! Terraform with the real AWS provider: the modules of the firewalls and of security groups, validated and planned offline.

use std::fs;

use tempfile::TempDir;

use crate::docket::{every_form, write};
use crate::terraform::{Terraform, is_there, said};

/// What a platform team has around the modules.
const ROOT: &str = r#"
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
}

module "security_group" {
  source          = "./security-group"
  security_groups = { checkout = "sg-0123456789abcdef0", "$${path.module}" = "sg-0123456789abcdef1" }
  inside          = ["10.0.0.0/8", "fd00::/8"]
  prefix_lists    = { "aws/s3/eu-west-1" = "pl-0123456789abcdef0" }
}

module "network_firewall" {
  source   = "./network-firewall"
  home_net = ["10.0.0.0/8"]
  drop     = true
}

module "dns_firewall" {
  source       = "./dns-firewall"
  also_allowed = ["shop.internal"]
  vpc_ids      = { main = "vpc-0123456789abcdef0" }
  last_action  = "BLOCK"
}
"#;

#[test]
fn the_modules_are_valid_laid_out_as_fmt_does_and_plan_what_was_allowed() {
    if !is_there() {
        return;
    }
    let root = TempDir::new().unwrap();
    let terraform = Terraform { root: root.path() };
    let proposal = every_form();
    for target in ["security-group", "network-firewall", "dns-firewall"] {
        write(root.path(), target, &proposal);
    }
    fs::write(root.path().join("terraform.rc"), "").unwrap();
    let format = terraform.run(&["fmt", "-check", "-diff", "-recursive"]);
    assert!(format.status.success(), "{}", said(&format));

    fs::write(root.path().join("main.tf"), ROOT).unwrap();
    if !terraform.init() {
        return;
    }
    terraform.must(&["validate", "-no-color"]);
    let plan = terraform.must(&["plan", "-input=false", "-no-color"]);
    // Two groups with two ranges inside; seven rules of the ledger; a rule group and a policy; three lists, three rules, a
    // group and its association.
    assert!(plan.contains("Plan: 21 to add, 0 to change, 0 to destroy."), "{plan}");
    for expected in [
        "allowed[\"checkout tcp 5432 203.0.113.7\"]",
        "allowed[\"$${path.module} tcp 443 203.0.113.9\"]",
        "+ prefix_list_id         = \"pl-0123456789abcdef0\"",
        "+ from_port              = -1",
        "+ block_response",
        "\"aws:drop_established\"",
    ] {
        assert!(plan.contains(expected), "no {expected} in {plan}");
    }
}
