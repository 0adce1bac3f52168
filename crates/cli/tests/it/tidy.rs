//! The house rules that a test can keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace_root;

/// Every Rust file of the workspace outside `target`, with its path relative to the root and its text.
fn rust_files() -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.push(path);
            }
        }
    }
    let root = workspace_root();
    let mut paths = Vec::new();
    for top in ["crates", "benches"] {
        walk(&root.join(top), &mut paths);
    }
    assert!(paths.len() > 40, "the walk found the workspace");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    paths
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// What of [`rust_files`] is the product: not tests, not benches.
fn product_files() -> Vec<(String, String)> {
    let mut files = rust_files();
    files.retain(|(name, _)| name.contains("/src/") && !name.ends_with("tests.rs") && !name.starts_with("benches/"));
    files
}

#[test]
fn every_file_opens_with_one_sentence_of_what_it_is_for() {
    for (name, text) in rust_files() {
        assert!(text.starts_with("//! "), "{name} has no charter");
    }
}

#[test]
fn no_room_is_a_cupboard_and_none_is_larger_than_it_may_be() {
    for (name, text) in rust_files() {
        let stem = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        let cupboards = ["mod", "util", "utils", "common", "helper", "helpers", "misc", "manager"];
        assert!(!cupboards.contains(&stem), "{name}: say what it is for");
        let (code, tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&text, ""));
        let lines = code.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines before its tests: split it");
        let tests = tests.lines().count();
        assert!(
            tests <= 150,
            "{name} has {tests} lines of tests: move them to a file of their own"
        );
    }
}

#[test]
fn dependencies_run_one_way() {
    let manifest =
        |name: &str| fs::read_to_string(workspace_root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let order = ["parser", "aggregator", "generator"];
    for (at, name) in order.iter().enumerate() {
        let text = manifest(name);
        let (deps, _) = text.split_once("[dev-dependencies]").unwrap_or((&text, ""));
        for later in &order[at..] {
            let link = format!("egressmap-{later}.workspace");
            assert!(!deps.contains(&link), "{name} must not depend on {later}");
        }
        assert!(
            !deps.contains("egressmap-world"),
            "{name} must not depend on the world generator"
        );
    }
}

#[test]
fn each_heavy_guest_keeps_to_its_room() {
    let rooms: &[(&str, &[&str])] = &[
        (
            "aws_sdk",
            &["crates/parser/src/source/s3", "crates/parser/src/source/cloudwatch"],
        ),
        (
            "aws_config",
            &[
                "crates/parser/src/source/aws",
                "crates/parser/src/source/s3",
                "crates/parser/src/source/cloudwatch",
            ],
        ),
        (
            "tokio::",
            &[
                "crates/parser/src/source/aws",
                "crates/parser/src/source/s3",
                "crates/parser/src/source/cloudwatch",
                "crates/aggregator/src/name/ptr",
            ],
        ),
        ("polars::", &["crates/aggregator/src/table"]),
        ("hickory_", &["crates/aggregator/src/name/ptr"]),
        ("flate2::", &["crates/parser/src/decode"]),
        ("clap::", &["crates/cli/src"]),
        (
            "std::fs",
            &[
                "crates/cli/src",
                "crates/parser/src/source/local",
                "crates/parser/src/source/aws/http",
                "crates/aggregator/src/table",
                "crates/aggregator/src/replace",
            ],
        ),
    ];
    let mut met = BTreeSet::new();
    for (name, text) in product_files() {
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        for (guest, homes) in rooms {
            let used = code
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(guest));
            if used {
                met.insert(*guest);
                assert!(
                    homes.iter().any(|home| name.starts_with(home)),
                    "{name} uses {guest}, whose room is {homes:?}"
                );
            }
        }
    }
    assert_eq!(met.len(), rooms.len(), "a rule about nothing: {met:?}");
}

#[test]
fn every_version_stands_once_and_no_default_feature_is_taken() {
    let root: toml::Table = fs::read_to_string(workspace_root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    for (name, value) in root["workspace"]["dependencies"].as_table().unwrap() {
        let own = value.get("path").is_some();
        assert!(
            own || value.get("default-features").and_then(toml::Value::as_bool) == Some(false),
            "{name}"
        );
    }
    for folder in ["crates", "benches"] {
        for entry in fs::read_dir(workspace_root().join(folder)).unwrap() {
            let manifest = entry.unwrap().path().join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else {
                continue;
            };
            let table: toml::Table = text.parse().unwrap();
            for section in ["dependencies", "dev-dependencies"] {
                for (name, value) in table.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                    let inherits = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                    assert!(inherits, "{}: {name} has a version of its own", manifest.display());
                }
            }
        }
    }
}

#[test]
fn every_member_of_a_family_has_its_cases_and_its_row() {
    let readme = fs::read_to_string(workspace_root().join("README.md")).unwrap();
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    members.insert(
        "source",
        egressmap_parser::source::REGISTRY
            .iter()
            .map(|kind| kind.name)
            .collect(),
    );
    members.insert(
        "format",
        egressmap_parser::format::REGISTRY
            .iter()
            .map(|kind| kind.name)
            .collect(),
    );
    members.insert(
        "target",
        egressmap_generator::target::REGISTRY
            .iter()
            .map(|target| target.name())
            .collect(),
    );
    for (family, names) in members {
        for name in names {
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "README.md has no row for the {family} {name}"
            );
            if family == "format" {
                let cases = workspace_root().join("testdata").join(family).join(name);
                let count = fs::read_dir(&cases).map(Iterator::count).unwrap_or_default();
                assert!(count > 0, "{} has no case", cases.display());
            }
        }
    }
}

#[test]
fn ci_calls_the_test_command_of_the_readme() {
    let readme = fs::read_to_string(workspace_root().join("README.md")).unwrap();
    let ci = fs::read_to_string(workspace_root().join(".ci/run")).unwrap();
    for command in [
        "cargo test --workspace",
        "cargo run --release -- run -c examples/shop/egressmap.toml",
    ] {
        assert!(
            readme.lines().any(|line| line.trim() == command),
            "README.md shows `{command}`"
        );
        assert!(
            ci.lines().any(|line| line.starts_with(command)),
            ".ci/run calls `{command}`"
        );
    }
}
