//! A crowd of services with every hard case that logs hold, as much of it as is asked for.

use crate::exchange::{Fate, Nat, Opening};
use crate::party::{Party, Protocol, Text};
use crate::prng::Prng;
use crate::scenario::{NatRecords, Scenario};
use crate::scene::{Manner, Scene};

mod noise;
mod oddities;
mod people;
mod places;
mod plan;
mod settling;

use people::People;
use places::Places;
pub(crate) use places::ranges;
use plan::Plan;

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
