//! The DNS answers of one thread: who was told that a name has an address, and in which hours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_parser::DnsRecord;
use egressmap_parser::record::Verdict;
use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use super::access::owner;
use super::interfaces::index;
use super::plane::Table;
use super::roster::Roster;
use super::seen::Seen;
use crate::identity::{DnsName, ServiceName};
use crate::inventory::{Inventory, ServiceId};
use crate::observed::Answered;

mod names;

use names::Names;

/// Addresses for what is no host name: nothing can be allowed by it.
const MALFORMED_NAME: Verdict = Verdict::SetAside("malformed:query_name");

/// As many CNAMEs of a record are kept: resolvers follow no longer chains.
const LONGEST_CHAIN: usize = 16;

/// Answers added up. Two of them add up.
#[derive(Debug, Default)]
pub(super) struct Answers {
    names: Names,
    told: Table<Key, Told>,
    /// A name, and the one that its CNAME leads to.
    aliases: HashSet<(u32, u32), foldhash::fast::RandomState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    asker: Asker,
    address: IpAddr,
    /// The name that was asked for, not the last one of a chain of CNAMEs: what the client dialled.
    name: u32,
}

/// Who asked, as far as one record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Asker {
    Service(ServiceId),
    /// An address that no entry by address owns: it may be an interface's own, else it is the instance's owner's.
    Address(IpAddr, ServiceId),
}

/// Who was told which name of which address.
pub(super) type Answer<N> = (Asker, IpAddr, N);

impl Asker {
    fn renumbered(self, number: impl Fn(ServiceId) -> ServiceId) -> Self {
        match self {
            Asker::Service(service) => Asker::Service(number(service)),
            Asker::Address(address, by_instance) => Asker::Address(address, number(by_instance)),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Told {
    answers: u64,
    seen: Seen,
}

impl Told {
    fn add(&mut self, other: &Told) {
        self.answers = self.answers.saturating_add(other.answers);
        self.seen.union(&other.seen);
    }
}

impl Answers {
    /// Counts one record. Without addresses it tells no name, and takes no memory.
    pub(super) fn count(&mut self, record: &DnsRecord<'_>, inventory: &Inventory) -> Verdict {
        if record.addresses.is_empty() {
            return Verdict::Used;
        }
        let Some(name) = self.names.intern(&record.name) else {
            return MALFORMED_NAME;
        };
        let asker = asker(record, inventory);
        for address in record.addresses {
            let address = address.to_canonical();
            let told = self.told.entry(Key { asker, address, name }).or_default();
            told.answers = told.answers.saturating_add(1);
            told.seen.mark(record.time, record.time);
        }
        let mut from = name;
        for alias in record.aliases.iter().take(LONGEST_CHAIN) {
            // A name that is none ends what can be told of the chain.
            let Some(to) = self.names.intern(alias) else { break };
            self.aliases.insert((from, to));
            from = to;
        }
        Verdict::Used
    }

    /// Adds what another thread counted.
    pub(super) fn absorb(&mut self, other: Answers) {
        let names = self.names.absorb(other.names);
        for (key, told) in other.told {
            let name = names[index(key.name)];
            self.told.entry(Key { name, ..key }).or_default().add(&told);
        }
        let aliases = other.aliases.into_iter();
        self.aliases
            .extend(aliases.map(|(from, to)| (names[index(from)], names[index(to)])));
    }

    /// Every answer, with other numbers for services.
    pub(super) fn rows(
        &self,
        number: impl Fn(ServiceId) -> ServiceId,
    ) -> impl Iterator<Item = (Answer<&DnsName>, &Told)> {
        let told = self.told.iter();
        told.map(move |(key, told)| {
            let name = self.names.get(key.name);
            ((key.asker.renumbered(&number), key.address, name), told)
        })
    }

    /// Adds such an answer.
    pub(super) fn load(&mut self, (answer, told): (Answer<DnsName>, Told), number: impl Fn(ServiceId) -> ServiceId) {
        let (asker, address, name) = answer;
        let key = Key {
            asker: asker.renumbered(number),
            address,
            name: self.names.number(name),
        };
        self.told.entry(key).or_default().add(&told);
    }

    /// Every name with one that its CNAME leads to.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&DnsName, &DnsName)> {
        let aliases = self.aliases.iter();
        aliases.map(|(from, to)| (self.names.get(*from), self.names.get(*to)))
    }

    /// Adds such a pair.
    pub(super) fn load_alias(&mut self, (from, to): (DnsName, DnsName)) {
        let alias = (self.names.number(from), self.names.number(to));
        self.aliases.insert(alias);
    }

    /// Where CNAMEs lead from the names that were answered for addresses which were `reached`.
    pub(super) fn chains(&self, reached: impl Iterator<Item = IpAddr>) -> BTreeMap<DnsName, BTreeSet<DnsName>> {
        let mut chains: BTreeMap<DnsName, BTreeSet<DnsName>> = BTreeMap::new();
        if self.aliases.is_empty() {
            return chains;
        }
        let mut targets: Table<u32, Vec<u32>> = Table::default();
        for (from, to) in &self.aliases {
            targets.entry(*from).or_default().push(*to);
        }
        let reached: HashSet<IpAddr> = reached.collect();
        let asked = self.told.keys().filter(|key| reached.contains(&key.address));
        let mut open: Vec<u32> = asked.map(|key| key.name).collect();
        while let Some(name) = open.pop() {
            // Each name is gone from once.
            if let Some(to) = targets.remove(&name) {
                let names = to.iter().map(|to| self.names.get(*to).clone());
                chains.insert(self.names.get(name).clone(), names.collect());
                open.extend(to);
            }
        }
        chains
    }

    /// What was told, in order. `holder` tells who holds an address at a moment as an interface's own.
    pub(super) fn finish(self, roster: &Roster<'_>, holder: impl Fn(IpAddr, u64) -> ServiceId) -> Vec<Answered> {
        let mut all: BTreeMap<_, Told> = BTreeMap::new();
        for (key, told) in self.told {
            let service = match key.asker {
                Asker::Service(service) => roster.name(service).cloned(),
                Asker::Address(address, by_instance) => roster
                    .name(holder(address, told.seen.first()))
                    .or_else(|| roster.name(by_instance))
                    .cloned()
                    .or_else(|| Some(ServiceName::unattributed(address))),
            };
            let service = service.expect("an id comes from the inventory that is asked");
            let name = self.names.get(key.name).clone();
            all.entry((key.address, service, name)).or_default().add(&told);
        }
        all.into_iter()
            .map(|((address, service, name), told)| Answered {
                address,
                service,
                name,
                answers: told.answers,
                seen: told.seen.into_hours(),
            })
            .collect()
    }
}

fn asker(record: &DnsRecord<'_>, inventory: &Inventory) -> Asker {
    let source = record.source.to_canonical();
    match owner(inventory, source, record.time) {
        ServiceId::NOBODY => {
            let by_instance = inventory.interface_owner(b"", record.instance.as_bytes(), b"", record.time);
            Asker::Address(source, by_instance)
        }
        service => Asker::Service(service),
    }
}

#[cfg(test)]
mod tests;
