//! The two ends of an exchange, and what the inventory will say of them.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Short shared text: names of services, interfaces and hosts.
pub(crate) type Text = Arc<str>;

/// Who an address belongs to at the time of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A service of the inventory.
    Service(Text),
    /// Ours, and in no inventory.
    Nobody,
    /// Not ours.
    Foreign,
}

/// One end of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) owner: Owner,
    /// The address in the packets.
    pub(crate) address: IpAddr,
    /// The primary address of the interface, where that is another one: a pod behind its node.
    pub(crate) primary: Option<IpAddr>,
    /// The interface, where its traffic is logged.
    pub(crate) eni: Option<Text>,
}

impl Party {
    /// An end on the internet, or any other whose interface is not ours to log.
    pub(crate) fn foreign(address: IpAddr) -> Self {
        Party {
            owner: Owner::Foreign,
            address,
            primary: None,
            eni: None,
        }
    }

    /// A private address that nothing owns and no log shows from the inside.
    pub(crate) fn nobody(address: IpAddr) -> Self {
        Party {
            owner: Owner::Nobody,
            address,
            primary: None,
            eni: None,
        }
    }

    /// The service that the map has to name as this end; `None` for an end that is not ours.
    pub(crate) fn service(&self) -> Option<Text> {
        match &self.owner {
            Owner::Service(name) => Some(name.clone()),
            Owner::Nobody => Some(format!("unattributed/{}", self.address).into()),
            Owner::Foreign => None,
        }
    }
}

/// The transports that happen in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Protocol {
    Icmp,
    Tcp,
    Udp,
}

impl Protocol {
    /// The IANA number; ICMP differs between the families.
    pub(crate) fn number(self, address: IpAddr) -> u8 {
        match (self, address) {
            (Protocol::Icmp, IpAddr::V4(_)) => 1,
            (Protocol::Icmp, IpAddr::V6(_)) => 58,
            (Protocol::Tcp, _) => 6,
            (Protocol::Udp, _) => 17,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Icmp => "icmp",
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        })
    }
}

/// What an application speaks over TCP, as its proxy can see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http,
    Tls,
    Tcp,
}
