//! `parse`, `sniff` and `formats`: what is read, line by line, and what is not.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use egressmap_parser::printable::is_deceptive;
use serde_json::{Value, json};

use crate::{egressmap, expect};

const HEADER: &str = "account-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const GOOD: &str = "111122223333 10.0.0.5 203.0.113.7 40001 443 6 10 1000 1785542400 1785542460 ACCEPT OK";
const NODATA: &str = "111122223333 - - - - - - - 1785542460 1785542520 - NODATA";
const BAD: &str = "111122223333 10.0.0.5 203.0.113.7 40002 70000 6 10 1000 1785542400 1785542460 ACCEPT OK";

fn log() -> String {
    format!("{HEADER}\n{GOOD}\n{NODATA}\n\n# a comment\n{BAD}\n")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn parse_prints_what_every_line_is_in_the_order_of_the_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, log()).unwrap();
    let (stdout, stderr) = expect(0, egressmap().arg("parse").arg(&path));
    assert_eq!(stderr, "");
    let found = lines(&stdout);
    let of = |key: &str| found.iter().map(|line| line[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("line"), [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        of("kind"),
        ["header", "record", "record", "blank", "comment", "malformed"]
    );
    assert_eq!(found[0]["fields"], json!(HEADER.split(' ').collect::<Vec<_>>()));
    assert_eq!(
        found[1],
        json!({"line": 2, "kind": "record", "fields": {
            "account_id": "111122223333", "srcaddr": "10.0.0.5", "dstaddr": "203.0.113.7", "srcport": 40001,
            "dstport": 443, "protocol": 6, "packets": 10, "bytes": 1000, "start": 1_785_542_400, "end": 1_785_542_460,
            "action": "ACCEPT", "log_status": "OK"}})
    );
    assert_eq!(found[2]["reason"], "nodata");
    assert_eq!(
        (&found[2]["fields"]["srcaddr"], &found[2]["fields"]["end"]),
        (&json!(null), &json!(1_785_542_520))
    );
    assert_eq!(found[5]["reason"], "malformed:dstport");
    assert!(found[5]["message"].as_str().unwrap().contains("70000"), "{}", found[5]);
}

#[test]
fn parse_of_standard_input_is_that_of_a_file_and_of_several_names_each() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("b.log"), log()).unwrap();
    fs::write(at("a.log.gz"), gzip(log().as_bytes())).unwrap();
    let (one, _) = expect(0, egressmap().arg("parse").arg(at("b.log")));
    let (packed, _) = expect(0, egressmap().arg("parse").arg(at("a.log.gz")));
    let input = fs::File::open(at("b.log")).unwrap();
    let (piped, _) = expect(0, egressmap().args(["parse", "-"]).stdin(input));
    assert!(one == packed && one == piped);

    let named = |name: &str| {
        let object = json!(at(name)).to_string();
        one.lines()
            .map(|line| line.replacen('{', &format!("{{\"object\":{object},"), 1) + "\n")
            .collect::<String>()
    };
    let (folder, _) = expect(0, egressmap().arg("parse").arg(dir.path()));
    assert_eq!(folder, named("a.log.gz") + &named("b.log"), "in the order of names");
    let (given, _) = expect(0, egressmap().arg("parse").args([at("b.log"), at("a.log.gz")]));
    assert_eq!(given, named("b.log") + &named("a.log.gz"), "in the order given");
}

#[test]
fn parse_of_what_breaks_off_prints_what_came_before_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let whole = gzip(log().repeat(2_000).as_bytes());
    fs::write(at("a.log.gz"), &whole[..whole.len() - 40]).unwrap();
    fs::write(at("b.log"), log()).unwrap();
    let (stdout, stderr) = expect(
        1,
        egressmap()
            .arg("parse")
            .args([at("a.log.gz"), at("absent"), at("b.log")]),
    );
    let found = lines(&stdout);
    let of = |name: &str| {
        let object = json!(at(name));
        found.iter().filter(|line| line["object"] == object).count()
    };
    assert!(of("a.log.gz") > 1_000, "what came before the fault is there");
    assert_eq!(of("b.log"), 6, "what comes behind it as well");
    assert!(stderr.contains("a.log.gz: gzip member 1 is truncated"), "{stderr}");
    assert!(stderr.contains("absent: there is no such file"), "{stderr}");
}

#[test]
fn parse_ends_quietly_when_nobody_reads_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, log().repeat(20_000)).unwrap();
    let mut child = egressmap()
        .arg("parse")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["kind"], "header");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn hostile_names_and_lines_reach_no_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a\u{1b}[2J\nb\u{202e}.log");
    let hostile = "\u{1b}]0;x\u{7} \u{9b}2J \u{202e} \u{7f} 10.0.0.5";
    fs::write(
        &path,
        format!("{GOOD} {hostile}\n{hostile}\n{{\"{hostile}\":\"{hostile}\"}}\n\u{0}\u{ff}\n"),
    )
    .unwrap();
    let mut invalid = fs::OpenOptions::new().append(true).open(&path).unwrap();
    invalid.write_all(b"\xff\xfe\n").unwrap();
    for (code, command) in [
        (0, ["parse", "--kind", "flow-text"]),
        (0, ["parse", "--kind", "envoy-json"]),
        (0, ["parse", "--kind", "envoy-text"]),
        (2, ["sniff", "-o", "table"]),
        (2, ["sniff", "-o", "json"]),
    ] {
        let (stdout, stderr) = expect(code, egressmap().args(command).arg(dir.path()));
        let deceives = |text: &str| text.chars().any(|c| is_deceptive(c) && c != '\n');
        assert!(
            !deceives(&stdout) && !deceives(&stderr),
            "{command:?}: {stdout:?} {stderr:?}"
        );
        if !command.contains(&"table") {
            let name = path.to_str().unwrap();
            assert!(lines(&stdout).iter().all(|line| line["object"] == name), "{stdout}");
        }
    }
}

