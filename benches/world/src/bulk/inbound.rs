//! Version-2 records of a crowd on the internet that calls one balancer, beside the few calls of our own: what a log is
//! mostly made of, and what its map is not.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::line::LineBuffer;
use super::{HEADER, PIECE, START};
use crate::flow::ACCOUNT;
use crate::prng::Prng;

/// One call of our own in so many records.
const OURS: u64 = 1_000;

/// How much to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inbound {
    /// Records in all.
    pub records: u64,
    /// Distinct clients on the internet.
    pub clients: u64,
    /// Whether they call over IPv6.
    pub ipv6: bool,
    /// Whether those that call over IPv6 are in the balancer's own network: until all is read, they may be ours.
    pub beside: bool,
    /// Where chance begins.
    pub seed: u64,
}

impl Inbound {
    /// Writes the log, which is never in memory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(HEADER.as_bytes())?;
        let mut rng = Prng::new(self.seed);
        let mut lines = LineBuffer::with_capacity(PIECE);
        for record in 0..self.records {
            self.record(record, &mut rng, &mut lines);
            if lines.len() >= PIECE as u64 {
                lines.shuffled_to(to, &mut rng)?;
            }
        }
        lines.shuffled_to(to, &mut rng)
    }

    fn record(&self, record: u64, rng: &mut Prng, to: &mut LineBuffer) {
        let ours = record.is_multiple_of(OURS);
        let (client, server) = if ours {
            let far_end = Ipv4Addr::from_bits(0xcb00_7100 + number(record / OURS % 256));
            ("10.60.1.7".to_owned(), far_end.to_string())
        } else {
            self.call(record % self.clients.max(1))
        };
        let client_port = (32_768 + rng.below(28_000)).to_string();
        let ends = [(client, client_port), (server, "443".to_owned())];
        let answer = usize::from(rng.next() & 1 == 1);
        let ([(source, source_port), (destination, destination_port)], packets) =
            ([&ends[answer], &ends[1 - answer]], 3 + rng.below(60));
        let eni = if ours {
            "eni-0c0000000000000f1"
        } else {
            "eni-0a0000000000000f1"
        };
        let start = START + record * 86_400 / self.records.max(1);
        to.text(&format!(
            "2 {ACCOUNT} {eni} {source} {destination} {source_port} {destination_port} 6 {packets} {} {start} {} ACCEPT OK\n",
            packets * 420,
            start + 30,
        ));
    }

    /// A client, and the balancer that it calls.
    fn call(&self, client: u64) -> (String, String) {
        if self.ipv6 {
            let ours = Ipv6Addr::from_bits(0x2001_0db8_ffff_0000_0000_0000_0000_0001);
            let network = if self.beside {
                0x2001_0db8_fff0
            } else {
                0x2001_0db8_0000
            };
            let client = Ipv6Addr::from_bits((network << 80) + u128::from(client));
            (client.to_string(), ours.to_string())
        } else {
            // 198.18.0.0/15, and what lies above it.
            let client = Ipv4Addr::from_bits(0xc612_0000_u32.wrapping_add(number(client)));
            (client.to_string(), "10.60.0.10".to_owned())
        }
    }
}

fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
