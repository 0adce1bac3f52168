//! The live line on a real terminal: there while the run goes on, gone when it ends.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use egressmap_loopback::{Break, CloudWatchServer, Proxy, S3Server};

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

/// `discover` on a terminal; `None`, and said so, where there is no terminal to be had.
fn on_a_terminal(arguments: &str) -> Option<Command> {
    if !has_script() {
        assert!(std::env::var_os("CI").is_none(), "script of util-linux is not here");
        let skipped = b"SKIPPED: progress on a terminal: script of util-linux is not here\n";
        std::io::stderr().write_all(skipped).unwrap();
        return None;
    }
    let command = format!("{} discover {arguments}", env!("CARGO_BIN_EXE_egressmap"));
    let mut script = Command::new("script");
    script
        .args(["-qefc", &command, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Some(script)
}

/// The states of the live line of a run that asks a server for a source, over a slow network.
fn shown_of(source: &str, server: SocketAddr) -> Option<Vec<String>> {
    let proxy = Proxy::start(server, &[Break::Drip(0); 64]);
    let dir = tempfile::tempdir().unwrap();
    let mut script = on_a_terminal(&format!("{source} --out {}", dir.path().join("map.parquet").display()))?;
    let output = script
        .env("AWS_ENDPOINT_URL", proxy.url())
        .env("AWS_REGION", S3Server::REGION)
        .env("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY)
        .output()
        .unwrap();
    let written = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{written}");
    Some(written.split("\r\u{1b}[2K").map(str::to_owned).collect())
}

#[test]
fn the_time_that_is_left_of_a_bucket_is_shown_by_its_bytes() {
    let server = S3Server::start();
    for n in 0..40 {
        server.put("logs", &format!("flow/{n}.log"), FLOW.repeat(3_000));
    }
    let all = format!(" MB of {:.1} MB, ", (40 * 3_000 * FLOW.len()) as f64 / 1e6);
    if let Some(shown) = shown_of("s3://logs/flow/", server.address()) {
        let told =
            |state: &String| state.contains(" of 40 objects, ") && state.contains(&all) && state.ends_with(" left");
        assert!(shown.iter().any(told), "{shown:?}");
    }
}

#[test]
fn the_time_that_is_left_of_a_log_group_is_shown_by_its_hours() {
    let server = CloudWatchServer::start();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for hour in 3..=20 {
        server.put(
            "/aws/flow",
            "eni-0a-all",
            (now / 3600 - hour) * 3_600_000,
            &FLOW.repeat(3_000),
        );
    }
    if let Some(shown) = shown_of("cloudwatch:///aws/flow", server.address()) {
        let hours = |state: &String| state.contains(" of 18 objects, ") || state.contains(" of 19 objects, ");
        let told = |state: &String| hours(state) && state.ends_with(" left");
        assert!(shown.iter().any(told), "{shown:?}");
    }
}

#[test]
fn a_terminal_shows_how_far_the_run_is_and_is_left_clean() {
    let dir = tempfile::tempdir().unwrap();
    let (pipe, map) = (dir.path().join("pipe"), dir.path().join("map.parquet"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open for both, so that this does not wait for the other end; the log ends when it is dropped.
    let mut log = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    log.write_all(FLOW.repeat(3).as_bytes()).unwrap();
    let Some(mut script) = on_a_terminal(&format!("{} --out {}", pipe.display(), map.display())) else {
        return;
    };
    let mut child = script.spawn().unwrap();
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
