//! The table of flows: by far the most visited memory of a run, so it is laid out and asked for with care.

use std::hint::select_unpredictable;

use foldhash::fast::RandomState;
use prefetch_index::prefetch_index;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::compact::{self, Counts};
use super::flows::{Flow, FlowKey, Packets};
use super::pieces::Pieces;
use super::slot::{Slotted, halves};
use super::words::Words;

/// How many records wait until the table is asked for the flows of all of them.
const BATCH: usize = 256;

/// The first number of slots; a power of two.
const FIRST: usize = 1 << 10;

/// In how many parts the flows lie, by their responders: whatever follows counting is done part by part, on all
/// processors. A power of two.
const SHARDS: usize = 8;

/// In how many parts the flows of a shard are told, by their responders as well.
pub(super) const PARTS: usize = 8;

/// Flows by key.
///
/// Records are taken in batches: the table is first asked where the flow of each stands, which the processor does for
/// several at once, so that a table larger than its caches costs a fraction of one wait a record.
#[derive(Debug)]
pub(super) struct FlowTable<A: Slotted> {
    shards: Vec<Shard<A>>,
    hasher: RandomState,
    /// Records that came one by one.
    waiting: Vec<Waiting<A, Packets>>,
}

/// The flows to some responders, each in a slot: a line of the processor's cache for one of IPv4. What does not fit into a
/// slot's small counters is kept aside and added up at the end.
#[derive(Debug)]
pub(super) struct Shard<A: Slotted> {
    slots: Pieces<A::Slot>,
    /// Open addressing with linear probing: the number, from 1, of a slot in as many low bits as it can need, above them bits
    /// of its hash; 0 where it is free. It is small enough for the processor's second cache, so that of the slots only the
    /// right one is looked at, and it grows without moving them.
    index: Vec<u32>,
    /// Whole flows, for slots that outgrew their counters; a slot names its own by number, from 1.
    aside: Vec<Flow>,
}

/// The number of a slot, from 1.
type Number = std::num::NonZeroU32;

/// A record of a flow that is still to be counted, and what it adds to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting<A: Slotted, P> {
    shard: usize,
    key: A::Key,
    adds: P,
}

impl<A: Slotted, P> Waiting<A, P> {
    /// A record of the flow of a key to a responder.
    #[inline(always)]
    pub(super) fn new(key: A::Key, responder: A, adds: P) -> Self {
        Waiting {
            shard: place_of(responder).0,
            key,
            adds,
        }
    }
}

impl<A: Slotted> Default for FlowTable<A> {
    fn default() -> Self {
        let shard = || Shard {
            slots: Pieces::default(),
            index: Vec::new(),
            aside: Vec::new(),
        };
        FlowTable {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::default(),
            waiting: Vec::with_capacity(BATCH),
        }
    }
}

/// The shard of the flows to a responder, and the part of it: the same in every table.
#[inline]
pub(super) fn place_of<A: Slotted>(responder: A) -> (usize, usize) {
    let place = home(responder.spread(), SHARDS * PARTS);
    (place / PARTS, place % PARTS)
}

impl<A: Slotted> FlowTable<A> {
    /// Counts one record, which reaches the table with others.
    #[inline]
    pub(super) fn count(&mut self, record: Waiting<A, Packets>, words: &Words) {
        if self.waiting.len() == BATCH {
            self.settle(words);
        }
        self.waiting.push(record);
    }

    /// Counts what still waits. To be called before anything is read.
    pub(super) fn settle(&mut self, words: &Words) {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.count_all(&waiting, |packets| *packets, words);
        waiting.clear();
        self.waiting = waiting;
    }

    /// Counts records, whose packets are asked for when they are needed.
    #[inline]
    pub(super) fn count_all<P>(&mut self, records: &[Waiting<A, P>], packets: impl Fn(&P) -> Packets, words: &Words) {
        for records in records.chunks(BATCH) {
            for shard in &mut self.shards {
                shard.make_room(records.len(), &self.hasher);
            }
            // What is asked for is on its way while the next is asked for: the fewer steps a loop has, the more are.
            let mut hashes = [0; BATCH];
            for (record, hash) in records.iter().zip(&mut hashes) {
                *hash = A::hash_of(&record.key, &self.hasher);
                self.shards[record.shard].fetch_index(*hash);
            }
            let mut likely = [None; BATCH];
            for ((record, hash), likely) in records.iter().zip(hashes).zip(&mut likely) {
                let shard = &self.shards[record.shard];
                *likely = shard.likely(hash);
                shard.fetch(*likely);
            }
            for ((record, hash), likely) in records.iter().zip(hashes).zip(likely) {
                let (counts, aside) = self.shards[record.shard].slot(hash, &record.key, likely);
                compact::count(counts, &packets(&record.adds), aside, words);
            }
        }
    }

