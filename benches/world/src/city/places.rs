//! The destinations of a city and the published ranges they lie in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::host::Host;
use crate::network::{AwsService, IpRanges};
use crate::party::Speaks;
use crate::prng::Prng;
use crate::scenario::Scenario;

pub(super) const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 40, 0, 53));
/// Those that every task asks when it starts, and whose interfaces are not logged.
pub(super) const RESOLVERS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(10, 40, 0, 54)),
    IpAddr::V4(Ipv4Addr::new(10, 40, 0, 55)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x40, 0, 0, 0, 0, 0, 0x53)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x40, 0, 0, 0, 0, 0, 0x54)),
];
pub(super) const NAT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 40, 0, 220));
pub(super) const OLD_DATABASE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 60, 0, 9));
pub(super) const PINGED: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 250, 1));
pub(super) const MAIL: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 250, 25));
pub(super) const TELEMETRY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 250, 7));
pub(super) const STREAM: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 250, 9));
/// Clocks of everybody, by turns, and the one that a single task asks.
pub(super) const CLOCKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(198, 18, 250, 123)),
    IpAddr::V4(Ipv4Addr::new(198, 18, 250, 124)),
];
pub(super) const LONELY_CLOCK: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 250, 125));
/// Where a proxy's refused calls wanted to go.
pub(super) const REFUSED: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 249, 3));

const S3: AwsService = AwsService {
    service: "S3",
    region: "eu-west-1",
};
const DYNAMODB: AwsService = AwsService {
    service: "DYNAMODB",
    region: "eu-west-1",
};
const EC2: AwsService = AwsService {
    service: "EC2",
    region: "eu-west-1",
};
const AMAZON: AwsService = AwsService {
    service: "AMAZON",
    region: "eu-west-1",
};
const AMAZON_CENTRAL: AwsService = AwsService {
    service: "AMAZON",
    region: "eu-central-1",
};
const CLOUDFRONT: AwsService = AwsService {
    service: "CLOUDFRONT",
    region: "GLOBAL",
};
const AMAZON_GLOBAL: AwsService = AwsService {
    service: "AMAZON",
    region: "GLOBAL",
};

/// Three names each at the same addresses, spoken to over TLS and over HTTP by turns.
const SHARED_GROUPS: usize = 6;
pub(super) const NAMES_PER_GROUP: usize = 3;

/// The published ranges: nested, listed twice, and in any order.
pub(crate) fn ranges() -> IpRanges {
    IpRanges::of(&[
        ("198.19.0.0/20", AMAZON),
        ("198.19.0.0/24", AMAZON),
        ("198.19.0.0/24", S3),
        ("198.19.1.0/24", DYNAMODB),
        ("198.19.1.0/24", AMAZON),
        ("198.19.2.0/24", AMAZON),
        ("198.19.2.0/24", EC2),
        ("198.19.3.0/24", AMAZON_CENTRAL),
        ("198.19.4.0/24", CLOUDFRONT),
        ("198.19.4.0/24", AMAZON_GLOBAL),
        ("2001:db8:53::/48", AMAZON),
        ("2001:db8:53::/48", S3),
    ])
}

/// Every host of the city: first those with shared addresses, group by group, then all others.
pub(super) struct Places {
    pub(super) hosts: Vec<Host>,
    next_address: u16,
}

impl Places {
    pub(super) fn new(scenario: &Scenario, rng: &mut Prng) -> Self {
        let mut places = Places {
            hosts: Vec::new(),
            next_address: 0,
        };
        for group in 0..SHARED_GROUPS {
            let addresses: Vec<IpAddr> = (0..2).map(|_| places.address()).collect();
            let (port, speaks) = if group % 2 == 0 {
                (443, Speaks::Tls)
            } else {
                (80, Speaks::Http)
            };
            for name in ["img", "api", "files"] {
                let name = format!("{name}.tenant-{group}.cdn.example");
                places
                    .hosts
                    .push(Host::named(&name, port, speaks, addresses.clone()).shared());
            }
        }
        for index in 0..scenario.hosts {
            let host = places.vendor(index, rng);
            places.hosts.push(host);
        }
        places.hosts.extend(amazon());
        places.hosts.extend(nameless());
        places
    }

