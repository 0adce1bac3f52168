//! Maps built by hand, for tests: one line a dependency.

use std::collections::BTreeMap;
use std::net::IpAddr;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{
    Application, Certainty, Class, Dependency, DependencyMap, Grade, Hours, Key, Naming, Protocol, ServiceFacts, Tally,
};

/// A dependency as a test states it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) key: Key,
    pub(crate) dependency: Dependency,
}

impl Seen {
    /// TLS, named by its SNI, direction certain, seen once.
    pub(crate) fn tls(service: &str, destination: &str, port: u16) -> Self {
        Self::new(service, destination, port, Protocol::Tcp, Application::Tls, Grade::Sni)
    }

    /// HTTP, named by its authority.
    pub(crate) fn http(service: &str, destination: &str, port: u16) -> Self {
        Self::new(
            service,
            destination,
            port,
            Protocol::Tcp,
            Application::Http,
            Grade::Authority,
        )
    }

    /// TCP, named by DNS.
    pub(crate) fn tcp(service: &str, destination: &str, port: u16) -> Self {
        Self::new(service, destination, port, Protocol::Tcp, Application::Tcp, Grade::Dns)
    }

    /// UDP, named by DNS.
    pub(crate) fn udp(service: &str, destination: &str, port: u16) -> Self {
        Self::new(service, destination, port, Protocol::Udp, Application::Udp, Grade::Dns)
    }

    fn new(
        service: &str,
        destination: &str,
        port: u16,
        protocol: Protocol,
        application: Application,
        grade: Grade,
    ) -> Self {
        let mut seen = Hours::default();
        seen.mark(1_790_000_000, 1_790_000_060);
        let tally = Tally {
            records: 1,
            ..Tally::default()
        };
        Seen {
            key: Key {
                service: self::service(service),
                destination: destination.to_owned(),
                port,
                protocol,
            },
            dependency: Dependency {
                application,
                name: Naming {
                    evidence: BTreeMap::from([(grade, 1)]),
                    also: BTreeMap::new(),
                },
                at_initiator: tally,
                seen,
                initiator: Certainty::Certain,
                ..Dependency::default()
            },
        }
    }

    pub(crate) fn class(mut self, class: Class) -> Self {
        self.dependency.class = class;
        self
    }

    pub(crate) fn at(mut self, addresses: &[&str]) -> Self {
        let addresses = addresses
            .iter()
            .map(|text| text.parse().expect("tests name valid addresses"));
        self.dependency.addresses.extend::<Vec<IpAddr>>(addresses.collect());
        self
    }

    pub(crate) fn records(mut self, records: u64) -> Self {
        self.dependency.at_initiator.records = records;
        self
    }
}

/// A service's name.
pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::try_from(name.to_owned()).expect("tests name valid services")
}

/// The map of these dependencies.
pub(crate) fn map(seen: impl IntoIterator<Item = Seen>) -> DependencyMap {
    DependencyMap {
        dependencies: seen.into_iter().map(|seen| (seen.key, seen.dependency)).collect(),
        ..DependencyMap::default()
    }
}

/// A ledger with every form of destination that the ledger has, and every transport.
pub(crate) const EVERY_FORM: &str = "\
schema: egressmap/ledger/v1
dependencies:
  - {service: checkout, destination: api.stripe.com, port: 443, application: tls, verdict: allow, owner: payments-team, reason: PAY-1432}
  - {service: checkout, destination: '*.cdn.example', port: 443, application: tls, verdict: allow}
  - {service: checkout, destination: rates.example, port: 80, application: http, verdict: allow}
  - {service: checkout, destination: '*.pages.example', port: 8080, application: http, verdict: allow}
  - {service: checkout, destination: queue.partner.example, port: 5671, application: tcp, verdict: allow}
  - {service: checkout, destination: db-1.partner.example, port: 5432, application: tcp, verdict: allow}
  - {service: checkout, destination: db-2.partner.example, port: 5432, application: tcp, verdict: allow}
  - {service: checkout, destination: 203.0.113.7, port: 5432, application: tcp, verdict: allow}
  - {service: checkout, destination: 198.51.100.0/24, port: 443, application: tls, verdict: allow}
  - {service: checkout, destination: '2001:db8::7', port: 443, application: tls, verdict: allow}
  - {service: checkout, destination: aws/s3/eu-west-1, port: 443, application: tls, verdict: allow}
  - {service: checkout, destination: time.example, port: 123, application: udp, verdict: allow}
  - {service: checkout, destination: 192.0.2.53, port: 53, application: udp, verdict: allow}
  - {service: checkout, destination: 192.0.2.1, port: 0, application: icmp, verdict: allow}
  - {service: checkout, destination: _dmarc.example, port: 443, application: tls, verdict: allow}
  - {service: media, destination: api.stripe.com, port: 443, application: tls, verdict: allow}
  - {service: media, destination: denied.example, port: 443, application: tls, verdict: deny}
  - {service: nobody, destination: api.stripe.com, port: 443, application: tls, verdict: allow}
";

/// The map beside [`EVERY_FORM`]: `checkout` is in the namespace `shop`, and nothing is known of where `media` is.
pub(crate) fn every_form() -> DependencyMap {
    let mut map = map([
        Seen::tls("checkout", "api.stripe.com", 443).at(&["203.0.113.20"]),
        Seen::tls("checkout", "img.cdn.example", 443).at(&["203.0.113.21"]),
        Seen::http("checkout", "rates.example", 80),
        Seen::tcp("checkout", "db-1.partner.example", 5432).at(&["203.0.113.31", "203.0.113.32"]),
        Seen::tls("media", "api.stripe.com", 443).at(&["203.0.113.20"]),
        Seen::tcp("checkout", "ledger", 8080).class(Class::Internal),
    ]);
    let facts = ServiceFacts {
        namespace: Some("shop".to_owned()),
        ..ServiceFacts::default()
    };
    map.manifest.services.insert(service("checkout"), facts);
    map
}
