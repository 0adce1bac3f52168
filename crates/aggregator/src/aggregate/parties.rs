//! Whose an address is, once it is known which addresses are interfaces' own.

use super::flows::FlowKey;
use super::interfaces::{Place, index};
use super::plane::Table;
use crate::address::Address;
use crate::inventory::ServiceId;

/// What is known of one family's addresses beyond the inventory's entries about addresses.
pub(super) struct Parties<'p, A> {
    places: &'p [Place],
    /// By interface.
    own: Vec<Option<A>>,
    /// By own address: who held it, and when.
    held: Table<A, Vec<Tenure>>,
}

/// The service an address stood for, from the first record to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tenure {
    pub(super) service: ServiceId,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// Whose an end of a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    /// A service's.
    Service(ServiceId),
    /// Ours, and no service's.
    Unattributed,
    /// Not ours.
    Foreign,
}

/// Where a flow was logged, seen from its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// At the initiator's own interface.
    Initiator,
    /// At the responder's.
    Responder,
    /// On the way.
    Elsewhere,
}

impl<'p, A: Address> Parties<'p, A> {
    pub(super) fn new(own: Vec<Option<A>>, places: &'p [Place]) -> Self {
        let mut held: Table<A, Vec<Tenure>> = Table::default();
        for place in places {
            if let Some(own) = place.interface.and_then(|id| own.get(index(id)).copied().flatten()) {
                let (first, last) = place.span;
                held.entry(own).or_default().push(Tenure {
                    service: place.service,
                    first,
                    last,
                });
            }
        }
        Parties { places, own, held }
    }

    /// An address that is a service's as its proxy tells it.
    pub(super) fn tell(&mut self, address: A, tenure: Tenure) {
        self.held.entry(address).or_default().push(tenure);
    }

    /// Whose the initiator of a flow is. `at` is when the flow was first seen.
    pub(super) fn initiator(&self, key: &FlowKey<A>, at: u64) -> Party {
        self.sender(key.initiator, key.initiator_owner, key.place, at)
    }

    /// Whose an end would be if it opened the connection.
    pub(super) fn sender(&self, address: A, owner: ServiceId, place: u32, at: u64) -> Party {
        // Records of other public addresses are dropped as they come, so none of them may count.
        let near = |own: A| own == address || address.is_beside(own);
        if !owner.is_somebody() && !address.is_private() && !self.own_at(place).is_some_and(near) {
            return Party::Foreign;
        }
        self.party(address, owner, place, at)
    }

    /// The service that owns the responder of a flow.
    pub(super) fn responder(&self, key: &FlowKey<A>, at: u64) -> ServiceId {
        match self.party(key.responder, key.responder_owner, key.place, at) {
            Party::Service(service) => service,
            Party::Unattributed | Party::Foreign => ServiceId::NOBODY,
        }
    }

    /// Who holds an address at a moment as the own address of an interface; `None` where it is no interface's own.
    pub(super) fn holder(&self, address: A, at: u64) -> Option<ServiceId> {
        let rank = |tenure: &&Tenure| {
            let covers = tenure.first <= at && at <= tenure.last;
            (
                covers,
                tenure.service.is_somebody(),
                tenure.first,
                tenure.last,
                tenure.service,
            )
        };
        let tenure = self.held.get(&address)?.iter().max_by_key(rank)?;
        Some(tenure.service)
    }

    /// Where a flow was logged. An interface that shows its own address in place of an address of ours stands for it,
    /// as a node does for its pods; one that does so for others is a gateway.
    pub(super) fn seat(&self, key: &FlowKey<A>) -> Seat {
        let place = &self.places[index(key.place)];
        let own = self.own_at(key.place);
        if place.stands_for_initiator() || own == Some(key.initiator) {
            return Seat::Initiator;
        }
        if own == Some(key.responder) {
            return Seat::Responder;
        }
        let ours = |address: A, owner: ServiceId| owner.is_somebody() || address.is_private();
        match (key.stood_in.initiator(), key.stood_in.responder()) {
            (true, false) if ours(key.initiator, key.initiator_owner) => Seat::Initiator,
            (false, true) if ours(key.responder, key.responder_owner) => Seat::Responder,
            _ => Seat::Elsewhere,
        }
    }

    fn party(&self, address: A, owner: ServiceId, place: u32, at: u64) -> Party {
        if owner.is_somebody() {
            return Party::Service(owner);
        }
        let is_own = self.own_at(place) == Some(address);
        let here = is_own.then(|| self.places[index(place)].service);
        let holder = here.filter(|service| service.is_somebody());
        match holder.or_else(|| self.holder(address, at)) {
            Some(service) if service.is_somebody() => Party::Service(service),
            Some(_) => Party::Unattributed,
            None if address.is_private() => Party::Unattributed,
            None => Party::Foreign,
        }
    }

    fn own_at(&self, place: u32) -> Option<A> {
        let interface = self.places[index(place)].interface?;
        self.own.get(index(interface)).copied().flatten()
    }
}
