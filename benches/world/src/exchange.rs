//! One connection or datagram exchange, and the flow records that it leaves at each interface it passes.

use std::net::IpAddr;

use crate::flow::FlowRow;
use crate::network::AwsService;
use crate::party::{Party, Protocol, Text};

/// The longest time that one flow record covers.
const WINDOW: u64 = 60;

/// What passed between two ends on one 5-tuple.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// The end that opened it.
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) client_port: u16,
    /// The port that the server listens on; 0 for ICMP, on both sides.
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    pub(crate) start: u64,
    /// Seconds from its first packet to its last.
    pub(crate) lasts: u64,
    pub(crate) out: Volume,
    pub(crate) back: Volume,
    pub(crate) fate: Fate,
    pub(crate) opening: Opening,
    /// Seconds by which the records of the answer start later.
    pub(crate) answer_delay: u64,
    /// The AWS service that the far end's address belongs to.
    pub(crate) aws: Option<AwsService>,
    /// The NAT gateway on the way, where its interface is logged.
    pub(crate) nat: Option<Nat>,
}

/// Packets and bytes in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// How an exchange went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// Answered, and a packet of the server came after the end and was rejected at the client's interface.
    AnsweredTooLate,
    Unanswered,
    /// Rejected where it left: at the client's interface.
    RefusedLeaving,
    /// Rejected where it arrived: at the server's interface.
    RefusedArriving,
}

/// Whether the logs hold the beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    Logged,
    BeforeTheLogs,
}

/// A NAT gateway: its interface, and the port it used in place of the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nat {
    pub(crate) address: IpAddr,
    pub(crate) eni: Text,
    pub(crate) port: u16,
}

/// Which way a record's packets went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Out,
    Back,
}

/// The interface that logged a record, seen from the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vantage {
    Initiator,
    Responder,
    Elsewhere,
    /// A NAT gateway's record between itself and the far end.
    Repetition,
}

/// One record with what the world knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) vantage: Vantage,
    pub(crate) side: Side,
    pub(crate) row: FlowRow,
}

impl Exchange {
    /// An answered exchange whose records start together.
    pub(crate) fn new(client: Party, server: Party, ports: (u16, u16), protocol: Protocol, start: u64) -> Self {
        Exchange {
            client,
            server,
            client_port: ports.0,
            port: ports.1,
            protocol,
            start,
            lasts: 0,
            out: Volume { packets: 1, bytes: 76 },
            back: Volume { packets: 1, bytes: 76 },
            fate: Fate::Answered,
            opening: Opening::Logged,
            answer_delay: 0,
            aws: None,
            nat: None,
        }
    }

    /// Every record of the exchange, window by window.
    pub(crate) fn sightings(&self) -> Vec<Sighting> {
        let windows = match self.fate {
            Fate::Answered | Fate::AnsweredTooLate => self.lasts / WINDOW + 1,
            Fate::Unanswered | Fate::RefusedLeaving | Fate::RefusedArriving => 1,
        };
        let mut sightings = Vec::new();
        for index in 0..windows {
            let window = Window { index, windows };
            self.see(Side::Out, &window, &mut sightings);
            if matches!(self.fate, Fate::Answered | Fate::AnsweredTooLate) {
                self.see(Side::Back, &window, &mut sightings);
            }
        }
        if self.fate == Fate::AnsweredTooLate {
            self.see_late_packet(&mut sightings);
        }
        sightings
    }

    fn see(&self, side: Side, window: &Window, sightings: &mut Vec<Sighting>) {
        let row = self.row(side, window);
        let client_rejects = self.fate == Fate::RefusedLeaving;
        if let Some(eni) = &self.client.eni {
            let vantage = Vantage::Initiator;
            let row = row.clone().at(eni, &self.client, client_rejects);
            sightings.push(Sighting { vantage, side, row });
        }
        if let Some(eni) = self.server.eni.as_ref().filter(|_| !client_rejects) {
            let row = row.clone().at(eni, &self.server, self.fate == Fate::RefusedArriving);
            sightings.push(Sighting {
                vantage: Vantage::Responder,
                side,
                row,
            });
        }
        if let Some(nat) = &self.nat {
            let through = row.clone().through(nat, side);
            sightings.push(Sighting {
                vantage: Vantage::Elsewhere,
                side,
                row: through,
            });
            sightings.push(Sighting {
                vantage: Vantage::Repetition,
                side,
                row: row.repeated_by(nat, side),
            });
        }
    }

    /// A rejected packet of the server, within the time of the last record.
    fn see_late_packet(&self, sightings: &mut Vec<Sighting>) {
        let windows = self.lasts / WINDOW + 1;
        if let Some(eni) = &self.client.eni {
            let mut row = self.row(
                Side::Back,
                &Window {
                    index: windows - 1,
                    windows,
                },
            );
            (row.packets, row.bytes) = (1, 40);
            row.tcp_flags = row.tcp_flags.map(|_| 4);
            let row = row.at(eni, &self.client, true);
            sightings.push(Sighting {
                vantage: Vantage::Initiator,
                side: Side::Back,
                row,
            });
        }
    }

    fn row(&self, side: Side, window: &Window) -> FlowRow {
        let (from, to, srcport, dstport, volume) = match side {
            Side::Out => (&self.client, &self.server, self.client_port, self.port, self.out),
            Side::Back => (&self.server, &self.client, self.port, self.client_port, self.back),
        };
        let begins = self.start + window.index * WINDOW;
        let ends = (begins + WINDOW - 1).min(self.start + self.lasts);
        let delay = if side == Side::Back { self.answer_delay } else { 0 };
        let aws = self.aws.map(|aws| aws.service);
        FlowRow {
            eni: "-".into(),
            srcaddr: from.address,
            dstaddr: to.address,
            pkt_srcaddr: from.address,
            pkt_dstaddr: to.address,
            srcport,
            dstport,
            protocol: self.protocol.number(to.address),
            packets: window.share(volume.packets),
            bytes: window.share(volume.bytes),
            start: (begins + delay).min(ends),
            end: ends,
            rejected: false,
            tcp_flags: (self.protocol == Protocol::Tcp).then(|| self.flags(side, window)),
            leaves: false,
            src_aws: aws.filter(|_| side == Side::Back),
            dst_aws: aws.filter(|_| side == Side::Out),
            nat_gateway: false,
        }
    }

    /// FIN 1, SYN 2, RST 4, SYN-ACK 18; an ACK alone is logged as 0.
    fn flags(&self, side: Side, window: &Window) -> u8 {
        let opens = window.index == 0 && self.opening == Opening::Logged;
        let answered = matches!(self.fate, Fate::Answered | Fate::AnsweredTooLate);
        let closes = answered && window.index + 1 == window.windows;
        let opening = match (opens, side) {
            (false, _) => 0,
            (true, Side::Out) => 2,
            (true, Side::Back) => 18,
        };
        let reset = if self.client_port.is_multiple_of(11) { 4 } else { 0 };
        opening | if closes { 1 | reset } else { 0 }
    }
}

/// One of the windows that an exchange is cut into.
struct Window {
    index: u64,
    windows: u64,
}

impl Window {
    /// This window's part of a total; the first one takes what is left over.
    fn share(&self, total: u64) -> u64 {
        let each = total / self.windows;
        if self.index == 0 {
            each + total % self.windows
        } else {
            each
        }
    }
}
