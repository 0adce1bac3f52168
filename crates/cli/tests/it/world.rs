//! The map of a generated world equals the world's own truth, whatever its container and the number of threads.

use std::path::Path;

use egressmap_world::{Container, FlowVersion, Layout, Scenario, World};
use serde_json::Value;

use crate::{by_key, egressmap, expect, shown};

const RECORDS: u64 = 200_000;

/// A city of at least [`RECORDS`] records.
pub(crate) fn city(version: FlowVersion) -> World {
    let world = World::new(Scenario::city(RECORDS, version), 7).unwrap();
    let used = world.truth().input.used;
    assert!(
        used.flow + used.access >= RECORDS,
        "the city is as large as it says: {used:?}"
    );
    world
}

/// Reads a written world into a map.
pub(crate) fn discover(dir: &Path, source: &str, map: &Path, threads: u8) {
    let mut command = egressmap();
    command.args(["discover", source, "--quiet", "--out"]).arg(map);
    command
        .arg("--inventory")
        .arg(dir.join("inventory.csv"))
        .arg("--names")
        .arg(dir.join("ip-ranges.json"));
    expect(0, command.args(["--threads", &threads.to_string()]));
}

/// Asserts that a map says what the world knows: every dependency, every number, every counter.
pub(crate) fn assert_true(world: &World, map: &Path) {
    let truth = serde_json::to_value(world.truth()).unwrap();
    let shown = shown(map);
    let input = |from: &Value, key: &str| from["input"][key].clone();
    for key in ["objects", "bytes", "lines", "set_aside"] {
        assert_eq!(input(&shown, key), input(&truth, key), "input.{key}");
    }
    for plane in ["flow", "access"] {
        assert_eq!(
            input(&shown, "used")[plane],
            input(&truth, "used")[plane],
            "input.used.{plane}"
        );
    }

    let (expected, mut found) = (by_key(&truth["dependencies"]), by_key(&shown["dependencies"]));
    let mut wrong = Vec::new();
    for (key, expected) in &expected {
        match found.remove(key) {
            None => wrong.push(format!("missing: {key}")),
            Some(found) => {
                let differs = |(name, value): &(&String, &Value)| match name.as_str() {
                    // The truth holds the grade alone: evidence and other names have tests of their own.
                    "name" => found["name"]["grade"] != value["grade"],
                    name => &found[name] != *value,
                };
                for (name, value) in expected.as_object().unwrap().iter().filter(differs) {
                    wrong.push(format!("{key}: {name}: expected {value}, found {}", found[name]));
                }
            }
        }
    }
    wrong.extend(found.keys().map(|key| format!("invented: {key}")));
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

fn written(world: &World, container: Container) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    world.write(dir.path(), Layout { container }).unwrap();
    dir
}

/// Writes the city in both containers and holds the map of each against its truth.
fn is_mapped_exactly(version: FlowVersion) {
    let world = city(version);
    for container in [Container::Gzip, Container::Plain] {
        let dir = written(&world, container);
        let map = dir.path().join("map.parquet");
        discover(dir.path(), dir.path().join("logs").to_str().unwrap(), &map, 2);
        assert_true(&world, &map);
    }
}

#[test]
fn a_city_with_tcp_flags_is_mapped_exactly() {
    is_mapped_exactly(FlowVersion::V5);
}

#[test]
fn a_city_with_version_2_fields_alone_is_mapped_exactly() {
    is_mapped_exactly(FlowVersion::V2);
}

#[test]
fn one_two_and_eight_threads_write_the_same_bytes() {
    let world = city(FlowVersion::V5);
    let dir = written(&world, Container::Gzip);
    let maps = [1, 2, 8].map(|threads| {
        let map = dir.path().join(format!("{threads}.parquet"));
        discover(dir.path(), dir.path().join("logs").to_str().unwrap(), &map, threads);
        std::fs::read(map).unwrap()
    });
    assert!(maps[0].len() > 10_000, "the map holds something");
    assert!(maps[0] == maps[1] && maps[1] == maps[2], "the maps differ");
}

#[test]
fn maps_of_shards_add_up_to_the_map_of_the_whole_plane() {
    let world = city(FlowVersion::V5);
    let dir = written(&world, Container::Gzip);
    let at = |name: &str| dir.path().join(name);
    // Days are shards: each is read alone, and a connection that crosses midnight stands in both.
    let mut days = Vec::new();
    for (day, entry) in walk_days(&dir.path().join("logs/flow")).into_iter().enumerate() {
        let map = at(&format!("day-{day}.parquet"));
        discover(dir.path(), entry.to_str().unwrap(), &map, 2);
        days.push(map);
    }
    assert!(days.len() > 3, "the city lives for days");
    expect(
        0,
        egressmap()
            .arg("merge")
            .args(&days)
            .arg("--out")
            .arg(at("merged.parquet")),
    );
    discover(dir.path(), at("logs/flow").to_str().unwrap(), &at("whole.parquet"), 2);
    let (merged, whole) = (shown(&at("merged.parquet")), shown(&at("whole.parquet")));
    assert_eq!(merged["input"], whole["input"]);
    assert_eq!(merged["window"], whole["window"]);
    let bytes = |map: &Value| -> u64 {
        map["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["bytes_out"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(bytes(&merged), bytes(&whole));

    let (_, refused) = expect(
        1,
        egressmap()
            .arg("merge")
            .args([&days[0], &days[1], &days[0]])
            .arg("--out")
            .arg(at("x")),
    );
    assert!(
        refused.contains("AWSLogs") && !at("x").exists(),
        "a map that counts twice is refused: {refused}"
    );
}

/// The folders of single days below a folder of flow logs, in order.
fn walk_days(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut days = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let mut inner: Vec<_> = std::fs::read_dir(&next).unwrap().map(|e| e.unwrap().path()).collect();
        inner.sort();
        if inner.iter().any(|path| path.is_file()) {
            days.push(next);
        } else {
            open.extend(inner);
        }
    }
    days.sort();
    days
}
