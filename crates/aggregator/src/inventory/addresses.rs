//! Entries by address and by prefix, found by the longest prefix that covers an address at a moment.

use hashbrown::HashMap;

use super::names::{Names, ServiceId};
use super::spans::{Span, Spans};
use crate::address::Address;

/// One family's entries: addresses in one hash map, prefixes in one hash map a length, longest first.
#[derive(Debug)]
pub(super) struct AddressBook<A> {
    exact: ByAddress<A>,
    prefixes: Vec<(u8, ByAddress<A>)>,
    /// A bit for each value of the first sixteen bits of an address that any entry is about: most addresses in a log
    /// are nobody's, and this is a look at a few kilobytes.
    tops: Vec<u64>,
}

/// So many addresses are asked for at a time.
const SOME: usize = 64;

type ByAddress<A> = HashMap<A, Spans, foldhash::fast::RandomState>;

impl<A> Default for AddressBook<A> {
    fn default() -> Self {
        AddressBook {
            exact: HashMap::default(),
            prefixes: Vec::new(),
            tops: vec![0; 1 << 10],
        }
    }
}

impl<A: Address> AddressBook<A> {
    #[inline]
    pub(super) fn owner(&self, address: A, at: u64) -> ServiceId {
        if self.may_own(address) {
            self.owner_by_entries(address, at)
        } else {
            ServiceId::NOBODY
        }
    }

    /// The owners of addresses, each at a moment. Those that may have one are told apart first, without a branch: which
    /// they are follows no pattern.
    pub(super) fn owners(&self, asked: &[(A, u64)], owners: &mut Vec<ServiceId>) {
        owners.clear();
        owners.resize(asked.len(), ServiceId::NOBODY);
        let mut some = [0; SOME];
        for (asked, owners) in asked.chunks(SOME).zip(owners.chunks_mut(SOME)) {
            let mut count = 0;
            for (at, (address, _)) in asked.iter().enumerate() {
                some[count] = at;
                count += usize::from(self.may_own(*address));
            }
            for &at in &some[..count] {
                let (address, time) = asked[at];
                owners[at] = self.owner_by_entries(address, time);
            }
        }
    }

    #[inline]
    fn may_own(&self, address: A) -> bool {
        let top = usize::from(address.top());
        self.tops[top / 64] >> (top % 64) & 1 != 0
    }

    fn owner_by_entries(&self, address: A, at: u64) -> ServiceId {
        if let Some(service) = self.exact.get(&address).and_then(|spans| spans.at(at)) {
            return service;
        }
        for (length, nets) in &self.prefixes {
            if let Some(service) = nets.get(&address.masked(*length)).and_then(|spans| spans.at(at)) {
                return service;
            }
        }
        ServiceId::NOBODY
    }

    /// Whether an entry is about the address or a prefix that it lies in, at whatever time.
    pub(super) fn covers(&self, address: A) -> bool {
        let mut prefixes = self.prefixes.iter();
        self.exact.contains_key(&address) || prefixes.any(|(length, nets)| nets.contains_key(&address.masked(*length)))
    }

    /// Adds an entry about an address, or about a prefix where `length` is given.
    pub(super) fn insert(&mut self, address: A, length: Option<u8>, span: Span, names: &Names) {
        self.mark(address, length);
        let book = match length {
            None => &mut self.exact,
            Some(length) => self.of_length(length),
        };
        book.entry(address).or_default().insert(span, names);
    }

    pub(super) fn absorb(&mut self, other: Self, ids: &[ServiceId], names: &Names) {
        for (mine, others) in self.tops.iter_mut().zip(&other.tops) {
            *mine |= others;
        }
        absorb(&mut self.exact, other.exact, ids, names);
        for (length, nets) in other.prefixes {
            absorb(self.of_length(length), nets, ids, names);
        }
    }

    /// Notes that an entry is about an address or prefix.
    fn mark(&mut self, address: A, length: Option<u8>) {
        let first = address.top();
        let free = 16_u32.saturating_sub(length.map_or(16, u32::from));
        let last = first | u16::try_from((1_u32 << free) - 1).unwrap_or(u16::MAX);
        for top in first..=last {
            self.tops[usize::from(top / 64)] |= 1 << (top % 64);
        }
    }

    fn of_length(&mut self, length: u8) -> &mut ByAddress<A> {
        let found = self.prefixes.binary_search_by(|(other, _)| length.cmp(other));
        let at = found.unwrap_or_else(|at| {
            self.prefixes.insert(at, (length, HashMap::default()));
            at
        });
        &mut self.prefixes[at].1
    }
}

fn absorb<A: Address>(to: &mut ByAddress<A>, from: ByAddress<A>, ids: &[ServiceId], names: &Names) {
    for (address, spans) in from {
        to.entry(address).or_default().absorb(spans, ids, names);
    }
}
