//! Decisions, one sentence each.
use egressmap_aggregator::map::{Application, Class, ServiceFacts};

use super::*;
use crate::ledger::{Acceptance, Verdict, merge};
use crate::sample::{self, Seen};

mod choice;
mod cutover;
mod ours;
mod review;
mod waiting;

/// Everything in the map allowed, then decided.
fn proposed(map: &DependencyMap) -> Proposal {
    chosen(map, OnConflict::Ask)
}

fn chosen(map: &DependencyMap, on_conflict: OnConflict) -> Proposal {
    let mut ledger = merge(None, map, Acceptance::Observed, None).unwrap().ledger;
    for entry in &mut ledger.entries {
        entry.verdict = Verdict::Allow;
    }
    let settings = Settings {
        on_conflict,
        ..Settings::for_mesh("shop")
    };
    propose(map, &ledger, &settings)
}

fn of(seen: impl IntoIterator<Item = Seen>) -> Proposal {
    proposed(&sample::map(seen))
}

fn with_ledger(map: &DependencyMap, entries: &str, today: Option<&str>) -> Proposal {
    let ledger = Ledger::parse(&format!("schema: egressmap/ledger/v1\ndependencies:\n{entries}")).unwrap();
    let settings = Settings {
        today: today.map(|day| day.parse().unwrap()),
        ..Settings::for_mesh("shop")
    };
    propose(map, &ledger, &settings)
}

fn codes(proposal: &Proposal) -> Vec<Code> {
    proposal.findings.iter().map(|finding| finding.code).collect()
}

fn finding(proposal: &Proposal, code: Code) -> &Finding {
    let mut found = proposal.findings.iter().filter(|finding| finding.code == code);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("{code} is missing: {:#?}", proposal.findings));
    assert_eq!(found.next(), None, "{code} stands twice");
    first
}

fn backends(proposal: &Proposal, caller: &str) -> (Vec<String>, Vec<String>) {
    let caller = proposal
        .callers
        .iter()
        .find(|found| found.virtual_node == caller)
        .unwrap();
    let list = |hosts: &BTreeSet<DnsName>| hosts.iter().map(ToString::to_string).collect();
    (list(&caller.backends), list(&caller.waiting))
}

fn pair(attached: &[&str], waiting: &[&str]) -> (Vec<String>, Vec<String>) {
    let list = |hosts: &[&str]| hosts.iter().map(ToString::to_string).collect();
    (list(attached), list(waiting))
}

#[test]
fn many_http_hosts_share_a_port() {
    let proposal = of([Seen::http("shop", "a.example", 80), Seen::http("shop", "b.example", 80)]);
    assert_eq!(backends(&proposal, "shop"), pair(&["a.example", "b.example"], &[]));
    assert_eq!(codes(&proposal), []);
}

#[test]
fn one_tcp_host_on_a_port_is_attached_with_a_warning() {
    let map = sample::map([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "logs.s3.amazonaws.com", 443).class(Class::Aws),
        Seen::tls("shop", "c.example", 443),
    ]);
    let entries = "- {service: shop, destination: a.example, port: 443, application: tls, verdict: allow}\n\
                   - {service: shop, destination: c.example, port: 443, application: tls, verdict: deny}";
    let proposal = with_ledger(&map, entries, None);
    assert_eq!(backends(&proposal, "shop"), pair(&["a.example"], &[]));
    let lone = finding(&proposal, Code::LoneTcpCaptures);
    assert_eq!(lone.severity, Severity::Warning);
    assert_eq!(lone.evidence, ["seen, and would be misrouted: c.example"]);
    assert_eq!(
        finding(&proposal, Code::DeniedButSeen).evidence,
        ["c.example:443 (tcp)"]
    );
}

#[test]
fn a_second_tcp_backend_on_one_port_is_a_conflict() {
    let proposal = of([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "b.example", 443).records(9),
        Seen::tls("shop", "c.example", 444),
        Seen::tls("till", "a.example", 443),
    ]);
    assert_eq!(
        backends(&proposal, "shop"),
        pair(&["c.example"], &["a.example", "b.example"])
    );
    assert_eq!(backends(&proposal, "till"), pair(&["a.example"], &[]));
    insta::assert_debug_snapshot!(finding(&proposal, Code::SecondTcpOnPort), @r#"
    Finding {
        severity: Decision,
        code: SecondTcpOnPort,
        caller: Some(
            "shop",
        ),
        port: Some(
            443,
        ),
        sentence: "shop needs more than one TCP or TLS destination on port 443, and App Mesh tells them apart by port alone",
        evidence: [
            "waits: a.example (tcp)",
            "waits: b.example (tcp)",
        ],
        ways_out: [
            "put a virtual router on a port of its own before each host that moves (a route with a weighted target on port 443 of its node), and change the clients: shop dials a.example:445 instead of a.example:443; till dials a.example:445 instead of a.example:443",
            "add 443 to the ports that bypass the proxy (EgressIgnoredPorts on ECS, at most 15; APPMESH_EGRESS_IGNORED_PORTS; on Kubernetes the annotation appmesh.k8s.aws/egressIgnoredPorts, which replaces its default 22), and enforce that port with another target",
            "keep ALLOW_ALL",
        ],
    }
    "#);
}

