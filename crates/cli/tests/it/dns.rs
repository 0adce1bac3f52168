//! Query logs beside flow logs: destinations by the names that their callers asked for.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::{by_key, egressmap, expect, shown};

/// 2026-08-01T00:00:00Z.
const DAY: u64 = 1_785_542_400;

fn flows() -> String {
    let row = |source: &str, destination: &str, at: u64| {
        format!(
            "2 1 eni-{source} {source} {destination} 40001 443 6 10 1000 {} {} ACCEPT OK\n",
            DAY + at,
            DAY + at + 60
        )
    };
    [
        row("10.0.0.5", "203.0.113.7", 7_200),
        row("10.0.0.6", "203.0.113.7", 7_200),
        row("10.0.0.7", "203.0.113.7", 7_200),
        row("10.0.0.5", "203.0.113.8", 40 * 3_600),
    ]
    .concat()
}

pub(crate) fn query(time: &str, source: &str, name: &str, answers: &[(&str, &str)]) -> String {
    let answers: Vec<Value> = answers
        .iter()
        .map(|(kind, data)| json!({"Rdata": data, "Type": kind, "Class": "IN"}))
        .collect();
    let line = json!({
        "version": "1.100000", "account_id": "111122223333", "region": "eu-west-1", "vpc_id": "vpc-0a",
        "query_timestamp": time, "query_name": name, "query_type": "A", "query_class": "IN", "rcode": "NOERROR",
        "answers": answers, "srcaddr": source, "srcport": "40000", "transport": "UDP", "srcids": {},
    });
    format!("{line}\n")
}

fn logs(folder: &Path) {
    fs::write(folder.join("flow.log"), flows()).unwrap();
    let chain = [("CNAME", "edge.cdn.example."), ("A", "203.0.113.7")];
    let queries = [
        query("2026-08-01T01:59:00Z", "10.0.0.5", "Api.Example.test.", &chain),
        query(
            "2026-08-01T01:00:00Z",
            "10.0.0.6",
            "files.example.test.",
            &[("A", "203.0.113.7")],
        ),
        query(
            "2026-08-01T01:00:00Z",
            "10.0.0.5",
            "late.example.test.",
            &[("A", "203.0.113.8")],
        ),
        query(
            "2026-08-01T01:00:00Z",
            "10.0.0.5",
            "${path.module}.",
            &[("A", "203.0.113.8")],
        ),
        query("2026-08-01T01:00:00Z", "10.0.0.5", "nothing.example.test.", &[]),
    ];
    fs::write(folder.join("queries.log"), queries.concat()).unwrap();
    let inventory = "service,address\ncheckout,10.0.0.5\nmedia,10.0.0.6\ncart,10.0.0.7\n";
    fs::write(folder.join("inventory.csv"), inventory).unwrap();
}

#[test]
fn each_caller_of_a_shared_address_is_shown_with_the_name_it_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    logs(dir.path());
    let at = |name: &str| dir.path().join(name);
    let discover = |threads: &str, map: &str| {
        expect(
            0,
            egressmap()
                .args(["--threads", threads, "discover"])
                .args([
                    at("flow.log"),
                    at("queries.log"),
                    "--inventory".into(),
                    at("inventory.csv"),
                    "--out".into(),
                ])
                .arg(at(map)),
        );
        fs::read(at(map)).unwrap()
    };
    assert!(discover("1", "one.parquet") == discover("2", "two.parquet"));
    let map = shown(&at("one.parquet"));
    assert_eq!(map["input"]["used"], json!({"flow": 4, "access": 0, "dns": 4}));
    assert_eq!(map["input"]["set_aside"], json!({"malformed:query_name": 1}));
    let all = by_key(&map["dependencies"]);
    let name = |key: &str| &all[key]["name"];
    assert_eq!(
        name(r#""checkout" -> "api.example.test":443/"tcp""#),
        &json!({"grade": "dns", "evidence": {"dns": 1}, "also": [{"name": "files.example.test", "records": 1}]}),
        "{all:#?}"
    );
    assert_eq!(name(r#""media" -> "files.example.test":443/"tcp""#)["grade"], "dns");
    assert_eq!(name(r#""cart" -> "api.example.test":443/"tcp""#)["grade"], "dns-vpc");
    // Asked for thirty-nine hours before: an answer does not hold that long.
    assert_eq!(name(r#""checkout" -> "203.0.113.8":443/"tcp""#)["grade"], "address");
}

#[test]
fn why_tells_where_cnames_lead_though_another_run_read_the_answers() {
    let dir = tempfile::tempdir().unwrap();
    logs(dir.path());
    let at = |name: &str| dir.path().join(name);
    for log in ["queries.log", "flow.log"] {
        let mut discover = egressmap();
        discover
            .arg("discover")
            .arg(at(log))
            .arg("--inventory")
            .arg(at("inventory.csv"));
        expect(0, discover.arg("--out").arg(at("map.parquet")));
    }
    let why = |destination: &str| {
        let mut why = egressmap();
        why.arg("why").arg(at("map.parquet")).args(["checkout", destination]);
        why.output().unwrap()
    };
    let told = String::from_utf8(why("api.example.test").stdout).unwrap();
    assert!(told.contains("DNS answers led from it to edge.cdn.example"), "{told}");
    let told = String::from_utf8(why("203.0.113.8").stdout).unwrap();
    assert!(told.contains("203.0.113.8") && !told.contains("cdn.example"), "{told}");
}

#[test]
fn what_an_earlier_run_asked_names_addresses_and_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("flow.log"), flows()).unwrap();
    let cache = "{\"address\":\"203.0.113.7\",\"name\":\"api.example.test\",\"confirmed\":true,\"through\":\"2026-07-31\"}\n\
        {\"address\":\"203.0.113.8\",\"through\":\"2026-07-31\"}\n";
    fs::write(at("ptr.jsonl"), cache).unwrap();
    let discover = || {
        let mut command = egressmap();
        command
            .arg("discover")
            .arg(at("flow.log"))
            .arg("--out")
            .arg(at("map.parquet"));
        command.arg("--ptr-cache").arg(at("ptr.jsonl"));
        command
    };
    let (_, said) = expect(0, &mut discover());
    assert!(
        said.contains("2 addresses: 1 named and confirmed, 0 named, 1 without a name; 2 known from earlier runs"),
        "{said}"
    );
    let map = shown(&at("map.parquet"));
    let named: Vec<&str> = map["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"]["grade"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["address", "fcrdns", "fcrdns", "fcrdns"]);

    // With a resolver there is nothing left to ask it: this one would not answer.
    fs::remove_file(at("map.parquet")).unwrap();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (_, said) = expect(
        0,
        discover()
            .arg("--resolver")
            .arg(silent.local_addr().unwrap().to_string()),
    );
    assert!(said.contains("2 known from earlier runs"), "{said}");
    assert_eq!(fs::read_to_string(at("ptr.jsonl")).unwrap(), cache);

    fs::remove_file(at("map.parquet")).unwrap();
    fs::write(at("ptr.jsonl"), "what\n").unwrap();
    let (_, said) = expect(1, &mut discover());
    assert!(said.contains("ptr.jsonl: line 1: expected an answer as"), "{said}");
}
