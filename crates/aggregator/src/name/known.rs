//! What a map remembers of the knowledge that named its far ends.

use std::collections::HashSet;
use std::net::IpAddr;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::ranges::Index;
use super::{Confirmation, Knowledge, PtrAnswer, addresses_to_resolve};
use crate::map::KnownNames;
use crate::observed::Observed;

impl Knowledge {
    /// Adds what earlier runs knew. Where reverse DNS says something now, that counts.
    pub fn remember(&mut self, names: &KnownNames) {
        for (prefix, service, region) in &names.ranges {
            self.ranges.remember(prefix, service, region);
        }
        for (address, (name, confirmed)) in &names.ptr {
            self.ptr.entry(*address).or_insert_with(|| PtrAnswer {
                name: name.clone(),
                confirmation: if *confirmed {
                    Confirmation::Forward
                } else {
                    Confirmation::None
                },
            });
        }
    }

    /// What of it is about the far ends that were observed.
    #[must_use]
    pub fn of(&self, observed: &Observed) -> KnownNames {
        let flows = observed.flows.par_iter().map(|edge| edge.address);
        let accesses = observed.accesses.par_iter().filter_map(|edge| edge.address);
        let index = Index::of(&self.ranges);
        let ranges: HashSet<_> = flows
            .chain(accesses)
            .filter_map(|address| index.entry(address))
            .collect();
        let ranges = ranges
            .into_iter()
            .map(|(prefix, service, region)| (prefix.to_string(), service.to_owned(), region.to_owned()));
        let mut names = KnownNames {
            ranges: ranges.collect(),
            ..KnownNames::default()
        };
        if !self.ptr.is_empty() {
            let without = Knowledge {
                ranges: self.ranges.clone(),
                ..Knowledge::default()
            };
            let nameless = addresses_to_resolve(observed, &without);
            let told = nameless.into_iter().filter_map(|address: IpAddr| {
                let answer = self.ptr.get(&address)?;
                let confirmed = answer.confirmation == Confirmation::Forward;
                Some((address, (answer.name.clone(), confirmed)))
            });
            names.ptr = told.collect();
        }
        names
    }
}