#[test]
fn nodes_stand_for_every_allowed_host_even_while_it_waits() {
    let proposal = of([Seen::tls("shop", "a.example", 443), Seen::tls("shop", "b.example", 443)]);
    let names: Vec<&str> = proposal.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["ext-a-example", "ext-b-example"]);
}

#[test]
fn http_and_tcp_on_one_port_of_a_caller_are_a_conflict() {
    let proposal = of([
        Seen::http("shop", "a.example", 8080),
        Seen::tcp("shop", "b.example", 8080),
        Seen::http("shop", "c.example", 80),
    ]);
    assert_eq!(
        backends(&proposal, "shop"),
        pair(&["c.example"], &["a.example", "b.example"])
    );
    let ways = &finding(&proposal, Code::MixedProtocols).ways_out;
    assert!(
        ways[0].ends_with("shop dials b.example:8081 instead of b.example:8080"),
        "{ways:?}"
    );
}

#[test]
fn a_tcp_service_of_ours_on_the_port_counts_as_a_backend() {
    let proposal = of([
        Seen::tcp("shop", "db.partner.example", 5432),
        Seen::tcp("shop", "ledger", 5432).class(Class::Internal),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["db.partner.example"]));
    let conflict = finding(&proposal, Code::SecondTcpOnPort);
    assert!(conflict.evidence[1].starts_with("ours: ledger (tcp"), "{conflict:?}");
    assert!(
        conflict.ways_out[0].contains("shop dials db.partner.example:5433"),
        "{conflict:?}"
    );
    assert_eq!(finding(&proposal, Code::Internal).evidence, ["ledger:5432 (tcp)"]);
}

#[test]
fn two_services_of_one_virtual_node_share_its_ports() {
    let mut map = sample::map([
        Seen::tls("web", "a.example", 443),
        Seen::tls("worker", "b.example", 443),
    ]);
    for service in ["web", "worker"] {
        let facts = ServiceFacts {
            virtual_node: Some("shop-vn".to_owned()),
            ..ServiceFacts::default()
        };
        map.manifest.services.insert(sample::service(service), facts);
    }
    let proposal = proposed(&map);
    assert_eq!(backends(&proposal, "shop-vn"), pair(&[], &["a.example", "b.example"]));
    assert_eq!(proposal.callers.len(), 1);
}

#[test]
fn a_conflict_on_a_port_that_only_others_use_counts_too() {
    let proposal = of([
        Seen::http("shop", "a.example", 80),
        Seen::tcp("till", "a.example", 9000),
        Seen::tcp("shop", "b.example", 9000),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["a.example", "b.example"]));
    let evidence = &finding(&proposal, Code::SecondTcpOnPort).evidence;
    assert_eq!(
        evidence[0],
        "waits: a.example (tcp, a port of its node that other callers use)"
    );
}

#[test]
fn a_caller_is_told_of_ports_it_did_not_use() {
    let proposal = of([Seen::http("shop", "a.example", 80), Seen::tls("till", "a.example", 443)]);
    let extra: Vec<_> = proposal
        .findings
        .iter()
        .filter(|found| found.code == Code::ExtraPorts)
        .collect();
    assert_eq!(extra.len(), 2);
    assert_eq!(extra[0].evidence, ["port 443 (tcp) is there for other callers"]);
}

#[test]
fn a_host_needed_as_http_and_as_tcp_on_one_port_waits_for_everybody() {
    let proposal = of([
        Seen::http("shop", "a.example", 8443),
        Seen::tls("till", "a.example", 8443),
    ]);
    for caller in ["shop", "till"] {
        assert_eq!(backends(&proposal, caller), pair(&[], &["a.example"]));
    }
    assert_eq!(proposal.nodes, []);
    assert_eq!(
        finding(&proposal, Code::HostOfTwoProtocols).evidence,
        ["http: shop", "tcp: till"]
    );
}

