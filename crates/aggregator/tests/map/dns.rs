//! Reverse DNS: what a real server answers, what it refuses, and what silence costs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use egressmap_aggregator::name::Confirmation;
use egressmap_aggregator::name::ptr::{Failure, Resolved, Settings, resolve};

use crate::nsd::Nsd;

const REVERSE: &str = "\
7 PTR API.Example.test.
8 PTR liar.example.test.
9 PTR z.example.test.
9 PTR a.example.test.
10 PTR \\036\\{path.module\\}.example.test.
10 PTR a\\032b.example.test.
11 PTR broken.broken.test.
12 CNAME 12.0-25
12.0-25 PTR delegated.example.test.
14 TXT \"no pointer\"
15 PTR alias.example.test.
16 PTR 203.0.113.16.
";

const REVERSE_6: &str = "\
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.example.test.
8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR api.example.test.
";

const FORWARD: &str = "\
api A 203.0.113.7
api A 203.0.113.77
liar A 203.0.113.99
z A 203.0.113.9
a A 203.0.113.99
delegated A 203.0.113.12
alias CNAME canonical
canonical A 203.0.113.15
six AAAA 2001:db8::7
";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn settings(server: SocketAddr) -> Settings {
    Settings {
        timeout: Duration::from_secs(2),
        attempts: 2,
        ..Settings::new(server)
    }
}

/// What the resolver says of one address: its name and whether that points back, or why there is none.
fn asked(server: SocketAddr, address: &str) -> Result<(String, Confirmation), Failure> {
    let Resolved { answers, report, .. } = resolve(&[ip(address)].into(), &settings(server));
    assert_eq!(report.addresses(), 1);
    match answers.into_iter().next() {
        Some((_, answer)) => Ok((answer.name.to_string(), answer.confirmation)),
        None => Err(*report.failed.keys().next().unwrap()),
    }
}

fn confirmed(name: &str) -> Result<(String, Confirmation), Failure> {
    Ok((name.to_owned(), Confirmation::Forward))
}

fn unconfirmed(name: &str) -> Result<(String, Confirmation), Failure> {
    Ok((name.to_owned(), Confirmation::None))
}

#[test]
fn a_real_server_names_confirms_and_refuses() {
    let zones = [
        ("113.0.203.in-addr.arpa", Some(REVERSE)),
        ("8.b.d.0.1.0.0.2.ip6.arpa", Some(REVERSE_6)),
        ("example.test", Some(FORWARD)),
        ("broken.test", None),
        ("100.51.198.in-addr.arpa", None),
    ];
    let Some(nsd) = Nsd::start(&zones) else { return };
    let expected = [
        ("203.0.113.7", confirmed("api.example.test")),
        ("203.0.113.8", unconfirmed("liar.example.test")),
        ("203.0.113.9", confirmed("z.example.test")),
        ("203.0.113.10", Err(Failure::Malformed)),
        ("203.0.113.11", unconfirmed("broken.broken.test")),
        ("203.0.113.12", confirmed("delegated.example.test")),
        ("203.0.113.13", Err(Failure::NoName)),
        ("203.0.113.14", Err(Failure::NoName)),
        ("203.0.113.15", confirmed("alias.example.test")),
        ("203.0.113.16", Err(Failure::Malformed)),
        ("2001:db8::7", confirmed("six.example.test")),
        ("2001:db8::8", unconfirmed("api.example.test")),
        ("2001:db8::9", Err(Failure::NoName)),
        ("198.51.100.1", Err(Failure::Refused)),
        ("192.0.2.1", Err(Failure::Refused)),
    ];
    for (address, answer) in &expected {
        assert_eq!(&asked(nsd.address, address), answer, "{address}");
    }
    let all: BTreeSet<_> = expected.iter().map(|(address, _)| ip(address)).collect();
    let Resolved { answers, report, .. } = resolve(&all, &settings(nsd.address));
    assert_eq!((answers.len(), report.confirmed, report.unconfirmed), (8, 5, 3));
    let failed = BTreeMap::from([(Failure::NoName, 3), (Failure::Refused, 2), (Failure::Malformed, 2)]);
    assert_eq!((report.failed.clone(), report.is_silent()), (failed, false));
    assert_eq!(
        report.to_string(),
        format!(
            "{}: 15 addresses: 5 named and confirmed, 3 named, 3 without a name, 2 refused or failed, \
             2 answered with what is no host name",
            nsd.address
        )
    );
}

#[test]
fn thousands_of_addresses_are_named_each_by_its_own_name() {
    let mut reverse = String::new();
    let mut forward = String::new();
    let hosts: Vec<_> = (0..8_u8)
        .flat_map(|net| (0..=249_u8).map(move |host| (net, host)))
        .collect();
    for (net, host) in &hosts {
        reverse += &format!("{host}.{net} PTR h{net}-{host}.example.test.\n");
        forward += &format!("h{net}-{host} A 10.9.{net}.{host}\n");
    }
    let zones = [
        ("9.10.in-addr.arpa", Some(reverse.as_str())),
        ("example.test", Some(forward.as_str())),
    ];
    let Some(nsd) = Nsd::start(&zones) else { return };
    let addresses: BTreeSet<_> = hosts
        .iter()
        .map(|(net, host)| IpAddr::from([10, 9, *net, *host]))
        .collect();
    let started = Instant::now();
    let Resolved { answers, report, .. } = resolve(&addresses, &settings(nsd.address));
    let took = started.elapsed();
    assert_eq!(
        (report.confirmed, report.addresses()),
        (2_000, 2_000),
        "{report} after {took:?}"
    );
    for (net, host) in hosts {
        let name = &answers[&IpAddr::from([10, 9, net, host])].name;
        assert_eq!(name.as_str(), format!("h{net}-{host}.example.test"));
    }
}

