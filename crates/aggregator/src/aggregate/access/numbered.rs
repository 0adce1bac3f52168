//! Different things, each kept once and called by a number.

use std::hash::{BuildHasher as _, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// See the module.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    all: Vec<T>,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered {
            all: Vec::new(),
            numbers: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<T: Hash + Eq> Numbered<T> {
    /// Its number, which is a new one if it is new.
    pub(super) fn number(&mut self, new: T) -> u32 {
        let Self { all, numbers, hasher } = self;
        let same = |number: &u32| all[*number as usize] == new;
        let again = |number: &u32| hasher.hash_one(&all[*number as usize]);
        let next = u32::try_from(all.len()).expect("memory ends before the numbers do");
        let number = *numbers.entry(hasher.hash_one(&new), same, again).or_insert(next).get();
        if number == next {
            all.push(new);
        }
        number
    }

    /// What has a number that was given out.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.all[number as usize]
    }

    /// Takes in another's; gives the new number of each.
    pub(super) fn absorb(&mut self, other: Numbered<T>) -> Vec<u32> {
        other.all.into_iter().map(|new| self.number(new)).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.all.iter()
    }
}