#[test]
fn tls_to_amazonaws_on_443_needs_no_backend_and_nothing_else_is_spared() {
    let aws = |seen: Seen| seen.class(Class::Aws);
    let proposal = of([
        aws(Seen::tls("shop", "s3.eu-west-1.amazonaws.com", 443)),
        aws(Seen::tls("shop", "aws/dynamodb/eu-west-1", 443)),
        aws(Seen::tcp("shop", "db.eu-west-1.rds.amazonaws.com", 5432)),
        aws(Seen::tls("shop", "s3.cn-north-1.amazonaws.com.cn", 443)),
    ]);
    let attached = pair(
        &["db.eu-west-1.rds.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"],
        &[],
    );
    assert_eq!(backends(&proposal, "shop"), attached);
    let spared = proposal
        .allowed
        .iter()
        .filter(|allowed| allowed.placement == Placement::AllowedByMesh);
    assert_eq!(spared.count(), 2);
}

#[test]
fn published_addresses_of_aws_do_not_prove_the_server_name() {
    let proposal = of([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "aws/api_gateway/eu-west-1", 443).class(Class::Aws),
        Seen::tls("shop", "sqs.eu-west-1.amazonaws.com", 443).class(Class::Aws),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&["a.example"], &[]));
    assert_eq!(
        finding(&proposal, Code::LoneTcpCaptures).evidence,
        ["seen, and would be misrouted: aws/api_gateway/eu-west-1, unless its SNI is below amazonaws.com"]
    );
    let told: Vec<_> = proposal
        .findings
        .iter()
        .filter(|found| found.code == Code::AllowedByMesh)
        .map(|found| (found.severity, found.sentence.split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (Severity::Warning, "aws/api_gateway/eu-west-1:443"),
            (Severity::Note, "sqs.eu-west-1.amazonaws.com:443"),
        ]
    );
}

#[test]
fn an_aws_service_that_is_allowed_and_not_seen_is_named_beside_a_lone_tcp_host() {
    let map = sample::map([Seen::tls("shop", "a.example", 443)]);
    let entries = "- {service: shop, destination: a.example, port: 443, application: tls, verdict: allow}\n\
                   - {service: shop, destination: aws/s3/eu-west-1, port: 443, application: tls, verdict: allow}";
    assert_eq!(
        finding(&with_ledger(&map, entries, None), Code::LoneTcpCaptures).evidence,
        ["allowed, and would be misrouted: aws/s3/eu-west-1, unless its SNI is below amazonaws.com"]
    );
}

#[test]
fn a_router_keeps_the_other_ports_of_the_host_that_moves() {
    let proposal = of([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "b.example", 443),
        Seen::http("shop", "b.example", 80),
        Seen::tcp("till", "b.example", 9000),
    ]);
    let way = &finding(&proposal, Code::SecondTcpOnPort).ways_out[0];
    assert!(
        way.ends_with(
            "it also needs a listener and a route for every other port that callers use: b.example on 80 (http), 9000 (tcp)"
        ),
        "{way}"
    );
}

#[test]
fn server_first_ports_bypass_the_proxy() {
    for port in [25, 587, 1433, 2049, 3306] {
        let proposal = of([Seen::tcp("shop", "db.example", port)]);
        assert_eq!(proposal.nodes, []);
        assert_eq!(proposal.allowed[0].placement, Placement::PortBypass);
        assert!(finding(&proposal, Code::ServerFirst).ways_out[0].starts_with(&format!("add {port} to the ports")));
    }
}

#[test]
fn udp_icmp_and_ssh_never_pass_the_proxy() {
    let proposal = of([
        Seen::udp("shop", "ntp.example", 4500),
        Seen::tcp("shop", "git.example", 22),
    ]);
    assert!(
        proposal
            .allowed
            .iter()
            .all(|allowed| allowed.placement == Placement::NotIntercepted)
    );
    assert_eq!(proposal.nodes, []);
}

#[test]
fn an_address_cannot_be_modelled_and_holds_its_port() {
    let proposal = of([
        Seen::tls("shop", "203.0.113.7", 443),
        Seen::tls("shop", "a.example", 443),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["a.example"]));
    assert_eq!(finding(&proposal, Code::AddressOnly).ways_out.len(), 3);
    assert_eq!(
        finding(&proposal, Code::UnmodelledNeighbour).evidence[1],
        "cannot be expressed: 203.0.113.7:443 (tls)"
    );
}

#[test]
fn a_wildcard_lists_the_names_that_were_seen_below_it() {
    let map = sample::map([
        Seen::tls("shop", "a.cdn.example", 443),
        Seen::tls("till", "b.cdn.example", 443),
    ]);
    let entry = "- {service: shop, destination: \"*.cdn.example\", port: 443, application: tls, verdict: allow}";
    let proposal = with_ledger(&map, entry, None);
    assert_eq!(finding(&proposal, Code::Wildcard).evidence, ["seen: a.cdn.example"]);
    assert_eq!(proposal.allowed[0].placement, Placement::Inexpressible);
}

