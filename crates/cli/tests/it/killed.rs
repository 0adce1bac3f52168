//! Runs that are killed at any instant and started again end with what one clean run gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egressmap_world::{Container, FlowVersion, Layout, Scenario, World};

use crate::{egressmap, expect};

/// Of each command.
const KILLS: u32 = 50;

/// A world of logs, and the config of a run over it whose ledger already has a hand-written entry.
fn place(records: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(Scenario::city(records, FlowVersion::V5), 11).unwrap();
    let container = Container::Gzip;
    world.write(&dir.path().join("world"), Layout { container }).unwrap();
    fs::write(
        dir.path().join("egressmap.toml"),
        r#"
sources = ["world/logs"]
inventory = ["world/inventory.csv"]
out = "out"
[ledger]
file = "dependencies.yaml"
accept-observed = true
[propose]
mesh = "prod"
targets = ["appmesh-terraform", "appmesh-api"]
"#,
    )
    .unwrap();
    fs::write(dir.path().join("dependencies.yaml"), LEDGER).unwrap();
    dir
}

const LEDGER: &str = "\
schema: egressmap/ledger/v1
dependencies:
  # a person wrote this
  - service: nobody
    destination: example.test
    port: 443
    application: tls
    verdict: deny
";

fn run(dir: &Path) -> Command {
    let mut command = egressmap();
    command.arg("run").arg("-c").arg(dir.join("egressmap.toml"));
    command
}

fn discover(dir: &Path) -> Command {
    let mut command = egressmap();
    command.arg("discover").arg(dir.join("world/logs"));
    command.arg("--inventory").arg(dir.join("world/inventory.csv"));
    command.arg("--out").arg(dir.join("map.parquet"));
    command
}

fn discover_with_little_memory(dir: &Path) -> Command {
    let mut command = discover(dir);
    command.args(["--memory-budget", "1KiB"]);
    command
}

/// Every file below a folder, but the logs and the config.
fn outputs(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let inside = path.strip_prefix(dir).unwrap().to_path_buf();
            if path.is_dir() && inside != Path::new("world") {
                folders.push(path);
            } else if path.is_file() {
                files.insert(inside, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Starts the command until it was killed often enough, each time after another part of the time that it takes. Where
/// it was done before that, it starts from nothing again.
fn kill_again_and_again(dir: &Path, command: fn(&Path) -> Command, whole: Duration) {
    let (mut killed, mut round) = (0, 0_u32);
    while killed < KILLS {
        let mut child = command(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Parts in an order without a pattern: multiples of the golden ratio.
        let part = (f64::from(round) * 0.618_033_988_749_895).fract();
        let until = Instant::now() + whole.mul_f64(part);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        } else {
            from_nothing(dir);
        }
        round += 1;
        assert!(round < 10 * KILLS, "{killed} of {round} were killed");
    }
}

fn from_nothing(dir: &Path) {
    fs::remove_dir_all(dir.join("out")).ok();
    fs::remove_file(dir.join("map.parquet")).ok();
    fs::write(dir.join("dependencies.yaml"), LEDGER).unwrap();
}

/// The paths of the logs are in the map, so the clean run and the killed ones have the same place one after the other.
fn assert_same_as_clean(command: fn(&Path) -> Command, code: i32) {
    let dir = place(3_000);
    let started = Instant::now();
    expect(code, &mut command(dir.path()));
    let whole = started.elapsed();
    let expected = outputs(dir.path());

    from_nothing(dir.path());
    kill_again_and_again(dir.path(), command, whole);
    expect(code, &mut command(dir.path()));
    let found = outputs(dir.path());
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&found),
        names(&expected),
        "nothing is left over and nothing lacks"
    );
    for (path, bytes) in &expected {
        assert!(found[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn a_run_that_was_killed_again_and_again_ends_as_a_clean_one() {
    assert_same_as_clean(run, 2);
}

#[test]
fn a_map_that_was_killed_again_and_again_ends_as_a_clean_one() {
    assert_same_as_clean(discover, 0);
}

#[test]
fn a_map_made_with_little_memory_that_was_killed_again_and_again_ends_as_a_clean_one() {
    assert_same_as_clean(discover_with_little_memory, 0);
}
