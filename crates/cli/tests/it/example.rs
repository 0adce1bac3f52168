//! The example: its map against its truth, and what a second run leaves alone.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{by_key, egressmap, expect, shown, workspace_root};

/// The workspace's examples in a folder of their own, so that a run writes nowhere else.
pub(crate) fn copy_of_examples() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let from = entry.unwrap().path();
            let to = to.join(from.file_name().unwrap());
            if from.file_name().is_some_and(|name| name == "out") {
                continue;
            }
            if from.is_dir() {
                copy(&from, &to);
            } else {
                fs::copy(&from, &to).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&workspace_root().join("examples"), &dir.path().join("examples"));
    dir
}

/// The run of the README, with a copy as its folder.
pub(crate) fn run(dir: &Path) -> Command {
    let mut command = egressmap();
    command
        .current_dir(dir)
        .args(["run", "-c", "examples/shop/egressmap.toml"]);
    command
}

#[test]
fn the_map_of_the_shop_is_its_truth() {
    let dir = copy_of_examples();
    expect(2, &mut run(dir.path()));
    let shop = dir.path().join("examples/shop");
    let truth: Value = serde_json::from_slice(&fs::read(shop.join("truth.json")).unwrap()).unwrap();
    let found = by_key(&shown(&shop.join("out/map.parquet"))["dependencies"]);
    let expected = by_key(&truth["dependencies"]);
    assert!(found.keys().eq(expected.keys()));
    for (key, expected) in expected {
        for (name, value) in expected.as_object().unwrap().iter().filter(|(name, _)| *name != "name") {
            assert_eq!(&found[&key][name], value, "{key}: {name}");
        }
    }
}

#[test]
fn a_second_run_changes_no_byte_and_a_stale_file_of_its_own_goes() {
    let dir = copy_of_examples();
    let shop = dir.path().join("examples/shop");
    let ledger = || fs::read_to_string(shop.join("dependencies.yaml")).unwrap();
    let reviewed = ledger();
    let outputs = || {
        [
            "map.parquet",
            "appmesh-terraform/outputs.tf",
            "appmesh-cloudformation/template.yaml",
            "appmesh-api/backends.json",
        ]
        .map(|path| fs::read(shop.join("out").join(path)).unwrap())
    };
    expect(2, &mut run(dir.path()));
    let first = outputs();
    expect(2, run(dir.path()).args(["--threads", "1"]));
    assert!(first == outputs(), "the same input gives the same bytes");
    assert_eq!(ledger(), reviewed, "the committed ledger speaks for the whole map");

    let node = shop.join("out/appmesh-api/create-virtual-node/ext-api-creditbureau-example.json");
    let own = shop.join("out/appmesh-api/notes.txt");
    fs::write(&own, "mine").unwrap();
    assert!(node.exists());
    let denied = reviewed.replacen(
        "verdict: allow\n    owner: payments",
        "verdict: deny\n    owner: payments",
        1,
    );
    assert_ne!(denied, reviewed);
    fs::write(shop.join("dependencies.yaml"), denied).unwrap();
    expect(2, &mut run(dir.path()));
    assert!(
        !node.exists() && own.exists(),
        "what is no longer proposed goes, what a person put there stays"
    );
}

#[test]
fn without_a_ledger_what_has_evidence_is_allowed_and_an_address_waits() {
    let dir = copy_of_examples();
    let ledger = dir.path().join("examples/shop/dependencies.yaml");
    fs::remove_file(&ledger).unwrap();
    expect(2, &mut run(dir.path()));
    let text = fs::read_to_string(&ledger).unwrap();
    let entry = |destination: &str| {
        text.split("\n  - ")
            .find(|entry| entry.contains(destination))
            .unwrap()
            .to_owned()
    };
    assert!(entry("api.creditbureau.example").contains("verdict: allow"));
    assert!(entry("203.0.113.200").contains("verdict: review") && entry("203.0.113.200").contains("address only"));
    assert!(
        !text.contains("198.51.100.25"),
        "an attempt that was only refused is no dependency"
    );
}
