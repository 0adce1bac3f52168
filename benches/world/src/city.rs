//! A crowd of services with every hard case that logs hold, as much of it as is asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::exchange::{Fate, Nat, Opening};
use crate::party::{Party, Protocol, Text};
use crate::prng::Prng;
use crate::scenario::{NatRecords, Scenario};
use crate::scene::{Actor, Manner, Scene};

mod oddities;
mod people;
mod places;
mod plan;

use people::People;
use places::Places;
pub(crate) use places::ranges;
use plan::Plan;

/// Calls from one task to one address when they meet.
const INTRODUCTIONS: usize = 3;
/// Seconds at both ends of the window in which nothing begins.
const MARGIN: u64 = 1_800;

/// Lets a city of this scenario go on until it has left enough records.
pub(crate) fn play(scenario: Scenario, seed: u64) -> Scene {
    let mut rng = Prng::new(seed);
    let people = People::new(&scenario);
    let places = Places::new(&scenario, &mut rng);
    let plan = Plan::new(&people, &places, &mut rng);
    let scene = Scene::new(scenario, seed, "city", people.services.clone());
    let mut city = City {
        scene,
        people,
        places,
        plan,
    };
    city.settle_in();
    city.introduce();
    city.oddities();
    while city.scene.recorder.records() < city.scene.scenario.records {
        city.round();
    }
    city.scene
}

struct City {
    scene: Scene,
    people: People,
    places: Places,
    plan: Plan,
}

impl City {
    /// What every task does when it starts. Each meets two peers at least in each of its families: whoever reads the
    /// log can tell its address from theirs.
    fn settle_in(&mut self) {
        for service in 0..self.people.services.len() {
            let v4 = self.people.speaks_ipv4(service);
            for (actor, at) in self.scene.everyone(service) {
                for resolver in places::RESOLVERS
                    .into_iter()
                    .filter(|resolver| v4 || resolver.is_ipv6())
                {
                    self.scene.pass(&actor, Party::nobody(resolver), 53, Protocol::Udp, at);
                }
                if v4 {
                    let clock = Party::foreign(self.people.clock_of(service));
                    self.scene.pass(&actor, clock, 123, Protocol::Udp, at);
                }
                for _ in 0..if self.people.has_old_data(service) { 2 } else { 0 } {
                    self.scene
                        .pass(&actor, Party::nobody(places::OLD_DATABASE), 3306, Protocol::Tcp, at);
                }
            }
        }
    }

    /// Somebody of every service calls each address that the service knows a few times, so that both directions and
    /// several client ports meet there.
    fn introduce(&mut self) {
        for service in 0..self.people.services.len() {
            for host in self.plan.hosts[service].clone() {
                self.meet_host(service, host);
            }
            for callee in self.plan.callees[service].clone() {
                for (answering, at) in self.scene.everyone(callee) {
                    let actor = self.scene.actor(service, at, at + 40);
                    for _ in 0..if actor.is_some() { INTRODUCTIONS } else { 0 } {
                        let manner = Manner {
                            lasts: self.scene.rng.below(40),
                            ..self.manner()
                        };
                        if let Some(actor) = &actor {
                            self.scene.call_task(actor, &answering, at, &manner);
                        }
                    }
                }
            }
        }
    }

    fn meet_host(&mut self, service: usize, host: usize) {
        let host = self.places.hosts[host].clone();
        for address in &host.addresses {
            let at = self.moment();
            let Some(actor) = self.scene.actor(service, at, at + 40) else {
                continue;
            };
            for _ in 0..INTRODUCTIONS {
                let manner = Manner {
                    lasts: self.scene.rng.below(40),
                    nat: self.nat(service),
                    ..self.manner()
                };
                self.scene.call_at(&actor, &host, *address, at, &manner);
            }
        }
    }

    /// One round: somebody calls somebody, and now and then something else happens.
    fn round(&mut self) {
        let service = self.scene.rng.index(self.people.services.len());
        let fate = match self.scene.rng.below(100) {
            0 => Fate::Unanswered,
            1 | 2 => Fate::AnsweredTooLate,
            _ => Fate::Answered,
        };
        match self.scene.rng.below(100) {
            0..55 if !self.plan.hosts[service].is_empty() => {
                let host = *self.scene.rng.pick(&self.plan.hosts[service]);
                self.call_host(service, host, fate);
            }
            0..80 if !self.plan.callees[service].is_empty() => {
                let refused = self.scene.rng.chance(1);
                let callee = *self.scene.rng.pick(&self.plan.callees[service]);
                self.call_service(service, callee, if refused { Fate::RefusedArriving } else { fate });
            }
            _ => self.small_things(service),
        }
        self.noise();
    }

