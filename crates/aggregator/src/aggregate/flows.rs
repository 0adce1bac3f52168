//! The flows whose initiator each record tells by itself: counted under one small key, without the client's port.

use serde::{Deserialize, Serialize};

use super::row::{Row, Side};
use super::seen::Seen;
use super::words::Words;
use crate::address::Address;
use crate::inventory::ServiceId;
use crate::map::Tally;

/// What a flow is counted under: 24 bytes for IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FlowKey<A> {
    pub(super) initiator: A,
    pub(super) responder: A,
    pub(super) initiator_owner: ServiceId,
    pub(super) responder_owner: ServiceId,
    /// Where it was logged.
    pub(super) place: u32,
    /// The responder's.
    pub(super) port: u16,
    pub(super) protocol: u8,
    pub(super) stood_in: StoodIn,
}

/// For which ends the interface showed another address: [`super::row::End::stood_in`] as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StoodIn(u8);

impl StoodIn {
    /// One bit an end.
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        StoodIn(bits & 3)
    }

    pub(super) fn new(initiator: bool, responder: bool) -> Self {
        StoodIn(u8::from(initiator) | u8::from(responder) << 1)
    }

    pub(super) fn initiator(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) fn responder(self) -> bool {
        self.0 & 2 != 0
    }
}

/// What was counted. Adds up in any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// Accepted records from the initiator.
    pub(super) records: u64,
    pub(super) bytes_out: u64,
    pub(super) bytes_in: u64,
    pub(super) packets_out: u64,
    pub(super) packets_in: u64,
    /// Rejected records from the initiator.
    pub(super) refused: u64,
    /// All records, of both ends.
    pub(super) lines: u64,
    /// When, apart from what the responder sent after the end.
    pub(super) seen: Seen,
    /// The interned AWS service of the responder.
    pub(super) aws: u32,
    pub(super) client_ports: ClientPorts,
    pub(super) signs: Signs,
}

/// The least and the greatest port that the initiator took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientPorts {
    least: u16,
    greatest: u16,
}

impl Default for ClientPorts {
    fn default() -> Self {
        ClientPorts {
            least: u16::MAX,
            greatest: 0,
        }
    }
}

impl ClientPorts {
    pub(super) fn add(&mut self, other: ClientPorts) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// The least and the greatest.
    pub(super) fn ends(self) -> (u16, u16) {
        (self.least, self.greatest)
    }

    /// From the least to the greatest.
    pub(super) fn between(least: u16, greatest: u16) -> Self {
        ClientPorts { least, greatest }
    }

    /// The one port, where there was one alone.
    pub(super) fn only(self) -> Option<u16> {
        (self.least == self.greatest).then_some(self.least)
    }

    /// Whether there were two at least.
    pub(super) fn are_many(self) -> bool {
        self.least < self.greatest
    }

    fn meet(&mut self, port: u16) {
        self.add(ClientPorts {
            least: port,
            greatest: port,
        });
    }
}

/// What speaks for the direction of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signs(u8);

impl Signs {
    /// The initiator sent something.
    pub(super) const ASKED: Signs = Signs(1);
    /// The responder sent something.
    pub(super) const ANSWERED: Signs = Signs(2);
    /// An accepted SYN of the initiator.
    pub(super) const SYN: Signs = Signs(4);
    /// An accepted SYN-ACK of the responder.
    pub(super) const SYN_ACK: Signs = Signs(8);
    /// Flags told who opened, accepted or not.
    pub(super) const FLAGS: Signs = Signs(16);
    /// The responder sent something that was let through to somebody on the internet: a bit for each class of client ports.
    const SERVED: u8 = 7 << 5;

    pub(super) fn add(&mut self, other: Signs) {
        self.0 |= other.0;
    }

    /// One bit a sign.
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Signs(bits)
    }

    pub(super) fn has(self, all: Signs) -> bool {
        self.0 & all.0 == all.0
    }

    /// Those of them that flags gave.
    pub(super) fn of_flags(self) -> Self {
        Signs(self.0 & (Signs::SYN.0 | Signs::SYN_ACK.0 | Signs::FLAGS.0))
    }

    /// Those of them that show a listener, whoever its clients are.
    pub(super) fn of_listener(self) -> Self {
        Signs(self.of_flags().0 | self.0 & Signs::SERVED)
    }

    /// Whether there are any such.
    pub(super) fn show_listener(self) -> bool {
        self.has(Signs::FLAGS) || self.0 & Signs::SERVED != 0
    }

    /// Whether the responder served several ports on the internet.
    pub(super) fn served_several(self) -> bool {
        (self.0 & Signs::SERVED).count_ones() > 1
    }

    /// Whether both ends sent something.
    pub(super) fn both_ways(self) -> bool {
        self.has(Signs::ASKED) && self.has(Signs::ANSWERED)
    }

    /// What one record adds.
    pub(super) fn of<A: Address>(row: &Row<A>, opened: Side, by_flags: bool) -> Self {
        let mut signs = match opened {
            Side::Sender => Signs::ASKED,
            Side::Receiver => Signs::ANSWERED,
        };
        let (client, _) = row.ends(opened);
        let answered = (opened == Side::Receiver) & !row.rejected;
        let served = answered & !client.owner.is_somebody() & !client.address.is_private();
        signs.add(Signs(u8::from(served) << (5 + client.port % 3)));
        if by_flags {
            signs.add(Signs::FLAGS);
            signs.add(match opened {
                _ if row.rejected => Signs::FLAGS,
                Side::Sender => Signs::SYN,
                Side::Receiver => Signs::SYN_ACK,
            });
        }
        signs
    }
}

