//! What was counted besides flows and pairs: tables that follow the services, held in memory whole.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cells::{Block, Cells, GROUP};
use super::keys::Order;
use super::{Dropped, Family, damaged, table};
use crate::aggregate::Aggregator;
use crate::aggregate::flows::Signs;
use crate::aggregate::interfaces::{Told, index};
use crate::aggregate::own::{Book, Candidates};
use crate::aggregate::plane::{Endpoint, Table};
use crate::identity::ServiceName;
use crate::inventory::ServiceId;
use crate::map::ServiceFacts;
use crate::table::part::{Part, Writer};

/// A place as flows and pairs of a part know it, by its rank: what it is, and the own address of its interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) struct Place {
    pub(super) text: Vec<u8>,
    pub(super) v4: Option<u32>,
    pub(super) v6: Option<u128>,
}

/// What is known of a service: virtual node, namespace and owner.
type Service = (ServiceName, [Option<String>; 3]);

#[derive(Serialize, Deserialize)]
struct Interface {
    name: Vec<u8>,
    places: Vec<Held>,
    v4: Asked<u32>,
    v6: Asked<u128>,
}

/// An interface in the hands of a service.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Held {
    service: ServiceId,
    cluster: String,
    told: String,
    span: (u64, u64),
}

/// What an interface's own address may be, and what the inventory says of two of them.
#[derive(Serialize, Deserialize)]
struct Asked<A> {
    candidates: Candidates<A>,
    stated: [bool; 2],
    owned: [bool; 2],
}

/// The services of an inventory, numbered in the order of their names from 1.
pub(super) struct Numbered(Vec<(ServiceName, ServiceFacts)>);

