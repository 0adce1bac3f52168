//! Which service owns an address, an interface or a log, and when.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use crate::address::{Address, mapped_v4};
use crate::identity::ServiceName;
use crate::map::ServiceFacts;

mod addresses;
mod csv_file;
mod error;
mod json_file;
mod names;
mod origins;
mod row;
mod runners;
mod spans;

use addresses::AddressBook;
pub use error::InventoryError;
use names::Names;
pub(crate) use names::ServiceId;
pub(crate) use origins::ObjectOwners;
use origins::Origins;
use row::Row;
use runners::Runners;
use spans::{Span, Spans};

/// Entries by address, interface, instance, account and log origin, each with the time it holds.
///
/// The most specific entry that covers a moment wins; among equals the one that starts last, then the name that sorts
/// first. Nothing here depends on the order of rows or files, except that of two rows with different facts (virtual
/// node, namespace, owner) about one service the first counts.
#[derive(Debug, Default)]
pub struct Inventory {
    names: Names,
    v4: AddressBook<u32>,
    v6: AddressBook<u128>,
    interfaces: ByText,
    instances: ByText,
    accounts: ByText,
    /// Addresses that rows with an interface name beside it: they say which address is the interface's own.
    stated: Stated,
    /// Interfaces of NAT gateways, which pass on what others sent.
    gateways: HashSet<Box<[u8]>, foldhash::fast::RandomState>,
    origins: Origins,
    runners: Runners,
    /// What a user should know of files that could be read.
    remarks: Vec<String>,
}

type Stated = HashMap<Box<[u8]>, Vec<IpAddr>, foldhash::fast::RandomState>;
type ByText = HashMap<Box<[u8]>, Spans, foldhash::fast::RandomState>;

impl Inventory {
    /// Reads a CSV file with a header: `service` and one or more of `address` (IP or CIDR), `eni`, `instance`,
    /// `account` and `origin` (a glob); optional `from` and `until` (RFC 3339, half-open), `virtual_node`, `namespace`
    /// and `owner`. Columns stand in any order and unknown ones are ignored. `path` is named in messages only.
    ///
    /// # Errors
    /// At the first row that cannot be understood: nothing of an inventory is skipped in silence.
    pub fn from_csv(path: &str, text: &[u8]) -> Result<Self, InventoryError> {
        let mut inventory = Inventory::default();
        let mut remarks = Vec::new();
        csv_file::read(path, text, |row| inventory.insert(row), |remark| remarks.push(remark))?;
        inventory.remarks = remarks;
        Ok(inventory)
    }

    /// Reads JSON as the platform's own tools print it: `aws ec2 describe-network-interfaces`, `aws ecs describe-tasks`,
    /// `kubectl get pods -A -o json` (with the objects that own them, where they are printed too), Cloud Map's
    /// `discover-instances` and `list-instances`. Several answers may stand in one file; unknown keys are ignored.
    ///
    /// # Errors
    /// At the first thing that cannot be understood.
    pub fn from_json(path: &str, text: &[u8]) -> Result<Self, InventoryError> {
        let mut inventory = Inventory::default();
        let read = json_file::read(path, text)?;
        for row in read.rows {
            inventory.insert(row);
        }
        for (eni, own) in read.stated {
            state(&mut inventory.stated, &eni, own);
        }
        inventory.gateways = read.gateways.into_iter().map(|eni| eni.into_bytes().into()).collect();
        inventory.remarks = read.remarks;
        Ok(inventory)
    }

