//! Suricata, the engine of AWS Network Firewall: it reads the rules, and drops of a capture what they do not allow.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::process::{Command, Output};

use egressmap_generator::{OnConflict, Proposal};
use serde_json::Value;
use tempfile::TempDir;

use crate::capture::{Capture, client_hello, request};
use crate::docket::{every_form, proposal, skip, write};
use crate::python::said;

/// What `aws:drop_established` does, as rules of the engine.
const DEFAULT_ACTION: &str = "\
drop http $HOME_NET any -> any any (msg:\"default\"; flow:to_server, established; sid:1;)
drop tls $HOME_NET any -> any any (msg:\"default\"; flow:to_server, established; sid:2;)
drop tcp $HOME_NET any -> any ![80,443,8080] (msg:\"default\"; flow:to_server, established; sid:3;)
";

fn is_there() -> bool {
    let there = Command::new("suricata")
        .arg("-V")
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        skip("suricata", "not found on PATH");
    }
    there
}

fn suricata(root: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new("suricata");
    command.current_dir(root.path()).args(arguments).args(["-l", "."]);
    command.args(["--set", "vars.address-groups.HOME_NET=10.0.0.0/8"]);
    command.output().unwrap()
}

/// What a client says on a connection, to whom, and whether the ledger of the docket allows it.
type Connection = (Ipv4Addr, u16, Vec<u8>, bool);

fn connections() -> Vec<Connection> {
    let anywhere = Ipv4Addr::new(192, 0, 2, 80);
    let tls = |name: &str, allowed| (anywhere, 443, client_hello(name), allowed);
    let http = |port, host: &str, allowed| (anywhere, port, request(host), allowed);
    vec![
        tls("api.stripe.com", true),
        tls("API.Stripe.com", true),
        tls("evil.example", false),
        tls("api.stripe.com.evil.example", false),
        tls("notapi.stripe.com", false),
        tls("a.cdn.example", true),
        tls("a.b.cdn.example", true),
        tls("cdn.example", false),
        tls("evilcdn.example", false),
        http(80, "rates.example", true),
        http(80, "rates.example:80", true),
        http(80, "evil.example", false),
        http(80, "a.rates.example", false),
        http(8080, "x.pages.example", true),
        http(8080, "pages.example", false),
        http(8080, "rates.example", false),
        (Ipv4Addr::new(203, 0, 113, 7), 5432, b"hello".to_vec(), true),
        (Ipv4Addr::new(203, 0, 113, 8), 5432, b"hello".to_vec(), false),
        (Ipv4Addr::new(198, 51, 100, 9), 443, client_hello("any.example"), true),
    ]
}

#[test]
fn suricata_accepts_the_rules_and_drops_what_the_ledger_does_not_allow() {
    if !is_there() {
        return;
    }
    let root = TempDir::new().unwrap();
    let rules = tested(&root, &every_form());
    // The judge is awake: a rule without its end is refused.
    fs::write(root.path().join("broken.rules"), rules.replace(";)", "")).unwrap();
    assert!(!suricata(&root, &["-T", "-S", "broken.rules"]).status.success());
    hold(&root, rules, &connections());
}

#[test]
fn the_firewall_beside_the_mesh_lets_through_what_bypasses_the_proxies_and_what_passes_them() {
    if !is_there() {
        return;
    }
    let root = TempDir::new().unwrap();
    let proposal = proposal(OnConflict::IgnorePort);
    let media = proposal
        .callers
        .iter()
        .find(|caller| caller.virtual_node == "media")
        .unwrap();
    assert_eq!(media.ignored_ports, [443].into());
    let rules = tested(&root, &proposal.beside(true));
    let anywhere = Ipv4Addr::new(192, 0, 2, 80);
    let tls = |name: &str, allowed| (anywhere, 443, client_hello(name), allowed);
    let connections = [
        tls("a.b.cdn.example", true),
        tls("a-b.cdn.example", true),
        tls("evil.example", false),
        // These pass the proxies of the mesh, and the firewall behind them.
        (anywhere, 80, request("rates.example"), true),
        (anywhere, 8080, request("_acme.cdn_.example"), true),
        tls("api.stripe.com", true),
        (anywhere, 80, request("evil.example"), false),
    ];
    hold(&root, rules, &connections);
}

/// The rules of a proposal, which the engine has read.
fn tested(root: &TempDir, proposal: &Proposal) -> String {
    let folder = write(root.path(), "network-firewall", proposal);
    let tested = suricata(root, &["-T", "-S", "network-firewall/egress.rules"]);
    assert!(tested.status.success(), "{}", said(&tested));
    fs::read_to_string(folder.join("egress.rules")).unwrap()
}

/// Runs connections past the rules, and expects those that are not allowed to be dropped, and no others.
fn hold(root: &TempDir, rules: String, connections: &[Connection]) {
    let mut capture = Capture::new();
    let ports = 40_000..;
    for (client_port, (server, port, message, _)) in ports.clone().zip(connections) {
        capture.tcp(client_port, *server, *port, message);
    }
    fs::write(root.path().join("capture.pcap"), capture.into_bytes()).unwrap();
    fs::write(root.path().join("all.rules"), rules + DEFAULT_ACTION).unwrap();
    let run = ["-r", "capture.pcap", "-S", "all.rules", "-k", "none", "--simulate-ips"];
    let output = suricata(root, &run);
    assert!(output.status.success(), "{}", said(&output));

    let events = fs::read_to_string(root.path().join("eve.json")).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let blocked: BTreeSet<u64> = events
        .filter(|event| event["alert"]["action"] == "blocked")
        .filter_map(|event| event["src_port"].as_u64())
        .collect();
    let expected: BTreeSet<u64> = ports
        .zip(connections)
        .filter(|(_, (_, _, _, allowed))| !allowed)
        .map(|(client_port, _)| u64::from(client_port))
        .collect();
    assert_eq!(blocked, expected);
}