    /// The index behind the last host that shares its addresses.
    pub(super) fn shared(&self) -> usize {
        SHARED_GROUPS * NAMES_PER_GROUP
    }

    /// A host that also calls us.
    pub(super) fn partner(&self) -> IpAddr {
        self.hosts[self.shared()].addresses[0]
    }

    fn vendor(&mut self, index: usize, rng: &mut Prng) -> Host {
        let (kind, port, speaks) = match index % 10 {
            0..5 => ("api", 443, Speaks::Tls),
            5 | 6 => ("feeds", 80, Speaks::Http),
            7 => ("hooks", 8080, Speaks::Http),
            8 => ("mq", 5671, Speaks::Tcp),
            _ => ("edge", 8443, Speaks::Tls),
        };
        let mut addresses: Vec<IpAddr> = (0..rng.between(1, 4)).map(|_| self.address()).collect();
        let number = u16::try_from(index).unwrap_or(u16::MAX);
        let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x77, number, 0, 0, 0, 1));
        match index % 8 {
            3 => addresses.push(v6),
            7 => addresses = vec![v6],
            _ => {}
        }
        Host::named(&format!("{kind}.vendor-{index:03}.example"), port, speaks, addresses)
    }

    fn address(&mut self) -> IpAddr {
        let [high, low] = self.next_address.to_be_bytes();
        self.next_address += 1;
        IpAddr::V4(Ipv4Addr::new(198, 18, high, low))
    }
}

fn amazon() -> Vec<Host> {
    let at = |third: u8, last: u8| IpAddr::V4(Ipv4Addr::new(198, 19, third, last));
    let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x53, 0, 0, 0, 0, 7));
    let tls = |name: &str, addresses: Vec<IpAddr>| Host::named(name, 443, Speaks::Tls, addresses);
    vec![
        tls("s3.eu-west-1.amazonaws.com", vec![at(0, 10), at(0, 11), at(0, 12)]).within(S3),
        tls("pictures.s3.eu-west-1.amazonaws.com", vec![at(0, 30), v6]).within(S3),
        tls("dynamodb.eu-west-1.amazonaws.com", vec![at(1, 5)]).within(DYNAMODB),
        tls("sqs.eu-central-1.amazonaws.com", vec![at(3, 5), at(3, 6)]).within(AMAZON_CENTRAL),
    ]
}

fn nameless() -> Vec<Host> {
    let at = |third: u8, last: u8| IpAddr::V4(Ipv4Addr::new(198, 19, third, last));
    let alone = |last: u8| IpAddr::V4(Ipv4Addr::new(198, 18, 248, last));
    let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x53, 0, 0, 0, 0, 0x99));
    let lone_v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x78, 0, 0, 0, 0, 0x1));
    let invalid = Host::nameless(alone(4), 80, Speaks::Http);
    vec![
        Host::nameless(at(0, 200), 443, Speaks::Tls).within(S3),
        Host::nameless(v6, 443, Speaks::Tls).within(S3),
        Host::nameless(at(1, 200), 443, Speaks::Tls).within(DYNAMODB),
        Host::nameless(at(2, 77), 443, Speaks::Tls).within(EC2),
        Host::nameless(at(3, 200), 443, Speaks::Tls).within(AMAZON_CENTRAL),
        Host::nameless(at(4, 9), 443, Speaks::Tls).within(CLOUDFRONT),
        Host::nameless(alone(1), 4443, Speaks::Tcp),
        Host::nameless(alone(2), 80, Speaks::Http),
        Host::nameless(alone(3), 8080, Speaks::Http),
        Host::nameless(lone_v6, 8080, Speaks::Http),
        Host {
            asked_as: Some("cdn..example".into()),
            ..invalid
        },
    ]
}
