//! Which key holds what: as the user says, or by the names that everybody uses.

use std::collections::BTreeMap;

use crate::format::envoy_format::clock::Clock;
use crate::format::envoy_format::identity::{self, Whom};
use crate::format::envoy_format::meaning::{self, Meaning};
use crate::format::envoy_format::parse_lone;
use crate::format::envoy_format::slot::{SLOTS, Slot, Target};
use crate::format::envoy_format::values::Values;
use crate::printable;

/// The longest of the common keys has fewer letters.
const LONGEST: usize = 32;

/// How many wanted keys an object of the access log has at least, where that many were given.
const ENOUGH: usize = 3;

/// The keys of one log.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// Those that the user named; the first node is the whole object. Empty: the names that everybody uses.
    nodes: Vec<Node>,
    /// How many slots with a given key an access record has at least.
    enough: usize,
    clock: Clock,
}

/// A key that the user named, or an object on the way to one.
#[derive(Debug, Clone, Default)]
struct Node {
    meaning: Option<Meaning>,
    below: BTreeMap<String, usize>,
}

/// The keys at one level of nesting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    /// See [`common`].
    Common,
    /// Those of an object about the proxy's own node, or the peer that called it.
    About(Whom),
    /// Those below a node.
    Given(usize),
}

/// A wanted key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) target: Option<Target>,
    pub(super) below: Option<Level>,
}

impl Keys {
    /// From what the user gave: nothing at all means the common names.
    pub(super) fn new(given: &BTreeMap<String, String>) -> Result<Keys, String> {
        let mut keys = Keys {
            nodes: Vec::new(),
            enough: 0,
            clock: Clock::default(),
        };
        if given.is_empty() {
            return Ok(keys);
        }
        keys.nodes.push(Node::default());
        let mut slots = [false; SLOTS];
        for (path, written) in given {
            let said = |why: String| format!("{}: {why}", printable::quoted(path.as_bytes()));
            let Some(command) = parse_lone(written).map_err(|fault| said(fault.to_string()))? else {
                continue;
            };
            let meaning = meaning::of(&command);
            if let Some(target) = meaning.target {
                slots[target.slot.index()] = true;
                if target.slot == Slot::StartTime {
                    let expected = |expected: String| said(format!("expected {expected}"));
                    keys.clock = Clock::new(command.arguments).map_err(expected)?;
                }
            }
            keys.insert(path, &meaning);
        }
        if !slots[Slot::StartTime.index()] {
            return Err("expected a key for %START_TIME%, without which no record has a time".to_owned());
        }
        keys.enough = slots.iter().filter(|wanted| **wanted).count().min(ENOUGH);
        Ok(keys)
    }

    /// A dotted path is nested keys, or one key with dots in it.
    fn insert(&mut self, path: &str, meaning: &Meaning) {
        let whole = self.child(0, path);
        let nested = path.split('.').fold(0, |node, key| self.child(node, key));
        for node in [whole, nested] {
            if let Some(node) = self.nodes.get_mut(node) {
                node.meaning = Some(meaning.clone());
            }
        }
    }

