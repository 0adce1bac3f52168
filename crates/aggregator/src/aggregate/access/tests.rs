//! What access lines become, line by line.
use std::borrow::Cow;
use std::net::SocketAddr;

use egressmap_parser::Sink;

use super::*;
use crate::aggregate::{Aggregator, Settings};
use crate::observed::Observed;

const SHOP: &str = "service,address,origin\n\
    checkout,10.0.0.1,\n\
    ledger,10.0.0.2,\n\
    cart,,logs/cart/*\n\
    cart-canary,,logs/cart/canary-*\n";

/// A line of the object `origin`, given as `key=value …` in the names of Envoy's operators.
fn line<'a>(text: &'a str) -> AccessRecord<'a> {
    let mut record = AccessRecord {
        start: 3_600,
        bytes_received: 10,
        bytes_sent: 90,
        ..AccessRecord::default()
    };
    let own = |value: &'a str| Some(Cow::Borrowed(value));
    let socket = |value: &str| Some(value.parse::<SocketAddr>().unwrap());
    for pair in text.split_whitespace() {
        let (key, value) = pair.split_once('=').unwrap();
        match key {
            "start" => record.start = value.parse().unwrap(),
            "method" => record.method = own(value),
            "authority" => record.authority = own(value),
            "sni" => record.sni = own(value),
            "protocol" => record.protocol = own(value),
            "flags" => record.response_flags = own(value),
            "details" => record.response_code_details = own(value),
            "route" => record.route_name = own(value),
            "cluster" => record.upstream_cluster = own(value),
            "upstream" => record.upstream_host = socket(value),
            "local" => record.downstream_local = socket(value),
            "remote" => record.downstream_remote = socket(value),
            "direct" => record.downstream_direct_remote = socket(value),
            "identity" => record.identity = own(value),
            other => panic!("no such key: {other}"),
        }
    }
    record
}

fn observe(lines: &[(&str, &str)]) -> (Observed, Vec<Verdict>) {
    let inventory = Inventory::from_csv("inventory.csv", SHOP.as_bytes()).unwrap();
    let mut one = Aggregator::new(&inventory, &Settings::default());
    let mut other = Aggregator::new(&inventory, &Settings::default());
    let read = |aggregator: &mut Aggregator<'_>, (origin, text): &(&str, &str)| {
        aggregator.object(&ObjectId {
            uri: (*origin).to_owned(),
            version: None,
            size: None,
        });
        aggregator.access(1, &line(text))
    };
    let verdicts = lines.iter().map(|line| read(&mut one, line)).collect();
    for line in lines.iter().rev() {
        read(&mut other, line);
    }
    let observed = one.finish().unwrap();
    let empty = Aggregator::new(&inventory, &Settings::default());
    assert_eq!(empty.merge(other).finish().unwrap(), observed, "order of lines matters");
    (observed, verdicts)
}

