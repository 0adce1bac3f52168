//! The flow records of one address family, counted by one thread.

use egressmap_parser::FlowDirection;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};

use super::flow_table::{FlowTable, Waiting};
use super::flows::{FlowKey, Packets, Signs, StoodIn};
use super::interfaces::{Renumbered, index};
use super::opened::{Opened, opened};
use super::own::Candidates;
use super::pairs::{Pair, PairKey};
use super::row::{Row, Side};
use super::slot::Slotted;
use super::words::Words;
use crate::map::Starts;

/// What the starts of a flow take besides, about.
const STARTS: usize = 64;

pub(super) type Table<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Everything kept of one family. Two of them add up.
#[derive(Debug)]
pub(super) struct Plane<A: Slotted> {
    /// Flows whose records each tell who opened them.
    pub(super) flows: FlowTable<A>,
    /// Flows that only all records together tell.
    pub(super) pairs: Table<PairKey<A>, Pair>,
    /// When connections of flows to far ends that are not ours began, in the sampled hours.
    pub(super) starts: Table<FlowKey<A>, Starts>,
    /// Endpoints that dropped records showed to be listeners, and by what.
    pub(super) listeners: Table<Endpoint<A>, Signs>,
    /// By interface, what its own address may be.
    pub(super) candidates: Vec<Candidates<A>>,
    /// Records of clients on the internet and our answers to them, dropped as they came.
    pub(super) inbound: u64,
}

/// An address and port with their protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Endpoint<A> {
    pub(super) address: A,
    pub(super) port: u16,
    pub(super) protocol: u8,
}

impl<A: Slotted> Default for Plane<A> {
    fn default() -> Self {
        Plane {
            flows: FlowTable::default(),
            pairs: Table::default(),
            starts: Table::default(),
            listeners: Table::default(),
            candidates: Vec::new(),
            inbound: 0,
        }
    }
}

/// The flow that a record is of, and what the record adds besides packets.
pub(super) struct Found<A: Slotted> {
    pub(super) key: A::Key,
    pub(super) responder: A,
    pub(super) opened: Side,
    pub(super) signs: Signs,
    /// The interned AWS service of the responder.
    pub(super) aws: u32,
}

/// The ends of a record as the interface saw them.
pub(super) struct Sighting<A> {
    pub(super) interface: u32,
    pub(super) source: A,
    pub(super) destination: A,
    pub(super) direction: Option<FlowDirection>,
}

impl<A: Slotted> Plane<A> {
    /// Takes in what a record tells of the interface's own address. To be called before [`Plane::count`].
    #[inline]
    pub(super) fn meet(&mut self, sighting: &Sighting<A>) {
        let at = index(sighting.interface);
        if at >= self.candidates.len() {
            self.candidates.resize(at + 1, Candidates::default());
        }
        self.candidates[at].meet(sighting.source, sighting.destination, sighting.direction);
    }

    /// Counts a record that `interface` logged.
    pub(super) fn count(&mut self, row: &Row<A>, interface: Option<u32>, words: &Words) {
        let Some(found) = self.flow_of(row, interface) else {
            return self.count_apart(row, words);
        };
        self.note_start(&found, row);
        let packets = Packets::of(row, found.opened, found.signs);
        self.flows
            .count(Waiting::new(found.key, found.responder, packets), words);
    }

    /// The flow that a record is of, where the record tells and it is not dropped: of the row only what does not count
    /// packets is looked at. Anything else is [counted apart](Self::count_apart).
    #[inline(always)]
    pub(super) fn flow_of(&self, row: &Row<A>, interface: Option<u32>) -> Option<Found<A>> {
        let Opened { by, by_flags } = opened(row)?;
        let (initiator, responder) = row.ends(by);
        if !initiator.owner.is_somebody() && self.is_surely_not_ours(initiator.address, interface) {
            return None;
        }
        // The words are made of values, not of a key in memory: what is written in small pieces and read in a large one is
        // waited for.
        let key = A::key(&FlowKey {
            initiator: initiator.address,
            responder: responder.address,
            initiator_owner: initiator.owner,
            responder_owner: responder.owner,
            place: row.place,
            port: responder.port,
            protocol: row.protocol,
            stood_in: StoodIn::new(initiator.stood_in, responder.stood_in),
        });
        Some(Found {
            key,
            responder: responder.address,
            opened: by,
            signs: Signs::of(row, by, by_flags),
            aws: responder.aws,
        })
    }

