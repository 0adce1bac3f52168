//! A real DNS server for a test: NSD, from its Debian package, on a port of its own.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

/// A running server; it ends with this value.
pub(crate) struct Nsd {
    /// Where it listens, on UDP and TCP.
    pub(crate) address: SocketAddr,
    process: Child,
    /// Open as long as the server runs, so that it can always write to its log.
    _log: BufReader<ChildStderr>,
    _folder: TempDir,
}

/// A zone: its name, and its records after the SOA, or `None` for one whose file is missing (it answers SERVFAIL).
pub(crate) type Zone<'a> = (&'a str, Option<&'a str>);

impl Nsd {
    /// Starts a server. `None`, with a visible line, where NSD is not installed; on a CI machine it must be.
    pub(crate) fn start(zones: &[Zone<'_>]) -> Option<Self> {
        let program = ["/usr/sbin/nsd", "/usr/bin/nsd", "/usr/local/sbin/nsd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let Some(program) = program else {
            assert!(
                std::env::var_os("CI").is_none(),
                "NSD is not installed: apt-get install nsd"
            );
            say("SKIPPED: NSD is not installed (apt-get install nsd)\n");
            return None;
        };
        let started = (0..5).find_map(|_| Nsd::start_on(program, free_port(), zones));
        Some(started.expect("NSD starts on one of five free ports"))
    }

    fn start_on(program: &str, port: u16, zones: &[Zone<'_>]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        write_configuration(folder.path(), port, zones);
        let mut process = Command::new(program)
            .arg("-d")
            .arg("-c")
            .arg(folder.path().join("nsd.conf"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while log.read_line(&mut line).unwrap() > 0 {
            if line.contains("nsd started") {
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                return Some(Nsd {
                    address,
                    process,
                    _log: log,
                    _folder: folder,
                });
            }
            say(&line);
            line.clear();
        }
        process.wait().unwrap();
        None
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        // SIGTERM, so that it ends its own processes too.
        Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        self.process.wait().unwrap();
    }
}

/// Writes past the capture of the test harness, so that it is seen.
fn say(text: &str) {
    io::stderr().write_all(text.as_bytes()).unwrap();
}

/// A port that was free on both transports a moment ago.
fn free_port() -> u16 {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    match UdpSocket::bind(("127.0.0.1", port)) {
        Ok(_) => port,
        Err(_) => free_port(),
    }
}

fn write_configuration(folder: &Path, port: u16, zones: &[Zone<'_>]) {
    let here = folder.display();
    let mut configuration = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{here}\"\n  database: \"\"\n  \
         pidfile: \"{here}/nsd.pid\"\n  xfrdfile: \"{here}/xfrd.state\"\n  xfrdir: \"{here}\"\n  \
         zonelistfile: \"{here}/zone.list\"\n  server-count: 1\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n"
    );
    for (name, records) in zones {
        configuration += &format!("zone:\n  name: \"{name}\"\n  zonefile: \"{name}.zone\"\n");
        if let Some(records) = records {
            let start =
                format!("$ORIGIN {name}.\n$TTL 60\n@ SOA ns.test. admin.test. 1 3600 600 86400 60\n@ NS ns.test.\n");
            fs::write(folder.join(format!("{name}.zone")), start + records).unwrap();
        }
    }
    fs::write(folder.join("nsd.conf"), configuration).unwrap();
}
