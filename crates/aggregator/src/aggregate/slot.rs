//! How a flow's key and counters lie in a slot of the table, for each family of addresses.

use std::hash::{BuildHasher, Hasher};

use bytemuck::Pod;
use foldhash::fast::RandomState;

use super::compact::Counts;
use super::flows::{FlowKey, StoodIn};
use crate::address::Address;
use crate::inventory::ServiceId;

/// A key as words: the addresses, then the owners, the place, and the port, the protocol and the bits of one slot in use.
pub(super) trait Slotted: Address {
    /// The words of a key.
    type Key: Pod + Eq + Send + Sync + std::fmt::Debug;
    /// The words of a slot: a key, then counters. All zero is a free slot.
    type Slot: Pod + Send + Sync + std::fmt::Debug;

    /// A number that differs in its high bits between addresses that differ anywhere, as good as always.
    fn spread(self) -> u64;
    fn key(key: &FlowKey<Self>) -> Self::Key;
    /// A hash of the words, two at a time.
    fn hash_of(key: &Self::Key, hasher: &RandomState) -> u64;
    fn flow_key(slot: &Self::Slot) -> FlowKey<Self>;
    fn slot(key: &Self::Key) -> Self::Slot;
    fn key_of(slot: &Self::Slot) -> Self::Key;
    /// The word that is 0 in a free slot and in no other.
    fn mark(slot: &Self::Slot) -> u32;
    fn counts(slot: &Self::Slot) -> &Counts;
    fn counts_mut(slot: &mut Self::Slot) -> &mut Counts;

    #[inline]
    fn is_of(slot: &Self::Slot, key: &Self::Key) -> bool {
        Self::key_of(slot) == *key
    }
}

/// 2^64 over the golden ratio: its products are spread evenly.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

const TAKEN: u32 = 1 << 31;

/// The words of a key that no address is in.
#[inline]
fn rest<A>(key: &FlowKey<A>) -> [u32; 4] {
    [
        key.initiator_owner.number(),
        key.responder_owner.number(),
        key.place,
        TAKEN | u32::from(key.stood_in.bits()) << 24 | u32::from(key.protocol) << 16 | u32::from(key.port),
    ]
}

fn whole<A>(initiator: A, responder: A, [initiator_owner, responder_owner, place, last]: [u32; 4]) -> FlowKey<A> {
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
    ($address:ty, $words:literal, $key:literal, $slot:literal) => {
        impl Slotted for $address {
            type Key = [u32; $key];
            type Slot = [u32; $slot];

            #[inline]
            fn spread(self) -> u64 {
                let words: [u32; $words] = bytemuck::cast(self);
                words
                    .iter()
                    .fold(0, |sum: u64, word| (sum ^ u64::from(*word)).wrapping_mul(ODD))
            }

            #[inline]
            fn key(key: &FlowKey<Self>) -> Self::Key {
                let mut words = [0; $key];
                let ends: [[u32; $words]; 2] = [bytemuck::cast(key.initiator), bytemuck::cast(key.responder)];
                words[..2 * $words].copy_from_slice(ends.as_flattened());
                words[2 * $words..].copy_from_slice(&rest(key));
                words
            }

            #[inline]
            fn hash_of(key: &Self::Key, hasher: &RandomState) -> u64 {
                let mut state = hasher.build_hasher();
                for [low, high] in key.as_chunks().0 {
                    state.write_u64(u64::from(*low) | u64::from(*high) << 32);
                }
                state.finish()
            }

            fn flow_key(slot: &Self::Slot) -> FlowKey<Self> {
                let end = |at: usize| {
                    let mut words = [0; $words];
                    words.copy_from_slice(&slot[at * $words..(at + 1) * $words]);
                    bytemuck::cast(words)
                };
                let mut others = [0; 4];
                others.copy_from_slice(&slot[2 * $words..$key]);
                whole(end(0), end(1), others)
            }

            #[inline]
            fn slot(key: &Self::Key) -> Self::Slot {
                let mut slot = [0; $slot];
                slot[..$key].copy_from_slice(key);
                slot
            }

            #[inline]
            fn key_of(slot: &Self::Slot) -> Self::Key {
                let mut key = [0; $key];
                key.copy_from_slice(&slot[..$key]);
                key
            }

            #[inline]
            fn mark(slot: &Self::Slot) -> u32 {
                slot[$key - 1]
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

slotted!(u32, 1, 6, 16);
slotted!(u128, 4, 12, 22);

const _: () = assert!(
    size_of::<<u32 as Slotted>::Slot>() == 64,
    "a flow of IPv4 takes one cache line"
);
