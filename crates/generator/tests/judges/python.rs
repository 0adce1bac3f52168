//! cfn-lint, botocore's parameter validation and the resource definitions of the Kubernetes controller.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::docket::{skip, written};

pub(crate) fn python() -> Command {
    let python = std::env::var_os("EGRESSMAP_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Whether the interpreter has these modules, in the version of testdata/requirements.txt or any other.
pub(crate) fn has(modules: &str) -> bool {
    let probe = python().args(["-c", &format!("import {modules}")]).output();
    let found = probe.is_ok_and(|output| output.status.success());
    if !found {
        skip(
            modules,
            "not found; python3 -m pip install -r testdata/requirements.txt, or set EGRESSMAP_PYTHON",
        );
    }
    found
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name)
}

pub(crate) fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr];
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

#[test]
fn cfn_lint_accepts_the_template_but_for_the_sunset() {
    if !has("cfnlint") {
        return;
    }
    let (_root, folder) = written("appmesh-cloudformation");
    let output = python()
        .args([
            "-c",
            "from cfnlint.runner import main; main()",
            "--ignore-checks",
            "W3696",
        ])
        .arg("--template")
        .arg(folder.join("template.yaml"))
        // No configuration file of the working folder takes part.
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn botocore_accepts_every_call() {
    if !has("botocore") {
        return;
    }
    let (_root, folder) = written("appmesh-api");
    let output = python()
        .arg(script("botocore_params.py"))
        .arg(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        said(&output),
        "create-virtual-node 6\ncreate-virtual-service 6\nupdate-mesh 1\nupdate-virtual-node 4\nrefused 4\n"
    );
}

#[test]
fn the_resource_definitions_accept_every_document_and_no_unknown_field() {
    if !has("jsonpatch, jsonschema, yaml") {
        return;
    }
    let Some(data) = std::env::var_os("EGRESSMAP_DATA") else {
        return skip("resource definitions", "EGRESSMAP_DATA is not set");
    };
    let (_root, folder) = written("appmesh-kubernetes");
    let definitions = Path::new(&data).join("crds");
    let output = python()
        .arg(script("crd_schemas.py"))
        .args([&definitions, &folder])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        said(&output),
        "VirtualNode 6\nVirtualService 6\npatched 4\nrefused 12\n"
    );
}
