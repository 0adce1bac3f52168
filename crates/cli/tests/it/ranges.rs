//! The ranges that AWS publishes: those that come with the program, and those in a file.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{egressmap, expect, shown, workspace_root};

const FLOW: &str =
    "version interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";

/// A prefix of the bundled ranges that no other service has: the first that stands under this heading.
fn first_of(heading: &str) -> String {
    let path = workspace_root().join("crates/aggregator/src/name/ranges/published.txt");
    let text = fs::read_to_string(path).unwrap();
    let (_, below) = text.split_once(&format!("\n{heading}\n")).unwrap();
    below.lines().next().unwrap().split('/').next().unwrap().to_owned()
}

fn discover(dir: &Path, address: &str, more: &[&str]) -> (String, String) {
    let flow = format!("{FLOW}2 eni-1 10.0.0.1 {address} 40000 443 6 9 900 1790845200 1790845260 ACCEPT OK\n");
    fs::write(dir.join("flow.log"), flow).unwrap();
    fs::write(dir.join("inventory.csv"), "service,address\ncart,10.0.0.1\n").unwrap();
    let _ = fs::remove_file(dir.join("map.parquet"));
    let mut command = egressmap();
    command.current_dir(dir).args(["discover", "flow.log", "--inventory"]);
    command.args(["inventory.csv", "--out", "map.parquet"]);
    let (_, said) = expect(0, command.args(more));
    let map = shown(&dir.join("map.parquet"));
    (map["dependencies"][0]["destination"].as_str().unwrap().to_owned(), said)
}

#[test]
fn bundled_ranges_name_an_address_and_their_day_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (destination, said) = discover(dir.path(), &first_of("DYNAMODB eu-west-1"), &[]);
    assert_eq!(destination, "aws/dynamodb/eu-west-1");
    let (version, _) = expect(0, egressmap().arg("--version"));
    let (_, day) = version.trim_end().split_once("AWS ranges of ").unwrap();
    assert!(
        said.contains(&format!("in the ranges of {day} that come with egressmap")),
        "{said}"
    );
    let mut why = egressmap();
    why.current_dir(dir.path())
        .args(["why", "map.parquet", "cart", "aws/dynamodb/eu-west-1"]);
    let (told, _) = expect(0, &mut why);
    assert!(told.contains(&format!("(its published ranges: {day})")), "{told}");
}

#[test]
fn a_file_of_ranges_stands_in_for_the_bundled_ones_and_an_older_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let address = first_of("DYNAMODB eu-west-1");
    let file = |created: &str| {
        let prefix = r#"{"ip_prefix": "203.0.113.0/24", "region": "eu-west-1", "service": "S3"}"#;
        let text = format!(r#"{{"createDate": "{created}", "prefixes": [{prefix}]}}"#);
        fs::write(dir.path().join("ip-ranges.json"), text).unwrap();
    };
    file("2026-10-01-00-00-00");
    let (destination, said) = discover(dir.path(), "203.0.113.7", &["--names", "ip-ranges.json"]);
    assert_eq!(destination, "aws/s3/eu-west-1");
    assert!(!said.contains("egressmap and"), "{said}");
    let (destination, _) = discover(dir.path(), &address, &["--names", "ip-ranges.json"]);
    assert_eq!(destination, address);
    file("2014-11-19-00-00-00");
    let (_, said) = discover(dir.path(), "203.0.113.7", &["--names", "ip-ranges.json"]);
    assert!(
        said.contains("ip-ranges.json is of 2014-11-19, older than the ranges of"),
        "{said}"
    );
}

#[test]
fn the_bundled_list_is_made_of_the_file_that_aws_publishes() {
    let root = workspace_root();
    let python = std::env::var("EGRESSMAP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let made = Command::new(python)
        .arg(root.join("crates/aggregator/src/name/ranges/renew.py"))
        .arg(root.join("examples/shop/ip-ranges.json"))
        .output()
        .unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let (first, rest) = made.split_once('\n').unwrap();
    assert!(first.starts_with("published 20"), "{made}");
    assert!(
        rest.lines().any(|line| line.starts_with("S3 ")) && !rest.contains("AMAZON "),
        "{made}"
    );
}
