//! `--set-aside`: every line that was not used, in one order, whoever read it.

use std::fs;
use std::path::Path;

use egressmap_world::{Container, FlowVersion, Layout, Scenario, World};
use serde_json::{Value, json};

use crate::{egressmap, expect, shown};

const HEADER: &str = "srcaddr dstaddr srcport dstport protocol bytes start end log-status";

/// An object of `lines` lines, some of each kind.
fn log(lines: usize) -> String {
    let mut log = format!("{HEADER}\n");
    for at in 0..lines {
        log += match at % 5 {
            0 => "10.0.0.5 203.0.113.7 40001 443 6 1000 1785542400 1785542460 OK\n",
            1 => "- - - - - - 1785542400 1785542460 NODATA\n",
            2 => "10.0.0.5 203.0.113.7 40001 70000 6 1000 1785542400 1785542460 OK\n",
            3 => "\n",
            _ => "10.0.0.5 203.0.113.7 40001 443 6 1000 1685542400 1685542460 OK\n",
        };
    }
    log
}

fn logs(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for at in 0..20 {
        fs::write(folder.join(format!("{at:02}.log")), log(100 + at * 37)).unwrap();
    }
}

fn discover(dir: &Path, out: &str, threads: &str) -> (Vec<u8>, Value) {
    let (map, aside) = (dir.join(format!("{out}.parquet")), dir.join(format!("{out}.jsonl")));
    let mut command = egressmap();
    command.arg("discover").arg(dir.join("logs")).arg("--out").arg(&map);
    command.arg("--set-aside").arg(&aside);
    expect(0, command.args(["--threads", threads, "--since", "2026-01-01"]));
    (fs::read(aside).unwrap(), shown(&map)["input"]["set_aside"].clone())
}

#[test]
fn every_line_set_aside_is_written_in_one_order_by_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    logs(&dir.path().join("logs"));
    let (bytes, counters) = discover(dir.path(), "one", "1");
    for threads in ["2", "8"] {
        assert!(discover(dir.path(), threads, threads).0 == bytes, "{threads} threads");
    }
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = lines
        .iter()
        .map(|line| (line["object"].as_str().unwrap(), line["line"].as_u64().unwrap()))
        .collect();
    assert!(places.is_sorted() && places.len() > 1_000);

    let mut counted = json!({});
    for line in &lines {
        let count = &mut counted[line["reason"].as_str().unwrap()];
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    assert_eq!(counted, counters, "the file and the counters say the same");
    for reason in ["header", "nodata", "blank", "malformed:dstport", "outside-window"] {
        assert!(counters[reason].as_u64().unwrap() > 0, "{reason}: {counters}");
    }
    let object = json!(dir.path().join("logs/00.log"));
    assert_eq!(lines[0], json!({"object": object, "line": 1, "reason": "header"}));
    assert_eq!(lines[1], json!({"object": object, "line": 3, "reason": "nodata"}));
    assert_eq!(
        (&lines[2]["line"], &lines[2]["reason"]),
        (&json!(4), &json!("malformed:dstport"))
    );
    assert!(lines[2]["message"].as_str().unwrap().contains("70000"), "{}", lines[2]);
    assert_eq!(
        lines[4],
        json!({"object": object, "line": 6, "reason": "outside-window"})
    );
    // What readers spooled is gone.
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1 + 2 * 3, "the logs, three maps, three files");
}

#[test]
fn a_config_names_the_file_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("logs")).unwrap();
    fs::write(at("logs/a.log"), log(5)).unwrap();
    let config = "sources = ['logs']\nout = 'out'\nset-aside = 'aside.jsonl'\nrequester-pays = true\n\
                  [ledger]\nfile = 'l.yaml'\n[propose]\nmesh = 'm'\ntargets = ['appmesh-api']\n";
    fs::write(at("egressmap.toml"), config).unwrap();
    expect(2, egressmap().args(["run", "-c"]).arg(at("egressmap.toml")));
    let text = fs::read_to_string(at("aside.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of: Vec<_> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(of, [1, 3, 4, 5]);
}

#[test]
fn hostile_text_is_escaped_and_a_file_that_cannot_be_made_is_told_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let log = at("a\u{1b}\u{202e}.log");
    fs::write(
        &log,
        format!("{HEADER}\n10.0.0.5 \u{1b}[2J\u{202e} 1 443 6 1 1785542400 1785542460 OK\n"),
    )
    .unwrap();
    let mut command = egressmap();
    command.arg("discover").arg(&log).arg("--out").arg(at("m.parquet"));
    expect(0, command.arg("--set-aside").arg(at("aside.jsonl")));
    let text = fs::read_to_string(at("aside.jsonl")).unwrap();
    assert!(
        !text
            .chars()
            .any(|c| egressmap_parser::printable::is_deceptive(c) && c != '\n'),
        "{text:?}"
    );
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["object"], &last["reason"]),
        (&json!(log), &json!("malformed:dstaddr"))
    );

    let mut command = egressmap();
    command.arg("discover").arg(&log).arg("--out").arg(at("n.parquet"));
    let (_, stderr) = expect(1, command.arg("--set-aside").arg(at("absent/aside.jsonl")));
    assert!(
        stderr.contains("--set-aside: cannot write") && !at("n.parquet").exists(),
        "{stderr}"
    );
}

#[test]
fn a_map_is_the_same_whether_what_it_lacks_is_written_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let world = World::new(Scenario::city(20_000, FlowVersion::V5), 7).unwrap();
    let container = Container::Plain;
    world.write(dir.path(), Layout { container }).unwrap();
    fs::write(at("logs/gaps.log"), log(500)).unwrap();
    let access =
        r#"[2026-08-01T00:00:00.000Z] "GET / HTTP/1.1" 200 - 1 2 3 4 "-" "-" "-" "api.example.test" "203.0.113.9:443""#;
    let wrapped = json!({"ecs_cluster": "prod", "ecs_task_definition": "orders:17", "log": access});
    fs::write(at("logs/wrapped.log"), format!("{wrapped}\n").repeat(3)).unwrap();
    let maps = ["with", "without"].map(|name| {
        let map = at(&format!("{name}.parquet"));
        let mut command = egressmap();
        command.arg("discover").arg(at("logs")).arg("--out").arg(&map);
        command.arg("--inventory").arg(at("inventory.csv"));
        if name == "with" {
            command.arg("--set-aside").arg(at("aside.jsonl"));
        }
        expect(0, &mut command);
        fs::read(map).unwrap()
    });
    assert!(
        maps[0] == maps[1],
        "who stands between reader and map lets everything through"
    );
}