impl Numbered {
    pub(super) fn of(whole: &Aggregator<'_>) -> Self {
        Numbered(whole.inventory.services().into_iter().collect())
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of a name.
    pub(super) fn rank(&self, name: &ServiceName) -> Option<u32> {
        let at = self.0.binary_search_by(|(other, _)| other.cmp(name)).ok()?;
        u32::try_from(at + 1).ok()
    }

    /// By id, the number.
    pub(super) fn numbers(&self, whole: &Aggregator<'_>) -> Vec<ServiceId> {
        let mut numbers = vec![ServiceId::NOBODY; index(whole.inventory.next_id())];
        for (number, (name, _)) in (1..).zip(&self.0) {
            if let Some(id) = whole.inventory.id(name) {
                numbers[index(id.number())] = ServiceId::of_number(number);
            }
        }
        numbers
    }
}

/// Writes what the ranks of flows and pairs stand for.
pub(super) fn write_order(order: &Order, to: &mut Writer<'_>) -> io::Result<()> {
    let services = order.services.0.iter().map(|(name, facts)| {
        let facts = facts.clone();
        (name.clone(), [facts.virtual_node, facts.namespace, facts.owner])
    });
    write_rows(table::SERVICES, services.map(|service: Service| encoded(&service)), to)?;
    write_rows(table::PLACES, order.places.iter().map(encoded), to)
}

/// Writes what comes before the flows.
pub(super) fn write_first(whole: &Aggregator<'_>, order: &Order, to: &mut Writer<'_>) -> io::Result<()> {
    write_table(table::WORDS, whole.words.iter(), to)?;
    write_order(order, to)?;
    let mut held: BTreeMap<u32, Vec<Held>> = BTreeMap::new();
    for place in whole.interfaces.places() {
        let word = |word| whole.words.get(word).unwrap_or_default().to_owned();
        if let Some(interface) = place.interface {
            held.entry(interface).or_default().push(Held {
                service: order.service(place.service),
                cluster: word(place.told.cluster),
                told: word(place.told.service),
                span: place.span,
            });
        }
    }
    let interfaces = whole.interfaces.names().zip(0..).map(|(name, number)| {
        let mut places = held.remove(&number).unwrap_or_default();
        places.sort_unstable();
        Interface {
            name: name.to_vec(),
            places,
            v4: asked(whole, name, number),
            v6: asked(whole, name, number),
        }
    });
    write_table(table::INTERFACES, interfaces, to)
}

fn asked<A: Family>(whole: &Aggregator<'_>, name: &[u8], interface: u32) -> Asked<A> {
    let candidates = A::plane(whole)
        .candidates
        .get(index(interface))
        .copied()
        .unwrap_or_default();
    let of_pair = |says: &dyn Fn(A) -> bool| match candidates {
        Candidates::Two { pair, .. } => pair.map(says),
        _ => [false; 2],
    };
    let book = whole.book();
    Asked {
        candidates,
        stated: of_pair(&|end| book.states(name, end)),
        owned: of_pair(&|end| book.owns(end)),
    }
}

/// Writes what comes after the pairs.
pub(super) fn write_last(
    whole: &Aggregator<'_>,
    order: &Order,
    (dropped, too): &(Dropped<u32>, Dropped<u128>),
    to: &mut Writer<'_>,
) -> io::Result<()> {
    let number = |id: ServiceId| order.service(id);
    write_table(
        table::LISTENERS_4,
        listeners(&whole.v4.listeners, &dropped.listeners),
        to,
    )?;
    write_table(table::LISTENERS_6, listeners(&whole.v6.listeners, &too.listeners), to)?;
    write_table(table::ACCESSES, whole.accesses.rows(number), to)?;
    write_table(table::ANSWERS, whole.answers.rows(number), to)?;
    write_table(table::GAPS, whole.gaps.entries(), to)?;
    let inbound = whole.v4.inbound + whole.v6.inbound + whole.accesses.inbound() + dropped.inbound + too.inbound;
    write_table(table::TOTALS, std::iter::once((whole.window, inbound)), to)?;
    write_table(table::ALIASES, whole.answers.aliases(), to)
}

/// Of what dropped records showed, only what shows a listener counts.
fn listeners<A: Family>(
    known: &Table<Endpoint<A>, Signs>,
    more: &[(Endpoint<A>, Signs)],
) -> impl Iterator<Item = (Endpoint<A>, Signs)> {
    let mut all: BTreeMap<Endpoint<A>, Signs> = BTreeMap::new();
    let known = known.iter().map(|(endpoint, signs)| (*endpoint, *signs));
    for (endpoint, signs) in known.chain(more.iter().copied()) {
        all.entry(endpoint).or_default().add(signs.of_listener());
    }
    all.into_iter()
}

/// Writes rows in the order of their bytes.
fn write_table<T: Serialize>(table: usize, rows: impl Iterator<Item = T>, to: &mut Writer<'_>) -> io::Result<()> {
    let mut rows = rows.map(|row| encoded(&row)).collect::<io::Result<Vec<_>>>()?;
    rows.sort_unstable();
    write_rows(table, rows.into_iter().map(Ok), to)
}

fn write_rows(table: usize, rows: impl Iterator<Item = io::Result<Vec<u8>>>, to: &mut Writer<'_>) -> io::Result<()> {
    let mut cells = Cells::default();
    for row in rows {
        cells.row();
        cells.bytes(&row?);
        if cells.rows() == GROUP {
            to.block(table, &cells.finish()?)?;
        }
    }
    if cells.rows() > 0 {
        to.block(table, &cells.finish()?)?;
    }
    Ok(())
}

/// Shows each service of a part, in the order of their numbers.
pub(super) fn services(part: &Part, mut each: impl FnMut(ServiceName, ServiceFacts)) -> io::Result<()> {
    read_table(
        part,
        table::SERVICES,
        |(name, [virtual_node, namespace, owner]): Service| {
            let facts = ServiceFacts {
                virtual_node,
                namespace,
                owner,
                ..ServiceFacts::default()
            };
            each(name, facts);
        },
    )
}

/// Adds all of a part but its flows and pairs. The inventory knows its services.
pub(super) fn load(whole: &mut Aggregator<'_>, part: &Part) -> io::Result<()> {
    let inventory = whole.inventory;
    let mut ids = vec![ServiceId::NOBODY];
    services(part, |name, _| {
        ids.push(inventory.id(&name).unwrap_or(ServiceId::NOBODY))
    })?;
    let id = |number: ServiceId| ids.get(index(number.number())).copied().unwrap_or(ServiceId::NOBODY);
    read_table(part, table::WORDS, |word: String| {
        whole.words.intern(word.as_bytes());
    })?;
    read_table(part, table::INTERFACES, |interface: Interface| {
        let known = whole.interfaces.intern(&interface.name);
        for held in interface.places {
            let told = Told {
                cluster: whole.words.intern(held.cluster.as_bytes()),
                service: whole.words.intern(held.told.as_bytes()),
            };
            whole.interfaces.place(known, id(held.service), told, held.span);
        }
        ask(whole, &interface.name, known.interface, &interface.v4);
        ask(whole, &interface.name, known.interface, &interface.v6);
    })?;
    read_table(part, table::LISTENERS_4, |row| listen::<u32>(whole, row))?;
    read_table(part, table::LISTENERS_6, |row| listen::<u128>(whole, row))?;
    read_table(part, table::ACCESSES, |row| whole.accesses.load(row, id))?;
    read_table(part, table::ANSWERS, |row| whole.answers.load(row, id))?;
    read_table(part, table::ALIASES, |row| whole.answers.load_alias(row))?;
    read_table(part, table::GAPS, |(name, hour, rows): (Vec<u8>, u32, [u32; 2])| {
        whole.gaps.add(&name, hour, rows);
    })?;
    read_table(part, table::TOTALS, |(window, inbound): (Option<(u64, u64)>, u64)| {
        if let Some((first, last)) = window {
            whole.used(first, last);
        }
        whole.v4.inbound += inbound;
    })
}

fn ask<A: Family>(whole: &mut Aggregator<'_>, name: &[u8], interface: u32, asked: &Asked<A>) {
    if let Candidates::Two { pair, .. } = asked.candidates {
        for (at, end) in pair.into_iter().enumerate() {
            whole
                .remembered
                .add(name, end.to_ip(), asked.stated[at], asked.owned[at]);
        }
    }
    A::plane_mut(whole).may_own(interface, &asked.candidates);
}

fn listen<A: Family>(whole: &mut Aggregator<'_>, (endpoint, signs): (Endpoint<A>, Signs)) {
    A::plane_mut(whole).listeners.entry(endpoint).or_default().add(signs);
}

pub(super) fn read_table<T: DeserializeOwned>(part: &Part, table: usize, mut each: impl FnMut(T)) -> io::Result<()> {
    for block in part.blocks(table) {
        for row in Block::of(&block?)?.read(Block::bytes)? {
            each(postcard::from_bytes(&row).map_err(|_| damaged())?);
        }
    }
    Ok(())
}

fn encoded(row: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(row).map_err(io::Error::other)
}

/// What the inventories of earlier runs said of addresses that may be an interface's own.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct Remembered {
    stated: hashbrown::HashSet<(Box<[u8]>, IpAddr), foldhash::fast::RandomState>,
    owned: hashbrown::HashSet<IpAddr, foldhash::fast::RandomState>,
}

impl Remembered {
    fn add(&mut self, interface: &[u8], address: IpAddr, stated: bool, owned: bool) {
        if stated {
            self.stated.insert((interface.into(), address));
        }
        if owned {
            self.owned.insert(address);
        }
    }

    pub(in crate::aggregate) fn absorb(&mut self, other: Remembered) {
        self.stated.extend(other.stated);
        self.owned.extend(other.owned);
    }

    pub(in crate::aggregate) fn states(&self, interface: &[u8], address: IpAddr) -> bool {
        !self.stated.is_empty() && self.stated.contains(&(interface.into(), address))
    }

    pub(in crate::aggregate) fn owns(&self, address: IpAddr) -> bool {
        self.owned.contains(&address)
    }
}
