//! Finds the entries that speak for a dependency without reading the whole ledger for each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Dependency, Key, Protocol};

use super::{Destination, Entry, Ledger};

/// The entries of a ledger by what they are about.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    exact: BTreeMap<Door<'a>, BTreeMap<&'a Destination, &'a Entry>>,
    /// Wildcards and ranges, in the order of the file.
    wide: BTreeMap<Door<'a>, Vec<&'a Entry>>,
}

/// A service, a port and a transport.
type Door<'a> = (&'a ServiceName, u16, Protocol);

/// A dependency that the ledger is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) service: &'a ServiceName,
    pub(crate) destination: &'a Destination,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    /// Where the destination was seen.
    pub(crate) addresses: &'a BTreeSet<IpAddr>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(ledger: &'a Ledger) -> Self {
        let mut index = Index {
            exact: BTreeMap::new(),
            wide: BTreeMap::new(),
        };
        for entry in &ledger.entries {
            let door = (&entry.service, entry.port, entry.protocol());
            index.exact.entry(door).or_default().insert(&entry.destination, entry);
            if matches!(entry.destination, Destination::Below(_) | Destination::Range(_)) {
                index.wide.entry(door).or_default().push(entry);
            }
        }
        index
    }

    /// The entry for this very destination.
    pub(crate) fn exact(&'a self, question: Question<'a>) -> Option<&'a Entry> {
        self.exact.get(&question.door())?.get(question.destination).copied()
    }

    /// The entry that speaks for the destination: its very own, else a wider one.
    pub(crate) fn speaking(&'a self, question: Question<'a>) -> Option<&'a Entry> {
        self.exact(question).or_else(|| self.wider(question).next())
    }

    /// The wider entries that speak for the destination.
    pub(crate) fn wider(&'a self, question: Question<'a>) -> impl Iterator<Item = &'a Entry> {
        self.wide(question).filter(move |entry| {
            let Question {
                destination, addresses, ..
            } = question;
            entry.destination != *destination && entry.destination.covers(destination, addresses)
        })
    }

    /// The entries for one of the addresses, or for a range around one.
    pub(crate) fn holding(&'a self, question: Question<'a>) -> impl Iterator<Item = &'a Entry> {
        let here = self.exact.get(&question.door());
        let very = question
            .addresses
            .iter()
            .filter_map(move |address| here.and_then(|entries| entries.get(&Destination::Address(*address)).copied()));
        let around = self.wide(question).filter(move |entry| match entry.destination {
            Destination::Range(range) => question.addresses.iter().any(|address| range.contains(address)),
            _ => false,
        });
        very.chain(around)
    }

    fn wide(&'a self, question: Question<'a>) -> impl Iterator<Item = &'a Entry> {
        self.wide.get(&question.door()).into_iter().flatten().copied()
    }
}

impl<'a> Question<'a> {
    /// The question that a dependency of a map asks; `destination` is its key's own.
    pub(crate) fn of(key: &'a Key, destination: &'a Destination, dependency: &'a Dependency) -> Self {
        Question {
            service: &key.service,
            destination,
            port: key.port,
            protocol: key.protocol,
            addresses: &dependency.addresses,
        }
    }

    fn door(&self) -> Door<'a> {
        (self.service, self.port, self.protocol)
    }
}
