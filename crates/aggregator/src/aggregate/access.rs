//! The access records of one thread: which service reached which host through its proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use egressmap_parser::record::Verdict;
use egressmap_parser::source::ObjectId;
use egressmap_parser::{AccessRecord, Reason};
use serde::{Deserialize, Serialize};

use super::parties::Tenure;
use super::plane::Table;
use super::roster::Roster;
use super::seen::Seen;
use crate::address::Address;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, Owned, ServiceId};
use crate::map::{Application, Starts, Tally};
use crate::observed::{AccessEdge, Host};

mod called;
mod cluster;
mod destinations;
mod numbered;
mod outcome;
mod place;
mod proxies;
mod target;
mod told;
mod waiting;

use called::Called;
use destinations::{Destinations, Fate};
use numbered::Numbered;
use outcome::Outcome;
use place::Place;
use proxies::{Proxies, Who};
use target::Target;
use told::Told;
use waiting::Waiting;

/// Neither a host nor an address: a request that broke before it was routed.
const NO_DESTINATION: Reason = "no-destination";

/// Access records added up. Two of them add up.
#[derive(Debug, Default)]
pub(super) struct Accesses {
    edges: Table<Edge, Counted>,
    /// Records that are not yet counted.
    waiting: Vec<Waiting>,
    destinations: Destinations,
    callers: Numbered<Caller>,
    /// The number of whoever has no other name than where the records at hand stand.
    unnamed: Option<u32>,
    inbound: u64,
    place: Place,
    proxies: Proxies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Edge {
    /// By their numbers.
    caller: u32,
    destination: u32,
    owner: ServiceId,
}

/// An edge as it is written elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Key {
    caller: Caller,
    host: Option<Host>,
    address: Option<IpAddr>,
    owner: ServiceId,
    port: u16,
    application: Application,
}

