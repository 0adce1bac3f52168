//! What can be asked of maps that exist: whether the window suffices, what differs, and pictures of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{egressmap, expect};

/// 2026-08-01 in Unix time.
const AUGUST: u64 = 1_785_542_400;

/// A map of one service over so many days, from a flow log: one far end daily, and what else is asked for.
fn map(dir: &Path, name: &str, days: u64, extra: &[(u64, &str)]) -> std::path::PathBuf {
    let mut log = String::new();
    let mut line = |day: u64, to: &str| {
        for hour in 0..24 {
            let start = AUGUST + day * 86_400 + hour * 3_600;
            let end = start + 60;
            writeln!(
                log,
                "2 1 eni-0a 10.0.0.5 {to} 40001 443 6 10 1000 {start} {end} ACCEPT OK"
            )
            .unwrap();
            writeln!(
                log,
                "2 1 eni-0a {to} 10.0.0.5 443 40001 6 10 1000 {start} {end} ACCEPT OK"
            )
            .unwrap();
        }
    };
    for day in 0..days {
        line(day, "203.0.113.7");
    }
    for (day, to) in extra {
        line(*day, to);
    }
    let (source, inventory, out) = (
        dir.join(name),
        dir.join("inventory.csv"),
        dir.join(format!("{name}.parquet")),
    );
    fs::write(&source, log).unwrap();
    fs::write(&inventory, "service,address\npayments,10.0.0.5\n").unwrap();
    let mut discover = egressmap();
    discover
        .arg("discover")
        .arg(&source)
        .arg("--inventory")
        .arg(&inventory)
        .arg("--out")
        .arg(&out);
    expect(0, &mut discover);
    out
}

fn ask(code: i32, words: &[&str], maps: &[&Path]) -> String {
    expect(code, egressmap().args(words).args(maps)).0
}

#[test]
fn coverage_says_whether_the_window_suffices_and_the_exit_code_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let long = map(dir.path(), "long", 62, &[]);
    let short = map(dir.path(), "short", 20, &[(19, "203.0.113.8")]);
    let page = ask(0, &["coverage"], &[&long]);
    assert!(
        page.contains("VERDICT      sufficient\n") && page.contains("at most 1 (95 %)"),
        "{page}"
    );
    for output in ["table", "json"] {
        ask(0, &["coverage", "-o", output, "--require-sufficient"], &[&long]);
        ask(3, &["coverage", "-o", output, "--require-sufficient"], &[&short]);
        ask(0, &["coverage", "-o", output], &[&short]);
    }
    let answer: Value = serde_json::from_str(&ask(0, &["coverage", "-o", "json"], &[&short])).unwrap();
    let reasons = answer["services"][0]["findings"].as_array().unwrap();
    let words: Vec<&str> = reasons
        .iter()
        .map(|finding| finding["reason"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["window", "calendar", "coverage", "back-test"]);
    let page = ask(0, &["coverage"], &[&short]);
    assert!(
        page.lines().all(|line| line.chars().count() <= 140) && page.contains("203.0.113.8:443 (2026-08-20)"),
        "{page}"
    );
}

#[test]
fn declared_jobs_come_from_flags_and_files_and_a_wrong_one_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let long = map(dir.path(), "long", 62, &[]);
    let file = dir.path().join("jobs");
    fs::write(&file, "# ours\naudit = 0 0 15 * *\nDR test@payments=90d\n").unwrap();
    let declared = ["coverage", "--require-sufficient", "--declared", file.to_str().unwrap()];
    let page = ask(3, &declared, &[&long]);
    assert!(page.contains("\"audit\" ok, \"DR test\" MISSING (62 of 90)"), "{page}");
    ask(
        0,
        &["coverage", "--require-sufficient", "--job", "audit=0 0 15 * *"],
        &[&long],
    );
    fs::write(&file, "audit = 0 0 15 * *\nDR test = soon\n").unwrap();
    let (_, stderr) = expect(1, egressmap().args(declared).arg(&long));
    assert!(
        stderr.contains("line 2") && stderr.contains("found \"soon\""),
        "{stderr}"
    );
    let (_, stderr) = expect(1, egressmap().args(["coverage", "--job", "x@nobody=7d"]).arg(&long));
    assert!(stderr.contains("nothing was seen of service nobody"), "{stderr}");
}

#[test]
fn diff_exits_with_2_when_anything_differs() {
    let dir = tempfile::tempdir().unwrap();
    let old = map(dir.path(), "old", 3, &[(1, "203.0.113.8")]);
    let new = map(dir.path(), "new", 3, &[(1, "203.0.113.9")]);
    let same = ask(0, &["diff"], &[&old, &old]);
    assert!(same.contains("no difference: 2 dependencies are the same"), "{same}");
    let page = ask(2, &["diff"], &[&old, &new]);
    assert!(
        page.contains("+ payments -> 203.0.113.9:443") && page.contains("- payments -> 203.0.113.8:443"),
        "{page}"
    );
    let document: Value = serde_json::from_str(&ask(2, &["diff", "-o", "json"], &[&old, &new])).unwrap();
    assert_eq!(document["schema"], "egressmap/diff/v1");
    assert_eq!(
        (&document["came"][0]["destination"], &document["unchanged"]),
        (&"203.0.113.9".into(), &1.into())
    );
}

#[test]
fn show_filters_sorts_and_draws() {
    let dir = tempfile::tempdir().unwrap();
    let map = map(dir.path(), "map", 5, &[(0, "203.0.113.8"), (4, "203.0.113.9")]);
    let destinations = |words: &[&str]| -> Vec<String> {
        let csv = ask(0, &[&["show", "-o", "csv"], words].concat(), &[&map]);
        csv.lines()
            .skip(1)
            .map(|line| line.split('"').nth(3).unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        destinations(&["--sort", "first-seen"]),
        ["203.0.113.9", "203.0.113.7", "203.0.113.8"]
    );
    assert_eq!(
        destinations(&["--since", "2026-08-03", "--sort", "days"]),
        ["203.0.113.7", "203.0.113.9"]
    );
    assert_eq!(destinations(&["--since", "12h"]), ["203.0.113.7", "203.0.113.9"]);
    assert_eq!(
        destinations(&["--min-days", "2", "--class", "external", "--grade", "address"]),
        ["203.0.113.7"]
    );
    assert!(destinations(&["--class", "aws"]).is_empty());
    assert!(ask(0, &["show", "-o", "dot"], &[&map]).starts_with("digraph egress {\n"));
    assert!(ask(0, &["show", "-o", "mermaid"], &[&map]).starts_with("flowchart LR\n"));
    let (_, stderr) = expect(2, egressmap().args(["show", "--class", "externl"]).arg(&map));
    assert!(stderr.contains("expected a class"), "{stderr}");
}
