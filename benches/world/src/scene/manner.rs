//! Who is about to do something, and how it will go.

use std::sync::Arc;

use crate::exchange::{Fate, Nat, Opening, Volume};
use crate::service::{Service, Task};

/// One task of a service that is about to do something.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) service: Arc<Service>,
    pub(super) index: usize,
}

/// How an exchange goes, apart from who takes part.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) lasts: u64,
    pub(crate) out: u64,
    pub(crate) back: u64,
    pub(crate) fate: Fate,
    pub(crate) opening: Opening,
    pub(crate) nat: Option<Nat>,
    /// Requests on the connection, where HTTP is spoken.
    pub(crate) requests: u64,
}

impl Actor {
    pub(crate) fn task(&self) -> &Task {
        &self.service.tasks[self.index]
    }
}

impl Manner {
    /// An answered exchange of `out` and `back` bytes of payload.
    pub(crate) fn plain(lasts: u64, out: u64, back: u64) -> Self {
        Manner {
            lasts,
            out,
            back,
            fate: Fate::Answered,
            opening: Opening::Logged,
            nat: None,
            requests: 1,
        }
    }
}

/// Payload as packets on the wire: 1,400 bytes in each, 40 of headers, and three for the handshake.
pub(super) fn on_the_wire(payload: u64) -> Volume {
    let packets = 3 + payload / 1_400;
    Volume {
        packets,
        bytes: payload + 40 * packets,
    }
}
