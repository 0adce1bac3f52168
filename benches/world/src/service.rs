//! Services of ours, their tasks, and how each is listed and logged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::party::{Owner, Party, Protocol, Speaks, Text};

/// What writes the access log of a service, and in which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// No proxy: flow records are all there is.
    None,
    /// Envoy of App Mesh, with a JSON format that has the keys one would choose.
    AppMesh,
    /// Envoy of Istio, `accessLogEncoding: JSON`.
    Istio,
    /// Envoy's default text: no client, no original destination, no SNI.
    Text,
}

/// How access lines find their service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribution {
    /// An `origin` entry of the inventory.
    Origin,
    /// The downstream address in the line.
    Downstream,
}

/// How the inventory lists the tasks of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Each task by its addresses.
    Addresses,
    /// Each task by its interface.
    Enis,
    /// All tasks by one network, less specific than any address.
    Network(String),
    /// Not at all.
    Nowhere,
}

/// What a service of ours listens on for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    pub(crate) speaks: Speaks,
}

/// One service and all the tasks it ever had.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: Text,
    pub(crate) proxy: Proxy,
    pub(crate) attribution: Attribution,
    pub(crate) listing: Listing,
    pub(crate) virtual_node: String,
    pub(crate) namespace: String,
    pub(crate) team: String,
    pub(crate) listener: Option<Listener>,
    pub(crate) tasks: Vec<Task>,
}

/// One task: an interface and its addresses, from one time until another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) eni: Text,
    /// Whether flow logs are on for its interface.
    pub(crate) logged: bool,
    pub(crate) v4: Ipv4Addr,
    pub(crate) v6: Option<Ipv6Addr>,
    /// The node's address, where the task is a pod behind it.
    pub(crate) node: Option<Ipv4Addr>,
    /// The first second, where the task came while the world was going on.
    pub(crate) from: Option<u64>,
    /// The first second after, where it went.
    pub(crate) until: Option<u64>,
}

impl Task {
    /// A task that is there from the beginning to the end.
    pub(crate) fn new(id: String, eni: String, v4: Ipv4Addr) -> Self {
        Task {
            id,
            eni: eni.into(),
            logged: true,
            v4,
            v6: None,
            node: None,
            from: None,
            until: None,
        }
    }

    /// Whether it is there from `start` to `end`.
    pub(crate) fn lives(&self, start: u64, end: u64) -> bool {
        self.from.is_none_or(|from| from <= start) && self.until.is_none_or(|until| end < until)
    }

    /// Its address in the family of `peer`; `None` where it has none.
    pub(crate) fn address_towards(&self, peer: IpAddr) -> Option<IpAddr> {
        match peer {
            IpAddr::V4(_) => Some(self.v4.into()),
            IpAddr::V6(_) => self.v6.map(IpAddr::V6),
        }
    }
}

impl Service {
    /// A task as one end of an exchange, by the address it uses there.
    pub(crate) fn party(&self, task: &Task, address: IpAddr) -> Party {
        Party {
            owner: match self.listing {
                Listing::Nowhere => Owner::Nobody,
                Listing::Addresses | Listing::Enis | Listing::Network(_) => Owner::Service(self.name.clone()),
            },
            address,
            primary: task.node.map(IpAddr::V4),
            eni: task.logged.then(|| task.eni.clone()),
        }
    }

    /// Where the access log of a task is kept.
    pub(crate) fn log_path(&self, task: &Task) -> String {
        format!("{}/{}.log", self.name, task.id)
    }
}
