//! Which end opened the flows whose ports are of equal rank, told by all records together.

use std::borrow::Borrow;

use hashbrown::HashSet;

use super::flows::{Flow, FlowKey, Signs};
use super::pairs::{Pair, PairEnd, PairKey};
use super::plane::{Endpoint, Table};
use super::row::{ICMP, TCP};
use super::slot::Slotted;
use super::turned::{CONNECTION, FAN_IN, Turned};
use crate::map::Certainty;

/// A pair wherever it was logged and whoever owned its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Conversation<A>([Endpoint<A>; 2]);

impl<A: Slotted> Conversation<A> {
    pub(super) fn of(key: &PairKey<A>) -> Self {
        Conversation(key.ends.map(|end| Endpoint {
            address: end.address,
            port: end.port,
            protocol: key.protocol,
        }))
    }
}

/// What is decided of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// The index of the initiator.
    pub(super) initiator: usize,
    pub(super) certainty: Certainty,
}

/// What all records of a conversation show together.
#[derive(Debug)]
struct Course {
    /// By sender: the least start; the end of time where it sent nothing.
    first: [u64; 2],
    /// By sender: whether anything of it was let through.
    accepted: [bool; 2],
    /// By sender: packets that were let through.
    packets: [u64; 2],
    ours: [bool; 2],
}

/// A scanner meets each port that it asks for at so many addresses, or more.
const FEW_PORTS: u32 = 4;

impl Course {
    /// Whether both ends sent something, and not enough for a connection.
    fn is_probe(&self) -> bool {
        self.accepted == [true; 2] && self.packets[0].max(self.packets[1]) < CONNECTION
    }
}

/// What all records show of an endpoint.
#[derive(Debug, Default)]
struct Standing {
    /// Distinct endpoints that something was let through from. What an endpoint sends to others, as a scanner does, or
    /// what was kept from it does not make it one that serves.
    peers: u32,
    /// Those of them that it met over TCP without a connection, as a scanner does, and their distinct ports.
    probes: u32,
    probed_ports: u32,
    signs: Signs,
    /// Ports decided flows from several client ports to it, and it answered.
    served: bool,
}

impl Standing {
    /// How surely it is a listener: flags show that it accepted a connection or was asked to, ports that it serves others.
    fn listens(&self) -> u8 {
        match self.signs {
            signs if signs.has(Signs::SYN_ACK) => 3,
            signs if signs.has(Signs::SYN) => 2,
            _ => u8::from(self.served || self.signs.served_several()),
        }
    }

    /// Whether it asked the same few ports of many for an answer, and made no connection to any. What serves meets as many
    /// ports as clients.
    fn scans(&self) -> bool {
        self.probes >= FAN_IN && self.probes == self.peers && self.probed_ports.saturating_mul(FEW_PORTS) <= self.probes
    }
}

/// Decides every conversation among the pairs; what else than signs `foreign` flows show does not count, as for [`Turned`].
/// `flows`, `listeners` and `turned` tell who listens; `ours` tells whether an end of
/// a pair is ours.
pub(super) fn decide<A, F, P, K, V>(
    pairs: impl Fn() -> P,
    flows: impl Fn() -> F,
    listeners: &Table<Endpoint<A>, Signs>,
    turned: &Turned<A>,
    foreign: impl Fn(&FlowKey<A>) -> bool,
    ours: impl Fn(&PairKey<A>, &PairEnd<A>) -> bool,
) -> Table<Conversation<A>, Decision>
where
    A: Slotted,
    F: Iterator<Item = (FlowKey<A>, Flow)>,
    P: Iterator<Item = (K, V)>,
    K: Borrow<PairKey<A>>,
    V: Borrow<Pair>,
{
    let courses = courses(pairs(), ours);
    let mut standings = standings(&courses, flows, listeners, foreign);
    for (end, standing) in &mut standings {
        standing.served |= turned.serves(end);
    }
    courses
        .into_iter()
        .map(|(conversation, course)| {
            let decision = judge(&conversation, &course, conversation.0.map(|end| &standings[&end]));
            (conversation, decision)
        })
        .collect()
}

