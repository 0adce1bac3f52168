//! Small traffic whose truth can be told by hand.
use std::net::IpAddr;

use super::{AccessFact, Ambiguity, Grade, Ledger};
use crate::exchange::{Exchange, Fate, Opening, Volume};
use crate::party::{Owner, Party, Protocol};
use crate::truth::{Dependency, Records};

const START: u64 = 1_785_542_400;

fn service(name: &str, address: &str, eni: Option<&str>) -> Party {
    Party {
        owner: Owner::Service(name.into()),
        address: address.parse().unwrap(),
        primary: None,
        eni: eni.map(Into::into),
    }
}

fn foreign(address: &str) -> Party {
    Party::foreign(address.parse().unwrap())
}

fn web() -> Party {
    service("web", "10.0.0.1", Some("eni-1"))
}

fn exchange(client: Party, server: Party, ports: (u16, u16)) -> Exchange {
    let (out, back) = (
        Volume { packets: 3, bytes: 300 },
        Volume {
            packets: 5,
            bytes: 5_000,
        },
    );
    Exchange {
        out,
        back,
        ..Exchange::new(client, server, ports, Protocol::Tcp, START)
    }
}

/// The truth of exchanges in a log with or without `tcp-flags`.
fn truth(exchanges: &[Exchange], flags: bool) -> Result<Vec<Dependency>, Ambiguity> {
    let mut ledger = Ledger::default();
    enter(&mut ledger, exchanges, flags);
    ledger.settle()
}

fn enter(ledger: &mut Ledger, exchanges: &[Exchange], flags: bool) {
    for exchange in exchanges {
        for sighting in exchange.sightings() {
            ledger.flow(exchange, &sighting, flags);
        }
    }
}

fn line(caller: &str, name: &str, address: &str) -> AccessFact {
    AccessFact {
        service: caller.into(),
        host: Some((name.into(), Grade::Sni)),
        address: Some(address.parse::<IpAddr>().unwrap()),
        owner: Owner::Foreign,
        port: 443,
        application: Some("tls"),
        received: 70,
        sent: 900,
        refused: false,
        at: START + 3,
    }
}

#[test]
fn a_call_logged_at_both_ends_counts_once() {
    let call = exchange(web(), service("db", "10.0.0.2", Some("eni-2")), (40_000, 5432));
    let [dependency] = &truth(&[call], true).unwrap()[..] else {
        panic!("one dependency")
    };
    assert_eq!(
        (dependency.service.as_str(), dependency.destination.as_str()),
        ("web", "db")
    );
    assert_eq!((dependency.bytes_out, dependency.bytes_in), (300, 5_000));
    assert_eq!((dependency.packets_out, dependency.packets_in), (3, 5));
    assert_eq!(dependency.records, Records { flow: 1, access: 0 });
    assert_eq!(dependency.class, "internal");
}

#[test]
fn the_responders_interface_speaks_where_the_initiators_is_not_logged() {
    let call = exchange(
        service("web", "10.0.0.1", None),
        service("db", "10.0.0.2", Some("eni-2")),
        (40_000, 5432),
    );
    let [dependency] = &truth(&[call], true).unwrap()[..] else {
        panic!("one dependency")
    };
    assert_eq!((dependency.records.flow, dependency.bytes_out), (1, 300));
}

#[test]
fn a_long_connection_is_one_record_a_minute_and_no_byte_is_lost() {
    let call = Exchange {
        lasts: 150,
        ..exchange(web(), foreign("192.0.2.1"), (40_000, 443))
    };
    let [dependency] = &truth(&[call], true).unwrap()[..] else {
        panic!("one dependency")
    };
    assert_eq!(
        (dependency.records.flow, dependency.bytes_out, dependency.bytes_in),
        (3, 300, 5_000)
    );
    assert_eq!(dependency.first_seen, "2026-08-01T00:00:00Z");
    assert_eq!(dependency.last_seen, "2026-08-01T00:02:30Z");
    assert_eq!((dependency.days_seen, dependency.initiator.as_str()), (1, "certain"));
}

#[test]
fn a_connection_that_began_before_the_logs_is_likely() {
    let opening = Opening::BeforeTheLogs;
    let call = Exchange {
        opening,
        ..exchange(web(), foreign("192.0.2.1"), (40_000, 443))
    };
    assert_eq!(truth(&[call], true).unwrap()[0].initiator, "likely");
}

