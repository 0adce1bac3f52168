//! Envoy itself, which reads each caller's configuration as it would before it starts.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::docket::{every_form, skip, write};
use crate::python::{has, python, said};

/// Envoy as PyPI packs it, beside the Python that has it.
fn envoy() -> Option<Command> {
    if !has("envoy") {
        return None;
    }
    let scripts = ["-c", "import sysconfig; print(sysconfig.get_path('scripts'), end='')"];
    let scripts = python().args(scripts).output().unwrap();
    let path = Path::new(&*String::from_utf8_lossy(&scripts.stdout)).join("envoy");
    if !path.exists() {
        skip("envoy", "the package has no program");
        return None;
    }
    Some(Command::new(path))
}

#[test]
fn envoy_accepts_the_configuration_of_every_caller() {
    if envoy().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let folder = write(root.path(), "envoy", &every_form());
    let validate = |path: &Path| {
        let mut command = envoy().unwrap();
        command.args(["--mode", "validate", "-c"]).arg(path).output().unwrap()
    };
    let mut heard = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let output = validate(&path);
            assert!(output.status.success(), "{}: {}", path.display(), said(&output));
            heard += 1;
        }
    }
    assert_eq!(heard, 5);

    // The judge is awake: with a port that is none the same configuration is refused.
    let text = fs::read_to_string(folder.join("checkout.yaml")).unwrap();
    let broken = folder.join("broken.yaml");
    fs::write(
        &broken,
        text.replace("destination_port: 443\n", "destination_port: 443443\n"),
    )
    .unwrap();
    assert!(!validate(&broken).status.success());
}