    /// Counts a record that is of a pair, or of a client on the internet.
    #[inline(never)]
    pub(super) fn count_apart(&mut self, row: &Row<A>, words: &Words) {
        let Some(Opened { by, by_flags }) = opened(row) else {
            let (key, sender) = PairKey::of(row);
            self.pairs.entry(key).or_default().count(row, sender, words);
            return;
        };
        self.inbound += 1;
        let signs = Signs::of(row, by, by_flags);
        if signs.show_listener() {
            let (_, responder) = row.ends(by);
            let endpoint = Endpoint {
                address: responder.address,
                port: responder.port,
                protocol: row.protocol,
            };
            self.listeners.entry(endpoint).or_default().add(signs);
        }
    }

    /// Keeps when a connection to a far end that is not ours began, in the hours in which that is kept: two of a day.
    #[inline(always)]
    pub(super) fn note_start(&mut self, found: &Found<A>, row: &Row<A>) {
        if Starts::are_kept_at(row.start) && found.opened == Side::Sender && !row.rejected {
            self.mark_start(&found.key, row.start, row.sender.port);
        }
    }

    // It takes no row: a row that lies in memory for its sake would be written for every record.
    #[cold]
    fn mark_start(&mut self, key: &A::Key, start: u64, port: u16) {
        let key = A::flow_key_of(key);
        if !key.responder_owner.is_somebody() && !key.responder.is_private() {
            self.starts.entry(key).or_default().mark(start, port);
        }
    }

    /// Adds what another thread counted. `words` are this thread's, `word` gives the new number of each old one.
    pub(super) fn absorb(&mut self, other: Plane<A>, renumbered: &Renumbered, words: &Words, word: &[u32]) {
        let place = |old: u32| renumbered.places[index(old)];
        let word = |old: u32| word[index(old)];
        self.flows.absorb(other.flows, place, word, words);
        for (mut key, mut pair) in other.pairs {
            key.place = place(key.place);
            pair.renumber(word);
            match self.pairs.entry(key) {
                Entry::Occupied(mut known) => known.get_mut().add(&pair, words),
                Entry::Vacant(free) => {
                    free.insert(pair);
                }
            }
        }
        for (mut key, starts) in other.starts {
            key.place = place(key.place);
            self.starts.entry(key).or_default().union(&starts);
        }
        for (endpoint, signs) in other.listeners {
            self.listeners.entry(endpoint).or_default().add(signs);
        }
        for (candidates, new) in other.candidates.iter().zip(&renumbered.interfaces) {
            self.may_own(*new, candidates);
        }
        self.inbound += other.inbound;
    }

    /// Takes in what else is known of an interface's own address.
    pub(super) fn may_own(&mut self, interface: u32, candidates: &Candidates<A>) {
        let at = index(interface);
        if at >= self.candidates.len() {
            self.candidates.resize(at + 1, Candidates::default());
        }
        self.candidates[at].merge(candidates);
    }

    /// Forgets what is written elsewhere.
    pub(super) fn forget_flows(&mut self) {
        self.flows = FlowTable::default();
        self.pairs = Table::default();
        self.starts = Table::default();
    }

    /// How much memory the flows and pairs take, about.
    pub(super) fn bytes(&self) -> usize {
        // A pair has its days on the heap; a flow that began in a sampled hour has its starts there.
        let pairs = self.pairs.capacity() * size_of::<(PairKey<A>, Pair)>();
        let starts = self.starts.len() * (size_of::<(FlowKey<A>, Starts)>() * 2 + STARTS);
        self.flows.bytes() + pairs + starts
    }

    /// Whether an address that no entry owns can be told, whatever else is read, to be a client on the internet. An
    /// interface's own address is ours, and which that is shows at the end: but a public address counts as an interface's
    /// own only in the records of that interface and of others beside it, so once those rule it out millions of clients
    /// cost nothing.
    pub(super) fn is_surely_not_ours(&self, address: A, interface: Option<u32>) -> bool {
        let near = |id| {
            let candidates = self.candidates.get(index(id));
            candidates.is_none_or(|it| it.may_be_such(|own| own == address || address.is_beside(own)))
        };
        !address.is_private() && !interface.is_some_and(near)
    }
}
