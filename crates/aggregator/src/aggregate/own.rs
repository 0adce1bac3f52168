//! Which address is an interface's own: the one that all of its records have in common.

use std::collections::VecDeque;

use egressmap_parser::FlowDirection;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The addresses that every record of one interface had at either end so far. Order of records does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Candidates<A> {
    /// No record yet.
    #[default]
    Any,
    /// One peer so far: either end may be the interface. `stated` tells which of them a `flow-direction` made it.
    Two {
        /// In ascending order.
        pair: [A; 2],
        stated: [bool; 2],
    },
    /// The interface's own.
    One(A),
    /// The interface serves several addresses: none is in all of its records.
    Nothing,
}

impl<A: Address> Candidates<A> {
    /// Takes in the ends of one record as the interface saw them.
    #[inline]
    pub(super) fn meet(&mut self, source: A, destination: A, direction: Option<FlowDirection>) {
        if let Candidates::One(own) = self
            && own.is_one_of(source, destination)
        {
            return;
        }
        self.narrow(source, destination, direction);
    }

    #[cold]
    fn narrow(&mut self, source: A, destination: A, direction: Option<FlowDirection>) {
        let own = direction.map(|direction| match direction {
            FlowDirection::Egress => source,
            FlowDirection::Ingress => destination,
        });
        let pair = [source.min(destination), source.max(destination)];
        let record = if source == destination {
            Candidates::One(source)
        } else {
            Candidates::Two {
                pair,
                stated: pair.map(|end| own == Some(end)),
            }
        };
        self.merge(&record);
    }

    /// Takes in what another thread knows of the same interface.
    pub(super) fn merge(&mut self, other: &Self) {
        *self = match (*self, *other) {
            (Candidates::Any, known) | (known, Candidates::Any) => known,
            (
                Candidates::Two { pair, stated },
                Candidates::Two {
                    pair: same,
                    stated: too,
                },
            ) if pair == same => Candidates::Two {
                pair,
                stated: [stated[0] | too[0], stated[1] | too[1]],
            },
            (Candidates::Two { pair, .. }, narrower) | (narrower, Candidates::Two { pair, .. }) => pair
                .into_iter()
                .find(|end| narrower.may_be(*end))
                .map_or(Candidates::Nothing, Candidates::One),
            (Candidates::One(one), Candidates::One(same)) if one == same => Candidates::One(one),
            _ => Candidates::Nothing,
        };
    }

    /// Whether the address may still turn out to be the interface's own.
    pub(super) fn may_be(&self, address: A) -> bool {
        self.may_be_such(|own| own == address)
    }

    /// Whether such an address may still turn out to be the interface's own.
    pub(super) fn may_be_such(&self, such: impl Fn(A) -> bool) -> bool {
        match self {
            Candidates::Any => true,
            Candidates::Two { pair, .. } => pair.iter().any(|end| such(*end)),
            Candidates::One(own) => such(*own),
            Candidates::Nothing => false,
        }
    }
}

/// An interface whose own address is asked for.
pub(super) struct Asked<'i, A> {
    /// Interfaces are settled in the order of their names.
    pub(super) name: &'i [u8],
    pub(super) candidates: Candidates<A>,
}

/// What the inventory says of addresses.
pub(super) trait Book<A> {
    /// Whether it makes the address that of the interface.
    fn states(&self, interface: &[u8], address: A) -> bool;

    /// Whether a service owns the address at any time.
    fn owns(&self, address: A) -> bool;
}

/// The own address of each interface, in the order given.
///
/// Where an interface met one peer only, its own address is the one that the inventory states, else the one that
/// `flow-direction` shows, else the private one, else the one that is no other interface's, else the one that the
/// inventory owns, else the lower. Of two addresses on the internet that nothing owns neither is called ours. An interface
/// that both received and sent the same packets, or whose ends are two other interfaces' own, is on the way and has none.
pub(super) fn own_addresses<A: Address>(asked: &[Asked<'_, A>], book: &impl Book<A>) -> Vec<Option<A>> {
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_unstable_by_key(|&at| asked[at].name);
    let mut settled = Settled {
        own: vec![None; asked.len()],
        taken: HashSet::default(),
        open: HashMap::default(),
        by_candidate: HashMap::default(),
        next: VecDeque::new(),
    };
    for &at in &order {
        match &asked[at].candidates {
            Candidates::One(own) => settled.take(at, *own),
            Candidates::Two { pair, stated } => match told(asked[at].name, pair, stated, book) {
                Some(own) => settled.take(at, own),
                None if *stated == [true; 2] => {}
                None => settled.leave_open(at, *pair),
            },
            Candidates::Any | Candidates::Nothing => {}
        }
    }
    settled.next = order.iter().copied().collect();
    settled.by_elimination();
    for &at in &order {
        settled.choose(at, |pair| one_of(pair, pair.map(|end| book.owns(end))));
    }
    for &at in &order {
        settled.choose(at, |[lower, _]| {
            (lower.is_private() || book.owns(lower)).then_some(lower)
        });
    }
    settled.own
}

/// The one of a pair that something said of this interface alone tells.
fn told<A: Address>(name: &[u8], pair: &[A; 2], stated: &[bool; 2], book: &impl Book<A>) -> Option<A> {
    let by_inventory = pair.map(|end| book.states(name, end));
    let private = pair.map(A::is_private).map(|private| private && *stated != [true; 2]);
    [by_inventory, *stated, private]
        .into_iter()
        .find_map(|tells| one_of(*pair, tells))
}

/// The end that something tells, unless it tells both.
fn one_of<A>([lower, higher]: [A; 2], tells: [bool; 2]) -> Option<A> {
    match tells {
        [true, false] => Some(lower),
        [false, true] => Some(higher),
        _ => None,
    }
}

/// Own addresses found so far, and the interfaces whose peer may as well be theirs.
struct Settled<A> {
    own: Vec<Option<A>>,
    taken: HashSet<A, foldhash::fast::RandomState>,
    open: HashMap<usize, [A; 2], foldhash::fast::RandomState>,
    by_candidate: HashMap<A, Vec<usize>, foldhash::fast::RandomState>,
    next: VecDeque<usize>,
}

impl<A: Address> Settled<A> {
    fn take(&mut self, at: usize, own: A) {
        self.own[at] = Some(own);
        self.open.remove(&at);
        if self.taken.insert(own) {
            self.next.extend(self.by_candidate.get(&own).into_iter().flatten());
        }
    }

    fn leave_open(&mut self, at: usize, pair: [A; 2]) {
        self.open.insert(at, pair);
        for end in pair {
            self.by_candidate.entry(end).or_default().push(at);
        }
    }

    /// An address that is another interface's own is not this one's. What that settles may settle the next.
    fn by_elimination(&mut self) {
        while let Some(at) = self.next.pop_front() {
            let Some(pair) = self.open.get(&at) else { continue };
            let free = pair.map(|end| !self.taken.contains(&end));
            match free {
                [true, true] => {}
                [false, true] => self.take(at, pair[1]),
                [true, false] => self.take(at, pair[0]),
                [false, false] => {
                    self.open.remove(&at);
                }
            }
        }
    }

    /// Settles an interface that is still open, if there is a choice, and what follows from it.
    fn choose(&mut self, at: usize, choice: impl FnOnce([A; 2]) -> Option<A>) {
        if let Some(own) = self.open.get(&at).copied().and_then(choice) {
            self.take(at, own);
            self.by_elimination();
        }
    }
}

#[cfg(test)]
mod tests;
