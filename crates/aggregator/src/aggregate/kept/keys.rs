//! The keys of flows and pairs as bytes that mean the same in every run, and sort the same.

use hashbrown::HashMap;

use super::Family;
use crate::aggregate::Aggregator;
use crate::aggregate::flows::{FlowKey, StoodIn};
use crate::aggregate::interfaces::{GATEWAY, Interfaces, index};
use crate::aggregate::pairs::{PairEnd, PairKey};
use crate::aggregate::plane::Table;
use crate::aggregate::words::Words;
use crate::identity::ServiceName;
use crate::inventory::{Inventory, ServiceId};

/// What numbers of places and services stand for.
pub(super) struct Texts<'a> {
    inventory: &'a Inventory,
    places: Vec<Vec<u8>>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(inventory: &'a Inventory, interfaces: &Interfaces, words: &Words) -> Self {
        let names: Vec<&[u8]> = interfaces.names().collect();
        let place = |at: usize| {
            let place = &interfaces.places()[at];
            // A place without an interface has the same number in every run.
            let Some(interface) = place.interface else {
                return vec![u8::from(at == index(GATEWAY))];
            };
            let mut bytes = vec![2];
            let owner = inventory.name(place.service).map_or("", ServiceName::as_str);
            let told = [place.told.cluster, place.told.service].map(|word| words.get(word).unwrap_or_default());
            for text in [owner, told[0], told[1]] {
                put_text(text, &mut bytes);
            }
            bytes.extend_from_slice(names[index(interface)]);
            bytes
        };
        let places = (0..interfaces.places().len()).map(place).collect();
        Texts { inventory, places }
    }

    /// For each place its rank among all.
    pub(super) fn place_ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_unstable_by_key(|&place| &self.places[place]);
        let mut ranks = vec![0; order.len()];
        for (rank, place) in (0..).zip(order) {
            ranks[place] = rank;
        }
        ranks
    }

    pub(super) fn flow<A: Family>(&self, key: &FlowKey<A>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        key.responder.put(&mut bytes);
        bytes.extend_from_slice(&key.port.to_be_bytes());
        bytes.extend_from_slice(&[key.protocol, key.stood_in.bits()]);
        key.initiator.put(&mut bytes);
        self.put_service(key.initiator_owner, &mut bytes);
        self.put_service(key.responder_owner, &mut bytes);
        bytes.extend_from_slice(&self.places[index(key.place)]);
        bytes
    }

    pub(super) fn pair<A: Family>(&self, key: &PairKey<A>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.push(key.protocol);
        for end in &key.ends {
            end.address.put(&mut bytes);
            bytes.extend_from_slice(&end.port.to_be_bytes());
            bytes.push(u8::from(end.stood_in));
            self.put_service(end.owner, &mut bytes);
        }
        bytes.extend_from_slice(&self.places[index(key.place)]);
        bytes
    }

    fn put_service(&self, service: ServiceId, to: &mut Vec<u8>) {
        put_text(self.inventory.name(service).map_or("", ServiceName::as_str), to);
    }
}

/// No text holds the byte that ends it.
fn put_text(text: &str, to: &mut Vec<u8>) {
    to.extend_from_slice(text.as_bytes());
    to.push(0);
}

/// The numbers of places and services in one run.
pub(in crate::aggregate) struct Numbers {
    places: HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
    services: Table<Box<str>, ServiceId>,
}

impl Numbers {
    pub(in crate::aggregate) fn of(whole: &Aggregator<'_>) -> Self {
        let texts = Texts::of(whole.inventory, &whole.interfaces, &whole.words);
        let services = whole.inventory.services().into_keys().filter_map(|name| {
            let id = whole.inventory.id(&name)?;
            Some((name.as_str().into(), id))
        });
        Numbers {
            services: services.collect(),
            places: texts.places.into_iter().zip(0..).collect(),
        }
    }

    /// `None` for what is no key, or speaks of what is not known here.
    pub(in crate::aggregate) fn flow<A: Family>(&self, mut bytes: &[u8]) -> Option<FlowKey<A>> {
        let from = &mut bytes;
        let responder = A::take(from)?;
        let port = u16::from_be_bytes(chunk(from)?);
        let [protocol, stood_in] = chunk(from)?;
        Some(FlowKey {
            responder,
            port,
            protocol,
            stood_in: StoodIn::from_bits(stood_in),
            initiator: A::take(from)?,
            initiator_owner: self.service(from)?,
            responder_owner: self.service(from)?,
            place: *self.places.get(*from)?,
        })
    }

    pub(in crate::aggregate) fn pair<A: Family>(&self, mut bytes: &[u8]) -> Option<PairKey<A>> {
        let from = &mut bytes;
        let [protocol] = chunk(from)?;
        let mut end = || {
            let address = A::take(from)?;
            let port = u16::from_be_bytes(chunk(from)?);
            let [stood_in] = chunk(from)?;
            Some(PairEnd {
                address,
                port,
                stood_in: stood_in != 0,
                owner: self.service(from)?,
            })
        };
        let ends = [end()?, end()?];
        Some(PairKey {
            ends,
            protocol,
            place: *self.places.get(*from)?,
        })
    }

    fn service(&self, from: &mut &[u8]) -> Option<ServiceId> {
        let end = from.iter().position(|byte| *byte == 0)?;
        let (name, rest) = from.split_at_checked(end)?;
        *from = rest.get(1..)?;
        match std::str::from_utf8(name).ok()? {
            "" => Some(ServiceId::NOBODY),
            name => self.services.get(name).copied(),
        }
    }
}

/// The next so many bytes.
pub(super) fn chunk<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*chunk)
}
