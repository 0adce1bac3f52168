//! What comes to a city from the internet, and what stands in its logs besides records.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::City;
use crate::prng::Prng;
use crate::scene::{Actor, Manner};

impl City {
    pub(super) fn noise(&mut self) {
        let noise = self.scene.scenario.noise;
        let at = self.moment();
        let drawn = self.scene.rng.below(1_000);
        let service = self.scene.rng.index(self.people.services.len());
        let Some(actor) = self.scene.actor(service, at, at + 100) else {
            return;
        };
        let mut floor = 0;
        let mut falls = |share: u64| {
            let hit = (floor..floor + share).contains(&drawn);
            floor += share;
            hit
        };
        if falls(noise.inbound) {
            self.visit(&actor, at);
        } else if falls(noise.scans) && self.people.speaks_ipv4(service) {
            let scanner = IpAddr::V4(Ipv4Addr::new(203, 0, 113, u8_below(&mut self.scene.rng, 250)));
            let port = *self.scene.rng.pick(&[22, 23, 445, 3389, 8080]);
            self.scene.scan(&actor, scanner, port, at);
        } else if falls(noise.nodata) {
            self.scene.without_data("NODATA", &actor.task().eni, at);
        } else if falls(noise.skipdata) {
            self.scene.without_data("SKIPDATA", &actor.task().eni, at);
        } else if falls(noise.malformed) {
            let turn = self.scene.rng.next();
            self.scene.spoilt(&actor.task().eni, at, turn);
        }
    }

    /// A client on the internet calls one of the public services; some are partners whom we call as well.
    fn visit(&mut self, actor: &Actor, at: u64) {
        let manner = Manner {
            lasts: self.scene.rng.below(90),
            ..self.manner()
        };
        let public = self.people.is_public(actor);
        let client = match self.scene.rng.below(10) {
            0 => self.places.partner(),
            1 | 2 => IpAddr::V6(Ipv6Addr::new(
                0x2001,
                0xdb8,
                0xffff,
                0,
                0,
                0,
                0,
                u16::from(u8_below(&mut self.scene.rng, 90)),
            )),
            _ => IpAddr::V4(Ipv4Addr::new(
                198,
                18,
                200 + u8_below(&mut self.scene.rng, 8),
                u8_below(&mut self.scene.rng, 250),
            )),
        };
        if public {
            self.scene.inbound(actor, client, at, &manner);
        }
    }
}

fn u8_below(rng: &mut Prng, bound: u8) -> u8 {
    u8::try_from(rng.below(u64::from(bound))).unwrap_or(0)
}