    fn child(&mut self, node: usize, key: &str) -> usize {
        let new = self.nodes.len();
        let child = self
            .nodes
            .get_mut(node)
            .map_or(new, |node| *node.below.entry(key.to_owned()).or_insert(new));
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    pub(super) fn top(&self) -> Level {
        if self.nodes.is_empty() {
            Level::Common
        } else {
            Level::Given(0)
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether an object with these values is meant to be an access record.
    pub(super) fn are_in(&self, found: &Values<'_>) -> bool {
        match self.top() {
            Level::Common | Level::About(_) => found.has(Slot::StartTime) && found.is_of_a_proxy(),
            Level::Given(_) => found.present() >= self.enough,
        }
    }

    /// What is wanted of a key.
    pub(super) fn find(&self, level: Level, key: &str) -> Option<Hit> {
        let (target, below) = match level {
            Level::Common => match letters(key, &mut [0; LONGEST])? {
                b"node" => (None, Some(Level::About(Whom::Node))),
                b"downstreampeer" => (common(key), Some(Level::About(Whom::Peer))),
                _ => (common(key), None),
            },
            Level::About(whom) => match letters(key, &mut [0; LONGEST])? {
                b"metadata" => (None, Some(level)),
                letters => (identity::rank_within(whom, letters).map(Target::identity), None),
            },
            Level::Given(node) => {
                let at = *self.nodes.get(node)?.below.get(key)?;
                let node = self.nodes.get(at)?;
                let target = node.meaning.as_ref().and_then(|meaning| meaning.target);
                (target, (!node.below.is_empty()).then_some(Level::Given(at)))
            }
        };
        (target.is_some() || below.is_some()).then_some(Hit { target, below })
    }

    /// What the user said that a key means, by its dotted path.
    pub(super) fn meaning(&self, path: &str) -> Option<&Meaning> {
        let at = *self.nodes.first()?.below.get(path)?;
        self.nodes.get(at)?.meaning.as_ref()
    }
}

/// What a key is called by Istio, in the App Mesh documentation, or by many others.
pub(super) fn common(key: &str) -> Option<Target> {
    let (slot, rank) = match letters(key, &mut [0; LONGEST])? {
        b"starttime" => (Slot::StartTime, 0),
        b"timestamp" => (Slot::StartTime, 1),
        b"time" => (Slot::StartTime, 2),
        b"method" => (Slot::Method, 0),
        b"requestmethod" => (Slot::Method, 1),
        b"authority" => (Slot::Authority, 0),
        b"requestauthority" => (Slot::Authority, 1),
        b"requestedservername" => (Slot::Sni, 0),
        b"sni" => (Slot::Sni, 1),
        b"protocol" => (Slot::Protocol, 0),
        b"responsecode" => (Slot::ResponseCode, 0),
        b"statuscode" => (Slot::ResponseCode, 1),
        b"responseflags" => (Slot::ResponseFlags, 0),
        b"responsecodedetails" => (Slot::ResponseCodeDetails, 0),
        b"routename" => (Slot::RouteName, 0),
        b"route" => (Slot::RouteName, 1),
        b"upstreamcluster" => (Slot::UpstreamCluster, 0),
        b"upstreamclusterraw" => (Slot::UpstreamCluster, 1),
        b"cluster" => (Slot::UpstreamCluster, 2),
        b"upstreamhost" => (Slot::UpstreamHost, 0),
        b"upstreamremoteaddress" | b"upstreamaddress" => (Slot::UpstreamHost, 1),
        b"upstream" => (Slot::UpstreamHost, 2),
        b"downstreamlocaladdress" => (Slot::DownstreamLocal, 0),
        b"downstreamlocal" => (Slot::DownstreamLocal, 1),
        b"downstreamremoteaddress" => (Slot::DownstreamRemote, 0),
        b"downstreamremote" => (Slot::DownstreamRemote, 1),
        b"sourceaddress" => (Slot::DownstreamRemote, 2),
        b"source" => (Slot::DownstreamRemote, 3),
        b"downstreamdirectremoteaddress" => (Slot::DownstreamDirectRemote, 0),
        b"upstreamlocaladdress" => (Slot::UpstreamLocal, 0),
        b"connectionid" => (Slot::ConnectionId, 0),
        b"streamid" => (Slot::StreamId, 0),
        b"accesslogtype" => (Slot::AccessLogType, 0),
        b"bytesreceived" => (Slot::BytesReceived, 0),
        b"bytessent" => (Slot::BytesSent, 0),
        letters => return identity::rank_of_key(letters).map(Target::identity),
    };
    Some(Target {
        slot,
        rank,
        limit: None,
    })
}

/// The letters and digits of a key, without case; none of one that is longer than any wanted key.
fn letters<'l>(key: &str, room: &'l mut [u8; LONGEST]) -> Option<&'l [u8]> {
    let mut length = 0;
    for byte in key.bytes().filter(u8::is_ascii_alphanumeric) {
        *room.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    room.get(..length)
}

#[cfg(test)]
mod tests;
