//! Which end opened the flows whose ports are of equal rank, told by all records together.

use super::flow_table::FlowTable;
use super::flows::Signs;
use super::pairs::{Pair, PairEnd, PairKey};
use super::plane::{Endpoint, Table};
use super::row::ICMP;
use super::slot::Slotted;
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
    ours: [bool; 2],
}

/// What all records show of an endpoint.
#[derive(Debug, Default)]
struct Standing {
    /// Distinct endpoints that something was let through from. What an endpoint sends to others, as a scanner does, or
    /// what was kept from it does not make it one that serves.
    peers: u32,
    signs: Signs,
}

impl Standing {
    /// How surely flags show a listener: it accepted a connection, it was asked to, or neither.
    fn listens(&self) -> u8 {
        match self.signs {
            signs if signs.has(Signs::SYN_ACK) => 2,
            signs if signs.has(Signs::SYN) => 1,
            _ => 0,
        }
    }
}

/// Decides every conversation among the pairs. `flows` and `listeners` tell who listens; `ours` tells whether an end of
/// a pair is ours.
pub(super) fn decide<A: Slotted>(
    pairs: &Table<PairKey<A>, Pair>,
    flows: &FlowTable<A>,
    listeners: &Table<Endpoint<A>, Signs>,
    ours: impl Fn(&PairKey<A>, &PairEnd<A>) -> bool,
) -> Table<Conversation<A>, Decision> {
    let courses = courses(pairs, ours);
    let standings = standings(&courses, flows, listeners);
    courses
        .into_iter()
        .map(|(conversation, course)| {
            let decision = judge(&conversation, &course, conversation.0.map(|end| &standings[&end]));
            (conversation, decision)
        })
        .collect()
}

fn courses<A: Slotted>(
    pairs: &Table<PairKey<A>, Pair>,
    ours: impl Fn(&PairKey<A>, &PairEnd<A>) -> bool,
) -> Table<Conversation<A>, Course> {
    let mut courses: Table<Conversation<A>, Course> = Table::default();
    for (key, pair) in pairs {
        let course = courses.entry(Conversation::of(key)).or_insert(Course {
            first: [u64::MAX; 2],
            accepted: [false; 2],
            ours: [false; 2],
        });
        for (at, sent) in pair.sent.iter().enumerate() {
            course.first[at] = course.first[at].min(sent.first);
            course.accepted[at] |= sent.accepted();
            course.ours[at] |= ours(key, &key.ends[at]);
        }
    }
    courses
}

fn standings<A: Slotted>(
    courses: &Table<Conversation<A>, Course>,
    flows: &FlowTable<A>,
    listeners: &Table<Endpoint<A>, Signs>,
) -> Table<Endpoint<A>, Standing> {
    let mut standings: Table<Endpoint<A>, Standing> = Table::default();
    for (conversation, course) in courses {
        for (end, heard) in conversation.0.iter().zip([course.accepted[1], course.accepted[0]]) {
            standings.entry(*end).or_default().peers += u32::from(heard);
        }
    }
    if standings.is_empty() {
        return standings;
    }
    let from_flows = flows.iter().map(|(key, flow)| {
        let endpoint = Endpoint {
            address: key.responder,
            port: key.port,
            protocol: key.protocol,
        };
        (endpoint, flow.signs)
    });
    let from_dropped = listeners.iter().map(|(endpoint, signs)| (*endpoint, *signs));
    for (endpoint, signs) in from_flows.chain(from_dropped) {
        if let Some(standing) = standings.get_mut(&endpoint) {
            standing.signs.add(signs);
        }
    }
    standings
}

fn judge<A: Slotted>(conversation: &Conversation<A>, course: &Course, ends: [&Standing; 2]) -> Decision {
    let icmp = conversation.0[0].protocol == ICMP;
    let both_ways = course.first.iter().all(|first| *first != u64::MAX);
    let (least, most) = (ends[0].peers.min(ends[1].peers), ends[0].peers.max(ends[1].peers));
    let fan_in = if both_ways && most >= 2 && most >= least.saturating_mul(2) {
        Certainty::Likely
    } else {
        Certainty::Guess
    };
    // An end that sent nothing has the end of time for its first start: so where one direction alone was seen, its
    // sender opened.
    let rules = [
        (greater(ends.map(Standing::listens)).map(other), Certainty::Likely),
        (greater(ends.map(|end| end.peers)).map(other), fan_in),
        (greater(course.first).map(other), Certainty::Guess),
        (
            greater(course.ours).map(|ours| if icmp { other(ours) } else { ours }),
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
    if icmp {
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