#[test]
fn without_flags_two_client_ports_make_a_middle_port_likely() {
    let call = |port| exchange(web(), foreign("192.0.2.1"), (port, 17_391));
    assert_eq!(truth(&[call(40_000)], false).unwrap()[0].initiator, "guess");
    assert_eq!(
        truth(&[call(40_000), call(40_001)], false).unwrap()[0].initiator,
        "likely"
    );
}

#[test]
fn what_only_others_did_leaves_a_doubt() {
    let other = |port| {
        exchange(
            service("api", "10.0.0.9", Some("eni-9")),
            foreign("192.0.2.1"),
            (port, 17_391),
        )
    };
    let own = exchange(web(), foreign("192.0.2.1"), (40_000, 17_391));
    assert!(truth(&[own, other(40_000), other(40_001)], false).is_err());
}

#[test]
fn a_port_of_equal_rank_is_the_servers_if_it_met_many() {
    let call = |port| exchange(web(), foreign("192.0.2.1"), (port, 50_051));
    assert_eq!(
        truth(&[call(60_000), call(60_001)], false).unwrap()[0].initiator,
        "likely"
    );
    assert!(truth(&[call(60_000)], false).is_err(), "either end could be the server");
    let later = Exchange {
        answer_delay: 1,
        lasts: 3,
        ..call(60_000)
    };
    assert_eq!(truth(&[later], false).unwrap()[0].initiator, "guess");
}

#[test]
fn a_refusal_is_an_attempt_and_a_late_packet_counts_nowhere() {
    let refused = Exchange {
        fate: Fate::RefusedLeaving,
        ..exchange(web(), foreign("192.0.2.1"), (40_000, 25))
    };
    let late = Exchange {
        fate: Fate::AnsweredTooLate,
        ..exchange(web(), foreign("192.0.2.2"), (40_001, 443))
    };
    let mut ledger = Ledger::default();
    enter(&mut ledger, &[refused, late], true);
    let [attempt, call] = &ledger.settle().unwrap()[..] else {
        panic!("two dependencies")
    };
    assert_eq!(
        (attempt.refused.flow, attempt.records.flow, attempt.bytes_out),
        (1, 0, 0)
    );
    assert_eq!((call.refused.flow, call.records.flow, call.bytes_in), (0, 1, 5_000));
    assert_eq!(ledger.used_flow, 4);
}

#[test]
fn a_client_on_the_internet_is_no_dependency() {
    let mut ledger = Ledger::default();
    enter(
        &mut ledger,
        &[exchange(foreign("198.51.100.1"), web(), (50_000, 443))],
        true,
    );
    assert!(ledger.settle().unwrap().is_empty());
    assert_eq!((ledger.inbound_flow, ledger.used_flow), (2, 2));
}

#[test]
fn each_caller_knows_a_shared_address_by_its_own_name() {
    let mut ledger = Ledger::default();
    let api = service("api", "10.0.0.9", Some("eni-9"));
    let shared = || foreign("192.0.2.1");
    enter(
        &mut ledger,
        &[
            exchange(web(), shared(), (40_000, 443)),
            exchange(api, shared(), (40_000, 443)),
        ],
        true,
    );
    ledger.access(line("web", "a.example", "192.0.2.1"));
    ledger.access(line("api", "b.example", "192.0.2.1"));
    let named: Vec<(String, String)> = ledger
        .settle()
        .unwrap()
        .into_iter()
        .map(|known| (known.service, known.destination))
        .collect();
    assert_eq!(
        named,
        [("api".into(), "b.example".into()), ("web".into(), "a.example".into())]
    );
    let blind = service("batch", "10.0.0.8", Some("eni-8"));
    enter(&mut ledger, &[exchange(blind, shared(), (40_000, 443))], true);
    assert!(ledger.settle().is_err(), "batch has no lines of its own");
}

#[test]
fn planes_are_never_added() {
    let mut ledger = Ledger::default();
    enter(
        &mut ledger,
        &[exchange(web(), foreign("192.0.2.1"), (40_000, 443))],
        true,
    );
    ledger.access(line("web", "a.example", "192.0.2.1"));
    ledger.access(line("web", "c.example", "192.0.2.3"));
    let [both, line] = &ledger.settle().unwrap()[..] else {
        panic!("two dependencies")
    };
    assert_eq!((both.bytes_out, both.records), (300, Records { flow: 1, access: 1 }));
    assert_eq!((line.bytes_out, line.bytes_in, line.records.access), (70, 900, 1));
    assert_eq!(line.initiator, "certain");
}
