//! Small worlds that are each hard in one way: who opened what, told by ports where flags do not tell it.
//!
//! Unlike a city, they may leave doubt: how often the logs mislead is what they are there to measure.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::exchange::{Exchange, Fate, Nat, Opening, Side, Volume};
use crate::flow::FlowFormat;
use crate::party::{Owner, Party, Protocol};
use crate::prng::Prng;
use crate::scenario::{FlowVersion, NatRecords, Scenario};

/// One such world.
#[derive(Debug)]
pub struct Roles {
    /// What is hard about it.
    pub name: &'static str,
    /// Its flow log with the fields of version 2.
    pub version_2: String,
    /// Its flow log with `tcp-flags` and the packets' own addresses.
    pub with_flags: String,
    /// What it depends on: `service -> destination:port/protocol`.
    pub dependencies: BTreeSet<String>,
    /// Clients on the internet, none of which is a destination.
    pub clients: BTreeSet<String>,
}

/// How many services there are, and connections of each kind.
const SERVICES: u8 = 20;
const CONNECTIONS: usize = 12;
const START: u64 = 1_785_542_400;

/// What stands in the log of an exchange.
#[derive(Clone, Copy)]
enum Logged {
    Whole,
    Only(Side),
}

struct Maker {
    prng: Prng,
    exchanges: Vec<(Exchange, Logged)>,
}

/// All of them.
#[must_use]
pub fn roles(seed: u64) -> Vec<Roles> {
    let makers: [(&str, fn(&mut Maker)); 11] = [
        ("well-known ports", |maker| maker.calls(&[443, 5432, 8443, 6379])),
        ("a server on an ephemeral port", |maker| maker.calls(&[50_051, 40_000])),
        ("both ends in the VPC", Maker::inside),
        ("through a NAT gateway", Maker::through_nat),
        ("behind a load balancer", Maker::balanced),
        ("UDP", Maker::datagrams),
        ("long flows, cut by windows", Maker::long),
        ("one direction missing", Maker::halves),
        ("the log starts in mid-connection", Maker::begun),
        ("port scans", Maker::scans),
        ("clients on the internet", Maker::visitors),
    ];
    let worlds = makers.into_iter().zip(seed..);
    worlds
        .map(|((name, make), seed)| {
            let mut maker = Maker {
                prng: Prng::new(seed),
                exchanges: Vec::new(),
            };
            make(&mut maker);
            maker.written(name)
        })
        .collect()
}

/// Their inventory, as `aws ec2 describe-network-interfaces` prints it.
#[must_use]
pub fn roles_inventory() -> String {
    let mut list = String::new();
    for number in 0..SERVICES {
        let (eni, address) = (eni(number), address(number));
        let _ = write!(
            list,
            r#"{{"NetworkInterfaceId":"{eni}","PrivateIpAddress":"{address}","TagSet":[{{"Key":"service","Value":"s{number}"}}]}},"#
        );
    }
    let nat = nat(0);
    format!(
        r#"{{"NetworkInterfaces":[{list}{{"NetworkInterfaceId":"{}","InterfaceType":"nat_gateway","PrivateIpAddress":"{}"}}]}}"#,
        nat.eni, nat.address
    )
}

fn eni(number: u8) -> String {
    format!("eni-0a000000000000{number:03}")
}

fn address(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 10 + number))
}

fn service(number: u8) -> Party {
    Party {
        owner: Owner::Service(format!("s{number}").into()),
        address: address(number),
        primary: None,
        eni: Some(eni(number).into()),
    }
}

/// A node of a load balancer: ours, in no inventory, and logged.
fn balancer(number: u8) -> Party {
    Party {
        eni: Some(format!("eni-0b000000000000{number:03}").into()),
        ..Party::nobody(IpAddr::V4(Ipv4Addr::new(10, 0, 5, number)))
    }
}

fn host(number: u8) -> Party {
    Party::foreign(IpAddr::V4(Ipv4Addr::new(203, 0, 113, number)))
}

fn nat(port: u16) -> Nat {
    Nat {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 9, 9)),
        eni: "eni-0c000000000000009".into(),
        port,
    }
}

impl Maker {
    /// A client port as Linux takes it.
    fn ephemeral(&mut self) -> u16 {
        self.port(32_768, 60_999)
    }

