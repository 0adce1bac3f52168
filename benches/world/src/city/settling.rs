//! How a city begins: every task shows itself, and everybody meets those whom they call.

use super::{City, places};
use crate::party::{Party, Protocol};
use crate::scene::Manner;

/// Calls from one task to one address when they meet.
const INTRODUCTIONS: usize = 3;

impl City {
    /// What every task does when it starts. Each meets two peers at least in each of its families: whoever reads the
    /// log can tell its address from theirs.
    pub(super) fn settle_in(&mut self) {
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
    pub(super) fn introduce(&mut self) {
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
}