/// Whose proxy it was, as far as one record tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Caller {
    Service(ServiceId),
    /// An address that no entry by address owns: it may be an interface's own.
    Address(IpAddr),
    /// Whom the log names, where no interface has the address as its own.
    Told(#[serde(with = "shared")] Arc<Told>, Option<IpAddr>),
    Object(#[serde(with = "shared")] Arc<str>),
}

impl Caller {
    /// With other numbers for services.
    fn renumbered(self, number: impl Fn(ServiceId) -> ServiceId) -> Self {
        match self {
            Caller::Service(service) => Caller::Service(number(service)),
            caller => caller,
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    tally: Tally,
    refused: u64,
    seen: Seen,
    starts: Starts,
}

impl Counted {
    fn add(&mut self, other: &Counted) {
        self.tally.add(&other.tally);
        self.refused += other.refused;
        self.seen.union(&other.seen);
        self.starts.union(&other.starts);
    }
}

impl Accesses {
    /// The records that follow stand in this object.
    pub(super) fn object(&mut self, id: &ObjectId) {
        self.place = Place::object(&id.uri);
        self.unnamed = None;
    }

    /// The records that follow come from here, as their envelope says.
    pub(super) fn origin(&mut self, origin: &str) {
        self.place.origin(origin);
        self.unnamed = None;
    }

    /// Counts one record.
    pub(super) fn count(&mut self, record: &AccessRecord<'_>, inventory: &Inventory) -> Verdict {
        let (destination, address, outcome) = match self.destinations.fate(record) {
            Fate::To(destination, address, outcome) => (destination, address, outcome),
            Fate::Aside(reason) => return Verdict::SetAside(reason),
            Fate::Inbound => {
                self.inbound += 1;
                return Verdict::Used;
            }
        };
        let caller = self.caller(record, inventory);
        let owner = address.map_or(ServiceId::NOBODY, |address| owner(inventory, address, record.start));
        let external = !owner.is_somebody() && !address.is_some_and(is_private);
        self.wait(Waiting {
            edge: Edge {
                caller,
                destination,
                owner,
            },
            start: record.start,
            bytes_out: record.bytes_received,
            bytes_in: record.bytes_sent,
            refused: outcome == Outcome::Refused,
            external,
        });
        Verdict::Used
    }

    /// Adds what another thread counted.
    pub(super) fn absorb(&mut self, other: Accesses) {
        let destinations = self.destinations.all.absorb(other.destinations.into_numbered());
        let callers = self.callers.absorb(other.callers);
        for (edge, counted) in other.edges {
            let edge = Edge {
                caller: callers[edge.caller as usize],
                destination: destinations[edge.destination as usize],
                ..edge
            };
            self.edges.entry(edge).or_default().add(&counted);
        }
        self.inbound += other.inbound;
    }

    /// Every edge, with other numbers for services.
    pub(super) fn rows(&self, number: impl Fn(ServiceId) -> ServiceId) -> impl Iterator<Item = (Key, &Counted)> {
        self.edges.iter().map(move |(edge, counted)| {
            let Target {
                host,
                address,
                port,
                application,
            } = self.destinations.all.get(edge.destination).clone();
            let key = Key {
                caller: self.callers.get(edge.caller).clone().renumbered(&number),
                host,
                address,
                owner: number(edge.owner),
                port,
                application,
            };
            (key, counted)
        })
    }

    /// Adds such an edge.
    pub(super) fn load(&mut self, (key, counted): (Key, Counted), number: impl Fn(ServiceId) -> ServiceId) {
        let edge = Edge {
            owner: number(key.owner),
            caller: self.callers.number(key.caller.renumbered(number)),
            destination: self.destinations.all.number(Target {
                host: key.host,
                address: key.address,
                port: key.port,
                application: key.application,
            }),
        };
        self.edges.entry(edge).or_default().add(&counted);
    }

    /// Lines of inbound listeners.
    pub(super) fn inbound(&self) -> u64 {
        self.inbound
    }

    /// What services are called that only the log names.
    pub(super) fn called(&self, inventory: &Inventory) -> Called {
        let told = self.callers.iter().filter_map(|caller| match caller {
            Caller::Told(told, _) => Some(Arc::clone(told)),
            _ => None,
        });
        let told: BTreeSet<_> = told.collect();
        if told.is_empty() {
            return Called::default();
        }
        Called::of(told, &inventory.services())
    }

    /// Private addresses that the lines of one such service alone come from, with when: they are its own.
    pub(super) fn tenures(&self, called: &Called, roster: &Roster<'_>) -> BTreeMap<IpAddr, Tenure> {
        let mut tenures: BTreeMap<IpAddr, Tenure> = BTreeMap::new();
        for (edge, counted) in &self.edges {
            let (Caller::Told(told, Some(address)), span) = (self.callers.get(edge.caller), counted.seen.span()) else {
                continue;
            };
            let service = called.name(told).map_or(ServiceId::NOBODY, |name| roster.id(name));
            let tenure = tenures.entry(*address).or_insert(Tenure {
                service,
                first: span.0,
                last: span.1,
            });
            if tenure.service != service {
                tenure.service = ServiceId::NOBODY;
            }
            (tenure.first, tenure.last) = (tenure.first.min(span.0), tenure.last.max(span.1));
        }
        tenures.retain(|address, tenure| tenure.service.is_somebody() && is_private(*address));
        tenures
    }

    /// The edges, in order. `holder` tells who holds an address at a moment as an interface's own.
    pub(super) fn finish(
        self,
        roster: &Roster<'_>,
        called: &Called,
        holder: impl Fn(IpAddr, u64) -> ServiceId,
    ) -> Vec<AccessEdge> {
        let name = |service| roster.name(service).cloned();
        let destinations = self.destinations.into_numbered();
        let mut edges: BTreeMap<_, Counted> = BTreeMap::new();
        for (edge, counted) in self.edges {
            let target = destinations.get(edge.destination);
            let at = counted.seen.first();
            let held = |address| name(holder(address, at));
            let service = match self.callers.get(edge.caller) {
                Caller::Service(service) => name(*service).expect("an id comes from the inventory that is asked"),
                Caller::Address(address) => held(*address).unwrap_or_else(|| ServiceName::unattributed(address)),
                Caller::Told(told, address) => {
                    let held = address.and_then(held);
                    held.or_else(|| called.name(told).cloned())
                        .unwrap_or_else(|| ServiceName::unattributed(&told.name))
                }
                Caller::Object(uri) => ServiceName::unattributed(uri),
            };
            let owner = name(edge.owner).or_else(|| held(target.address?));
            let shown = (
                service,
                target.host.clone(),
                target.address,
                owner,
                target.port,
                target.application,
            );
            edges.entry(shown).or_default().add(&counted);
        }
        edges
            .into_iter()
            .map(
                |((service, host, address, owner, port, application), counted)| AccessEdge {
                    service,
                    host,
                    address,
                    owner,
                    port,
                    application,
                    tally: counted.tally,
                    refused: counted.refused,
                    seen: counted.seen.into_hours(),
                    starts: counted.starts,
                },
            )
            .collect()
    }

    /// The number of who called.
    fn caller(&mut self, record: &AccessRecord<'_>, inventory: &Inventory) -> u32 {
        let service = self.place.owner(record.start, inventory);
        if service.is_somebody() {
            return self.callers.number(Caller::Service(service));
        }
        let address = downstream(record);
        let owner = address.map_or(ServiceId::NOBODY, |address| owner(inventory, address, record.start));
        if owner.is_somebody() {
            return self.callers.number(Caller::Service(owner));
        }
        let identity = record.identity.as_deref();
        let who = identity.and_then(|identity| self.proxies.who(identity, record.start, inventory));
        let caller = match (who.or_else(|| self.place.told().map(Who::Told)), address) {
            (Some(Who::Service(service)), _) => Caller::Service(service),
            (Some(Who::Told(told)), address) => Caller::Told(told, address),
            (None, Some(address)) => Caller::Address(address),
            (None, None) => {
                let Self {
                    unnamed,
                    callers,
                    place,
                    ..
                } = self;
                return *unnamed.get_or_insert_with(|| callers.number(Caller::Object(place.name())));
            }
        };
        self.callers.number(caller)
    }
}

/// The client's address. Port 0 means that the client itself wrote it, into `x-forwarded-for`.
fn downstream(record: &AccessRecord<'_>) -> Option<IpAddr> {
    let direct = record.downstream_direct_remote.as_ref();
    let written = || record.downstream_remote.as_ref().filter(|remote| remote.port() != 0);
    direct.or_else(written).map(canonical)
}

/// RFC 1918, RFC 6598, `fc00::/7`.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.to_bits().is_private(),
        IpAddr::V6(address) => address.to_bits().is_private(),
    }
}

fn canonical(address: &SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

/// Who owns an address of either family at a moment, by address alone.
pub(super) fn owner(inventory: &Inventory, address: IpAddr, at: u64) -> ServiceId {
    match address {
        IpAddr::V4(address) => address.to_bits().owner_in(inventory, at),
        IpAddr::V6(address) => address.to_bits().owner_in(inventory, at),
    }
}

/// What several share, written as itself.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize + ?Sized, S: Serializer>(shared: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        shared.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, T: ?Sized, D: Deserializer<'de>>(from: D) -> Result<Arc<T>, D::Error>
    where
        Box<T>: Deserialize<'de>,
    {
        Box::<T>::deserialize(from).map(Arc::from)
    }
}

#[cfg(test)]
mod tests;
