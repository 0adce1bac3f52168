//! How sure the logs can be about who opened each exchange of the world.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Ambiguity, FlowKey};
use crate::exchange::{Exchange, Side};
use crate::party::Protocol;

/// How sure a direction is, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    Certain,
    Likely,
    Guess,
}

impl Certainty {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Guess => "guess",
        }
    }
}

type Endpoint = (Protocol, IpAddr, u16);

/// What was seen between the ends of every dependency, as far as it tells their roles.
#[derive(Debug, Clone, Default)]
pub(super) struct Openings {
    pairs: BTreeMap<FlowKey, BTreeMap<IpAddr, Pair>>,
    /// For each listening endpoint, all its clients.
    listeners: BTreeMap<Endpoint, Pair>,
    /// For exchanges whose ports tell nothing: the endpoints that each endpoint met, and whether the answer came later.
    peers: BTreeMap<Endpoint, BTreeMap<Endpoint, Met>>,
}

/// What was seen of one client of a listener.
#[derive(Debug, Clone, Default)]
struct Pair {
    syn: bool,
    client_ports: BTreeSet<(IpAddr, u16)>,
    out: bool,
    back: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Met {
    answered: bool,
    answered_later: bool,
    /// The other endpoint is the server's.
    as_client: bool,
}

/// Below 1024, below the ephemeral range of Linux, and within it. The world pits no two of the middle rank.
fn rank(port: u16) -> u8 {
    match port {
        0..1024 => 0,
        1024..32768 => 1,
        32768.. => 2,
    }
}

impl Pair {
    fn note(&mut self, exchange: &Exchange, side: Side, syn: bool) {
        self.syn |= syn;
        self.out |= side == Side::Out;
        self.back |= side == Side::Back;
        if self.client_ports.len() < 2 {
            self.client_ports
                .insert((exchange.client.address, exchange.client_port));
        }
    }

    /// Both directions, and at least two client ports at the same service port.
    fn tells(&self) -> bool {
        self.out && self.back && self.client_ports.len() >= 2
    }
}

impl Openings {
    pub(super) fn note(&mut self, exchange: &Exchange, side: Side, syn: bool) {
        let (client, server) = (&exchange.client, &exchange.server);
        let server_end = (exchange.protocol, server.address, exchange.port);
        if let Some(service) = client.service() {
            let far = super::Far::of(&server.owner, server.address);
            let key = FlowKey {
                service,
                far,
                port: exchange.port,
                protocol: exchange.protocol,
            };
            let pair = self.pairs.entry(key).or_default().entry(client.address).or_default();
            pair.note(exchange, side, syn);
        }
        self.listeners.entry(server_end).or_default().note(exchange, side, syn);
        if rank(exchange.client_port) == rank(exchange.port) {
            let client_end = (exchange.protocol, client.address, exchange.client_port);
            let later = side == Side::Back && exchange.answer_delay > 0;
            let met = self.peers.entry(client_end).or_default().entry(server_end).or_default();
            met.as_client = true;
            met.answered |= side == Side::Back;
            met.answered_later |= later;
            self.peers.entry(server_end).or_default().entry(client_end).or_default();
        }
    }

    /// How sure the logs are that the service of `key` opened it.
    pub(super) fn certainty(&self, key: &FlowKey) -> Result<Certainty, Ambiguity> {
        let Some(pairs) = self.pairs.get(key) else {
            return Err(Ambiguity(format!("nobody opened {key:?}")));
        };
        if pairs.values().any(|pair| pair.syn) {
            return Ok(Certainty::Certain);
        }
        let server_end = (key.protocol, key.far.address, key.port);
        if key.protocol == Protocol::Icmp || self.peers.contains_key(&server_end) {
            return self.among_equals(key, server_end);
        }
        if rank(key.port) == 0 || pairs.values().any(Pair::tells) {
            return Ok(Certainty::Likely);
        }
        // Nobody else may have called this listener in a way that tells: the contract leaves open how far that counts.
        if self.listeners.get(&server_end).is_some_and(Pair::tells) {
            return Err(Ambiguity(format!("{key:?} is likely only by what others did")));
        }
        Ok(Certainty::Guess)
    }

    /// Ports that tell nothing: the endpoint with more peers serves, else the one that answered.
    fn among_equals(&self, key: &FlowKey, server_end: Endpoint) -> Result<Certainty, Ambiguity> {
        let of_server = self.peers.get(&server_end).map_or(0, BTreeMap::len);
        let mut best = Certainty::Guess;
        for (client_end, met) in self
            .peers
            .iter()
            .filter(|(end, _)| self.is_client(key, end, server_end))
        {
            let of_client = met.len();
            let this = met.get(&server_end).copied().unwrap_or_default();
            let told = of_server > of_client || (of_server == of_client && (this.answered_later || !this.answered));
            if !told || !this.as_client {
                return Err(Ambiguity(format!(
                    "{client_end:?} and {server_end:?} could be either end"
                )));
            }
            let twice = of_server >= 2 && of_server >= 2 * of_client && this.answered;
            if twice && key.protocol != Protocol::Icmp {
                best = Certainty::Likely;
            }
        }
        Ok(best)
    }

    fn is_client(&self, key: &FlowKey, end: &Endpoint, server_end: Endpoint) -> bool {
        let met = self.peers.get(end).is_some_and(|met| met.contains_key(&server_end));
        met && self.pairs.get(key).is_some_and(|pairs| pairs.contains_key(&end.1))
    }

    /// Whether every exchange that clients on the internet opened can be told from one of ours.
    pub(super) fn check_inbound(&self) -> Result<(), Ambiguity> {
        for (end, met) in &self.peers {
            for (server_end, this) in met.iter().filter(|(_, this)| this.as_client) {
                let of_server = self.peers.get(server_end).map_or(0, BTreeMap::len);
                let told = of_server > met.len() || this.answered_later || !this.answered;
                let syn = self.listeners.get(server_end).is_some_and(|listener| listener.syn);
                if !(syn || told && of_server >= met.len()) {
                    return Err(Ambiguity(format!("{end:?} and {server_end:?} could be either end")));
                }
            }
        }
        Ok(())
    }
}
