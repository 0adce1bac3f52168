//! The interfaces that logged something, and for whom each of them stood at the time.

use hashbrown::HashMap;

use super::eni::Eni;
use crate::inventory::ServiceId;

/// Interfaces by number, and the places where records were logged: an interface with the service that owned it then.
#[derive(Debug)]
pub(super) struct Interfaces {
    ids: HashMap<Eni, Known, foldhash::fast::RandomState>,
    list: Vec<Interface>,
    places: Vec<Place>,
}

/// What the one look at an interface's name finds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) interface: u32,
    /// Its place while nobody owns it.
    pub(super) unowned: u32,
}

#[derive(Debug)]
struct Interface {
    name: Box<[u8]>,
    /// Its places in the hands of services.
    owned: Vec<u32>,
}

/// Where records were logged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The interface, where the record names one.
    pub(super) interface: Option<u32>,
    /// Who owns the interface's own address, by an entry about the interface, its instance or its account.
    pub(super) service: ServiceId,
    /// What the records themselves say, where no entry does.
    pub(super) told: Told,
    /// First start and last end of the records there; the first is after the last while none was noted.
    pub(super) span: (u64, u64),
    role: Role,
}

/// The ECS service behind an interface as its records tell it, by the numbers of its words; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) cluster: u32,
    pub(super) service: u32,
}

impl Place {
    /// Whether what was logged here counts as logged by the initiator's interface, whoever that is.
    pub(super) fn stands_for_initiator(&self) -> bool {
        self.role == Role::Initiator
    }
}

/// What a place is, where no interface tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// An interface.
    Named,
    /// The log's format has no interfaces.
    Initiator,
    /// A gateway without an interface.
    Gateway,
}

/// The place of records that name no interface, and count as the initiator's.
pub(super) const NO_INTERFACE: u32 = 0;
/// The place of records of a NAT or Transit Gateway that name no interface.
pub(super) const GATEWAY: u32 = 1;

impl Default for Interfaces {
    fn default() -> Self {
        let nowhere = |role| Place {
            interface: None,
            service: ServiceId::NOBODY,
            told: Told::default(),
            span: (u64::MAX, 0),
            role,
        };
        Interfaces {
            ids: HashMap::default(),
            list: Vec::new(),
            places: vec![nowhere(Role::Initiator), nowhere(Role::Gateway)],
        }
    }
}

impl Interfaces {
    /// The number of an interface, and its place while nobody owns it.
    pub(super) fn intern(&mut self, name: &[u8]) -> Known {
        let eni = Eni::new(name);
        if let Some(known) = self.ids.get(&eni) {
            return *known;
        }
        let interface = u32::try_from(self.list.len()).expect("four billion interfaces do not fit in memory");
        let known = Known {
            interface,
            unowned: self.new_place(interface, ServiceId::NOBODY, Told::default()),
        };
        self.ids.insert(eni, known);
        self.list.push(Interface {
            name: name.into(),
            owned: Vec::new(),
        });
        known
    }

    /// The place of an interface in the hands of a service, or of nobody, with the time of records there.
    pub(super) fn place(&mut self, known: Known, service: ServiceId, told: Told, span: (u64, u64)) -> u32 {
        let id = if service.is_somebody() || told.service != 0 {
            self.owned_place(known.interface, service, told)
        } else {
            known.unowned
        };
        let whole = &mut self.places[index(id)].span;
        *whole = (whole.0.min(span.0), whole.1.max(span.1));
        id
    }

    /// Takes over the places of another thread, whose words have other numbers; the new ids stand in the order of its old
    /// ones.
    pub(super) fn absorb(&mut self, other: &Interfaces, word: &[u32]) -> Renumbered {
        let known: Vec<Known> = other
            .list
            .iter()
            .map(|interface| self.intern(&interface.name))
            .collect();
        let places = other
            .places
            .iter()
            .zip(0..)
            .map(|(place, old)| match place.interface {
                Some(interface) => {
                    let told = Told {
                        cluster: word[index(place.told.cluster)],
                        service: word[index(place.told.service)],
                    };
                    self.place(known[index(interface)], place.service, told, place.span)
                }
                None => old,
            })
            .collect();
        Renumbered {
            interfaces: known.into_iter().map(|known| known.interface).collect(),
            places,
        }
    }

    /// Names in the order of their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.list.iter().map(|interface| &*interface.name)
    }

    /// All places, in the order of their ids.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Puts the services in the place of what their records told.
    pub(super) fn name_told(&mut self, service: impl Fn(Told) -> ServiceId) {
        for place in &mut self.places {
            if place.told.service != 0 {
                place.service = service(place.told);
            }
        }
    }

    fn owned_place(&mut self, interface: u32, service: ServiceId, told: Told) -> u32 {
        let owned = &self.list[index(interface)].owned;
        let found = owned
            .iter()
            .copied()
            .find(|&id| (self.places[index(id)].service, self.places[index(id)].told) == (service, told));
        found.unwrap_or_else(|| {
            let id = self.new_place(interface, service, told);
            self.list[index(interface)].owned.push(id);
            id
        })
    }

    fn new_place(&mut self, interface: u32, service: ServiceId, told: Told) -> u32 {
        let id = u32::try_from(self.places.len()).expect("four billion places do not fit in memory");
        self.places.push(Place {
            interface: Some(interface),
            service,
            told,
            span: (u64::MAX, 0),
            role: Role::Named,
        });
        id
    }
}

/// What another thread's numbers became.
pub(super) struct Renumbered {
    pub(super) interfaces: Vec<u32>,
    pub(super) places: Vec<u32>,
}

/// A number as an index.
pub(super) fn index(id: u32) -> usize {
    usize::try_from(id).expect("memory is addressed with 32 bits or more")
}
