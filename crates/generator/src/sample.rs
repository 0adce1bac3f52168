//! Maps built by hand, for tests: one line a dependency.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{
    Application, Certainty, Class, Dependency, DependencyMap, Grade, Hours, Key, Naming, OnlySource, Protocol, Starts,
    Tally,
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
                addresses: BTreeSet::new(),
                class: Class::External,
                application,
                name: Naming {
                    evidence: BTreeMap::from([(grade, 1)]),
                    also: BTreeMap::new(),
                },
                at_initiator: tally,
                at_responder: Tally::default(),
                elsewhere: Tally::default(),
                access: Tally::default(),
                refused_flow: 0,
                refused_access: 0,
                seen,
                initiator: Certainty::Certain,
                source: OnlySource::Unknown,
                starts: Starts::default(),
            },
        }
    }

    pub(crate) fn class(mut self, class: Class) -> Self {
        self.dependency.class = class;
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
