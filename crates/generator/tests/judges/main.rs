//! What is proposed applies: the rendered files before the judges of their own tools.
//!
//! A judge that a machine does not have is skipped with a line on stderr; where `CI` is set, that is a failure.
//!
//! - `EGRESSMAP_TERRAFORM_MIRROR`: a folder with `registry.terraform.io/…`, so that `terraform init` downloads nothing.
//! - `EGRESSMAP_PYTHON`: a Python with the packages of `testdata/requirements.txt`; else `python3`.
//! - `EGRESSMAP_DATA`: a folder with the resource definitions of the App Mesh controller, Istio, Cilium and EKS in `crds/`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod appmesh_api;
mod capture;
mod cluster;
mod docket;
mod import;
mod modules;
mod proxy;
mod python;
#[path = "../../src/sample.rs"]
mod sample;
mod suricata;
mod terraform;
