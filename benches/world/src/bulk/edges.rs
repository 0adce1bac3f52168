//! The edges of a bulk run: which service calls which address and port, by number.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::prng::Prng;

/// Services, and tasks of each.
const SERVICES: u64 = 200;
const TASKS: u64 = 4;

/// Service ports, all below 1024, so that the ports tell who opened each connection.
const PORTS: [u64; 4] = [443, 443, 80, 993];

/// The edges that a run draws from.
#[derive(Debug)]
pub(super) struct Edges(u64);

/// One edge, with the task that uses it this time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) client: Ipv4Addr,
    pub(super) server: Ipv4Addr,
    pub(super) port: u64,
    /// Its place among the bits of what was seen.
    pub(super) word: usize,
    pub(super) bit: u64,
}

impl Edges {
    pub(super) fn new(count: u64) -> Self {
        Edges(count.max(1))
    }

    /// How many words hold a bit for every edge.
    pub(super) fn words(&self) -> usize {
        usize::try_from(self.0 / 64 + 1).unwrap_or_default()
    }

    /// Draws an edge: the lower its number, the more often, as with real destinations.
    pub(super) fn draw(&self, rng: &mut Prng) -> Edge {
        let uniform = rng.below(self.0);
        let number = if rng.next() & 1 == 0 {
            uniform
        } else {
            rng.below(uniform + 1)
        };
        let service = number % SERVICES;
        let client = client(service, rng.next() & (TASKS - 1));
        let server = u32::try_from(number / SERVICES).unwrap_or(u32::MAX);
        Edge {
            client,
            // 198.18.0.0/15, and whatever lies above it where there are more than 26 million edges.
            server: Ipv4Addr::from_bits(0xc612_0000_u32.wrapping_add(server)),
            port: PORTS[usize::try_from(number & 3).unwrap_or_default()],
            word: usize::try_from(number / 64).unwrap_or_default(),
            bit: 1 << (number % 64),
        }
    }

    /// The tasks of all services.
    pub(super) fn inventory(&self) -> String {
        let mut csv = "service,address\n".to_owned();
        for service in 0..SERVICES.min(self.0) {
            for task in 0..TASKS {
                // Writing to a String cannot fail.
                let _ = writeln!(csv, "svc-{service:03},{}", client(service, task));
            }
        }
        csv
    }
}

fn client(service: u64, task: u64) -> Ipv4Addr {
    let octet = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, 50, octet(service), octet(10 + task))
}
