//! What happens once or seldom in a city, and is the hardest to read from its logs.

use std::net::{IpAddr, Ipv4Addr};

use super::{City, people, places};
use crate::host::Host;
use crate::party::{Party, Protocol, Speaks, Text};
use crate::service::Proxy;

impl City {
    pub(super) fn oddities(&mut self) {
        self.streams_that_never_began();
        self.lonely_clock();
        self.telemetry();
        self.pings();
        self.small_habits();
        self.proxies_that_refuse();
        self.proxies_that_talk();
    }

    /// A connection that was open before the logs begin: no SYN in any record.
    fn streams_that_never_began(&mut self) {
        let stream = Host::nameless(places::STREAM, 443, Speaks::Tls);
        let manner = self.early();
        let at = self.scene.scenario.start + 7;
        if let Some(actor) = self
            .people
            .find("bastion")
            .and_then(|bastion| self.scene.actor(bastion, at, at + 1_260))
        {
            self.scene.call(&actor, &stream, at, &manner);
        }
    }

    /// One task asks one clock from port 123 to port 123: nothing but the later start of the answer tells.
    fn lonely_clock(&mut self) {
        for _ in 0..5 {
            let at = self.moment();
            if let Some(actor) = self
                .people
                .find("bastion")
                .and_then(|bastion| self.scene.actor(bastion, at, at + 10))
            {
                self.scene
                    .pass(&actor, Party::foreign(places::LONELY_CLOCK), 123, Protocol::Udp, at);
            }
        }
    }

    /// Datagrams to a port that no table knows, and no answer.
    fn telemetry(&mut self) {
        for _ in 0..20 {
            let at = self.moment();
            if let Some(actor) = self.scene.actor(1, at, at + 10) {
                self.scene
                    .send(&actor, Party::foreign(places::TELEMETRY), 17_391, at, 900);
            }
        }
    }

    /// Hosts on the internet ping us, each its own task.
    fn pings(&mut self) {
        for _ in 0..30 {
            let at = self.moment();
            if let Some(actor) = self.scene.actor(0, at, at + 10) {
                let [.., last] = actor.task().v4.octets();
                self.scene
                    .pinged(&actor, IpAddr::V4(Ipv4Addr::new(198, 18, 247, last)), at);
            }
        }
    }

    /// Everybody asks for names and the time, so that clocks have many askers however small the city is.
    fn small_habits(&mut self) {
        for service in 0..self.people.services.len() {
            for _ in 0..40 {
                self.small_things(service);
            }
        }
    }

    /// Calls that the proxy refuses, to hosts that nothing else calls.
    fn proxies_that_refuse(&mut self) {
        for service in 0..self.people.crowd() {
            if self.people.services[service].proxy == Proxy::None || service % 3 != 0 {
                continue;
            }
            let name: Text = format!("collect.tracker-{service:02}.example").into();
            for _ in 0..6 {
                let at = self.moment();
                if let Some(actor) = self.scene.actor(service, at, at + 10) {
                    self.scene.refused_by_proxy(&actor, &name, places::REFUSED, at);
                }
            }
        }
        let at = self.moment();
        let later = Party::foreign(places::MAIL);
        if let Some(actor) = self.scene.actor(people::REFUSED, at, at + 10) {
            self.scene.refused_leaving(&actor, later, 25, at);
        }
    }

    /// Envoy's own log lines on the stream of its access log.
    fn proxies_that_talk(&mut self) {
        for service in 0..self.people.services.len() {
            if self.people.services[service].proxy == Proxy::None {
                continue;
            }
            let at = self.moment();
            if let Some(actor) = self.scene.actor(service, at, at + 10) {
                self.scene.proxy_talks(&actor, at);
            }
        }
    }
}
