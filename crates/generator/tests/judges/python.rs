//! cfn-lint, botocore's parameter validation and the resource definitions of the Kubernetes controller.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use egressmap_generator::OnConflict;
use tempfile::TempDir;

use crate::docket::{large_mesh, proposal, skip, write, written};

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
fn cfn_lint_accepts_every_template_but_for_the_sunset() {
    if !has("cfnlint") {
        return;
    }
    // With routers it has every kind of resource; a large mesh takes several templates.
    let root = TempDir::new().unwrap();
    for (proposal, count) in [(proposal(OnConflict::RouterPorts), 1), (large_mesh(), 2)] {
        let folder = write(root.path(), "appmesh-cloudformation", &proposal);
        let templates: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .collect();
        assert_eq!(templates.len(), count);
        let output = python()
            .args([
                "-c",
                "from cfnlint.runner import main; main()",
                "--ignore-checks",
                "W3696",
            ])
            .arg("--template")
            .args(&templates)
            // No configuration file of the working folder takes part.
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

#[test]
fn botocore_accepts_every_call() {
    if !has("botocore") {
        return;
    }
    let (_root, folder) = written("appmesh-api", OnConflict::RouterPorts);
    let output = python()
        .arg(script("botocore_params.py"))
        .arg(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        said(&output),
        "create-route 1\ncreate-virtual-node 6\ncreate-virtual-router 1\ncreate-virtual-service 6\nupdate-mesh 1\nupdate-virtual-node 4\nrefused 6\n"
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
    let (_root, folder) = written("appmesh-kubernetes", OnConflict::RouterPorts);
    let definitions = Path::new(&data).join("crds");
    let output = python()
        .arg(script("crd_schemas.py"))
        .args([&definitions, &folder])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        said(&output),
        "VirtualNode 6\nVirtualRouter 1\nVirtualService 6\npatched 4\nrefused 13\n"
    );
}
