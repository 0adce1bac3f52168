//! What the destination is called, rule by rule.

mod answers;

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{
    ANSWER_HOLDS_HOURS, AwsRanges, Confirmation, Knowledge, PtrAnswer, UNKNOWN_DESTINATION, addresses_to_resolve, name,
};
use crate::identity::{DnsName, ServiceName};
use crate::map::{
    Application, Certainty, Class, Dependency, Grade, Hours, OnlySource, Protocol, ServiceFacts, Starts, Tally,
};
use crate::observed::{AccessEdge, FlowEdge, Host, Observed};

const RANGES: &str = r#"{"prefixes": [
  {"ip_prefix": "203.0.113.128/25", "region": "eu-west-1", "service": "S3"},
  {"ip_prefix": "192.0.2.0/24", "region": "eu-west-1", "service": "EC2"}
]}"#;

fn service(name: &str) -> ServiceName {
    ServiceName::try_from(name.to_owned()).unwrap()
}

fn dns(name: &str) -> DnsName {
    DnsName::try_from(name.to_owned()).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn seen() -> Hours {
    let mut hours = Hours::default();
    hours.mark(1_790_000_000, 1_790_000_060);
    hours
}

fn tally(records: u64) -> Tally {
    Tally {
        records,
        bytes_out: records * 100,
        ..Tally::default()
    }
}

/// `caller` reaches `address:port` over TCP in `records` flow records.
fn flow(caller: &str, address: &str, port: u16, records: u64) -> FlowEdge {
    FlowEdge {
        service: service(caller),
        address: ip(address),
        owner: None,
        port,
        protocol: Protocol::Tcp,
        aws_service: None,
        at_initiator: tally(records),
        at_responder: Tally::default(),
        elsewhere: Tally::default(),
        refused: 0,
        seen: seen(),
        initiator: Certainty::Likely,
        source: OnlySource::Unknown,
        starts: Starts::default(),
    }
}

/// `caller` asks for `host` at `address:port` in `lines` lines.
fn access(caller: &str, host: Host, address: &str, port: u16, lines: u64) -> AccessEdge {
    AccessEdge {
        service: service(caller),
        application: match host {
            Host::Authority(_) => Application::Http,
            Host::Sni(_) => Application::Tls,
        },
        host: Some(host),
        address: Some(ip(address)),
        owner: None,
        port,
        tally: tally(lines),
        refused: 0,
        seen: seen(),
        starts: Starts::default(),
    }
}

fn sni(name: &str) -> Host {
    Host::Sni(dns(name))
}

fn authority(name: &str) -> Host {
    Host::Authority(dns(name))
}

fn observed(flows: Vec<FlowEdge>, accesses: Vec<AccessEdge>) -> Observed {
    Observed {
        flows,
        accesses,
        ..Observed::default()
    }
}

fn knowledge() -> Knowledge {
    let answer = |name: &str, confirmation| PtrAnswer {
        name: dns(name),
        confirmation,
    };
    Knowledge {
        ranges: AwsRanges::from_json("r", RANGES.as_bytes()).unwrap(),
        ptr: [
            (ip("198.51.100.1"), answer("one.example.test", Confirmation::Forward)),
            (ip("198.51.100.2"), answer("two.example.test", Confirmation::None)),
            (ip("198.51.100.3"), answer("ledger", Confirmation::Forward)),
        ]
        .into(),
    }
}

/// The dependencies as (service, destination, port) and what is known of each.
fn named(observed: Observed) -> Vec<((String, String, u16), Dependency)> {
    let identity = |key: crate::map::Key| (key.service.to_string(), key.destination, key.port);
    name(&observed, &knowledge())
        .into_iter()
        .map(|(key, it)| (identity(key), it))
        .collect()
}

/// The destination of the one flow in `observed` of service `a`.
fn destination_of_a(observed: Observed) -> (String, Grade) {
    let all = named(observed);
    let ((_, destination, _), it) = all
        .iter()
        .find(|((service, ..), it)| service == "a" && !it.flow().is_empty())
        .unwrap();
    (destination.clone(), it.name.grade())
}

#[test]
fn the_nearest_lines_name_a_flow() {
    let evidence = [
        access("b", sni("any-caller.test"), "203.0.113.7", 80, 9),
        access("b", sni("any-caller-same-port.test"), "203.0.113.7", 443, 8),
        access("a", sni("same-caller.test"), "203.0.113.7", 80, 7),
        access("a", sni("same-caller-same-port.test"), "203.0.113.7", 443, 1),
    ];
    let expected = [
        "any-caller.test",
        "any-caller-same-port.test",
        "same-caller.test",
        "same-caller-same-port.test",
    ];
    for (count, expected) in (1..).zip(expected) {
        let observed = observed(vec![flow("a", "203.0.113.7", 443, 5)], evidence[..count].to_vec());
        assert_eq!(destination_of_a(observed), (expected.to_owned(), Grade::Sni));
    }
}

#[test]
fn of_several_names_the_one_with_more_lines_wins_then_the_better_grade_then_the_first() {
    let of = |lines: Vec<AccessEdge>| destination_of_a(observed(vec![flow("a", "203.0.113.7", 443, 5)], lines)).0;
    let line = |host, lines| access("a", host, "203.0.113.7", 443, lines);
    assert_eq!(of(vec![line(sni("b.test"), 2), line(sni("a.test"), 1)]), "b.test");
    assert_eq!(of(vec![line(sni("a.test"), 2), line(authority("b.test"), 2)]), "b.test");
    assert_eq!(of(vec![line(sni("b.test"), 2), line(sni("a.test"), 2)]), "a.test");
    assert_eq!(
        of(vec![
            line(sni("a.test"), 3),
            line(sni("b.test"), 2),
            line(authority("b.test"), 2)
        ]),
        "b.test"
    );
}

#[test]
fn the_other_names_of_an_address_are_kept_with_their_lines() {
    let lines = vec![
        access("a", sni("a.test"), "203.0.113.7", 443, 9),
        access("a", sni("b.test"), "203.0.113.7", 443, 4),
    ];
    let all = named(observed(vec![flow("a", "203.0.113.7", 443, 5)], lines));
    let [(a, of_a), (b, of_b)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!((a.1.as_str(), b.1.as_str()), ("a.test", "b.test"));
    assert_eq!(of_a.name.also, [("b.test".to_owned(), 4)].into());
    assert_eq!(of_b.name.also, [("a.test".to_owned(), 9)].into());
    assert_eq!((of_a.flow().records, of_a.access.records), (5, 9));
    assert_eq!((of_b.flow().records, of_b.access.records), (0, 4));
}

#[test]
fn both_planes_join_and_each_line_is_evidence_once() {
    let flows = vec![flow("a", "203.0.113.7", 443, 5), flow("a", "203.0.113.8", 443, 6)];
    let lines = vec![
        access("a", sni("a.test"), "203.0.113.7", 443, 9),
        access("a", sni("a.test"), "203.0.113.8", 443, 1),
    ];
    let all = named(observed(flows, lines));
    let [(_, it)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(it.name.evidence, [(Grade::Sni, 10)].into());
    assert_eq!((it.flow().records, it.access.records, it.addresses.len()), (11, 10, 2));
    assert_eq!(it.volume().bytes_out, 1_100);
    assert_eq!(
        (it.initiator, it.application, it.class),
        (Certainty::Certain, Application::Tls, Class::External)
    );
}

#[test]
fn lines_of_another_caller_are_evidence_and_no_records() {
    let all = named(observed(
        vec![flow("a", "203.0.113.7", 443, 5)],
        vec![access("b", authority("x.test"), "203.0.113.7", 443, 3)],
    ));
    let of_a = &all[0].1;
    assert_eq!(of_a.name.evidence, [(Grade::Authority, 3)].into());
    assert_eq!((of_a.access.records, of_a.initiator), (0, Certainty::Likely));
}

#[test]
fn an_owned_responder_is_its_service_and_keeps_the_names_it_is_dialled_by() {
    let mut to_ledger = flow("a", "10.0.0.9", 8080, 5);
    to_ledger.owner = Some(service("ledger"));
    let mut by_name = access("a", authority("ledger.shop.test"), "10.0.0.9", 8080, 2);
    by_name.owner = Some(service("ledger"));
    let all = named(observed(vec![to_ledger], vec![by_name]));
    let [((_, destination, _), it)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        (destination.as_str(), it.class, it.name.grade()),
        ("ledger", Class::Internal, Grade::Address)
    );
    assert_eq!(it.name.also, [("ledger.shop.test".to_owned(), 2)].into());
    assert_eq!(
        (it.flow().records, it.access.records, it.application),
        (5, 2, Application::Http)
    );
}

#[test]
fn a_refused_line_names_its_own_attempt_and_no_address() {
    let mut refused = access("a", authority("evil.test"), "203.0.113.7", 443, 0);
    refused.refused = 4;
    let all = named(observed(vec![flow("a", "203.0.113.7", 443, 5)], vec![refused]));
    let destinations: Vec<_> = all
        .iter()
        .map(|((_, destination, _), it)| (destination.as_str(), it.name.grade()))
        .collect();
    assert_eq!(
        destinations,
        [("203.0.113.7", Grade::Address), ("evil.test", Grade::Authority)]
    );
    assert!(all[1].1.only_refused(Protocol::Tcp) && all[1].1.refused_access == 4);
    assert_eq!(all[1].1.name.evidence, [(Grade::Authority, 4)].into());
}

#[test]
fn tcp_that_the_far_side_refused_and_never_answered_is_an_attempt() {
    let attempt = |refused, packets_in, protocol: Protocol| {
        let mut edge = flow("a", "203.0.113.7", 443, 5);
        (edge.refused, edge.protocol) = (refused, protocol);
        (edge.at_initiator.packets_in, edge.at_initiator.bytes_in) = (packets_in, 40 * packets_in);
        named(observed(vec![edge], vec![]))[0].1.only_refused(protocol)
    };
    assert!(attempt(1, 0, Protocol::Tcp));
    assert!(!attempt(0, 0, Protocol::Tcp), "one-way logs refuse nothing");
    assert!(!attempt(1, 1, Protocol::Tcp), "it was answered once");
    assert!(!attempt(1, 0, Protocol::Udp), "a datagram needs no answer");

    let refused = FlowEdge {
        refused: 1,
        ..flow("a", "203.0.113.7", 443, 5)
    };
    let lines = access("a", authority("a.test"), "203.0.113.7", 443, 2);
    let all = named(observed(vec![refused], vec![lines]));
    assert!(!all[0].1.only_refused(Protocol::Tcp), "the proxy saw it work");
}

#[test]
fn a_client_cannot_hide_an_address_behind_the_name_of_a_service_of_ours() {
    let mut seen = observed(
        vec![flow("a", "203.0.113.66", 443, 5)],
        vec![access("a", authority("ledger"), "203.0.113.66", 443, 9)],
    );
    seen.services.insert(service("Ledger"), ServiceFacts::default());
    let all = named(seen);
    let [((_, destination, _), it)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!((destination.as_str(), it.class), ("203.0.113.66", Class::External));
    assert_eq!(it.name.also, [("ledger".to_owned(), 9)].into());
}

#[test]
fn a_line_without_an_address_is_named_by_its_host() {
    let without_address = |host| AccessEdge {
        address: None,
        ..access("a", host, "192.0.2.1", 443, 1)
    };
    let mut seen = observed(
        vec![],
        vec![without_address(sni("a.test")), without_address(authority("ledger"))],
    );
    seen.accesses.push(AccessEdge {
        host: None,
        application: Application::Tcp,
        ..without_address(sni("x.test"))
    });
    seen.services.insert(service("Ledger"), ServiceFacts::default());
    let all = named(seen);
    let classes: Vec<_> = all
        .iter()
        .map(|((_, destination, _), it)| (destination.as_str(), it.class))
        .collect();
    assert_eq!(
        classes,
        [
            (UNKNOWN_DESTINATION, Class::External),
            ("Ledger", Class::Internal),
            ("a.test", Class::External)
        ]
    );
    assert!(all.iter().all(|(_, it)| it.addresses.is_empty()));
}

#[test]
fn a_line_without_a_host_takes_the_name_of_its_address() {
    let mut plain = access("b", sni("x.test"), "203.0.113.7", 443, 2);
    plain.host = None;
    plain.application = Application::Tcp;
    let all = named(observed(
        vec![],
        vec![plain, access("a", sni("a.test"), "203.0.113.7", 443, 1)],
    ));
    let of_b = all.iter().find(|((service, ..), _)| service == "b").unwrap();
    assert_eq!(
        (of_b.0.1.as_str(), of_b.1.name.grade(), of_b.1.application),
        ("a.test", Grade::Sni, Application::Tls)
    );
}

#[test]
fn an_aws_service_names_an_address_for_every_record_of_it() {
    let mut logged = flow("a", "198.51.100.77", 443, 3);
    logged.aws_service = Some("DYNAMODB".to_owned());
    let flows = vec![
        logged,
        flow("a", "198.51.100.77", 443, 2),
        flow("b", "203.0.113.200", 443, 1),
    ];
    let all = named(observed(flows, vec![]));
    let [(dynamodb, of_dynamodb), (s3, of_s3)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        (dynamodb.1.as_str(), s3.1.as_str()),
        ("aws/dynamodb", "aws/s3/eu-west-1")
    );
    assert_eq!(of_dynamodb.name.evidence, [(Grade::Aws, 5)].into());
    assert_eq!(
        (of_dynamodb.class, of_s3.class, of_s3.name.grade()),
        (Class::Aws, Class::Aws, Grade::Aws)
    );
}

#[test]
fn a_host_that_a_proxy_saw_is_better_than_the_ranges() {
    let line = access("a", sni("bucket.s3.amazonaws.com"), "203.0.113.200", 443, 1);
    let all = named(observed(vec![flow("a", "203.0.113.200", 443, 1)], vec![line]));
    let [((_, destination, _), it)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        (destination.as_str(), it.class),
        ("bucket.s3.amazonaws.com", Class::Aws)
    );
}

#[test]
fn reverse_dns_names_what_nothing_else_does() {
    let flows =
        ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"].map(|address| flow("a", address, 9000, 1));
    let mut seen = observed(flows.to_vec(), vec![]);
    seen.services.insert(service("ledger"), ServiceFacts::default());
    let named: Vec<_> = named(seen)
        .into_iter()
        .map(|((_, destination, _), it)| (destination, it.name.grade()))
        .collect();
    let expected = [
        ("198.51.100.3", Grade::Address),
        ("198.51.100.4", Grade::Address),
        ("one.example.test", Grade::Fcrdns),
        ("two.example.test", Grade::Ptr),
    ];
    assert_eq!(
        named,
        expected.map(|(destination, grade)| (destination.to_owned(), grade))
    );
}

#[test]
fn the_class_is_infrastructure_by_port_before_all_else() {
    let mut dns = flow("a", "10.0.0.2", 53, 1);
    dns.protocol = Protocol::Udp;
    dns.owner = Some(service("resolver"));
    let flows = vec![dns, flow("a", "10.9.9.9", 5432, 1), flow("a", "169.254.169.254", 80, 1)];
    let all = named(observed(flows, vec![]));
    let classes: Vec<_> = all
        .iter()
        .map(|((_, destination, _), it)| (destination.as_str(), it.class))
        .collect();
    assert_eq!(
        classes,
        [
            ("10.9.9.9", Class::Private),
            ("169.254.169.254", Class::Infrastructure),
            ("resolver", Class::Infrastructure)
        ]
    );
}

#[test]
fn what_the_proxy_saw_is_better_than_what_the_port_suggests() {
    let tls_on_80 = access("a", sni("a.test"), "203.0.113.7", 80, 1);
    let spoken = |flows, lines| named(observed(flows, lines)).remove(0).1.application;
    assert_eq!(
        spoken(vec![flow("a", "203.0.113.7", 80, 1)], vec![tls_on_80]),
        Application::Tls
    );
    assert_eq!(spoken(vec![flow("a", "203.0.113.7", 80, 1)], vec![]), Application::Http);
    assert_eq!(spoken(vec![flow("a", "203.0.113.7", 443, 1)], vec![]), Application::Tls);
    assert_eq!(
        spoken(vec![flow("a", "203.0.113.7", 5432, 1)], vec![]),
        Application::Tcp
    );
    let gre = FlowEdge {
        protocol: Protocol::Other(47),
        ..flow("a", "203.0.113.7", 0, 1)
    };
    assert_eq!(spoken(vec![gre], vec![]), Application::Other);
}

#[test]
fn only_addresses_that_nothing_better_names_are_worth_asking_for() {
    let mut owned = flow("a", "10.0.0.9", 443, 1);
    owned.owner = Some(service("ledger"));
    let flows = vec![
        owned,
        flow("a", "203.0.113.7", 443, 1),
        flow("a", "203.0.113.200", 443, 1),
        flow("a", "198.51.100.1", 443, 1),
        flow("a", "169.254.169.254", 80, 1),
        flow("a", "10.0.0.2", 53, 1),
        flow("a", "10.9.9.9", 5432, 1),
        flow("a", "198.51.100.99", 443, 1),
        flow("a", "2001:db8::9", 443, 1),
    ];
    let seen = observed(flows, vec![access("b", sni("a.test"), "203.0.113.7", 443, 1)]);
    let expected: BTreeSet<_> = ["10.9.9.9", "198.51.100.99", "2001:db8::9"].map(ip).into();
    assert_eq!(addresses_to_resolve(&seen, &knowledge()), expected);
}

#[test]
fn the_order_of_the_edges_does_not_matter() {
    let mut seen = observed(
        vec![
            flow("a", "203.0.113.7", 443, 5),
            flow("b", "203.0.113.7", 443, 6),
            flow("a", "203.0.113.8", 80, 1),
        ],
        vec![
            access("a", sni("a.test"), "203.0.113.7", 443, 9),
            access("b", authority("b.test"), "203.0.113.7", 443, 9),
            access("b", sni("b.test"), "203.0.113.8", 443, 1),
        ],
    );
    let forth = name(&seen, &knowledge());
    seen.flows.reverse();
    seen.accesses.reverse();
    assert_eq!(name(&seen, &knowledge()), forth);
}

#[test]
fn an_address_with_very_many_names_costs_a_bounded_number_of_others_each() {
    let host = |number: u64| access("a", sni(&format!("h{number:03}.test")), "203.0.113.7", 443, number + 1);
    let all = named(observed(vec![], (0..200).map(host).collect()));
    assert_eq!(all.len(), 200);
    assert!(all.iter().all(|(_, it)| it.name.also.len() == 32));
    assert_eq!(all[0].1.name.also.first_key_value().unwrap().0, "h168.test");
}