    /// A client port as balancers, NAT gateways, Lambda and routers take it.
    fn any_port(&mut self) -> u16 {
        self.port(1_024, 65_535)
    }

    fn port(&mut self, low: u64, high: u64) -> u16 {
        u16::try_from(self.prng.between(low, high)).unwrap_or(u16::MAX)
    }

    fn exchange(&mut self, client: &Party, server: &Party, ports: (u16, u16), protocol: Protocol) -> Exchange {
        let start = START + self.prng.below(86_400);
        let mut exchange = Exchange::new(client.clone(), server.clone(), ports, protocol, start);
        exchange.lasts = self.prng.below(30);
        (exchange.out, exchange.back) = (
            Volume {
                packets: 9,
                bytes: 1_800,
            },
            Volume {
                packets: 7,
                bytes: 9_100,
            },
        );
        exchange
    }

    fn add(&mut self, exchange: Exchange) {
        self.exchanges.push((exchange, Logged::Whole));
    }

    fn call(&mut self, client: &Party, server: &Party, ports: (u16, u16)) {
        let exchange = self.exchange(client, server, ports, Protocol::Tcp);
        self.add(exchange);
    }

    /// Every service calls a few hosts on these ports.
    fn calls(&mut self, ports: &[u16]) {
        for number in 0..SERVICES {
            for &port in ports {
                let server = host(number % 7 + u8::try_from(port % 7).unwrap_or_default() * 7);
                for _ in 0..CONNECTIONS {
                    let from = self.ephemeral();
                    self.call(&service(number), &server, (from, port));
                }
            }
        }
    }

    fn inside(&mut self) {
        for number in 0..SERVICES {
            for (step, port) in [(1, 8_080), (3, 5_432), (5, 9_999), (7, 30_443), (9, 50_051)] {
                for _ in 0..CONNECTIONS {
                    let from = self.ephemeral();
                    self.call(&service(number), &service((number + step) % SERVICES), (from, port));
                }
            }
        }
    }

    fn through_nat(&mut self) {
        for number in 0..SERVICES {
            for port in [443, 8_883, 9_999, 45_000] {
                for _ in 0..CONNECTIONS {
                    let (from, outside) = (self.ephemeral(), self.any_port());
                    let mut exchange = self.exchange(&service(number), &host(number % 9), (from, port), Protocol::Tcp);
                    exchange.nat = Some(nat(outside));
                    self.add(exchange);
                }
            }
        }
    }

    /// To ports that a scheduler chose, of both kinds, and to usual ones; some balancers keep the client's address.
    fn balanced(&mut self) {
        for number in 0..SERVICES {
            for port in [8_080, 30_080 + u16::from(number), 49_153 + u16::from(number)] {
                for turn in 0..CONNECTIONS * 4 {
                    let from = self.any_port();
                    let node = balancer(u8::try_from(turn % 3).unwrap_or_default());
                    self.call(&node, &service(number), (from, port));
                }
            }
            for turn in 0..CONNECTIONS {
                let from = self.any_port();
                let client = host(u8::try_from(100 + turn).unwrap_or_default());
                self.call(&client, &service(number), (from, 49_153 + u16::from(number)));
            }
        }
    }

    fn datagrams(&mut self) {
        for number in 0..SERVICES {
            for (far, port, from) in [
                (53, 53, 0),
                (23, 123, 123),
                (14, 514, 514),
                (43, 443, 0),
                (18, 51_820, 0),
            ] {
                for _ in 0..CONNECTIONS {
                    let from = if from == 0 { self.ephemeral() } else { from };
                    let mut exchange = self.exchange(&service(number), &host(far), (from, port), Protocol::Udp);
                    exchange.lasts = 1;
                    exchange.answer_delay = 1;
                    self.add(exchange);
                }
            }
        }
    }

    /// Only the first window has the SYN; clients take any port.
    fn long(&mut self) {
        for number in 0..SERVICES {
            for port in [443, 9_999, 50_051] {
                for _ in 0..4 {
                    let from = self.any_port();
                    let callee = service((number + 1) % SERVICES);
                    let mut exchange = self.exchange(&service(number), &callee, (from, port), Protocol::Tcp);
                    exchange.lasts = 1_200;
                    (exchange.out.packets, exchange.back.packets) = (200, 180);
                    self.add(exchange);
                }
            }
        }
    }

