//! Which end of a single record opened the connection, where the record itself tells: its flags, then its ports.

use std::hint::select_unpredictable;

use super::ports::PortRank;
use super::row::{ICMP, Row, Side, TCP};
use crate::address::Address;

const SYN: u8 = 2;
const SYN_ACK: u8 = 18;

/// Who opened, and whether flags say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) by: Side,
    pub(super) by_flags: bool,
}

/// Rules 1 and 2. `None` where both ports are of equal rank: then only all records together can tell.
#[inline(always)]
pub(super) fn opened<A: Address>(row: &Row<A>) -> Option<Opened> {
    if row.protocol == TCP {
        let by = match row.tcp_flags & SYN_ACK {
            SYN => Some(Side::Sender),
            SYN_ACK => Some(Side::Receiver),
            _ => None,
        };
        if let Some(by) = by {
            return Some(Opened { by, by_flags: true });
        }
    }
    if row.protocol == ICMP {
        return None;
    }
    let (sender, receiver) = (PortRank::of(row.sender.port), PortRank::of(row.receiver.port));
    if receiver == sender {
        return None;
    }
    // Which of them it is follows no pattern.
    let by = select_unpredictable(receiver < sender, Side::Sender, Side::Receiver);
    Some(Opened { by, by_flags: false })
}
