//! Which key holds what: as the user says, or by the names that everybody uses.

use std::collections::BTreeMap;

use super::object::Found;
use super::operator::{self, Operator};
use super::slot::{SLOTS, Slot, Target};
use crate::printable;

/// How many wanted keys an object of the access log has at least, where that many were given.
const ENOUGH: usize = 3;

/// The keys of one log.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    /// The names that everybody uses: see [`common`].
    Common,
    /// As the user says.
    Given {
        top: Node,
        /// How many of them an access record has at least.
        enough: usize,
    },
}

/// The keys of an object that the user named.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    target: Option<Target>,
    below: BTreeMap<String, Node>,
}

/// The keys at one level of nesting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level<'k> {
    Common,
    Given(&'k Node),
}

/// A wanted key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'k> {
    pub(super) target: Option<Target>,
    pub(super) below: Option<Level<'k>>,
}

impl Keys {
    /// From what the user gave: nothing at all means the common names.
    pub(super) fn new(given: &BTreeMap<String, String>) -> Result<Keys, String> {
        if given.is_empty() {
            return Ok(Keys::Common);
        }
        let mut top = Node::default();
        let mut slots = [false; SLOTS];
        for (path, written) in given {
            let operator = operator::read(written).ok_or_else(|| {
                let (path, written) = (
                    printable::quoted(path.as_bytes()),
                    printable::quoted(written.as_bytes()),
                );
                format!("{path}: expected an operator such as %REQ(:AUTHORITY)%, found {written}")
            })?;
            if let Some(target) = operator.and_then(target) {
                slots[target.slot.index()] = true;
                top.insert(path, target);
            }
        }
        if !slots[Slot::StartTime.index()] {
            return Err("expected a key for %START_TIME%, without which no record has a time".to_owned());
        }
        Ok(Keys::Given {
            top,
            enough: slots.iter().filter(|wanted| **wanted).count().min(ENOUGH),
        })
    }

    pub(super) fn top(&self) -> Level<'_> {
        match self {
            Keys::Common => Level::Common,
            Keys::Given { top, .. } => Level::Given(top),
        }
    }

    /// Whether an object with these values is meant to be an access record.
    pub(super) fn are_in(&self, found: &Found<'_>) -> bool {
        match self {
            Keys::Common => found.has(Slot::StartTime) && found.is_of_a_proxy(),
            Keys::Given { enough, .. } => found.present() >= *enough,
        }
    }
}

impl Node {
    /// A dotted path is nested keys, or one key with dots in it.
    fn insert(&mut self, path: &str, target: Target) {
        self.below.entry(path.to_owned()).or_default().target = Some(target);
        let mut node = self;
        for key in path.split('.') {
            node = node.below.entry(key.to_owned()).or_default();
        }
        node.target = Some(target);
    }
}

impl<'k> Level<'k> {
    pub(super) fn find(self, key: &str) -> Option<Hit<'k>> {
        match self {
            Level::Common => common(key).map(|target| Hit {
                target: Some(target),
                below: None,
            }),
            Level::Given(node) => {
                let node = node.below.get(key)?;
                let below = (!node.below.is_empty()).then_some(Level::Given(node));
                Some(Hit {
                    target: node.target,
                    below,
                })
            }
        }
    }
}

/// What a key is called by Istio, in the App Mesh documentation, or by many others.
fn common(key: &str) -> Option<Target> {
    let mut letters = [0; 32];
    let mut length = 0;
    for byte in key.bytes().filter(u8::is_ascii_alphanumeric) {
        *letters.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let (slot, rank) = match letters.get(..length)? {
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
        b"bytesreceived" => (Slot::BytesReceived, 0),
        b"bytessent" => (Slot::BytesSent, 0),
        _ => return None,
    };
    Some(Target {
        slot,
        rank,
        limit: None,
    })
}

/// What an operator prints, where a record has a place for it.
fn target(operator: Operator<'_>) -> Option<Target> {
    let Operator { name, arguments, limit } = operator;
    let (slot, rank) = match name {
        "START_TIME" => (Slot::StartTime, 0),
        "REQ" | "REQUEST_HEADER" => (header(arguments?)?, 0),
        "REQUESTED_SERVER_NAME" if matches!(arguments, None | Some("" | "SNI_ONLY" | "SNI_FIRST")) => (Slot::Sni, 0),
        "PROTOCOL" => (Slot::Protocol, 0),
        "RESPONSE_CODE" => (Slot::ResponseCode, 0),
        "RESPONSE_FLAGS" => (Slot::ResponseFlags, 0),
        "RESPONSE_CODE_DETAILS" => (Slot::ResponseCodeDetails, 0),
        "ROUTE_NAME" => (Slot::RouteName, 0),
        "UPSTREAM_CLUSTER" => (Slot::UpstreamCluster, 0),
        "UPSTREAM_CLUSTER_RAW" => (Slot::UpstreamCluster, 1),
        "UPSTREAM_HOST" => (Slot::UpstreamHost, 0),
        "UPSTREAM_REMOTE_ADDRESS" => (Slot::UpstreamHost, 1),
        "DOWNSTREAM_LOCAL_ADDRESS" => (Slot::DownstreamLocal, 0),
        "DOWNSTREAM_REMOTE_ADDRESS" => (Slot::DownstreamRemote, 0),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" if arguments.is_none() => (Slot::DownstreamRemote, 1),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => (Slot::DownstreamDirectRemote, 0),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" if arguments.is_none() => (Slot::DownstreamDirectRemote, 1),
        "BYTES_RECEIVED" => (Slot::BytesReceived, 0),
        "BYTES_SENT" => (Slot::BytesSent, 0),
        _ => return None,
    };
    Some(Target { slot, rank, limit })
}

/// `:AUTHORITY` or `:METHOD`, alone or with an alternative behind it. In front of it would stand what a client may forge.
fn header(arguments: &str) -> Option<Slot> {
    let first = arguments.split('?').next()?;
    match first.to_ascii_uppercase().as_str() {
        ":AUTHORITY" | "HOST" => Some(Slot::Authority),
        ":METHOD" => Some(Slot::Method),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
