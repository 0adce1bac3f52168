//! The live line on a real terminal: there while the run goes on, gone when it ends.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

const FLOW: &str = "2 1 eni-0a 10.0.0.5 203.0.113.7 40001 443 6 1 40 1785542400 1785542460 ACCEPT OK\n";

/// Whether util-linux's `script`, which gives a command a terminal, is here.
fn has_script() -> bool {
    let version = Command::new("script").arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"))
}

/// What is left on a screen after all of this was written to it.
fn screen(written: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = written;
    while !rest.is_empty() {
        let last = lines.last_mut().unwrap();
        if let Some(behind) = rest.strip_prefix("\r\n") {
            lines.push(String::new());
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("\r\u{1b}[2K") {
            last.clear();
            rest = behind;
        } else {
            let mut chars = rest.chars();
            let shown = chars.next().filter(|c| !matches!(c, '\u{1b}' | '\r'));
            last.push(shown.unwrap_or_else(|| panic!("what is this? {rest:?}")));
            rest = chars.as_str();
        }
    }
    lines
}

#[test]
fn a_terminal_shows_how_far_the_run_is_and_is_left_clean() {
    if !has_script() {
        assert!(std::env::var_os("CI").is_none(), "script of util-linux is not here");
        let skipped = b"SKIPPED: progress on a terminal: script of util-linux is not here\n";
        std::io::stderr().write_all(skipped).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (pipe, map) = (dir.path().join("pipe"), dir.path().join("map.parquet"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open for both, so that this does not wait for the other end; the log ends when it is dropped.
    let mut log = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    log.write_all(FLOW.repeat(3).as_bytes()).unwrap();
    let binary = env!("CARGO_BIN_EXE_egressmap");
    let command = format!("{binary} discover {} --out {}", pipe.display(), map.display());
    let mut child = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut terminal = child.stdout.take().unwrap();
    let mut written = Vec::new();
    // Once the bytes are read, the pipe is open at the other end.
    let read = format!("reading   0 objects, {} bytes", 3 * FLOW.len());
    let live = |written: &[u8]| String::from_utf8_lossy(written).contains(&read);
    let mut some = [0; 4_096];
    while !live(&written) {
        let count = terminal.read(&mut some).unwrap();
        written.extend_from_slice(&some[..count]);
        // The line comes again and again: this much of it is enough to wait for.
        let text = String::from_utf8_lossy(&written);
        assert!(count > 0 && text.len() < 50_000, "{read:?} does not come: {text:?}");
    }
    drop(log);
    terminal.read_to_end(&mut written).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let left = screen(&String::from_utf8(written).unwrap());
    assert!(
        left.iter().any(|line| line.starts_with("read      1 object")),
        "{left:?}"
    );
    assert!(!left.iter().any(|line| line.contains("reading")), "{left:?}");
}
