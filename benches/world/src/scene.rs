//! The stage on which a story happens: who is there, and the kinds of things they do.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::exchange::{Exchange, Fate, Opening, Volume};
use crate::host::Host;
use crate::party::{Owner, Party, Protocol, Speaks};
use crate::prng::Prng;
use crate::queries::Dial;
use crate::recorder::Recorder;
use crate::scenario::Scenario;
use crate::service::{Proxy, Service, Task};

mod lines;
mod manner;
mod visitors;
use manner::on_the_wire;
pub(crate) use manner::{Actor, Manner};

/// The first port of the ephemeral range of Linux, and the first of the part that only calls to ephemeral ports use:
/// there the ports tell nothing, and an endpoint must not meet two servers by chance.
const EPHEMERAL: u16 = 32_768;
const AMONG_EQUALS: u16 = 60_000;
const EPHEMERAL_END: u16 = 61_000;

/// A world while it goes on.
pub(crate) struct Scene {
    pub(crate) scenario: Scenario,
    pub(crate) mesh: &'static str,
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) rng: Prng,
    pub(crate) recorder: Recorder,
    next_ports: BTreeMap<(IpAddr, bool), u16>,
}

impl Scene {
    pub(crate) fn new(scenario: Scenario, seed: u64, mesh: &'static str, services: Vec<Service>) -> Self {
        Scene {
            mesh,
            services: services.into_iter().map(Arc::new).collect(),
            rng: Prng::new(seed ^ 0x7363_656e_6500_0001),
            recorder: Recorder::new(&scenario),
            next_ports: BTreeMap::new(),
            scenario,
        }
    }

    /// A task of a service that lives from `start` to `end`.
    pub(crate) fn actor(&mut self, service: usize, start: u64, end: u64) -> Option<Actor> {
        let service = self.services[service].clone();
        let alive: Vec<usize> = (0..service.tasks.len())
            .filter(|&index| service.tasks[index].lives(start, end))
            .collect();
        if alive.is_empty() {
            return None;
        }
        let index = *self.rng.pick(&alive);
        Some(Actor { service, index })
    }

    /// Every task of a service, and a second at which it lives.
    pub(crate) fn everyone(&self, service: usize) -> Vec<(Actor, u64)> {
        let service = &self.services[service];
        let born = |task: &Task| task.from.unwrap_or(self.scenario.start) + 1_200;
        let tasks = service.tasks.iter().enumerate();
        tasks
            .map(|(index, task)| {
                (
                    Actor {
                        service: service.clone(),
                        index,
                    },
                    born(task),
                )
            })
            .collect()
    }

    /// The next client port of an address; ports run through their range before one comes again.
    fn client_port(&mut self, address: IpAddr, server_port: u16) -> u16 {
        let equals = server_port >= EPHEMERAL;
        let (first, end) = if equals {
            (AMONG_EQUALS, EPHEMERAL_END)
        } else {
            (EPHEMERAL, AMONG_EQUALS)
        };
        let next = self.next_ports.entry((address, equals)).or_insert(first);
        let port = *next;
        *next = if port + 1 == end { first } else { port + 1 };
        port
    }

    fn exchange(&mut self, client: Party, server: Party, at: u64, port: u16, manner: &Manner) -> Exchange {
        let client_port = self.client_port(client.address, port);
        Exchange {
            lasts: manner.lasts,
            out: if manner.fate == Fate::Answered || manner.fate == Fate::AnsweredTooLate {
                on_the_wire(manner.out)
            } else {
                Volume { packets: 1, bytes: 60 }
            },
            back: on_the_wire(manner.back),
            fate: manner.fate,
            opening: manner.opening,
            nat: manner.nat.clone(),
            ..Exchange::new(client, server, (client_port, port), Protocol::Tcp, at)
        }
    }

    /// A task calls a host on the internet: flow records, and an access line for each request where it has a proxy.
    pub(crate) fn call(&mut self, actor: &Actor, host: &Host, at: u64, manner: &Manner) {
        let task = actor.task();
        let reachable: Vec<IpAddr> = host
            .addresses
            .iter()
            .copied()
            .filter(|address| task.address_towards(*address).is_some())
            .collect();
        if !reachable.is_empty() {
            let address = *self.rng.pick(&reachable);
            self.call_at(actor, host, address, at, manner);
        }
    }

