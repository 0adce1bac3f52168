//! How a flow's key and counters lie in a slot of the table, for each family of addresses.

use std::hash::{BuildHasher, Hasher};

use bytemuck::Pod;
use foldhash::fast::RandomState;

use super::compact::Counts;
use super::flows::{FlowKey, StoodIn};
use crate::address::Address;
use crate::inventory::ServiceId;

/// A key as words: the addresses, then the owners, the place, and the port and the protocol.
/// They are made, hashed and compared two at a time: what is written in small pieces and read in a large one is waited for.
pub(super) trait Slotted: Address {
    /// The words of a key.
    type Key: Pod + Eq + Send + Sync + std::fmt::Debug;
    /// The words of a slot: a key, then counters.
    type Slot: Pod + Send + Sync + std::fmt::Debug;

    /// A number that differs in its high bits between addresses that differ anywhere, as good as always.
    fn spread(self) -> u64;
    fn key(key: &FlowKey<Self>) -> Self::Key;
    /// A hash of the words, two at a time.
    fn hash_of(key: &Self::Key, hasher: &RandomState) -> u64;
    /// The key that words were made of.
    fn flow_key_of(key: &Self::Key) -> FlowKey<Self>;
    fn slot(key: &Self::Key) -> Self::Slot;
    fn key_of(slot: &Self::Slot) -> Self::Key;
    fn counts(slot: &Self::Slot) -> &Counts;
    fn counts_mut(slot: &mut Self::Slot) -> &mut Counts;

    /// Whether two keys are the same.
    fn same(one: &Self::Key, other: &Self::Key) -> bool;

    #[inline]
    fn is_of(slot: &Self::Slot, key: &Self::Key) -> bool {
        Self::same(&Self::key_of(slot), key)
    }

    /// The key of a slot.
    #[inline]
    fn flow_key(slot: &Self::Slot) -> FlowKey<Self> {
        Self::flow_key_of(&Self::key_of(slot))
    }
}

/// 2^64 over the golden ratio: its products are spread evenly.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Two words as one.
#[inline]
fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The words of one.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
pub(super) fn halves(pair: u64) -> [u32; 2] {
    [pair as u32, (pair >> 32) as u32]
}

/// The words of a key that no address is in.
#[inline]
fn rest<A>(key: &FlowKey<A>) -> [u64; 2] {
    let last = u32::from(key.stood_in.bits()) << 24 | u32::from(key.protocol) << 16 | u32::from(key.port);
    [
        pair(key.initiator_owner.number(), key.responder_owner.number()),
        pair(key.place, last),
    ]
}

fn whole<A>(initiator: A, responder: A, rest: [u64; 2]) -> FlowKey<A> {
    let [[initiator_owner, responder_owner], [place, last]] = rest.map(halves);
    let [bits, protocol, high, low] = last.to_be_bytes();
    FlowKey {
        initiator,
        responder,
        initiator_owner: ServiceId::of_number(initiator_owner),
        responder_owner: ServiceId::of_number(responder_owner),
        place,
        port: u16::from_be_bytes([high, low]),
        protocol,
        stood_in: StoodIn::from_bits(bits),
    }
}

macro_rules! slotted {
    ($address:ty, $key:literal, $slot:literal, $of_ends:expr, $ends:expr) => {
        impl Slotted for $address {
            type Key = [u64; $key];
            type Slot = [u32; $slot];

            #[inline]
            fn spread(self) -> u64 {
                let words: [u32; size_of::<$address>() / 4] = bytemuck::cast(self);
                words
                    .iter()
                    .fold(0, |sum: u64, word| (sum ^ u64::from(*word)).wrapping_mul(ODD))
            }

            #[inline]
            fn key(key: &FlowKey<Self>) -> Self::Key {
                let mut words = [0; $key];
                let (ends, others) = words.split_at_mut($key - 2);
                ends.copy_from_slice(&$of_ends(key.initiator, key.responder));
                others.copy_from_slice(&rest(key));
                words
            }

            #[inline]
            fn same(one: &Self::Key, other: &Self::Key) -> bool {
                let words = one.iter().zip(other);
                words.fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
            }

            #[inline]
            fn hash_of(key: &Self::Key, hasher: &RandomState) -> u64 {
                let mut state = hasher.build_hasher();
                for word in key {
                    state.write_u64(*word);
                }
                state.finish()
            }

            fn flow_key_of(key: &Self::Key) -> FlowKey<Self> {
                let (mut ends, mut others) = ([0; $key - 2], [0; 2]);
                ends.copy_from_slice(&key[..$key - 2]);
                others.copy_from_slice(&key[$key - 2..]);
                let [initiator, responder] = $ends(ends);
                whole(initiator, responder, others)
            }

            #[inline]
            fn slot(key: &Self::Key) -> Self::Slot {
                let mut slot = [0; $slot];
                slot[..2 * $key].copy_from_slice(bytemuck::cast_slice(key));
                slot
            }

            #[inline]
            fn key_of(slot: &Self::Slot) -> Self::Key {
                let (pairs, _) = slot.as_chunks::<2>();
                let mut key = [0; $key];
                for (word, pair) in key.iter_mut().zip(pairs) {
                    *word = bytemuck::cast(*pair);
                }
                key
            }

            #[inline]
            fn counts(slot: &Self::Slot) -> &Counts {
                slot.last_chunk().expect("a slot ends with its counters")
            }

            #[inline]
            fn counts_mut(slot: &mut Self::Slot) -> &mut Counts {
                slot.last_chunk_mut().expect("a slot ends with its counters")
            }
        }
    };
}

slotted!(
    u32,
    3,
    16,
    |initiator, responder| [pair(initiator, responder)],
    |[ends]: [u64; 1]| halves(ends)
);
slotted!(
    u128,
    6,
    22,
    |initiator, responder| {
        let [a, b]: [u64; 2] = bytemuck::cast(initiator);
        let [c, d]: [u64; 2] = bytemuck::cast(responder);
        [a, b, c, d]
    },
    |ends: [u64; 4]| bytemuck::cast(ends)
);

const _: () = assert!(
    size_of::<<u32 as Slotted>::Slot>() == 64,
    "a flow of IPv4 takes one cache line"
);
