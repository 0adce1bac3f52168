//! A flow record reduced to what counting needs, with addresses as integers.

use std::hint::select_unpredictable;

use crate::address::{Address, if_first};
use crate::inventory::ServiceId;

/// TCP, as in `protocol`.
pub(super) const TCP: u8 = 6;
/// UDP.
pub(super) const UDP: u8 = 17;
/// ICMP, and what ICMPv6 is counted as.
pub(super) const ICMP: u8 = 1;
/// ICMPv6.
const ICMP_V6: u8 = 58;

/// One flow record: the packets of one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<A> {
    /// Who sent the packets, by the packets' own addresses.
    pub(super) sender: End<A>,
    /// Who they were for.
    pub(super) receiver: End<A>,
    pub(super) protocol: u8,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) start: u64,
    /// Never before `start`.
    pub(super) end: u64,
    pub(super) rejected: bool,
    /// 0 where unset.
    pub(super) tcp_flags: u8,
    /// Where it was logged.
    pub(super) place: u32,
}

/// One end of a flow record.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<A> {
    pub(super) address: A,
    /// 0 for ICMP.
    pub(super) port: u16,
    /// Who owns the address by an inventory entry about addresses.
    pub(super) owner: ServiceId,
    /// Whether the interface saw another address in its place: its own, on behalf of a pod or through a gateway.
    pub(super) stood_in: bool,
    /// The interned AWS service of the address.
    pub(super) aws: u32,
}

/// `protocol` as it is counted: both ICMPs are one.
pub(super) fn counted_protocol(protocol: u8) -> u8 {
    if protocol == ICMP_V6 { ICMP } else { protocol }
}

impl<A: Address> Row<A> {
    /// Both ends, the initiator first.
    // Which it is follows no pattern: both are taken, and the value chosen, where a branch would be guessed wrong.
    #[inline(always)]
    pub(super) fn ends(&self, opened: Side) -> (End<A>, End<A>) {
        let (sender, receiver) = (self.sender, self.receiver);
        let sent = opened == Side::Sender;
        (End::either(sent, sender, receiver), End::either(sent, receiver, sender))
    }
}

impl<A: Address> End<A> {
    #[inline(always)]
    fn either(first: bool, one: Self, other: Self) -> Self {
        let number = |one, other| if_first(first, one, other);
        End {
            address: A::either(first, one.address, other.address),
            port: select_unpredictable(first, one.port, other.port),
            owner: ServiceId::of_number(number(one.owner.number(), other.owner.number())),
            stood_in: select_unpredictable(first, one.stood_in, other.stood_in),
            aws: number(one.aws, other.aws),
        }
    }
}

/// An end of a record by what it did there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It sent the packets.
    Sender,
    /// They were sent to it.
    Receiver,
}
