//! The table of flows: by far the most visited memory of a run, so it is laid out and asked for with care.

use std::marker::PhantomData;

use foldhash::fast::RandomState;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::compact::{self, Counts};
use super::flows::{Flow, FlowKey, Packets};
use super::pages::Pages;
use super::slot::Slotted;
use super::words::Words;

/// How many flows wait until the table is asked for all of them.
const BATCH: usize = 128;

/// The first number of slots; a power of two.
const FIRST: usize = 1 << 10;

/// In how many parts the flows lie, by their responders: whatever follows counting is done part by part, on all
/// processors. A power of two.
const SHARDS: usize = 8;

/// In how many parts the flows of a shard are told, by their responders as well.
pub(super) const PARTS: usize = 8;

/// Flows by key.
///
/// Flows are taken in batches: the table is first asked where each of a batch stands, which the processor does for
/// several at once, so that a table larger than its caches costs a fraction of one wait a flow. Records of one flow that
/// follow each other, as a request and its answer do, are added up before.
#[derive(Debug)]
pub(super) struct FlowTable<A: Slotted> {
    shards: Vec<Shard<A>>,
    hasher: RandomState,
    waiting: Vec<Waiting<A>>,
    /// The whole flows of those that wait, as a shard's are.
    aside: Vec<Flow>,
}