    fn call_host(&mut self, service: usize, host: usize, fate: Fate) {
        let manner = Manner {
            fate,
            nat: self.nat(service),
            ..self.manner()
        };
        let at = self.moment();
        if let Some(actor) = self.scene.actor(service, at, at + manner.lasts) {
            let host = &self.places.hosts[host];
            self.scene.call(&actor, host, at, &manner);
        }
    }

    fn call_service(&mut self, service: usize, callee: usize, fate: Fate) {
        let manner = Manner { fate, ..self.manner() };
        let at = self.moment();
        if let Some(actor) = self.scene.actor(service, at, at + manner.lasts) {
            self.scene.call_service(&actor, callee, at, &manner);
        }
    }

    /// Names are asked for, clocks are set, and a database that is in no inventory answers.
    fn small_things(&mut self, service: usize) {
        let at = self.moment();
        let Some(actor) = self.scene.actor(service, at, at + 10) else {
            return;
        };
        if !self.people.speaks_ipv4(service) {
            return;
        }
        match self.scene.rng.below(10) {
            0..6 => {
                let resolver = Party {
                    eni: Some("eni-0d15000000000053".into()),
                    ..Party::nobody(places::RESOLVER)
                };
                let protocol = if self.scene.rng.chance(5) {
                    Protocol::Tcp
                } else {
                    Protocol::Udp
                };
                self.scene.pass(&actor, resolver, 53, protocol, at);
            }
            6 | 7 => {
                let server = self.people.clock_of(service);
                self.scene.pass(&actor, Party::foreign(server), 123, Protocol::Udp, at);
            }
            8 if self.people.has_old_data(service) => {
                self.scene
                    .pass(&actor, Party::nobody(places::OLD_DATABASE), 3306, Protocol::Tcp, at)
            }
            _ if service == people::PINGS => {
                self.scene
                    .pass(&actor, Party::foreign(places::PINGED), 0, Protocol::Icmp, at);
            }
            _ if service == people::REFUSED => {
                self.scene.refused_leaving(&actor, Party::foreign(places::MAIL), 25, at);
            }
            _ => {}
        }
    }

    fn noise(&mut self) {
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

    fn manner(&mut self) -> Manner {
        let rng = &mut self.scene.rng;
        let lasts = match rng.below(100) {
            0..70 => rng.below(20),
            70..96 => rng.below(150),
            _ => rng.between(200, 900),
        };
        let requests = rng.between(1, 3);
        Manner {
            requests,
            ..Manner::plain(lasts, rng.between(300, 6_000), rng.between(200, 90_000))
        }
    }

    /// A second at which something may begin.
    fn moment(&mut self) -> u64 {
        let (start, end) = (self.scene.scenario.start + MARGIN, self.scene.scenario.end() - MARGIN);
        loop {
            let at = self.scene.rng.between(start, end);
            // A question and its answer never fall on two days: which of them makes a day is not the point here.
            if at % crate::clock::DAY < crate::clock::DAY - 120 {
                return at;
            }
        }
    }

    /// The gateway that a service's calls go through, where its interface is logged.
    fn nat(&mut self, service: usize) -> Option<Nat> {
        let behind = self.scene.scenario.nat != NatRecords::None && self.people.is_behind_nat(service);
        behind.then(|| Nat {
            address: places::NAT,
            eni: Text::from("eni-0a7000000000220"),
            port: u16::try_from(self.scene.rng.between(33_000, 59_000)).unwrap_or(33_000),
        })
    }

    fn early(&self) -> Manner {
        Manner {
            opening: Opening::BeforeTheLogs,
            ..Manner::plain(1_260, 90_000, 700_000)
        }
    }
}

fn u8_below(rng: &mut Prng, bound: u8) -> u8 {
    u8::try_from(rng.below(u64::from(bound))).unwrap_or(0)
}
