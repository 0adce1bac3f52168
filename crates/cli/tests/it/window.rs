//! `--since` and `--until` as durations back from the newest record.

use std::fs;
use std::process::Stdio;

use crate::{egressmap, expect, shown};

/// A connection an hour for a day, the last from 23:00 to 23:01.
fn day() -> String {
    (0..24)
        .map(|hour| {
            let start = 1_785_542_400 + hour * 3_600;
            format!(
                "2 1 eni-0a 10.0.0.5 203.0.113.7 40001 443 6 1 40 {start} {} ACCEPT OK\n",
                start + 60
            )
        })
        .collect()
}

#[test]
fn a_duration_counts_back_from_the_newest_record_of_all_objects() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let day = day();
    let (early, late) = day.split_at(day.len() / 2);
    fs::create_dir(at("logs")).unwrap();
    fs::write(at("logs/b.log"), early).unwrap();
    fs::write(at("logs/a.log"), late).unwrap();
    let used = |name: &str, flags: &[&str]| {
        let mut command = egressmap();
        command
            .arg("discover")
            .arg(at("logs"))
            .arg("--out")
            .arg(at(name))
            .args(flags);
        let (_, stderr) = expect(0, &mut command);
        let input = shown(&at(name))["input"].clone();
        (input["used"]["flow"].as_u64(), input["lines"].as_u64(), stderr)
    };
    let (flow, lines, stderr) = used("a.parquet", &["--since", "2h"]);
    assert_eq!((flow, lines), (Some(2), Some(24)), "the records of 22:00 and 23:00");
    assert!(
        stderr.contains("window    from 2026-08-01T21:01:00Z; the newest record is of 2026-08-01T23:01:00Z"),
        "{stderr}"
    );
    assert_eq!(used("b.parquet", &["--until", "12h"]).0, Some(12));
    assert_eq!(
        used("c.parquet", &["--since", "2026-08-01T10:00:00Z", "--until", "12h"]).0,
        Some(2)
    );
    assert_eq!(used("d.parquet", &["--since", "7d"]).0, Some(24));
    let mut command = egressmap();
    command
        .arg("discover")
        .arg(at("logs"))
        .arg("--out")
        .arg(at("e.parquet"));
    let (_, stderr) = expect(1, command.args(["--since", "2h", "--until", "3h"]));
    assert!(stderr.contains("--since must be before --until"), "{stderr}");
}

#[test]
fn what_can_be_read_only_once_has_no_newest_record_to_count_from() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = egressmap();
    command
        .args(["discover", "-", "--since", "7d", "--out"])
        .arg(dir.path().join("m"));
    let (_, stderr) = expect(1, command.stdin(Stdio::null()));
    assert!(
        stderr.contains("can be read only once") && stderr.contains("hint: give a date"),
        "{stderr}"
    );
    let mut command = egressmap();
    command
        .args(["discover", "-", "--since", "7 fortnights", "--out"])
        .arg(dir.path().join("m"));
    let (_, stderr) = expect(1, command.stdin(Stdio::null()));
    assert!(stderr.contains("or a duration such as 7d"), "{stderr}");
}

#[test]
fn without_any_record_there_is_no_window_and_the_summary_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("a.log");
    fs::write(&log, "Dear Sir or Madam\n").unwrap();
    let mut command = egressmap();
    command.arg("discover").arg(&log).args(["--since", "7d", "--out"]);
    let (_, stderr) = expect(0, command.arg(dir.path().join("m")));
    assert!(stderr.contains("unrecognised 1"), "{stderr}");
}