    /// Reads an inventory of either kind, which its first byte tells.
    ///
    /// # Errors
    /// As [`Inventory::from_csv`] and [`Inventory::from_json`].
    pub fn from_file(path: &str, text: &[u8]) -> Result<Self, InventoryError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        match text.trim_ascii_start().first() {
            Some(b'{' | b'[') => Inventory::from_json(path, text),
            Some(0xff | 0xfe) => Err(InventoryError {
                file: path.to_owned(),
                place: "line 1".to_owned(),
                what: "expected UTF-8, found UTF-16".to_owned(),
                hint: Some("write the file anew: in PowerShell with `| Out-File -Encoding utf8`".to_owned()),
            }),
            _ => Inventory::from_csv(path, text),
        }
    }

    /// What of it a user should look at, safe to print: columns that look misspelt, facts that contradict each other,
    /// tasks and pods that have no address of their own.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        let contradictions = self.names.contradictions.iter();
        self.remarks.iter().chain(contradictions).map(String::as_str)
    }

    /// Adds the entries of another inventory.
    pub fn extend(&mut self, other: Inventory) {
        let ids: Vec<ServiceId> = self.names.absorb(other.names);
        let names = &self.names;
        self.v4.absorb(other.v4, &ids, names);
        self.v6.absorb(other.v6, &ids, names);
        for (to, from) in [
            (&mut self.interfaces, other.interfaces),
            (&mut self.instances, other.instances),
            (&mut self.accounts, other.accounts),
        ] {
            for (key, spans) in from {
                to.entry(key).or_default().absorb(spans, &ids, names);
            }
        }
        for (eni, addresses) in other.stated {
            self.stated.entry(eni).or_default().extend(addresses);
        }
        self.gateways.extend(other.gateways);
        self.origins.absorb(other.origins, &ids, names);
        self.runners.absorb(other.runners, &ids, names);
        self.remarks.extend(other.remarks);
    }

    /// Every service, with what is said of it beyond its addresses.
    #[must_use]
    pub fn services(&self) -> BTreeMap<ServiceName, ServiceFacts> {
        self.names.services()
    }

    /// Adds a service that an earlier run knew.
    pub(crate) fn remember(&mut self, service: ServiceName, facts: ServiceFacts) {
        self.names.intern(service, facts);
    }

    /// The name behind an id that this inventory gave out; `None` for [`ServiceId::NOBODY`].
    pub(crate) fn name(&self, id: ServiceId) -> Option<&ServiceName> {
        self.names.get(id)
    }

    /// The id of a service by its name.
    pub(crate) fn id(&self, name: &ServiceName) -> Option<ServiceId> {
        self.names.id(name)
    }

    /// The service whose App Mesh virtual node has this name.
    pub(crate) fn of_virtual_node(&self, node: &str) -> ServiceId {
        self.names.of_virtual_node(node)
    }

    /// The number of an id that this inventory did not give out, and does not after; those above are free as well.
    pub(crate) fn next_id(&self) -> u32 {
        self.names.next()
    }

    /// Who owns an address at a moment, by address alone.
    pub(crate) fn owner<A: Owned>(&self, address: A, at: u64) -> ServiceId {
        address.owner_in(self, at)
    }

    /// The owners of addresses, each at a moment.
    pub(crate) fn owners(&self, asked: &[(u32, u64)], owners: &mut Vec<ServiceId>) {
        self.v4.owners(asked, owners);
    }

    /// Whether an entry about addresses covers the address at any time.
    pub(crate) fn owns_ever<A: Owned>(&self, address: A) -> bool {
        address.owned_ever_in(self)
    }

    /// Whether any entry is about interfaces, instances or accounts.
    pub(crate) fn knows_interfaces(&self) -> bool {
        !(self.interfaces.is_empty() && self.instances.is_empty() && self.accounts.is_empty())
    }

    /// Whether an entry names this very interface.
    pub(crate) fn lists_interface(&self, eni: &[u8]) -> bool {
        self.interfaces.contains_key(eni)
    }

    /// Who owns the own address of an interface at a moment, where no entry by address does.
    pub(crate) fn interface_owner(&self, eni: &[u8], instance: &[u8], account: &[u8], at: u64) -> ServiceId {
        [
            (&self.interfaces, eni),
            (&self.instances, instance),
            (&self.accounts, account),
        ]
        .into_iter()
        .filter_map(|(book, key)| book.get(key)?.at(at))
        .next()
        .unwrap_or(ServiceId::NOBODY)
    }

    /// Whether a row says that this is an address of the interface.
    pub(crate) fn states(&self, eni: &[u8], address: IpAddr) -> bool {
        self.stated.get(eni).is_some_and(|stated| stated.contains(&address))
    }

    /// Whether an interface is a NAT gateway's.
    pub(crate) fn is_gateway(&self, eni: &[u8]) -> bool {
        self.gateways.contains(eni)
    }

    /// The entries whose `origin` matches an object, and those of a task or pod that its name names.
    pub(crate) fn owners_of_object(&self, uri: &str) -> ObjectOwners {
        self.origins.matching(uri, self.runners.matching(uri), &self.names)
    }

    fn insert(&mut self, row: Row) {
        let service = self.names.intern(row.service, row.facts);
        let names = &self.names;
        let span = Span {
            from: row.from,
            until: row.until,
            service,
        };
        if let Some(net) = row.address {
            match net.network {
                IpAddr::V4(v4) => self.v4.insert(v4.to_bits(), net.length, span, names),
                IpAddr::V6(v6) => self.v6.insert(v6.to_bits(), net.length, span, names),
            }
            if let (Some(eni), None) = (&row.eni, net.length) {
                state(&mut self.stated, eni, net.network);
            }
        }
        for (book, key) in [
            (&mut self.interfaces, row.eni),
            (&mut self.instances, row.instance),
            (&mut self.accounts, row.account),
        ] {
            if let Some(key) = key {
                book.entry(key.into_bytes().into()).or_default().insert(span, names);
            }
        }
        if let Some(glob) = row.origin {
            self.origins.insert(glob, span, names);
        }
        if let Some(runner) = row.runner {
            self.runners.insert(runner, span, names);
        }
    }
}

fn state(stated: &mut Stated, eni: &str, own: IpAddr) {
    stated.entry(eni.as_bytes().into()).or_default().push(own);
}

/// An address that an inventory can be asked about.
pub(crate) trait Owned: Address {
    /// See [`Inventory::owner`].
    fn owner_in(self, inventory: &Inventory, at: u64) -> ServiceId;

    /// See [`Inventory::owns_ever`].
    fn owned_ever_in(self, inventory: &Inventory) -> bool;
}

impl Owned for u32 {
    fn owner_in(self, inventory: &Inventory, at: u64) -> ServiceId {
        inventory.v4.owner(self, at)
    }

    fn owned_ever_in(self, inventory: &Inventory) -> bool {
        inventory.v4.covers(self)
    }
}

impl Owned for u128 {
    fn owner_in(self, inventory: &Inventory, at: u64) -> ServiceId {
        match mapped_v4(self) {
            Some(v4) => inventory.v4.owner(v4, at),
            None => inventory.v6.owner(self, at),
        }
    }

    fn owned_ever_in(self, inventory: &Inventory) -> bool {
        match mapped_v4(self) {
            Some(v4) => inventory.v4.covers(v4),
            None => inventory.v6.covers(self),
        }
    }
}

#[cfg(test)]
mod tests;
