//! One attempt to reach something, and how much of it the log shows.

use std::net::IpAddr;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Application, Class, Dependency, Grade, Key, Protocol};

use crate::ledger::Destination;

/// What a service tried to reach: a dependency, looked at from the policy's side.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Who, where to, on which port.
    pub key: &'a Key,
    /// What the log knows of it.
    pub dependency: &'a Dependency,
    /// Where to, read as the ledger reads it; `None` for what no entry can name.
    pub far: Option<Destination>,
}

/// What the log shows of the name that the client says, as SNI, as `Host`, or in a DNS query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken<'a> {
    /// A proxy saw it, or this address was the answer for it.
    Name(&'a DnsName),
    /// What reverse DNS says of the address: seldom what the client dials.
    Reverse(&'a DnsName),
    /// The proxy saw the requests, and their host is an address.
    Literal,
    /// Nothing.
    Unknown,
}

impl<'a> Attempt<'a> {
    /// The attempt that a dependency is.
    #[must_use]
    pub fn of(key: &'a Key, dependency: &'a Dependency) -> Self {
        Attempt {
            key,
            dependency,
            far: key.destination.parse().ok(),
        }
    }

    /// Whether it leads to a service of ours, whose name is the destination.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.dependency.class == Class::Internal
    }

    /// What the client says of where it goes.
    #[must_use]
    pub fn spoken(&self) -> Spoken<'_> {
        match &self.far {
            Some(Destination::Name(name)) if !self.is_internal() => match self.dependency.name.grade() {
                Grade::Fcrdns | Grade::Ptr => Spoken::Reverse(name),
                _ => Spoken::Name(name),
            },
            Some(Destination::Address(_)) if self.shows_application(Application::Http) => Spoken::Literal,
            _ => Spoken::Unknown,
        }
    }

    /// The name of the far end, however it is known.
    #[must_use]
    pub fn name(&self) -> Option<&DnsName> {
        match self.spoken() {
            Spoken::Name(name) | Spoken::Reverse(name) => Some(name),
            Spoken::Literal | Spoken::Unknown => None,
        }
    }

    /// Other names of its addresses that the client may have meant. Where its own proxy saw the name there are none.
    pub fn also(&self) -> impl Iterator<Item = DnsName> + '_ {
        let also = self.dependency.name.also.keys().filter(|_| !self.through_proxy());
        also.filter_map(|name| DnsName::try_from(name.clone()).ok())
    }

    /// Every other name of its addresses.
    pub fn neighbours(&self) -> impl Iterator<Item = DnsName> + '_ {
        let also = self.dependency.name.also.keys();
        also.filter_map(|name| DnsName::try_from(name.clone()).ok())
    }

    /// Whether it is DNS, to whatever server.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        self.key.port == 53 && matches!(self.key.protocol, Protocol::Tcp | Protocol::Udp)
    }

    /// Whether it stays at the host: link-local addresses, where metadata, time and Amazon's DNS are.
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        self.is_only_at(|address| match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            // The same services by IPv6.
            IpAddr::V6(v6) => v6.segments().starts_with(&[0xfd00, 0x0ec2]),
        })
    }

    /// Whether the caller's own proxy logged it.
    #[must_use]
    pub fn through_proxy(&self) -> bool {
        self.dependency.access.records > 0 || self.dependency.refused_access > 0
    }

    /// Whether a proxy saw that this is what is spoken. From a flow log it is inferred from the port.
    #[must_use]
    pub fn shows_application(&self, application: Application) -> bool {
        self.through_proxy() && self.dependency.application == application
    }

    /// Whether this may be what is spoken, as far as the log shows.
    #[must_use]
    pub fn may_speak(&self, application: Application) -> bool {
        let shown = [Application::Http, Application::Tls];
        !shown
            .into_iter()
            .any(|other| other != application && self.shows_application(other))
    }

    /// The addresses it was seen at; the destination itself where it is one.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self.far {
            Some(Destination::Address(address)) => vec![address],
            _ => self.dependency.addresses.iter().copied().collect(),
        }
    }

    /// Whether it was seen at these addresses only.
    pub fn is_only_at(&self, test: impl Fn(&IpAddr) -> bool) -> bool {
        let addresses = self.addresses();
        !addresses.is_empty() && addresses.iter().all(test)
    }

    /// Whether it is a connection of TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.key.protocol == Protocol::Tcp
    }
}
