//! What DNS answers say about the name of an address: to whom, and whether in time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::identity::{DnsName, ServiceName};
use crate::map::Hours;
use crate::observed::Answered;

/// For how many hours after the one in which it was logged an answer still names an address. Query logs carry no TTL,
/// and what a client or a resolver on the way has in its cache is not asked again; a day covers the TTLs met in practice.
pub const ANSWER_HOLDS_HOURS: u64 = 24;

/// All answers, in the order of their addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers<'a>(&'a [Answered]);

/// A name that answers in time give an address.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) name: &'a DnsName,
    /// How many answers told it the caller itself.
    pub(super) to_caller: u64,
    /// How many told it others.
    pub(super) to_others: u64,
    /// All of them, by index.
    pub(super) answers: Vec<usize>,
}

impl Given<'_> {
    /// How many answers say so.
    pub(super) fn weight(&self) -> u64 {
        self.to_caller.saturating_add(self.to_others)
    }
}

impl<'a> Answers<'a> {
    pub(super) fn new(in_order: &'a [Answered]) -> Self {
        debug_assert!(in_order.is_sorted_by_key(|it| it.address));
        Answers(in_order)
    }

    /// The names that an address had when it was seen, best first: those told the caller itself before all others,
    /// then by the number of answers, then the one that sorts first.
    pub(super) fn names(self, caller: &ServiceName, address: IpAddr, seen: &Hours) -> Vec<Given<'a>> {
        let from = self.0.partition_point(|it| it.address < address);
        let of_address = self.0.iter().enumerate().skip(from);
        let mut names: BTreeMap<&'a DnsName, Given<'a>> = BTreeMap::new();
        for (index, answered) in of_address.take_while(|(_, it)| it.address == address) {
            if !in_time(&answered.seen, seen) {
                continue;
            }
            let given = names.entry(&answered.name).or_insert_with(|| Given {
                name: &answered.name,
                to_caller: 0,
                to_others: 0,
                answers: Vec::new(),
            });
            let count = if answered.service == *caller {
                &mut given.to_caller
            } else {
                &mut given.to_others
            };
            *count = count.saturating_add(answered.answers);
            given.answers.push(index);
        }
        let mut names: Vec<_> = names.into_values().collect();
        names.sort_by_key(|it| (Reverse(it.to_caller), Reverse(it.to_others), it.name));
        names
    }
}

/// Whether an answer was logged in an hour of `seen`, or not too long before.
fn in_time(told: &Hours, seen: &Hours) -> bool {
    let mut told = told.hours().peekable();
    let mut latest = None;
    seen.hours().any(|hour| {
        while let Some(earlier) = told.next_if(|told| *told <= hour) {
            latest = Some(earlier);
        }
        latest.is_some_and(|latest| hour - latest <= ANSWER_HOLDS_HOURS)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ANSWER_HOLDS_HOURS, in_time};
    use crate::map::Hours;

    proptest! {
        #[test]
        fn an_answer_is_in_time_as_comparing_every_pair_of_hours_says(
            told in prop::collection::vec(0..200_u64, 0..6),
            seen in prop::collection::vec(0..200_u64, 0..6),
        ) {
            let hours = |marked: &[u64]| {
                let mut hours = Hours::default();
                marked.iter().for_each(|hour| hours.mark(hour * 3_600, hour * 3_600));
                hours
            };
            let expected = seen
                .iter()
                .any(|seen| told.iter().any(|told| told <= seen && seen - told <= ANSWER_HOLDS_HOURS));
            prop_assert_eq!(in_time(&hours(&told), &hours(&seen)), expected);
        }
    }
}
