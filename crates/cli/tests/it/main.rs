//! The binary as a user runs it: worlds whose truth is known, real servers on loopback, and the README's own words.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod cloudwatch;
mod corpora;
mod dns;
mod envoy;
mod example;
mod grown;
mod hostile;
mod identity;
mod initiator;
mod inventory;
mod killed;
mod maps;
#[cfg(target_os = "linux")]
mod memory;
mod progress;
mod proposing;
mod ranges;
mod reading;
mod readme;
mod replay;
mod s3;
mod set_aside;
mod suspicion;
mod tidy;
mod window;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The folder that holds the workspace's `Cargo.toml`.
fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// The binary, in an environment without credentials or settings of whoever runs the tests.
fn egressmap() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egressmap"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs the binary and expects this exit code.
fn expect(code: i32, command: &mut Command) -> (String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "{command:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

/// What `show -o json` prints of a map.
fn shown(map: &Path) -> Value {
    let (stdout, _) = expect(0, egressmap().arg("show").arg(map).args(["-o", "json"]));
    serde_json::from_str(&stdout).unwrap()
}

/// Dependencies by what identifies them.
fn by_key(dependencies: &Value) -> BTreeMap<String, Value> {
    let key = |d: &Value| {
        format!(
            "{} -> {}:{}/{}",
            d["service"], d["destination"], d["port"], d["protocol"]
        )
    };
    let list = dependencies.as_array().unwrap();
    let map: BTreeMap<String, Value> = list.iter().map(|d| (key(d), d.clone())).collect();
    assert_eq!(map.len(), list.len(), "no dependency stands twice");
    map
}