fn courses<A: Slotted, K: Borrow<PairKey<A>>, V: Borrow<Pair>>(
    pairs: impl Iterator<Item = (K, V)>,
    ours: impl Fn(&PairKey<A>, &PairEnd<A>) -> bool,
) -> Table<Conversation<A>, Course> {
    let mut courses: Table<Conversation<A>, Course> = Table::default();
    for (key, pair) in pairs {
        let (key, pair) = (key.borrow(), pair.borrow());
        let course = courses.entry(Conversation::of(key)).or_insert(Course {
            first: [u64::MAX; 2],
            accepted: [false; 2],
            packets: [0; 2],
            ours: [false; 2],
        });
        for (at, sent) in pair.sent.iter().enumerate() {
            course.first[at] = course.first[at].min(sent.first);
            course.accepted[at] |= sent.accepted();
            course.packets[at] = course.packets[at].saturating_add(sent.packets());
            course.ours[at] |= ours(key, &key.ends[at]);
        }
    }
    courses
}

fn standings<A: Slotted, F: Iterator<Item = (FlowKey<A>, Flow)>>(
    courses: &Table<Conversation<A>, Course>,
    flows: impl Fn() -> F,
    listeners: &Table<Endpoint<A>, Signs>,
    foreign: impl Fn(&FlowKey<A>) -> bool,
) -> Table<Endpoint<A>, Standing> {
    let mut standings: Table<Endpoint<A>, Standing> = Table::default();
    let mut probed: HashSet<(Endpoint<A>, u16), foldhash::fast::RandomState> = HashSet::default();
    for (conversation, course) in courses {
        let probe = conversation.0[0].protocol == TCP && course.is_probe();
        for (at, end) in conversation.0.iter().enumerate() {
            let standing = standings.entry(*end).or_default();
            standing.peers += u32::from(course.accepted[1 - at]);
            if probe {
                standing.probes += 1;
                standing.probed_ports += u32::from(probed.insert((*end, conversation.0[1 - at].port)));
            }
        }
    }
    if standings.is_empty() {
        return standings;
    }
    for (key, flow) in flows() {
        let endpoint = Endpoint {
            address: key.responder,
            port: key.port,
            protocol: key.protocol,
        };
        if let Some(standing) = standings.get_mut(&endpoint) {
            if foreign(&key) {
                standing.signs.add(flow.signs);
            } else {
                standing.signs.add(flow.signs.of_flags());
                standing.served |= flow.is_of_many();
            }
        }
    }
    for (endpoint, signs) in listeners {
        if let Some(standing) = standings.get_mut(endpoint) {
            standing.signs.add(*signs);
        }
    }
    standings
}

fn judge<A: Slotted>(conversation: &Conversation<A>, course: &Course, ends: [&Standing; 2]) -> Decision {
    let protocol = conversation.0[0].protocol;
    let probe = protocol == TCP && course.is_probe() && course.ours[0] != course.ours[1];
    let both_ways = course.first.iter().all(|first| *first != u64::MAX);
    // Who asks several of ours in vain, from the internet, serves none of them.
    let peers = ends.map(|end| end.peers - if probe { end.probes } else { 0 });
    let (least, most) = (peers[0].min(peers[1]), peers[0].max(peers[1]));
    let fan_in = if both_ways && most >= 2 && most >= least.saturating_mul(2) {
        Certainty::Likely
    } else {
        Certainty::Guess
    };
    // An end that sent nothing has the end of time for its first start: so where one direction alone was seen, its
    // sender opened.
    let rules = [
        (greater(ends.map(Standing::listens)).map(other), Certainty::Likely),
        (greater(ends.map(Standing::scans)), Certainty::Guess),
        (greater(peers).map(other), fan_in),
        (greater(course.first).map(other), Certainty::Guess),
        (
            greater(course.ours).map(|ours| if probe || protocol == ICMP { other(ours) } else { ours }),
            Certainty::Guess,
        ),
    ];
    let lower = Decision {
        initiator: 0,
        certainty: Certainty::Guess,
    };
    let told = rules
        .into_iter()
        .find_map(|(initiator, certainty)| initiator.map(|initiator| Decision { initiator, certainty }));
    let mut decision = told.unwrap_or(lower);
    if protocol == ICMP {
        decision.certainty = Certainty::Guess;
    }
    decision
}

/// The index of the greater of two, if one is.
fn greater<T: PartialOrd>([first, second]: [T; 2]) -> Option<usize> {
    if first > second {
        Some(0)
    } else if second > first {
        Some(1)
    } else {
        None
    }
}

fn other(index: usize) -> usize {
    1 - index
}
