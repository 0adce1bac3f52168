//! The table of flows: by far the most visited memory of a run, so it is laid out and asked for with care.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::flows::{Flow, FlowKey, Packets};
use super::words::Words;
use crate::address::Address;

/// How many records wait until the table is asked for all of them.
const BATCH: usize = 32;

/// Flows by key. Records are taken in batches: the table is first asked where each of a batch stands, which the
/// processor does for several at once, so that a table larger than its caches costs a fraction of one wait a record.
#[derive(Debug)]
pub(super) struct FlowTable<A> {
    slots: HashTable<Slot<A>>,
    hasher: RandomState,
    waiting: Vec<Waiting<A>>,
}

/// A key with its flow, on two lines of the processor's cache for IPv4.
#[derive(Debug)]
#[repr(align(64))]
struct Slot<A> {
    key: FlowKey<A>,
    flow: Flow,
}

#[derive(Debug)]
struct Waiting<A> {
    hash: u64,
    key: FlowKey<A>,
    packets: Packets,
}

impl<A> Default for FlowTable<A> {
    fn default() -> Self {
        FlowTable {
            slots: HashTable::new(),
            hasher: RandomState::default(),
            waiting: Vec::with_capacity(BATCH),
        }
    }
}

impl<A: Address> FlowTable<A> {
    /// Counts one record of a flow, now or with the next batch.
    pub(super) fn count(&mut self, key: FlowKey<A>, packets: Packets, words: &Words) {
        let hash = self.hasher.hash_one(key);
        self.waiting.push(Waiting { hash, key, packets });
        if self.waiting.len() == BATCH {
            self.settle(words);
        }
    }

    /// Counts what still waits. To be called before anything is read.
    pub(super) fn settle(&mut self, words: &Words) {
        let missing = self
            .waiting
            .iter()
            .filter(|waiting| self.slots.find(waiting.hash, |slot| slot.key == waiting.key).is_none())
            .count();
        let hasher = &self.hasher;
        self.slots.reserve(missing, |slot| hasher.hash_one(slot.key));
        for Waiting { hash, key, packets } in self.waiting.drain(..) {
            let slot = self
                .slots
                .entry(hash, |slot| slot.key == key, |slot| hasher.hash_one(slot.key))
                .or_insert_with(|| Slot {
                    key,
                    flow: Flow::default(),
                });
            slot.into_mut().flow.count(&packets, words);
        }
    }

    /// Adds the flow of another thread.
    pub(super) fn add(&mut self, key: FlowKey<A>, flow: Flow, words: &Words) {
        let hasher = &self.hasher;
        let hash = hasher.hash_one(key);
        let same = |slot: &Slot<A>| slot.key == key;
        match self.slots.entry(hash, same, |slot| hasher.hash_one(slot.key)) {
            Entry::Occupied(mut known) => known.get_mut().flow.add(&flow, words),
            Entry::Vacant(free) => {
                free.insert(Slot { key, flow });
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&FlowKey<A>, &Flow)> {
        self.slots.iter().map(|slot| (&slot.key, &slot.flow))
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (FlowKey<A>, Flow)> {
        self.slots.into_iter().map(|slot| (slot.key, slot.flow))
    }
}

const _: () = assert!(size_of::<Slot<u32>>() == 128, "a flow of IPv4 takes two cache lines");
