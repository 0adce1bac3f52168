//! Who of a service was seen: its addresses, as a sample that stays small however many there are.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How many addresses of a service are kept.
const MOST: usize = 32;

/// Addresses that a service opened flows from, each with when: all of them, or the 32 whose hashes are least. The hash
/// knows nothing of the service, so maps of other days keep the same ones. Union is commutative, associative and
/// idempotent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources(Vec<Source>);

/// One address, from the first to the last second in which it opened anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// The first second, Unix time.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// The one source of a dependency, as long as it is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnlySource {
    /// No record told the source: access lines, and maps of earlier versions.
    #[default]
    Unknown,
    /// Every flow was opened from this address.
    One(IpAddr),
    /// There are two at least.
    Several,
}

impl Sources {
    /// Adds an address that opened something within `first` and `last`.
    pub fn see(&mut self, address: IpAddr, first: u64, last: u64) {
        match self.0.binary_search_by_key(&rank(address), |known| rank(known.address)) {
            Ok(at) => {
                let known = &mut self.0[at];
                (known.first, known.last) = (known.first.min(first), known.last.max(last));
            }
            Err(at) if at < MOST => {
                self.0.insert(at, Source { address, first, last });
                self.0.truncate(MOST);
            }
            Err(_) => {}
        }
    }

    /// Adds what another map or thread saw of the same service.
    pub fn union(&mut self, other: &Sources) {
        for source in &other.0 {
            self.see(source.address, source.first, source.last);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses of the sample.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }
}

impl OnlySource {
    /// Adds what another record, thread or map knows. Commutative, associative and idempotent.
    pub fn add(&mut self, other: OnlySource) {
        *self = match (*self, other) {
            (OnlySource::Unknown, known) | (known, OnlySource::Unknown) => known,
            (OnlySource::One(one), OnlySource::One(other)) if one == other => OnlySource::One(one),
            _ => OnlySource::Several,
        };
    }
}

/// Where an address stands in a sample: its bits, mixed as splitmix64 does, and the address where two agree.
fn rank(address: IpAddr) -> (u64, IpAddr) {
    let bits = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
    (mixed(mixed(half(bits >> 64)) ^ half(bits)), address)
}

fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_same_in_whatever_order_it_was_taken() {
        let all: Vec<IpAddr> = (0..200).map(|host| IpAddr::from([10, 0, 0, host])).collect();
        let mut forwards = Sources::default();
        all.iter().for_each(|address| forwards.see(*address, 5, 9));
        let mut backwards = Sources::default();
        all.iter().rev().for_each(|address| backwards.see(*address, 5, 9));
        assert_eq!(forwards, backwards);
        assert_eq!(forwards.iter().count(), MOST);
        let kept = forwards.iter().next().unwrap().address;
        forwards.see(kept, 1, 2);
        assert!(
            forwards
                .iter()
                .any(|source| (source.address, source.first, source.last) == (kept, 1, 9))
        );
    }
}