#[test]
fn an_answer_too_long_for_a_datagram_is_read_over_tcp() {
    let names: String = (0..60)
        .map(|n| format!("7 PTR n{n:02}.{}.example.test.\n", "long-label".repeat(6)))
        .collect();
    let first = format!("n00.{}", "long-label".repeat(6));
    let forward = format!("{first} A 203.0.113.7\n");
    let zones = [
        ("113.0.203.in-addr.arpa", Some(names.as_str())),
        ("example.test", Some(forward.as_str())),
    ];
    let Some(nsd) = Nsd::start(&zones) else { return };
    assert_eq!(
        asked(nsd.address, "203.0.113.7"),
        confirmed(&format!("{first}.example.test"))
    );
}

fn many_addresses() -> BTreeSet<IpAddr> {
    (0..=255)
        .map(|host| IpAddr::from([203, 0, 113, host]))
        .chain((0..=255).map(|host| IpAddr::from([192, 0, 2, host])))
        .collect()
}

#[test]
fn a_silent_resolver_costs_its_patience_once_and_not_more() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        timeout: Duration::from_millis(150),
        attempts: 2,
        ..Settings::new(silent.local_addr().unwrap())
    };
    let started = Instant::now();
    let Resolved { answers, report, .. } = resolve(&many_addresses(), &settings);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(150), "{took:?}");
    assert!(took < settings.patience() + Duration::from_secs(2), "{took:?}");
    assert!(answers.is_empty() && report.is_silent() && report.addresses() == 512);
    assert!(report.failed[&Failure::GivenUp] > 0 && report.failed[&Failure::NoAnswer] >= 8);
    assert!(report.to_string().ends_with("(it answered nothing at all)"), "{report}");
}

#[test]
fn the_deadline_ends_it_however_patient_the_settings_are() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        timeout: Duration::from_secs(60),
        deadline: Duration::from_millis(200),
        ..Settings::new(silent.local_addr().unwrap())
    };
    let started = Instant::now();
    let report = resolve(&many_addresses(), &settings).report;
    let took = started.elapsed();
    assert!(
        (Duration::from_millis(200)..Duration::from_secs(3)).contains(&took),
        "{took:?}"
    );
    assert_eq!(report.failed, [(Failure::GivenUp, 512)].into());
}

#[test]
fn a_resolver_that_falls_silent_is_given_up_at_the_deadline() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        timeout: Duration::from_millis(100),
        attempts: 1,
        concurrency: 1,
        deadline: Duration::from_millis(600),
        ..Settings::new(socket.local_addr().unwrap())
    };
    let answering = std::thread::spawn(move || {
        let mut query = [0; 512];
        let (length, client) = socket.recv_from(&mut query).unwrap();
        // The query itself, as an answer: NXDOMAIN, and no additional records.
        let answer = &mut query[..length];
        (answer[2], answer[3]) = (0x81, 0x83);
        socket.send_to(answer, client).unwrap();
        socket
    });
    let started = Instant::now();
    let report = resolve(&many_addresses(), &settings).report;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(
        (report.failed[&Failure::NoName], report.addresses(), report.is_silent()),
        (1, 512, false)
    );
    assert!(report.failed[&Failure::GivenUp] > 400, "{report}");
    drop(answering.join().unwrap());
}

#[test]
fn nothing_is_asked_where_there_is_nothing_to_ask() {
    let unused = UdpSocket::bind("127.0.0.1:0").unwrap();
    unused.set_nonblocking(true).unwrap();
    let report = resolve(&BTreeSet::new(), &Settings::new(unused.local_addr().unwrap())).report;
    assert_eq!((report.addresses(), report.is_silent()), (0, false));
    assert!(unused.recv_from(&mut [0; 512]).is_err());
}

#[test]
fn private_zones_are_asked_as_any_other() {
    let zones = [
        ("0.0.10.in-addr.arpa", Some("7 PTR ledger.shop.test.\n")),
        (
            "0.0.d.f.ip6.arpa",
            Some("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR ledger.shop.test.\n"),
        ),
        ("shop.test", Some("ledger A 10.0.0.7\nledger AAAA fd00::7\n")),
    ];
    let Some(nsd) = Nsd::start(&zones) else { return };
    for address in ["10.0.0.7", "fd00::7"] {
        let named = ("ledger.shop.test".to_owned(), Confirmation::Forward);
        assert_eq!(asked(nsd.address, address), Ok(named), "{address}");
    }
}

#[test]
fn twenty_thousand_addresses_are_named_in_one_round() {
    let addresses: BTreeSet<IpAddr> = (0..20_000_u32)
        .map(|number| IpAddr::V4((0xc612_0000 + number).into()))
        .collect();
    let (mut reverse, mut forward) = (String::new(), String::new());
    for address in &addresses {
        let text = address.to_string();
        let [.., third, fourth]: [&str; 4] = text.split('.').collect::<Vec<_>>().try_into().unwrap();
        reverse += &format!("{fourth}.{third} PTR h{third}-{fourth}.example.test.\n");
        forward += &format!("h{third}-{fourth} A {text}\n");
    }
    let zones = [
        ("18.198.in-addr.arpa", Some(&*reverse)),
        ("example.test", Some(&*forward)),
    ];
    let Some(nsd) = Nsd::start(&zones) else { return };
    let began = Instant::now();
    let deadline = Duration::from_secs(120);
    let Resolved { report, .. } = resolve(
        &addresses,
        &Settings {
            deadline,
            ..settings(nsd.address)
        },
    );
    eprintln!("20,000 addresses in {:?}: {report}", began.elapsed());
    assert_eq!(report.confirmed, 20_000, "{report}");
}