#[test]
fn sniff_says_what_a_file_is_and_shows_its_first_records() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.bin");
    fs::write(&path, gzip(log().as_bytes())).unwrap();
    let (stdout, _) = expect(0, egressmap().arg("sniff").arg(&path).env("COLUMNS", "80"));
    for part in [
        "packed    gzip",
        "kind      flow-text",
        "fields    account-id srcaddr",
        "lines     6 lines, 1 used; set aside: blank 1, comment 1, header 1,",
        "fault     line 6: dstport",
        "line 2",
        "203.0.113.7",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{stdout}");

    let (stdout, _) = expect(
        0,
        egressmap().args(["sniff", "-o", "json", "--records", "1"]).arg(&path),
    );
    let sniffed = &lines(&stdout)[0];
    assert_eq!(sniffed["read"]["set_aside"]["malformed:dstport"], 1);
    assert_eq!(
        (&sniffed["read"]["whole"], &sniffed["read"]["lines"]),
        (&json!(true), &json!(6))
    );
    assert_eq!(sniffed["records"].as_array().unwrap().len(), 1);
    assert_eq!(sniffed["records"][0]["fields"]["dstport"], 443);
    assert_eq!(sniffed["faults"][0]["line"], 6);
}

#[test]
fn sniff_looks_at_the_beginning_unless_all_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let count = 20_000;
    fs::write(&path, format!("{HEADER}\n{}", format!("{GOOD}\n").repeat(count))).unwrap();
    let read = |flags: &[&str]| {
        let (stdout, _) = expect(0, egressmap().args(["sniff", "-o", "json"]).args(flags).arg(&path));
        lines(&stdout)[0]["read"].clone()
    };
    let beginning = read(&[]);
    let seen = 1_000_000 / (GOOD.len() + 1);
    assert_eq!(beginning["whole"], false);
    assert!(
        beginning["used"].as_u64().unwrap().abs_diff(seen as u64) <= 2,
        "{beginning}"
    );
    assert_eq!(
        beginning["set_aside"],
        json!({"header": 1}),
        "half a line is no fault of the log"
    );
    let all = read(&["--whole"]);
    assert_eq!((&all["whole"], &all["used"]), (&json!(true), &json!(count)));
}

#[test]
fn sniff_of_what_is_not_known_guesses_and_says_what_to_try() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, text, hint) in [
        ("flow", "eni-1 10.0.0.1 10.0.0.2 443 x\n", "--flow-format"),
        ("json", "{\"who\":\"a\",\"when\":\"b\"}\n", "--envoy-json"),
        ("access", "10.0.0.1\tGET /x HTTP/1.1\t200\n", "--envoy-format"),
        ("empty", "", "delivered"),
    ] {
        fs::write(at(name), text).unwrap();
        let (stdout, _) = expect(2, egressmap().arg("sniff").arg(at(name)));
        assert!(
            stdout.contains("not recognised") && stdout.contains(hint),
            "{name}: {stdout}"
        );
    }
    let (_, stderr) = expect(1, egressmap().arg("sniff").arg(at("absent")));
    assert!(stderr.contains("there is no such file"), "{stderr}");
}

#[test]
fn formats_lists_every_kind_and_packing_with_help_and_example() {
    let (table, _) = expect(0, egressmap().arg("formats").env("COLUMNS", "60"));
    assert!(table.lines().all(|line| line.chars().count() <= 60), "{table}");
    let (json, _) = expect(0, egressmap().args(["formats", "-o", "json"]));
    let listed: Value = serde_json::from_str(&json).unwrap();
    for (at, kind) in egressmap_parser::format::REGISTRY.iter().enumerate() {
        assert!(table.contains(kind.name), "{table}");
        let member = &listed["formats"][at];
        // What has no lines has no line to show.
        let example = Some(kind.example).filter(|example| !example.is_empty());
        let example = example.map_or(Value::Null, |example| json!(example));
        assert_eq!(
            (&member["name"], &member["help"], &member["example"]),
            (&json!(kind.name), &json!(kind.help), &example)
        );
    }
    for (at, coding) in egressmap_parser::decode::REGISTRY.iter().enumerate() {
        assert!(table.contains(coding.name), "{table}");
        assert_eq!(listed["containers"][at]["name"], coding.name);
    }
}

#[test]
fn a_misspelt_kind_names_the_near_one_wherever_it_is_given() {
    for command in ["parse", "sniff"] {
        let (_, stderr) = expect(
            1,
            egressmap()
                .args([command, "-", "--kind", "flow-txt"])
                .stdin(Stdio::null()),
        );
        assert!(stderr.contains("did you mean flow-text?"), "{stderr}");
    }
}
