//! The entries about one address, prefix, interface or glob, each with the time it holds.

use std::cmp::Reverse;

use super::names::{Names, ServiceId};

/// A service and the half-open time, in Unix seconds, in which it owns what the entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) service: ServiceId,
}

impl Span {
    pub(super) fn covers(&self, at: u64) -> bool {
        self.from <= at && at < self.until
    }
}

/// Entries in the order in which they win. Nearly always there is one, so the first needs no second allocation.
#[derive(Debug, Default)]
pub(super) struct Spans {
    first: Option<Span>,
    rest: Vec<Span>,
}

impl Spans {
    /// The service of the first entry that covers the moment.
    pub(super) fn at(&self, at: u64) -> Option<ServiceId> {
        let first = self.first.as_ref()?;
        if first.covers(at) {
            return Some(first.service);
        }
        let begun = self.rest.partition_point(|span| span.from > at);
        self.rest[begun..]
            .iter()
            .find(|span| span.covers(at))
            .map(|span| span.service)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Span> {
        self.first.iter().chain(&self.rest)
    }

    /// Adds an entry at its rank: the later start first, then the name that sorts first.
    pub(super) fn insert(&mut self, span: Span, names: &Names) {
        let rank = |span: &Span| (Reverse(span.from), names.get(span.service), Reverse(span.until));
        let later = match &mut self.first {
            None => {
                self.first = Some(span);
                return;
            }
            Some(first) if rank(&span) < rank(first) => std::mem::replace(first, span),
            Some(first) if *first == span => return,
            Some(_) => span,
        };
        if let Err(at) = self.rest.binary_search_by(|other| rank(other).cmp(&rank(&later))) {
            self.rest.insert(at, later);
        }
    }

    pub(super) fn absorb(&mut self, other: Spans, ids: &[ServiceId], names: &Names) {
        for span in other.iter() {
            let service = span.service.renumbered(ids);
            self.insert(Span { service, ..*span }, names);
        }
    }
}
