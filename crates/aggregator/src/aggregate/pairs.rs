//! The flows whose ports are of equal rank: kept with both ports until all is read.

use super::flows::{Flow, FlowKey, Signs, StoodIn};
use super::row::{Row, Side};
use super::seen::Seen;
use super::words::Words;
use crate::address::Address;
use crate::inventory::ServiceId;

/// Both ends of a flow, the lower (address, port) first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PairKey<A> {
    pub(super) ends: [PairEnd<A>; 2],
    pub(super) place: u32,
    pub(super) protocol: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PairEnd<A> {
    pub(super) address: A,
    pub(super) owner: ServiceId,
    pub(super) port: u16,
    pub(super) stood_in: bool,
}

/// What was counted, by the end that sent it. Adds up in any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) sent: [Sent; 2],
    /// When anything was let through.
    pub(super) seen: Seen,
}

/// What one end sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) packets: u64,
    pub(super) rejected: u64,
    /// When it was rejected.
    pub(super) rejected_seen: Option<Box<Seen>>,
    /// The least start of all its records; the end of time while there are none.
    pub(super) first: u64,
    /// The interned AWS service of the end.
    pub(super) aws: u32,
}

impl Default for Sent {
    fn default() -> Self {
        Sent {
            records: 0,
            bytes: 0,
            packets: 0,
            rejected: 0,
            rejected_seen: None,
            first: u64::MAX,
            aws: 0,
        }
    }
}

impl Sent {
    /// Whether anything that the end sent was let through.
    pub(super) fn accepted(&self) -> bool {
        self.records > 0
    }

    /// How many packets of it were let through.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    fn any(&self) -> bool {
        self.records + self.rejected > 0
    }
}

impl<A: Address> PairKey<A> {
    /// The key of a record, and which of its ends sent it.
    pub(super) fn of(row: &Row<A>) -> (Self, usize) {
        let end = |side: Side| {
            let (end, _) = row.ends(side);
            PairEnd {
                address: end.address,
                owner: end.owner,
                port: end.port,
                stood_in: end.stood_in,
            }
        };
        let (sender, receiver) = (end(Side::Sender), end(Side::Receiver));
        let swapped = (receiver.address, receiver.port) < (sender.address, sender.port);
        let key = PairKey {
            ends: if swapped {
                [receiver, sender]
            } else {
                [sender, receiver]
            },
            place: row.place,
            protocol: row.protocol,
        };
        (key, usize::from(swapped))
    }

    /// The flow of a pair once it is known which end opened it.
    pub(super) fn flow(&self, pair: &Pair, initiator: usize) -> (FlowKey<A>, Flow) {
        let (from, to) = (&self.ends[initiator], &self.ends[1 - initiator]);
        let key = FlowKey {
            initiator: from.address,
            responder: to.address,
            initiator_owner: from.owner,
            responder_owner: to.owner,
            place: self.place,
            port: to.port,
            protocol: self.protocol,
            stood_in: StoodIn::new(from.stood_in, to.stood_in),
        };
        (key, pair.flow(initiator))
    }
}

impl Pair {
    /// Counts one record.
    pub(super) fn count<A: Address>(&mut self, row: &Row<A>, sender: usize, words: &Words) {
        let sent = &mut self.sent[sender];
        sent.first = sent.first.min(row.start);
        if row.rejected {
            sent.rejected += 1;
            sent.rejected_seen.get_or_insert_default().mark(row.start, row.end);
        } else {
            sent.records += 1;
            sent.bytes = sent.bytes.saturating_add(row.bytes);
            sent.packets = sent.packets.saturating_add(row.packets);
            self.seen.mark(row.start, row.end);
        }
        for (at, end) in [(sender, &row.sender), (1 - sender, &row.receiver)] {
            self.sent[at].aws = words.first(self.sent[at].aws, end.aws);
        }
    }

    /// Adds what another thread counted of the same pair; `renumbered` gives the numbers of its words here.
    pub(super) fn add(&mut self, other: &Pair, words: &Words) {
        self.seen.union(&other.seen);
        for (sent, other) in self.sent.iter_mut().zip(&other.sent) {
            sent.records += other.records;
            sent.bytes = sent.bytes.saturating_add(other.bytes);
            sent.packets = sent.packets.saturating_add(other.packets);
            sent.rejected += other.rejected;
            if let Some(seen) = &other.rejected_seen {
                sent.rejected_seen.get_or_insert_default().union(seen);
            }
            sent.first = sent.first.min(other.first);
            sent.aws = words.first(sent.aws, other.aws);
        }
    }

    /// Replaces the numbers of its words.
    pub(super) fn renumber(&mut self, word: impl Fn(u32) -> u32) {
        for sent in &mut self.sent {
            sent.aws = word(sent.aws);
        }
    }

    fn flow(&self, initiator: usize) -> Flow {
        let (from, to) = (&self.sent[initiator], &self.sent[1 - initiator]);
        let mut seen = self.seen.clone();
        if let Some(rejected) = &from.rejected_seen {
            seen.union(rejected);
        }
        let mut signs = Signs::default();
        for (sent, sign) in [(from, Signs::ASKED), (to, Signs::ANSWERED)] {
            if sent.any() {
                signs.add(sign);
            }
        }
        Flow {
            records: from.records,
            bytes_out: from.bytes,
            bytes_in: to.bytes,
            packets_out: from.packets,
            packets_in: to.packets,
            refused: from.rejected,
            lines: from.records + from.rejected + to.records + to.rejected,
            seen,
            aws: to.aws,
            signs,
            ..Flow::default()
        }
    }
}
