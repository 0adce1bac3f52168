//! The flows and pairs that a run has in memory, in the order of their keys: row groups are made on all processors.

use std::io::{self, Write};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::keys::Texts;
use super::rest::{Numbered, encoded};
use super::{Dropped, Family, NAMES};
use crate::aggregate::Aggregator;
use crate::aggregate::interfaces::index;
use crate::aggregate::pairs::{Pair, PairKey};
use crate::inventory::ServiceId;
use crate::map::Starts;
use crate::table::Group;
use crate::table::part::{GROUP, Groups, Writer};

/// Writes the flows of both families, then the pairs, and returns what of the flows is not ours.
pub(super) fn write<W: Write>(whole: &Aggregator<'_>, to: &mut Writer<W>) -> io::Result<Dropped<u32>> {
    let order = Order::of(whole);
    let mut dropped = Dropped::default();
    to.table()?;
    to.add(flows::<u32>(whole, &order, &mut dropped)?)?;
    to.table()?;
    to.add(flows::<u128>(whole, &order, &mut Dropped::default())?)?;
    to.table()?;
    to.add(pairs::<u32>(whole, &order)?)?;
    to.table()?;
    to.add(pairs::<u128>(whole, &order)?)?;
    Ok(dropped)
}

/// The order of numbers by what they stand for.
struct Order<'a> {
    texts: Texts<'a>,
    services: Vec<ServiceId>,
    places: Vec<u32>,
}

impl<'a> Order<'a> {
    fn of(whole: &'a Aggregator<'_>) -> Self {
        let texts = Texts::of(whole.inventory, &whole.interfaces, &whole.words);
        Order {
            services: Numbered::of(whole).numbers(whole),
            places: texts.place_ranks(),
            texts,
        }
    }

    fn service(&self, id: ServiceId) -> ServiceId {
        self.services[index(id.number())]
    }
}

/// A flow's place in the order of keys, and in the table.
type Placed<A> = ((A, u16, [u8; 2], A), ([ServiceId; 2], u32), (usize, usize));

fn flows<A: Family>(whole: &Aggregator<'_>, order: &Order<'_>, dropped: &mut Dropped<A>) -> io::Result<Vec<Group>> {
    let plane = A::plane(whole);
    let shards = plane.flows.shards();
    let mut placed: Vec<Placed<A>> = Vec::with_capacity(plane.flows.len());
    for (number, shard) in shards.iter().enumerate() {
        for at in shard.parts().into_iter().flatten() {
            let key = shard.key(at);
            if whole.is_foreign(&key) {
                dropped.add(&key, &shard.flow(at).1);
                continue;
            }
            let owners = [key.initiator_owner, key.responder_owner].map(|owner| order.service(owner));
            let ends = (
                key.responder,
                key.port,
                [key.protocol, key.stood_in.bits()],
                key.initiator,
            );
            placed.push((ends, (owners, order.places[index(key.place)]), (number, at)));
        }
    }
    placed.par_sort_unstable();
    groups(NAMES[A::FLOWS], &placed, |(.., (shard, at))| {
        let (key, flow) = shards[*shard].flow(*at);
        let none = Starts::default();
        let starts = plane.starts.get(&key).unwrap_or(&none);
        let aws = whole.words.get(flow.aws).unwrap_or_default();
        Ok((order.texts.flow(&key), encoded(&(&flow, aws, starts))?))
    })
}

fn pairs<A: Family>(whole: &Aggregator<'_>, order: &Order<'_>) -> io::Result<Vec<Group>> {
    let mut placed: Vec<(Vec<u8>, &PairKey<A>, &Pair)> = A::plane(whole)
        .pairs
        .iter()
        .map(|(key, pair)| (order.texts.pair(key), key, pair))
        .collect();
    placed.par_sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
    groups(NAMES[A::PAIRS], &placed, |(key, _, pair)| {
        let aws = [0, 1].map(|end| whole.words.get(pair.sent[end].aws).unwrap_or_default());
        Ok((key.clone(), encoded(&(pair, aws))?))
    })
}

fn groups<T: Sync>(
    table: &str,
    rows: &[T],
    row: impl Fn(&T) -> io::Result<(Vec<u8>, Vec<u8>)> + Sync,
) -> io::Result<Vec<Group>> {
    let chunks: Vec<&[T]> = rows.chunks(GROUP).collect();
    let groups = chunks.par_iter().map(|chunk| {
        let mut group = Groups::new()?;
        for it in *chunk {
            let (key, value) = row(it)?;
            group.row(table, &key, &value)?;
        }
        group.finish()
    });
    groups.collect()
}