/// The flows to some responders: open addressing with linear probing, in one piece of memory, a line of the processor's
/// cache a flow of IPv4. What does not fit into a slot's small counters is kept aside and added up at the end.
#[derive(Debug)]
pub(super) struct Shard<A: Slotted> {
    slots: Pages<A::Slot>,
    /// A few bits of the hash of the flow in each slot, 0 where it is free: small enough for the processor's second cache,
    /// so that of the slots only the right one is looked at.
    tags: Vec<u32>,
    taken: usize,
    hasher: RandomState,
    /// Whole flows, for slots that outgrew their counters; a slot names its own by number, from 1.
    aside: Vec<Flow>,
    address: PhantomData<A>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting<A: Slotted> {
    hash: u64,
    shard: usize,
    key: A::Key,
    counts: Counts,
}

impl<A: Slotted> Default for FlowTable<A> {
    fn default() -> Self {
        let hasher = RandomState::default();
        let shard = || Shard {
            slots: Pages::new(0),
            tags: Vec::new(),
            taken: 0,
            hasher: hasher.clone(),
            aside: Vec::new(),
            address: PhantomData,
        };
        FlowTable {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher,
            waiting: Vec::with_capacity(BATCH),
            aside: Vec::new(),
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
    /// Counts one record of the flow of a key to a responder, which reaches the table with its batch.
    // Inlined, so that a key is never written field by field only to be read as a whole.
    #[inline(always)]
    pub(super) fn count(&mut self, key: A::Key, responder: A, packets: &Packets, words: &Words) {
        if !self.waiting.last().is_some_and(|last| A::same(&last.key, &key)) {
            if self.waiting.len() == BATCH {
                self.settle(words);
            }
            self.waiting.push(Waiting {
                hash: A::hash_of(&key, &self.hasher),
                shard: place_of(responder).0,
                key,
                counts: Counts::default(),
            });
        }
        if let Some(last) = self.waiting.last_mut() {
            compact::count(&mut last.counts, packets, &mut self.aside, words);
        }
    }

    /// Counts what still waits. To be called before anything is read.
    #[inline(never)]
    pub(super) fn settle(&mut self, words: &Words) {
        if self.waiting.is_empty() {
            return;
        }
        for shard in &mut self.shards {
            shard.make_room(self.waiting.len());
        }
        // No read depends on another here: those of a whole batch are under way at once, first of the tags and then of the
        // slots.
        let warm = self.waiting.iter().fold(0, |sum: u32, waiting| {
            sum.wrapping_add(self.shards[waiting.shard].warm_tags(waiting.hash))
        });
        std::hint::black_box(warm);
        let warm = self.waiting.iter().fold(0, |sum: u32, waiting| {
            sum.wrapping_add(self.shards[waiting.shard].warm_slot(waiting.hash))
        });
        std::hint::black_box(warm);
        for waiting in self.waiting.drain(..) {
            let (counts, aside) = self.shards[waiting.shard].slot(waiting.hash, &waiting.key);
            compact::add(counts, &waiting.counts, &self.aside, aside, words);
        }
        self.aside.clear();
    }

    /// Adds the flows of another thread, whose places and words have other numbers.
    pub(super) fn absorb(
        &mut self,
        other: Self,
        place: impl Fn(u32) -> u32 + Sync,
        word: impl Fn(u32) -> u32 + Sync,
        words: &Words,
    ) {
        let shards = self.shards.par_iter_mut().zip(other.shards.into_par_iter());
        shards.for_each(|(shard, other)| shard.absorb(other, &place, &word, words));
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.taken).sum()
    }

    /// Every flow with its key, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FlowKey<A>, Flow)> {
        self.shards.iter().flat_map(Shard::iter)
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let of_shard = |shard: &Shard<A>| {
            size_of_val(shard.slots.get()) + size_of_val(&*shard.tags) + shard.aside.capacity() * size_of::<Flow>()
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
    fn absorb(&mut self, mut other: Self, place: impl Fn(u32) -> u32, word: impl Fn(u32) -> u32, words: &Words) {
        for flow in &mut other.aside {
            flow.aws = word(flow.aws);
        }
        let mut batch = Vec::with_capacity(BATCH);
        for slot in other.slots.get().iter().filter(|slot| A::mark(slot) != 0) {
            let mut key = A::flow_key(slot);
            key.place = place(key.place);
            let key = A::key(&key);
            batch.push((A::hash_of(&key, &self.hasher), key, *A::counts(slot)));
            if batch.len() == BATCH {
                self.add_all(&mut batch, &other.aside, words);
            }
        }
        self.add_all(&mut batch, &other.aside, words);
    }

    fn add_all(&mut self, batch: &mut Vec<(u64, A::Key, Counts)>, of_other: &[Flow], words: &Words) {
        self.make_room(batch.len());
        let warm = batch
            .iter()
            .fold(0, |sum: u32, (hash, ..)| sum.wrapping_add(self.warm_slot(*hash)));
        std::hint::black_box(warm);
        for (hash, key, counts) in batch.drain(..) {
            let (known, aside) = self.slot(hash, &key);
            compact::add(known, &counts, of_other, aside, words);
        }
    }

    /// Looks at the first tag of a flow.
    #[inline]
    fn warm_tags(&self, hash: u64) -> u32 {
        self.tags.get(home(hash, self.tags.len())).copied().unwrap_or_default()
    }

    /// Looks at the slot that a flow most likely has.
    #[inline]
    fn warm_slot(&self, hash: u64) -> u32 {
        let slots = self.slots.get();
        let at = likely(&self.tags, home(hash, self.tags.len()), tag(hash));
        slots.get(at).map_or(0, A::mark)
    }

    /// The slot of a key, taken now if it was not; there is room for it.
    #[inline]
    fn slot(&mut self, hash: u64, key: &A::Key) -> (&mut Counts, &mut Vec<Flow>) {
        let mut at = likely(&self.tags, home(hash, self.tags.len()), tag(hash));
        let slots = self.slots.get_mut();
        while self.tags[at] != 0 && !A::is_of(&slots[at], key) {
            at = likely(&self.tags, at + 1, tag(hash));
        }
        if self.tags[at] == 0 {
            self.tags[at] = tag(hash);
            slots[at] = A::slot(key);
            self.taken += 1;
        }
        (A::counts_mut(&mut slots[at]), &mut self.aside)
    }

    /// Keeps the table at most two thirds full with so many more flows.
    fn make_room(&mut self, more: usize) {
        let wanted = self.taken + more;
        let have = self.tags.len();
        if wanted * 3 <= have * 2 {
            return;
        }
        let mut slots = Pages::<A::Slot>::new((wanted * 3 / 2 + 1).next_power_of_two().max(FIRST));
        let to = slots.get_mut();
        let last = to.len() - 1;
        let mut tags = vec![0; to.len()];
        for slot in self.slots.get().iter().filter(|slot| A::mark(slot) != 0) {
            let hash = A::hash_of(&A::key_of(slot), &self.hasher);
            let mut at = home(hash, to.len());
            while tags[at & last] != 0 {
                at += 1;
            }
            tags[at & last] = tag(hash);
            to[at & last] = *slot;
        }
        self.slots = slots;
        self.tags = tags;
    }

    /// Where the flows of each part stand.
    pub(super) fn parts(&self) -> [Vec<usize>; PARTS] {
        let mut parts = [(); PARTS].map(|()| Vec::new());
        for (at, slot) in self.slots.get().iter().enumerate() {
            if A::mark(slot) != 0 {
                let (_, part) = place_of(A::flow_key(slot).responder);
                parts[part].push(at);
            }
        }
        parts
    }

    /// How many flows there are.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// Where each flow stands, with its key.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, FlowKey<A>)> {
        let slots = self.slots.get().iter().enumerate();
        let taken = slots.filter(|(_, slot)| A::mark(slot) != 0);
        taken.map(|(at, slot)| (at, A::flow_key(slot)))
    }

    /// Looks at a flow, for its memory to be near.
    pub(super) fn warm_at(&self, at: usize) -> u32 {
        self.slots.get().get(at).map_or(0, A::mark)
    }

    /// The flow that stands there.
    pub(super) fn flow(&self, at: usize) -> (FlowKey<A>, Flow) {
        let slot = &self.slots.get()[at];
        (A::flow_key(slot), compact::flow(A::counts(slot), &self.aside))
    }

    /// Every flow with its key, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FlowKey<A>, Flow)> {
        let taken = self.slots.get().iter().filter(|slot| A::mark(slot) != 0);
        taken.map(|slot| (A::flow_key(slot), compact::flow(A::counts(slot), &self.aside)))
    }
}

/// The first place from one on that has a tag or is free.
#[inline]
fn likely(tags: &[u32], mut at: usize, tag: u32) -> usize {
    let last = tags.len().wrapping_sub(1);
    while tags.get(at & last).is_some_and(|found| *found != tag && *found != 0) {
        at += 1;
    }
    at & last
}

/// Bits of a hash that do not tell where its flow stands; never 0.
#[inline]
fn tag(hash: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    {
        hash as u32 | 1
    }
}

/// Where a flow stands, unless others do.
#[inline]
fn home(hash: u64, slots: usize) -> usize {
    // The high bits of a product are its best; the table is never longer than memory.
    #[expect(clippy::cast_possible_truncation, reason = "it is less than the number of slots")]
    {
        ((u128::from(hash) * slots as u128) >> 64) as usize
    }
}