#[test]
fn an_expired_entry_is_not_proposed() {
    let map = sample::map([Seen::tls("shop", "a.example", 443)]);
    let entry =
        "- {service: shop, destination: a.example, port: 443, application: tls, verdict: allow, expires: 2026-01-31}";
    assert_eq!(with_ledger(&map, entry, Some("2026-01-31")).allowed.len(), 1);
    let proposal = with_ledger(&map, entry, Some("2026-02-01"));
    assert_eq!((proposal.allowed.len(), proposal.nodes.len()), (0, 0));
    assert_eq!(codes(&proposal), [Code::Expired]);
}

#[test]
fn an_unattributed_caller_gets_nothing() {
    let proposal = of([Seen::tls("unattributed/10.0.0.9", "a.example", 443)]);
    assert_eq!(codes(&proposal), [Code::UnattributedCaller]);
    assert_eq!((proposal.nodes.len(), proposal.callers.len()), (0, 0));
    assert_eq!(proposal.allowed[0].placement, Placement::NoCaller);
}

#[test]
fn cutting_a_port_over_says_who_else_was_seen_there() {
    let map = sample::map([Seen::http("shop", "a.example", 80), Seen::http("shop", "b.example", 80)]);
    let entries = "- {service: shop, destination: a.example, port: 80, application: http, verdict: allow}\n\
                   - {service: shop, destination: b.example, port: 80, application: http, verdict: review}";
    let proposal = with_ledger(&map, entries, None);
    assert_eq!(
        finding(&proposal, Code::UnlistedHosts).evidence,
        ["seen, and would be refused: b.example"]
    );
    assert_eq!(finding(&proposal, Code::AwaitsReview).evidence, ["b.example:80 (http)"]);
}

#[test]
fn what_the_ledger_lacks_is_said_and_a_narrow_allow_beats_a_wide_deny() {
    let map = sample::map([
        Seen::tls("shop", "new.example", 443),
        Seen::tls("shop", "a.cdn.example", 8443),
    ]);
    let entries = "- {service: shop, destination: \"*.cdn.example\", port: 8443, application: tls, verdict: deny}\n\
                   - {service: shop, destination: a.cdn.example, port: 8443, application: tls, verdict: allow}";
    let proposal = with_ledger(&map, entries, None);
    assert_eq!(
        finding(&proposal, Code::NotInLedger).evidence,
        ["new.example:443 (tcp)"]
    );
    assert!(finding(&proposal, Code::AllowedWithinDenied).evidence[0].ends_with("*.cdn.example (line 3)"));
    assert_eq!(backends(&proposal, "shop"), pair(&["a.cdn.example"], &[]));
}

#[test]
fn what_is_over_a_quota_needs_a_decision_before_anything_is_applied() {
    let many = (0..201).map(|n| Seen::http("shop", &format!("h{n}.example"), 80));
    let ours = Seen::http("shop", "ledger", 8080).class(Class::Internal);
    let proposal = of(many.chain([ours]));
    assert!(
        finding(&proposal, Code::BackendQuota)
            .sentence
            .contains("would have 202 backends")
    );
    assert!(
        finding(&proposal, Code::MeshQuota)
            .sentence
            .contains("203 virtual nodes or more")
    );
    for code in [Code::BackendQuota, Code::MeshQuota] {
        assert_eq!(finding(&proposal, code).severity, Severity::Decision);
    }
}

#[test]
fn infrastructure_is_noted_and_dns_over_tcp_gets_its_way_out() {
    let dns = |seen: Seen| seen.class(Class::Infrastructure);
    let proposal = of([
        dns(Seen::udp("shop", "10.0.0.2", 53)),
        dns(Seen::tcp("shop", "10.0.0.2", 53)),
    ]);
    let note = finding(&proposal, Code::Infrastructure);
    assert_eq!((note.evidence.len(), note.ways_out.len()), (2, 1));
    assert_eq!(proposal.allowed, []);
}

#[test]
fn the_page_names_what_waits_and_how_to_go_on() {
    let map = sample::map([
        Seen::http("shop", "a_b.example", 80),
        Seen::tls("till<script>", "c.example", 443),
        Seen::tls("till<script>", "d.example", 443),
    ]);
    insta::assert_snapshot!(summary(&proposed(&map)));
}

#[test]
fn a_listener_speaks_tcp_unless_the_proxy_saw_requests() {
    for (application, listener) in [
        (Application::Http, "http"),
        (Application::Tls, "tcp"),
        (Application::Tcp, "tcp"),
    ] {
        assert_eq!(Listener::of(application).to_string(), listener);
    }
}
