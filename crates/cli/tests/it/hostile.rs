//! Text that a client chose arrives through logs and changes nothing but counters.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{egressmap, expect, shown};

fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "${path.module}",
        "${file(\"/etc/passwd\")}",
        "%{for x in y}",
        "a\"b.example",
        "a\nb.example",
        "line\r\n- injected: true",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "=HYPERLINK(\"x\")",
        "a b.example",
        "\u{1b}[2J",
        "nul\0.example",
        "*",
        "*.example",
        "a.example;sid:1",
        "{{ template }}",
        "!!python/object",
        "host:99999",
        "-flag.example",
        "\u{202e}example",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(4_096));
    names
}

fn access(fields: &Value) -> String {
    let mut line = json!({
        "start_time": "2026-08-03T10:00:00.000Z", "method": "GET", "path": "/", "protocol": "HTTP/1.1", "response_code": 200,
        "response_flags": "-", "bytes_received": 10, "bytes_sent": 20, "authority": "api.partner.example",
        "upstream_host": "203.0.113.9:80", "requested_server_name": null, "user_agent": "probe",
    });
    line.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    line.to_string()
}

/// Everything that a run writes, by path.
fn outputs(dir: &Path, log: &[u8]) -> (BTreeMap<PathBuf, String>, Value) {
    fs::create_dir_all(dir.join("envoy/web")).unwrap();
    fs::write(dir.join("envoy/web/task.log"), log).unwrap();
    fs::write(dir.join("inventory.csv"), "service,origin\nweb,*/envoy/web/*\n").unwrap();
    let map = dir.join("map.parquet");
    expect(
        0,
        egressmap()
            .arg("discover")
            .arg(dir.join("envoy"))
            .arg("--out")
            .arg(&map)
            .arg("--inventory")
            .arg(dir.join("inventory.csv")),
    );
    let mut propose = egressmap();
    propose
        .arg("propose")
        .arg(&map)
        .arg("--out")
        .arg(dir.join("out"))
        .arg("--ledger")
        .arg(dir.join("dependencies.yaml"))
        .arg("--accept-observed");
    for target in egressmap_generator::target::REGISTRY {
        propose.args(["--target", target.name()]);
    }
    let proposed = propose.output().unwrap();
    assert!(matches!(proposed.status.code(), Some(0 | 2)), "{proposed:?}");
    let mut found = BTreeMap::new();
    let mut open = vec![dir.join("out"), dir.join("dependencies.yaml")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.insert(
                path.strip_prefix(dir).unwrap().to_path_buf(),
                fs::read_to_string(path).unwrap(),
            );
        }
    }
    let (table, _) = expect(0, egressmap().arg("show").arg(&map));
    found.insert("table".into(), table.lines().skip(2).collect::<Vec<_>>().join("\n"));
    (found, shown(&map))
}

#[test]
fn hostile_names_are_set_aside_and_every_output_is_as_without_them() {
    let honest = access(&json!({})) + "\n";
    let mut hostile = honest.clone().into_bytes();
    for name in hostile_names() {
        let refused = json!({"authority": name, "upstream_host": null, "response_code": 400, "response_flags": "DPE"});
        hostile.extend(access(&refused).bytes().chain([b'\n']));
        hostile.extend(access(&tls(&name, None)).bytes().chain([b'\n']));
    }
    hostile.extend(b"{\"start_time\": \"2026-08-03T10:00:00Z\", \"authority\": \"caf\xe9\xff.example\"}\n");
    let hostile_lines = 2 * hostile_names().len() as u64 + 1;

    let (plain, poisoned) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (clean, _) = outputs(plain.path(), honest.as_bytes());
    let (dirty, map) = outputs(poisoned.path(), &hostile);
    assert!(clean.len() > 10, "the targets write files: {:?}", clean.keys());
    assert_eq!(clean, dirty);
    let aside: u64 = map["input"]["set_aside"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(
        (map["input"]["used"]["access"].as_u64(), aside),
        (Some(1), hostile_lines),
        "{}",
        map["input"]
    );
}

#[test]
fn a_connection_under_a_hostile_name_is_shown_by_its_address_alone() {
    let mut hostile = String::new();
    let mut addresses = String::new();
    for name in hostile_names() {
        hostile += &(access(&tls(&name, Some("203.0.113.66:443"))) + "\n");
        addresses += &(access(&tls("203.0.113.66", Some("203.0.113.66:443"))) + "\n");
    }
    let (named, unnamed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (shown, map) = outputs(named.path(), hostile.as_bytes());
    assert_eq!(shown, outputs(unnamed.path(), addresses.as_bytes()).0);
    assert_eq!(map["dependencies"].as_array().unwrap().len(), 1);
    assert_eq!(map["dependencies"][0]["destination"], "203.0.113.66");
    assert!(shown[Path::new("dependencies.yaml")].contains("verdict: review"));
}

fn tls(name: &str, upstream: Option<&str>) -> Value {
    json!({
        "authority": null, "method": null, "protocol": null, "response_code": 0,
        "requested_server_name": name, "upstream_host": upstream,
    })
}

#[test]
fn hostile_text_in_other_columns_is_inert() {
    let plain = tempfile::tempdir().unwrap();
    let poisoned = tempfile::tempdir().unwrap();
    let honest: String = hostile_names().iter().map(|_| access(&json!({})) + "\n").collect();
    let dirty: String = hostile_names()
        .iter()
        .map(|name| access(&json!({"user_agent": name, "path": name})) + "\n")
        .collect();
    assert_eq!(
        outputs(plain.path(), honest.as_bytes()).0,
        outputs(poisoned.path(), dirty.as_bytes()).0
    );
}