    /// Adds the flows of another thread, whose places and words have other numbers.
    pub(super) fn absorb(
        &mut self,
        other: Self,
        place: impl Fn(u32) -> u32 + Sync,
        word: impl Fn(u32) -> u32 + Sync,
        words: &Words,
    ) {
        let hasher = &self.hasher;
        let shards = self.shards.par_iter_mut().zip(other.shards.into_par_iter());
        shards.for_each(|(shard, other)| shard.absorb(other, hasher, &place, &word, words));
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// Every flow with its key, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FlowKey<A>, Flow)> {
        self.shards.iter().flat_map(Shard::iter)
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let of_shard = |shard: &Shard<A>| {
            let slots = shard.len() * size_of::<A::Slot>();
            slots + size_of_val(&*shard.index) + shard.aside.capacity() * size_of::<Flow>()
        };
        self.shards.iter().map(of_shard).sum()
    }

    /// The shards as they are, by number.
    pub(super) fn shards(&self) -> &[Shard<A>] {
        &self.shards
    }

    /// The shards, by number.
    pub(super) fn into_shards(self) -> Vec<Shard<A>> {
        self.shards
    }
}

impl<A: Slotted> Shard<A> {
    fn absorb(
        &mut self,
        mut other: Self,
        hasher: &RandomState,
        place: impl Fn(u32) -> u32,
        word: impl Fn(u32) -> u32,
        words: &Words,
    ) {
        for flow in &mut other.aside {
            flow.aws = word(flow.aws);
        }
        let mut batch = Vec::with_capacity(BATCH);
        for slot in other.slots.iter() {
            let mut key = A::flow_key(slot);
            key.place = place(key.place);
            let key = A::key(&key);
            batch.push((A::hash_of(&key, hasher), key, *A::counts(slot)));
            if batch.len() == BATCH {
                self.add_all(&mut batch, &other.aside, hasher, words);
            }
        }
        self.add_all(&mut batch, &other.aside, hasher, words);
    }

    fn add_all(
        &mut self,
        batch: &mut Vec<(u64, A::Key, Counts)>,
        of_other: &[Flow],
        hasher: &RandomState,
        words: &Words,
    ) {
        self.make_room(batch.len(), hasher);
        let likely: Vec<_> = batch.iter().map(|(hash, ..)| self.likely(*hash)).collect();
        likely.iter().for_each(|likely| self.fetch(*likely));
        for ((hash, key, counts), likely) in batch.drain(..).zip(likely) {
            let (known, aside) = self.slot(hash, &key, likely);
            compact::add(known, &counts, of_other, aside, words);
        }
    }

    /// Has the place of the index brought near that a flow has.
    #[inline(always)]
    fn fetch_index(&self, hash: u64) {
        prefetch_index(&self.index, home(hash, self.index.len()));
    }

    /// The slot that a flow most likely has, if it has one: that of the first or the second place that it can stand at. Which
    /// of them follows no pattern, so both are looked at.
    #[inline]
    fn likely(&self, hash: u64) -> Option<Number> {
        let places = self.index.len();
        let ([low, _], home) = (halves(hash), home(hash, places));
        let [first, second] = [home, home + 1].map(|at| self.index[at & (places - 1)]);
        let is_first = (first ^ low) & !numbers(places) == 0;
        slot_in(select_unpredictable(is_first, first, second), places)
    }

    /// Has a slot brought near.
    #[inline(always)]
    fn fetch(&self, slot: Option<Number>) {
        if let Some(slot) = slot {
            self.slots.fetch(at(slot));
        }
    }