/// What one line of checkout's proxy comes to: `service > host@address (owner):port application`, or why not.
fn seen(text: &str) -> String {
    let (observed, verdicts) = observe(&[("mixed.log", &format!("direct=10.0.0.1:4000 {text}"))]);
    match (&verdicts[0], observed.accesses.first()) {
        (Verdict::SetAside(reason), None) => (*reason).to_owned(),
        (Verdict::Used, Some(edge)) => shown(edge),
        (Verdict::Used, None) if observed.inbound == 1 => "inbound".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn shown(edge: &AccessEdge) -> String {
    let host = match &edge.host {
        Some(Host::Authority(name)) => format!("authority {name}"),
        Some(Host::Sni(name)) => format!("sni {name}"),
        None => "-".to_owned(),
    };
    let address = edge.address.map_or("-".to_owned(), |address| address.to_string());
    let owner = edge
        .owner
        .as_ref()
        .map(|owner| format!(" ({owner})"))
        .unwrap_or_default();
    let refused = if edge.refused > 0 { " refused" } else { "" };
    let application = format!("{:?}", edge.application).to_lowercase();
    format!(
        "{} > {host} {address}{owner}:{} {application}{refused}",
        edge.service, edge.port
    )
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(seen(text), *expected, "{text}");
    }
}

#[test]
fn the_host_is_the_authority_else_the_sni_else_that_of_the_cluster() {
    check(&[
        (
            "method=GET authority=API.Example.test:8080 upstream=203.0.113.7:80 sni=other.test",
            "checkout > authority api.example.test 203.0.113.7:8080 http",
        ),
        (
            "sni=api.example.test upstream=203.0.113.7:443 cluster=PassthroughCluster",
            "checkout > sni api.example.test 203.0.113.7:443 tls",
        ),
        (
            "cluster=outbound|5432||db.example.test upstream=10.0.0.2:5433",
            "checkout > authority db.example.test 10.0.0.2 (ledger):5432 tcp",
        ),
        (
            "method=GET authority=203.0.113.7:8080 cluster=outbound|80||api.example.test upstream=203.0.113.7:80",
            "checkout > authority api.example.test 203.0.113.7:8080 http",
        ),
        ("upstream=203.0.113.7:9000", "checkout > - 203.0.113.7:9000 tcp"),
        (
            "method=GET authority=[2001:db8::7]:8080",
            "checkout > - 2001:db8::7:8080 http",
        ),
        (
            "sni=outbound_.8080_._.cart.shop.svc.cluster.local upstream=10.0.0.2:9000",
            "checkout > authority cart.shop.svc.cluster.local 10.0.0.2 (ledger):8080 tls",
        ),
    ]);
}

#[test]
fn the_port_is_the_first_that_anything_names() {
    check(&[
        (
            "method=GET authority=a.test cluster=cds_egress_mesh_node_http_8080 local=203.0.113.7:81 upstream=203.0.113.8:82",
            "checkout > authority a.test 203.0.113.8:8080 http",
        ),
        (
            "method=GET authority=a.test cluster=cds_egress_mesh_amazonaws local=203.0.113.7:81 upstream=203.0.113.8:82",
            "checkout > authority a.test 203.0.113.8:81 http",
        ),
        (
            "method=GET authority=a.test local=127.0.0.1:15001 upstream=203.0.113.8:82",
            "checkout > authority a.test 203.0.113.8:82 http",
        ),
        ("method=GET authority=a.test", "checkout > authority a.test -:80 http"),
        ("sni=a.test", "checkout > sni a.test -:443 tls"),
        (
            "sni=a.test local=203.0.113.7:993",
            "checkout > sni a.test 203.0.113.7:993 tls",
        ),
    ]);
}

#[test]
fn what_the_proxy_refused_is_refused_and_has_no_bytes() {
    let cases = [
        "method=GET authority=a.test flags=NR details=route_not_found",
        "method=GET authority=a.test details=route_not_found",
        "method=GET authority=a.test route=block_all details=direct_response",
        "sni=a.test flags=UH,NR",
        "sni=a.test flags=UH cluster=BlackHoleCluster",
        "sni=a.test details=filter_chain_not_found",
    ];
    for case in cases {
        assert!(seen(case).ends_with(" refused"), "{case}");
    }
    let passed = [
        "sni=a.test flags=UH cluster=outbound|443||a.test",
        "sni=a.test flags=UF,URX upstream=203.0.113.7:443",
        "method=GET authority=a.test details=direct_response upstream=203.0.113.7:80",
    ];
    for case in passed {
        assert!(!seen(case).ends_with(" refused"), "{case}");
    }
    let (observed, _) = observe(&[
        ("x", "direct=10.0.0.1:1 sni=a.test flags=NR start=0"),
        ("x", "direct=10.0.0.1:1 sni=a.test"),
        ("x", "direct=10.0.0.1:2 sni=A.test. start=7200"),
    ]);
    let edge = &observed.accesses[0];
    assert_eq!((observed.accesses.len(), edge.refused), (1, 1));
    assert_eq!(
        (edge.tally.records, edge.tally.bytes_out, edge.tally.bytes_in),
        (2, 20, 180)
    );
    assert_eq!(edge.seen.days, [(0, 0b111)]);
    assert_eq!(observed.window, Some((0, 7_200)));
}

#[test]
fn lines_of_the_inbound_listener_are_inbound() {
    check(&[
        ("method=GET authority=shop.test cluster=inbound|8080||", "inbound"),
        ("cluster=InboundPassthroughCluster upstream=10.0.0.1:8080", "inbound"),
        (
            "method=GET authority=\"${x} cluster=cds_ingress_mesh_node_http_8080",
            "inbound",
        ),
        ("method=GET authority=shop.test upstream=127.0.0.1:8080", "inbound"),
        (
            "method=GET authority=shop.test upstream=127.0.0.1:8080 cluster=local",
            "checkout > authority shop.test 127.0.0.1:8080 http",
        ),
    ]);
}

#[test]
fn hostile_hosts_count_for_their_address_and_are_set_aside_without_one() {
    check(&[
        ("method=GET authority=${path.module}", "malformed:authority"),
        ("method=GET authority=a.test,b.test", "malformed:authority"),
        ("method=GET authority=a.test:99999", "malformed:authority"),
        ("sni=../../etc/passwd", "malformed:sni"),
        (
            "sni=../../etc/passwd upstream=203.0.113.7:443",
            "checkout > - 203.0.113.7:443 tls",
        ),
        (
            "method=GET authority=${x} upstream=203.0.113.7:80",
            "checkout > - 203.0.113.7:80 http",
        ),
        ("method=GET authority=<script> sni=%{for}", "malformed:authority"),
        (
            "method=GET authority=<script> sni=a.test",
            "checkout > sni a.test -:80 http",
        ),
        (
            "method=GET authority=a.test sni=%{for}",
            "checkout > authority a.test -:80 http",
        ),
        ("method=GET", "no-destination"),
    ]);
}

#[test]
fn the_origin_attributes_before_the_client_does() {
    let lines = [
        ("s3://bucket/logs/cart/1.log", "direct=10.0.0.1:1 sni=a.test"),
        ("s3://bucket/logs/cart/canary-1.log", "sni=a.test"),
        ("s3://bucket/logs/other/1.log", "direct=10.0.0.2:1 sni=a.test"),
        ("s3://bucket/logs/other/1.log", "remote=[::ffff:10.0.0.1]:1 sni=a.test"),
    ];
    let (observed, _) = observe(&lines);
    let services: Vec<_> = observed.accesses.iter().map(|edge| edge.service.to_string()).collect();
    assert_eq!(services, ["cart", "cart-canary", "checkout", "ledger"]);
}

#[test]
fn an_envelope_says_more_than_its_object_and_holds_until_the_next() {
    let inventory = Inventory::from_csv("inventory.csv", SHOP.as_bytes()).unwrap();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    let mut object = |uri: &str, lines: &[(&str, &str)]| {
        aggregator.object(&ObjectId {
            uri: uri.to_owned(),
            version: None,
            size: None,
        });
        for (origin, text) in lines {
            aggregator.origin(origin);
            aggregator.access(1, &line(text));
        }
    };
    let two = ["a.test", "b.test"].map(|name| format!("sni={name}"));
    object(
        "s3://bucket/firehose/1",
        &[
            ("/ecs/logs/cart/1", &two[0]),
            ("/ecs/logs/cart/canary-1", &two[0]),
            ("/ecs/logs/cart/1", &two[1]),
            ("/ecs/other/1", &two[0]),
            ("", &two[0]),
        ],
    );
    object("s3://bucket/logs/cart/2", &[("/ecs/other/1", &two[0])]);
    let services: Vec<_> = aggregator
        .finish()
        .unwrap()
        .accesses
        .iter()
        .map(|edge| (edge.service.to_string(), edge.tally.records))
        .collect();
    let expected = [
        ("cart", 2),
        ("cart", 1),
        ("cart-canary", 1),
        ("unattributed//ecs/other/1", 1),
        ("unattributed/s3://bucket/firehose/1", 1),
    ];
    assert_eq!(
        services,
        expected.map(|(service, records)| (service.to_owned(), records))
    );
}

#[test]
fn more_origins_than_are_remembered_are_still_told_apart() {
    let inventory = Inventory::from_csv("inventory.csv", SHOP.as_bytes()).unwrap();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    for number in 0..3_000 {
        let service = if number % 2 == 0 { "cart" } else { "other" };
        aggregator.origin(&format!("/ecs/logs/{service}/{number}"));
        aggregator.access(1, &line("direct=10.0.0.1:1 sni=a.test"));
    }
    let observed = aggregator.finish().unwrap();
    let services: Vec<_> = observed
        .accesses
        .iter()
        .map(|edge| (edge.service.to_string(), edge.tally.records))
        .collect();
    assert_eq!(services, [("cart".to_owned(), 1_500), ("checkout".to_owned(), 1_500)]);
}

#[test]
fn more_lines_than_wait_at_once_all_count() {
    let texts: Vec<String> = (0..200)
        .map(|number| {
            let host = number % 3;
            format!("direct=10.0.0.1:4000 method=GET authority=h{host}.example upstream=203.0.113.{host}:443")
        })
        .collect();
    let lines: Vec<(&str, &str)> = texts.iter().map(|text| ("mixed.log", text.as_str())).collect();
    let (observed, verdicts) = observe(&lines);
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Used));
    let counted = |edge: &AccessEdge| (edge.tally.records, edge.tally.bytes_in);
    let mut counted: Vec<(u64, u64)> = observed.accesses.iter().map(counted).collect();
    counted.sort_unstable();
    assert_eq!(counted, [(66, 66 * 90), (67, 67 * 90), (67, 67 * 90)]);
}