    /// A task calls one address of a host.
    pub(crate) fn call_at(&mut self, actor: &Actor, host: &Host, address: IpAddr, at: u64, manner: &Manner) {
        let task = actor.task();
        let Some(own) = task.address_towards(address) else {
            return;
        };
        let client = actor.service.party(task, own);
        let server = Party::foreign(address);
        let exchange = self.exchange(client.clone(), server, at, host.port, manner);
        let exchange = Exchange {
            aws: host.aws,
            ..exchange
        };
        self.recorder.exchange(&exchange);
        if let (Some(name), Opening::Logged) = (&host.name, manner.opening) {
            self.recorder.dials.push(Dial {
                service: actor.service.name.clone(),
                client: own,
                name: name.clone(),
                addresses: host.addresses.clone(),
                at,
            });
        }
        if actor.service.proxy != Proxy::None && manner.opening == Opening::Logged {
            let upstream = SocketAddr::new(address, host.port);
            for _ in 0..if host.speaks == Speaks::Http {
                manner.requests
            } else {
                1
            } {
                self.outbound_line(actor, &client, host, upstream, at, manner);
            }
        }
    }

    /// A task calls another service of ours, where that has a task which lives.
    pub(crate) fn call_service(&mut self, actor: &Actor, callee: usize, at: u64, manner: &Manner) {
        if let Some(answering) = self.actor(callee, at, at + manner.lasts) {
            self.call_task(actor, &answering, at, manner);
        }
    }

    /// A task calls a task of another service of ours.
    pub(crate) fn call_task(&mut self, actor: &Actor, answering: &Actor, at: u64, manner: &Manner) {
        let Some(listener) = answering.service.listener else {
            return;
        };
        let address = IpAddr::V4(answering.task().v4);
        let Some(own) = actor.task().address_towards(address) else {
            return;
        };
        let client = actor.service.party(actor.task(), own);
        let server = answering.service.party(answering.task(), address);
        let exchange = self.exchange(client.clone(), server.clone(), at, listener.port, manner);
        let exchange = Exchange {
            protocol: listener.protocol,
            ..exchange
        };
        self.recorder.exchange(&exchange);
        if listener.protocol != Protocol::Tcp || manner.opening == Opening::BeforeTheLogs {
            return;
        }
        let upstream = SocketAddr::new(address, listener.port);
        if actor.service.proxy != Proxy::None {
            self.internal_line(actor, &client, &answering.service, upstream, at, manner);
        }
        if answering.service.proxy != Proxy::None && manner.fate == Fate::Answered {
            self.inbound_line(
                answering,
                listener,
                SocketAddr::new(own, exchange.client_port),
                at,
                manner,
            );
        }
    }

    /// Something that is not TCP, or that no proxy sees, passes between a task and another party.
    pub(crate) fn pass(&mut self, actor: &Actor, server: Party, port: u16, protocol: Protocol, at: u64) {
        let Some(own) = actor.task().address_towards(server.address) else {
            return;
        };
        let client = actor.service.party(actor.task(), own);
        let client_port = match protocol {
            Protocol::Icmp => 0,
            // Old time daemons ask from their own port.
            Protocol::Udp if port == 123 => 123,
            Protocol::Tcp | Protocol::Udp => self.client_port(own, port),
        };
        let same_rank = client_port == port;
        let exchange = Exchange {
            lasts: if same_rank { 3 } else { 1 },
            answer_delay: u64::from(same_rank),
            ..Exchange::new(client, server, (client_port, port), protocol, at)
        };
        self.recorder.exchange(&exchange);
    }

    /// A task sends datagrams that nobody answers.
    pub(crate) fn send(&mut self, actor: &Actor, server: Party, port: u16, at: u64, bytes: u64) {
        let Some(own) = actor.task().address_towards(server.address) else {
            return;
        };
        let client = actor.service.party(actor.task(), own);
        let client_port = self.client_port(own, port);
        let exchange = Exchange {
            fate: Fate::Unanswered,
            out: Volume {
                packets: bytes / 500 + 1,
                bytes,
            },
            ..Exchange::new(client, server, (client_port, port), Protocol::Udp, at)
        };
        self.recorder.exchange(&exchange);
    }

    /// A task tries to open a connection that its own security group refuses.
    pub(crate) fn refused_leaving(&mut self, actor: &Actor, server: Party, port: u16, at: u64) {
        let Some(own) = actor.task().address_towards(server.address) else {
            return;
        };
        let client = actor.service.party(actor.task(), own);
        let manner = Manner {
            fate: Fate::RefusedLeaving,
            ..Manner::plain(2, 0, 0)
        };
        let exchange = self.exchange(client, server, at, port, &manner);
        self.recorder.exchange(&exchange);
    }

    /// Whether a caller's log lets the map tell which of several names at one address it means.
    pub(crate) fn may_call(service: &Service, host: &Host) -> bool {
        match (service.proxy, host.speaks) {
            _ if !host.shared => true,
            (Proxy::None, _) => false,
            (Proxy::Text, speaks) => speaks == Speaks::Http,
            (Proxy::AppMesh | Proxy::Istio, speaks) => speaks != Speaks::Tcp,
        }
    }
}

/// How a line names the owner of an upstream.
fn owner_of(service: &Service) -> Owner {
    Owner::Service(service.name.clone())
}