    fn halves(&mut self) {
        for number in 0..SERVICES {
            for (port, side) in [
                (443, Side::Out),
                (443, Side::Back),
                (5_432, Side::Back),
                (9_999, Side::Out),
            ] {
                let server = host(number + if side == Side::Out { 20 } else { 60 });
                for _ in 0..CONNECTIONS {
                    let from = self.ephemeral();
                    let exchange = self.exchange(&service(number), &server, (from, port), Protocol::Tcp);
                    self.exchanges.push((exchange, Logged::Only(side)));
                }
            }
        }
    }

    /// No record has a SYN.
    fn begun(&mut self) {
        for number in 0..SERVICES {
            for port in [443, 5_432, 9_999, 30_443, 50_051] {
                for _ in 0..4 {
                    let from = self.ephemeral();
                    let mut exchange = self.exchange(&service(number), &host(number % 5), (from, port), Protocol::Tcp);
                    exchange.lasts = 600;
                    (exchange.out.packets, exchange.back.packets) = (200, 180);
                    exchange.opening = Opening::BeforeTheLogs;
                    self.add(exchange);
                }
            }
        }
    }

    /// From the internet and from within, from one port and from many, next to what the services do.
    fn scans(&mut self) {
        self.calls(&[443, 9_999, 50_051]);
        let scanner = service(SERVICES - 1);
        for number in 0..SERVICES - 1 {
            for port in [22, 1_433, 3_306, 8_080, 20_000, 40_000, 50_000, 60_000] {
                for (client, from, fate) in [
                    (host(200), 61_000, Fate::RefusedArriving),
                    (host(201), self.ephemeral(), Fate::Answered),
                    (scanner.clone(), 61_000, Fate::Answered),
                ] {
                    let mut exchange = self.exchange(&client, &service(number), (from, port), Protocol::Tcp);
                    (exchange.lasts, exchange.fate) = (0, fate);
                    // A SYN, and the RST that answers it a moment later.
                    (exchange.out, exchange.back) =
                        (Volume { packets: 1, bytes: 44 }, Volume { packets: 1, bytes: 40 });
                    self.add(exchange);
                }
            }
        }
    }

    fn visitors(&mut self) {
        self.calls(&[443]);
        for number in 0..SERVICES {
            for port in [443, 8_080, 9_999, 31_000, 49_200] {
                for _ in 0..CONNECTIONS {
                    let from = self.any_port();
                    let client = host(self.prng.between(100, 250).try_into().unwrap_or_default());
                    self.call(&client, &service(number), (from, port));
                }
            }
        }
    }

    fn written(self, name: &'static str) -> Roles {
        let [version_2, with_flags] = [FlowVersion::V2, FlowVersion::V5].map(|version| {
            let scenario = Scenario {
                nat: NatRecords::None,
                ..Scenario::city(0, version)
            };
            let format = FlowFormat::of(&scenario);
            let mut rows = Vec::new();
            for (exchange, logged) in &self.exchanges {
                let seen = exchange.sightings().into_iter();
                let seen = seen.filter(|sighting| match logged {
                    Logged::Whole => true,
                    Logged::Only(side) => sighting.side == *side,
                });
                rows.extend(seen.map(|sighting| format.record(&sighting.row)));
            }
            format!("{}\n{}\n", format.header(), rows.join("\n"))
        });
        let (mut dependencies, mut clients) = (BTreeSet::new(), BTreeSet::new());
        for (
            Exchange {
                client,
                server,
                port,
                protocol,
                ..
            },
            _,
        ) in &self.exchanges
        {
            let Some(service) = client.service() else {
                clients.insert(client.address.to_string());
                continue;
            };
            let destination = match &server.owner {
                Owner::Service(name) => name.to_string(),
                Owner::Nobody | Owner::Foreign => server.address.to_string(),
            };
            dependencies.insert(format!("{service} -> {destination}:{port}/{protocol}"));
        }
        Roles {
            name,
            version_2,
            with_flags,
            dependencies,
            clients,
        }
    }
}