#[test]
fn a_client_that_wrote_its_own_address_is_not_believed() {
    let lines = [
        ("a.log", "remote=10.0.0.1:0 sni=a.test"),
        ("b.log", "remote=10.0.0.1:0 direct=10.0.0.9:4000 sni=a.test"),
        ("b.log", "remote=10.0.0.9:5000 sni=a.test"),
    ];
    let (observed, _) = observe(&lines);
    let services: Vec<_> = observed
        .accesses
        .iter()
        .map(|edge| (edge.service.to_string(), edge.tally.records))
        .collect();
    assert_eq!(
        services,
        [
            ("unattributed/10.0.0.9".to_owned(), 2),
            ("unattributed/a.log".to_owned(), 1)
        ]
    );
}

#[test]
fn an_interface_owns_its_address_in_access_lines_too() {
    let inventory = Inventory::from_csv("x", b"service,eni\ncheckout,e1\nledger,e2\n").unwrap();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    for (eni, source) in [(b"e1", "10.0.0.1"), (b"e2", "10.0.0.2")] {
        for destination in ["203.0.113.7", "203.0.113.8"] {
            let record = egressmap_parser::FlowRecord {
                account: b"",
                eni,
                instance: b"",
                srcaddr: source.parse().unwrap(),
                dstaddr: destination.parse().unwrap(),
                pkt_srcaddr: None,
                pkt_dstaddr: None,
                srcport: 40_000,
                dstport: 443,
                protocol: 6,
                packets: 1,
                bytes: 1,
                start: 0,
                end: 10_000,
                action: egressmap_parser::Action::Accept,
                tcp_flags: None,
                flow_direction: None,
                src_aws_service: b"",
                dst_aws_service: b"",
                interface_type: b"",
                ecs_cluster: b"",
                ecs_service: b"",
                on_the_way: false,
            };
            aggregator.flow(1, &record);
        }
    }
    aggregator.access(1, &line("direct=10.0.0.1:4000 sni=a.test upstream=10.0.0.2:443"));
    let observed = aggregator.finish().unwrap();
    assert_eq!(
        shown(&observed.accesses[0]),
        "checkout > sni a.test 10.0.0.2 (ledger):443 tls"
    );
}