    /// The counters of a key, new if there were none; there is room for them.
    #[inline(always)]
    fn slot(&mut self, hash: u64, key: &A::Key, likely: Option<Number>) -> (&mut Counts, &mut Vec<Flow>) {
        let slot = match likely.map(at) {
            Some(slot) if A::is_of(self.slots.get(slot), key) => slot,
            _ => self.slot_of(hash, key),
        };
        (A::counts_mut(self.slots.get_mut(slot)), &mut self.aside)
    }

    /// The slot of a key, new if it had none.
    #[inline(never)]
    fn slot_of(&mut self, hash: u64, key: &A::Key) -> usize {
        let places = self.index.len();
        let mut from = home(hash, places);
        loop {
            let free = place(&self.index, from, hash);
            match slot_in(self.index[free], places).map(at) {
                Some(slot) if A::is_of(self.slots.get(slot), key) => return slot,
                Some(_) => from = free + 1,
                None => {
                    let slot = self.slots.len();
                    self.index[free] = entry(hash, slot, places);
                    self.slots.push(A::slot(key));
                    return slot;
                }
            }
        }
    }

    /// Keeps the index at most half full with so many more flows.
    fn make_room(&mut self, more: usize, hasher: &RandomState) {
        let wanted = self.len() + more;
        if wanted * 2 <= self.index.len() {
            return;
        }
        let places = (wanted * 2).next_power_of_two().max(FIRST);
        self.index = vec![0; places];
        for (number, slot) in self.slots.iter().enumerate() {
            let hash = A::hash_of(&A::key_of(slot), hasher);
            let mut at = home(hash, places);
            while self.index[at & (places - 1)] != 0 {
                at += 1;
            }
            self.index[at & (places - 1)] = entry(hash, number, places);
        }
    }

    /// Where the flows of each part stand.
    pub(super) fn parts(&self) -> [Vec<usize>; PARTS] {
        let mut parts = [(); PARTS].map(|()| Vec::new());
        for (at, key) in self.keys() {
            let (_, part) = place_of(key.responder);
            parts[part].push(at);
        }
        parts
    }

    /// How many flows there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Where each flow stands, with its key.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, FlowKey<A>)> {
        self.slots.iter().map(A::flow_key).enumerate()
    }

    /// Looks at a flow, for its memory to be near.
    #[inline]
    pub(super) fn warm_at(&self, at: usize) -> u32 {
        A::counts(self.slots.get(at))[0]
    }

    /// The flow that stands there.
    pub(super) fn flow(&self, at: usize) -> (FlowKey<A>, Flow) {
        self.whole(self.slots.get(at))
    }

    /// Every flow with its key, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FlowKey<A>, Flow)> {
        self.slots.iter().map(|slot| self.whole(slot))
    }

    fn whole(&self, slot: &A::Slot) -> (FlowKey<A>, Flow) {
        (A::flow_key(slot), compact::flow(A::counts(slot), &self.aside))
    }
}

/// What the index holds of the number of a slot, and of its hash.
#[inline]
fn entry(hash: u64, slot: usize, places: usize) -> u32 {
    let [low, _] = halves(hash);
    low & !numbers(places) | u32::try_from(slot + 1).expect("four billion flows do not fit in memory")
}

/// The slot of an entry, unless that is free.
#[inline]
fn slot_in(entry: u32, places: usize) -> Option<Number> {
    Number::new(entry & numbers(places))
}

/// Where a slot is.
#[inline]
fn at(slot: Number) -> usize {
    slot.get() as usize - 1
}

/// The bits of an entry that hold a number: no index has as many slots as places.
#[inline]
fn numbers(places: usize) -> u32 {
    u32::try_from(places - 1).unwrap_or(u32::MAX)
}

/// The first place of the index from one on that has the bits of a hash or is free.
#[inline]
fn place(index: &[u32], mut at: usize, hash: u64) -> usize {
    let last = index.len() - 1;
    let ([low, _], numbers) = (halves(hash), numbers(index.len()));
    while index
        .get(at & last)
        .is_some_and(|entry| *entry != 0 && (entry ^ low) & !numbers != 0)
    {
        at += 1;
    }
    at & last
}

/// Where a flow stands in the index, unless others do.
#[inline]
fn home(hash: u64, places: usize) -> usize {
    // The high bits of a product are its best; no index is longer than memory.
    #[expect(clippy::cast_possible_truncation, reason = "it is less than the number of places")]
    {
        ((u128::from(hash) * places as u128) >> 64) as usize
    }
}
