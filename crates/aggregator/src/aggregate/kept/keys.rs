//! The keys of flows and pairs in numbers that sort as what they stand for, whoever counted.

use std::io;

use super::rest::{Numbered, Place};
use super::{Family, damaged, rest, table};
use crate::aggregate::Aggregator;
use crate::aggregate::flows::{FlowKey, StoodIn};
use crate::aggregate::interfaces::{GATEWAY, index};
use crate::aggregate::own::Candidates;
use crate::aggregate::pairs::{PairEnd, PairKey};
use crate::identity::ServiceName;
use crate::inventory::ServiceId;
use crate::table::part::Part;

/// A flow's key. The place comes by its rank among the texts of all places, a service by its rank among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct FlowRank<A> {
    pub(super) responder: A,
    pub(super) port: u16,
    pub(super) protocol: u8,
    pub(super) stood_in: u8,
    pub(super) initiator: A,
    pub(super) owners: [u32; 2],
    pub(super) place: u32,
}

/// A pair's key in the same way; of an end the address, the port, whether another address stood in, and the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct PairRank<A> {
    pub(super) ends: [(A, u16, bool, u32); 2],
    pub(super) protocol: u8,
    pub(super) place: u32,
}

/// The order of places and services by what their numbers stand for.
pub(in crate::aggregate) struct Order {
    /// Texts in order, and the addresses that flows mostly come from there.
    pub(super) places: Vec<Place>,
    place_ranks: Vec<u32>,
    place_ids: Vec<u32>,
    pub(super) services: Numbered,
    service_ranks: Vec<ServiceId>,
    service_ids: Vec<ServiceId>,
}

impl Order {
    pub(in crate::aggregate) fn of(whole: &Aggregator<'_>) -> Self {
        let mut places: Vec<(Place, u32)> = texts(whole).zip(0..).collect();
        places.sort_unstable();
        let mut place_ranks = vec![0; places.len()];
        for ((_, id), rank) in places.iter().zip(0..) {
            place_ranks[index(*id)] = rank;
        }
        let services = Numbered::of(whole);
        let service_ranks = services.numbers(whole);
        let mut service_ids = vec![ServiceId::NOBODY; services.len() + 1];
        for (rank, id) in service_ranks.iter().zip(0..) {
            if rank.is_somebody() {
                service_ids[index(rank.number())] = ServiceId::of_number(id);
            }
        }
        let (places, place_ids) = places.into_iter().unzip();
        Order {
            places,
            place_ranks,
            place_ids,
            services,
            service_ranks,
            service_ids,
        }
    }

    /// The number of a service that a part has.
    pub(super) fn service(&self, id: ServiceId) -> ServiceId {
        self.service_ranks[index(id.number())]
    }

    fn service_id(&self, rank: u32) -> ServiceId {
        self.service_ids[index(rank)]
    }

    pub(super) fn flow<A: Family>(&self, key: &FlowKey<A>) -> FlowRank<A> {
        FlowRank {
            responder: key.responder,
            port: key.port,
            protocol: key.protocol,
            stood_in: key.stood_in.bits(),
            initiator: key.initiator,
            owners: [key.initiator_owner, key.responder_owner].map(|owner| self.service(owner).number()),
            place: self.place_ranks[index(key.place)],
        }
    }

    pub(super) fn flow_key<A: Family>(&self, rank: &FlowRank<A>) -> FlowKey<A> {
        let [initiator_owner, responder_owner] = rank.owners.map(|owner| self.service_id(owner));
        FlowKey {
            initiator: rank.initiator,
            responder: rank.responder,
            initiator_owner,
            responder_owner,
            place: self.place_ids[index(rank.place)],
            port: rank.port,
            protocol: rank.protocol,
            stood_in: StoodIn::from_bits(rank.stood_in),
        }
    }

    pub(super) fn pair<A: Family>(&self, key: &PairKey<A>) -> PairRank<A> {
        let end = |end: PairEnd<A>| (end.address, end.port, end.stood_in, self.service(end.owner).number());
        PairRank {
            ends: key.ends.map(end),
            protocol: key.protocol,
            place: self.place_ranks[index(key.place)],
        }
    }

    pub(super) fn pair_key<A: Family>(&self, rank: &PairRank<A>) -> PairKey<A> {
        PairKey {
            ends: rank.ends.map(|(address, port, stood_in, owner)| PairEnd {
                address,
                owner: self.service_id(owner),
                port,
                stood_in,
            }),
            protocol: rank.protocol,
            place: self.place_ids[index(rank.place)],
        }
    }

    /// What the ranks of a part are here. All that it speaks of is known here.
    pub(in crate::aggregate) fn ranks(&self, part: &Part) -> io::Result<Ranks> {
        let mut places = Vec::new();
        rest::read_table(part, table::PLACES, |place: Place| places.push(place))?;
        let rank = |place: &Place| self.places.binary_search_by(|other| other.text.cmp(&place.text)).ok();
        let here: Option<Vec<usize>> = places.iter().map(rank).collect();
        let mut services = vec![Some(0)];
        rest::services(part, |name, _| services.push(self.services.rank(&name)))?;
        let small = |rank: usize| u32::try_from(rank).map_err(|_| damaged());
        Ok(Ranks {
            here: here
                .ok_or_else(damaged)?
                .into_iter()
                .map(small)
                .collect::<io::Result<_>>()?,
            services: services.into_iter().collect::<Option<_>>().ok_or_else(damaged)?,
            places,
        })
    }
}

/// The ranks of a part.
pub(in crate::aggregate) struct Ranks {
    pub(super) places: Vec<Place>,
    /// By rank there, the rank here.
    here: Vec<u32>,
    services: Vec<u32>,
}

impl Ranks {
    pub(super) fn place(&self, rank: u32) -> Option<u32> {
        self.here.get(index(rank)).copied()
    }

    pub(super) fn service(&self, rank: u32) -> Option<u32> {
        self.services.get(index(rank)).copied()
    }
}

/// The places of a run, by number.
fn texts<'a>(whole: &'a Aggregator<'_>) -> impl Iterator<Item = Place> + 'a {
    let names: Vec<&[u8]> = whole.interfaces.names().collect();
    whole.interfaces.places().iter().enumerate().map(move |(at, place)| {
        // A place without an interface has the same number in every run.
        let Some(interface) = place.interface else {
            return Place {
                text: vec![u8::from(at == index(GATEWAY))],
                ..Place::default()
            };
        };
        let owner = whole.inventory.name(place.service).map_or("", ServiceName::as_str);
        let told = [place.told.cluster, place.told.service].map(|word| whole.words.get(word).unwrap_or_default());
        let mut text = vec![2];
        for part in [owner, told[0], told[1]] {
            // No text holds the byte that ends it.
            text.extend_from_slice(part.as_bytes());
            text.push(0);
        }
        text.extend_from_slice(names[index(interface)]);
        Place {
            text,
            v4: own(whole.v4.candidates.get(index(interface))),
            v6: own(whole.v6.candidates.get(index(interface))),
        }
    })
}

fn own<A: Copy>(candidates: Option<&Candidates<A>>) -> Option<A> {
    match candidates {
        Some(Candidates::One(own)) => Some(*own),
        _ => None,
    }
}