/// What one record adds to its flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packets {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    /// The interned AWS service of the responder.
    pub(super) aws: u32,
    pub(super) client_port: u16,
    pub(super) opened: Side,
    pub(super) rejected: bool,
    pub(super) signs: Signs,
}

impl Packets {
    /// The packets of a record whose initiator is known.
    pub(super) fn of<A: Address>(row: &Row<A>, opened: Side, signs: Signs) -> Self {
        let (initiator, responder) = row.ends(opened);
        Packets {
            packets: row.packets,
            bytes: row.bytes,
            start: row.start,
            end: row.end,
            aws: responder.aws,
            client_port: initiator.port,
            opened,
            rejected: row.rejected,
            signs,
        }
    }
}

impl Flow {
    /// Counts one record.
    pub(super) fn count(&mut self, packets: &Packets, words: &Words) {
        self.lines += 1;
        self.signs.add(packets.signs);
        match (packets.opened, packets.rejected) {
            (Side::Sender, false) => {
                self.records += 1;
                self.bytes_out = self.bytes_out.saturating_add(packets.bytes);
                self.packets_out = self.packets_out.saturating_add(packets.packets);
            }
            (Side::Receiver, false) => {
                self.bytes_in = self.bytes_in.saturating_add(packets.bytes);
                self.packets_in = self.packets_in.saturating_add(packets.packets);
            }
            (Side::Sender, true) => self.refused += 1,
            (Side::Receiver, true) => {}
        }
        if !(packets.rejected && packets.opened == Side::Receiver) {
            self.seen.mark(packets.start, packets.end);
        }
        if packets.aws != self.aws {
            self.aws = words.first(self.aws, packets.aws);
        }
        self.client_ports.meet(packets.client_port);
    }

    /// This flow and another of the same key together, where neither the words of the other nor its refusals count.
    pub(super) fn with(&self, small: Flow) -> Flow {
        let mut whole = self.clone();
        whole.add_small(&small);
        whole
    }

    /// Adds what another thread counted under the same key.
    pub(super) fn add(&mut self, other: &Flow, words: &Words) {
        self.aws = words.first(self.aws, other.aws);
        self.add_small(other);
    }

    /// Adds everything but the AWS service.
    fn add_small(&mut self, other: &Flow) {
        self.records += other.records;
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.packets_out = self.packets_out.saturating_add(other.packets_out);
        self.packets_in = self.packets_in.saturating_add(other.packets_in);
        self.refused += other.refused;
        self.lines += other.lines;
        self.seen.union(&other.seen);
        self.client_ports.add(other.client_ports);
        self.signs.add(other.signs);
    }

    /// The same records, had the other end opened it from `port`. What that end sent and was rejected is not known apart
    /// from what was let through.
    pub(super) fn turned(self, port: u16) -> Flow {
        let mut signs = Signs::default();
        for (is, becomes) in [(Signs::ASKED, Signs::ANSWERED), (Signs::ANSWERED, Signs::ASKED)] {
            if self.signs.has(is) {
                signs.add(becomes);
            }
        }
        Flow {
            records: self.lines - self.records - self.refused,
            bytes_out: self.bytes_in,
            bytes_in: self.bytes_out,
            packets_out: self.packets_in,
            packets_in: self.packets_out,
            refused: 0,
            aws: 0,
            client_ports: ClientPorts::between(port, port),
            signs,
            ..self
        }
    }

    /// What was let through.
    pub(super) fn tally(&self) -> Tally {
        Tally {
            records: self.records,
            bytes_out: self.bytes_out,
            bytes_in: self.bytes_in,
            packets_out: self.packets_out,
            packets_in: self.packets_in,
        }
    }

    /// Whether it is of several connections, and they were answered.
    pub(super) fn is_of_many(&self) -> bool {
        self.signs.both_ways() && self.client_ports.are_many()
    }

    /// Whether nothing of it is shown: the responder's packets after the end of a connection are all there was.
    pub(super) fn counts_nowhere(&self) -> bool {
        self.seen.is_empty()
    }
}
