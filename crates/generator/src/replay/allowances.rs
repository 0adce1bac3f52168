//! The allow entries of a proposal, found by who asks, on which port, and where to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_aggregator::identity::{DnsName, ServiceName};
use egressmap_aggregator::map::{Application, Protocol};
use ipnet::IpNet;

use super::{Attempt, work};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Placement, Proposal};

/// Allow entries by (who, port, transport). Who is nobody in particular where the target stands before all services alike.
pub(super) struct Allowances<'a>(BTreeMap<(Option<&'a ServiceName>, u16, Protocol), Rules<'a>>);

/// What is allowed to one service on one port.
#[derive(Default)]
pub(super) struct Rules<'a> {
    names: BTreeMap<(&'a str, Application), &'a Allowed>,
    below: BTreeMap<(&'a str, Application), &'a Allowed>,
    /// TCP that says no name: hosts, and names below one.
    nameless: Vec<&'a Allowed>,
    /// What is spoken with names.
    spoken: BTreeSet<Application>,
    labels: BTreeMap<&'a str, &'a Allowed>,
    ranges: BTreeMap<IpNet, &'a Allowed>,
    /// What addresses and ranges are for, as the ledger has it.
    spoken_at: BTreeSet<(IsRange, Application)>,
    /// The lengths of the prefixes that occur, so that an address is looked up once for each.
    lengths: BTreeSet<u8>,
}

impl<'a> Allowances<'a> {
    /// Of each service for itself. What is allowed to nobody that is known goes to no target.
    pub(super) fn by_service(proposal: &'a Proposal) -> Self {
        Self::of(proposal, |allowed| Some(&allowed.entry.service))
    }

    /// The same without what a target leaves out: that is nobody's, whoever asks.
    pub(super) fn by_service_but(proposal: &'a Proposal, left_out: &[&Allowed]) -> Self {
        let left_out: BTreeSet<*const Allowed> = left_out.iter().map(|allowed| std::ptr::from_ref(*allowed)).collect();
        Self::of(proposal, |allowed| {
            (!left_out.contains(&std::ptr::from_ref(allowed))).then_some(&allowed.entry.service)
        })
    }

    /// Of all services together.
    pub(super) fn of_everybody(proposal: &'a Proposal) -> Self {
        Self::of(proposal, |_| None)
    }

    fn of(proposal: &'a Proposal, who: impl Fn(&'a Allowed) -> Option<&'a ServiceName>) -> Self {
        let mut doors: BTreeMap<_, Rules<'a>> = BTreeMap::new();
        for allowed in &proposal.allowed {
            if allowed.placement != Placement::NoCaller {
                let entry = &allowed.entry;
                let door = (who(allowed), entry.port, entry.protocol());
                doors.entry(door).or_default().add(allowed);
            }
        }
        Allowances(doors)
    }

    /// What is allowed to the service of an attempt, on its port.
    pub(super) fn for_service<'s>(&'s self, attempt: &'s Attempt<'_>) -> Option<&'s Rules<'a>> {
        work::look();
        let key = attempt.key;
        let doors: &BTreeMap<(Option<&'s ServiceName>, u16, Protocol), Rules<'a>> = &self.0;
        doors.get(&(Some(&key.service), key.port, key.protocol))
    }

    /// What is allowed to everybody on the port of an attempt.
    pub(super) fn for_everybody(&self, attempt: &Attempt<'_>) -> Option<&Rules<'a>> {
        work::look();
        self.0.get(&(None, attempt.key.port, attempt.key.protocol))
    }
}

impl<'a> Rules<'a> {
    fn add(&mut self, allowed: &'a Allowed) {
        work::look();
        let spoken = allowed.entry.application;
        match &allowed.entry.destination {
            Destination::Name(name) => {
                self.names.insert((name.as_str(), spoken), allowed);
            }
            Destination::Below(suffix) => {
                self.below.insert((suffix.as_str(), spoken), allowed);
            }
            Destination::Aws(label) => {
                self.labels.insert(label, allowed);
            }
            Destination::Address(address) => self.add_range((*address).into(), IsRange(false), allowed),
            Destination::Range(range) => self.add_range(*range, IsRange(true), allowed),
        }
        let named = matches!(allowed.entry.destination, Destination::Name(_) | Destination::Below(_));
        if named && spoken == Application::Tcp {
            self.nameless.push(allowed);
        }
        if named {
            self.spoken.insert(spoken);
        }
    }

    fn add_range(&mut self, range: IpNet, is_range: IsRange, allowed: &'a Allowed) {
        self.spoken_at.insert((is_range, allowed.entry.application));
        self.lengths.insert(range.prefix_len());
        self.ranges.insert(range, allowed);
    }

    /// The entry for a host, whatever is spoken: its own, else the wildcard nearest above it, at any depth.
    pub(super) fn host(&self, host: &DnsName) -> Option<&'a Allowed> {
        let spoken = || self.spoken.iter().inspect(|_| work::look());
        let own = spoken().find_map(|application| self.names.get(&(host.as_str(), *application)).copied());
        own.or_else(|| spoken().find_map(|application| self.wildcard(host, *application)))
    }

    /// The entry for a host with which this is spoken.
    pub(super) fn host_speaking(&self, host: &DnsName, application: Application) -> Option<&'a Allowed> {
        work::look();
        let own = self.names.get(&(host.as_str(), application)).copied();
        own.or_else(|| self.wildcard(host, application))
    }

    /// The wildcard nearest above a host.
    fn wildcard(&self, host: &DnsName, application: Application) -> Option<&'a Allowed> {
        let mut rest = host.as_str();
        while let Some((_, above)) = rest.split_once('.') {
            work::look();
            if let Some(allowed) = self.below.get(&(above, application)) {
                return Some(allowed);
            }
            rest = above;
        }
        None
    }

    /// The narrowest range around an address.
    pub(super) fn address(&self, address: IpAddr) -> Option<&'a Allowed> {
        let around = self
            .lengths
            .iter()
            .rev()
            .filter_map(|length| IpNet::new(address, *length).ok());
        around
            .inspect(|_| work::look())
            .filter_map(|range| self.ranges.get(&range.trunc()).copied())
            .next()
    }

    /// The entry for the first of the addresses, if all of them lie in allowed ranges.
    pub(super) fn addresses(&self, addresses: &[IpAddr]) -> Option<&'a Allowed> {
        let mut entries = addresses.iter().map(|address| self.address(*address));
        let first = entries.next()??;
        entries.all(|entry| entry.is_some()).then_some(first)
    }

    /// The entry for a service of AWS that is known by its published addresses.
    pub(super) fn label(&self, label: &str) -> Option<&'a Allowed> {
        self.labels.get(label).copied()
    }

    /// The entry whose words an attempt falls under, whatever a target can make of them.
    pub(super) fn speaking(&self, attempt: &Attempt<'_>) -> Option<&'a Allowed> {
        let own = match attempt.far.as_ref()? {
            Destination::Name(name) => self.host(name),
            Destination::Aws(label) => self.label(label),
            Destination::Below(_) | Destination::Address(_) | Destination::Range(_) => None,
        };
        own.or_else(|| self.addresses(&attempt.addresses()))
    }

    /// Whether any name is allowed with which this is spoken.
    pub(super) fn names_speak(&self, application: Application) -> bool {
        self.spoken.contains(&application)
    }

    /// Whether any name is allowed at all.
    pub(super) fn has_names(&self) -> bool {
        !self.spoken.is_empty()
    }

    /// Whether any single address is allowed for this.
    pub(super) fn addresses_speak(&self, application: Application) -> bool {
        self.spoken_at.contains(&(IsRange(false), application))
    }

    /// Whether any range is allowed, for whatever.
    pub(super) fn has_ranges(&self) -> bool {
        self.spoken_at.iter().any(|(is_range, _)| is_range.0)
    }

    /// TCP that says no name: hosts, and names below one.
    pub(super) fn nameless(&self) -> &[&'a Allowed] {
        &self.nameless
    }
}

/// Whether an entry is a range and not one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct IsRange(bool);

impl<'a> FromIterator<&'a Allowed> for Rules<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Allowed>>(allowed: I) -> Self {
        let mut rules = Rules::default();
        allowed.into_iter().for_each(|allowed| rules.add(allowed));
        rules
    }
}
