//! Memory follows the dependencies, not the log: a crowd of clients on the internet costs next to nothing.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use egressmap_world::Inbound;

use crate::{egressmap, expect, shown};

const MB: u64 = 1_000;

/// A million records of half a million clients.
fn crowd(ipv6: bool) -> Inbound {
    Inbound {
        records: 1_000_000,
        clients: 500_000,
        ipv6,
        beside: false,
        seed: 1,
    }
}

/// The same in the network of the balancer, where they may be ours until all is read.
fn neighbours() -> Inbound {
    Inbound {
        beside: true,
        ..crowd(true)
    }
}

/// Discovers the crowd's log from standard input, and returns the most memory it took, in kilobytes.
fn peak(crowd: Inbound, out: &Path, flags: &[&str]) -> u64 {
    let mut command = egressmap();
    command
        .args(["discover", "-", "--threads", "2", "--out"])
        .arg(out)
        .args(flags);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || crowd.write(&mut to).unwrap());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(resident(&child).unwrap_or_default());
        std::thread::yield_now();
    }
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    most
}

/// The high-water mark of a process; `None` once it is gone.
fn resident(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn half_a_million_clients_cost_next_to_nothing() {
    for ipv6 in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let map = dir.path().join("map");
        let most = peak(crowd(ipv6), &map, &[]);
        assert!((1..100 * MB).contains(&most), "{most} kB");
        assert_eq!(shown(&map)["dependencies"].as_array().unwrap().len(), 256);
    }
}

#[test]
fn what_has_to_wait_for_the_end_stays_within_the_budget_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let [all, little] = ["all", "little"].map(|name| dir.path().join(name));
    let in_memory = peak(neighbours(), &all, &[]);
    let within = peak(neighbours(), &little, &["--memory-budget", "32MiB"]);
    assert!(within < in_memory / 2, "{within} of {in_memory} kB");
    assert!(fs::read(&all).unwrap() == fs::read(&little).unwrap());
    expect(0, egressmap().arg("show").arg(&little));
}
