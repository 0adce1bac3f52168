//! The flows and pairs that a run has in memory, in the order of their keys, on all processors.

use std::io;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::cells::{Cells, GROUP};
use super::keys::{FlowRank, Order, PairRank};
use super::row::{FlowRow, Row};
use super::{Dropped, Family};
use crate::aggregate::Aggregator;
use crate::aggregate::flow_table::Shard;
use crate::aggregate::pairs::Pair;
use crate::table::part::Writer;

/// How many flows are looked up at a time: the processor does that for several at once.
const BATCH: usize = 64;

/// Writes the flows of both families, then the pairs, and returns what of the flows is not ours.
pub(super) fn write(
    whole: &Aggregator<'_>,
    order: &Order,
    to: &mut Writer<'_>,
) -> io::Result<(Dropped<u32>, Dropped<u128>)> {
    let dropped = (flows::<u32>(whole, order, to)?, flows::<u128>(whole, order, to)?);
    pairs::<u32>(whole, order, to)?;
    pairs::<u128>(whole, order, to)?;
    Ok(dropped)
}

/// A flow's key, and where it stands in the table: shard and slot.
type Placed<A> = (FlowRank<A>, u32, u32);

fn flows<A: Family>(whole: &Aggregator<'_>, order: &Order, to: &mut Writer<'_>) -> io::Result<Dropped<A>> {
    let plane = A::plane(whole);
    let shards = plane.flows.shards();
    let of_shard = |(shard, number)| placed(whole, order, shard, number);
    let numbered: Vec<_> = shards.iter().zip(0..).collect();
    let parts: Vec<_> = numbered.into_par_iter().map(of_shard).collect();
    let mut placed: Vec<Placed<A>> = Vec::with_capacity(parts.iter().map(|(placed, _)| placed.len()).sum());
    let mut dropped = Dropped::default();
    for (of_shard, dropped_there) in parts {
        placed.extend(of_shard);
        dropped.extend(dropped_there);
    }
    placed.par_sort_unstable();
    let row = |(_, shard, at): &Placed<A>| {
        let (key, flow) = shards[*shard as usize].flow(*at as usize);
        let starts = plane.starts.get(&key).cloned().unwrap_or_default();
        FlowRow { flow, starts }
    };
    let warm = |batch: &[Placed<A>]| {
        let slots = batch
            .iter()
            .map(|(_, shard, at)| shards[*shard as usize].warm_at(*at as usize));
        std::hint::black_box(slots.fold(0, u32::wrapping_add));
    };
    blocks::<A, FlowRow, _>(whole, order, &placed, |(key, ..)| *key, warm, row, to)?;
    Ok(dropped)
}

/// The flows of a shard that are not surely of others.
fn placed<A: Family>(
    whole: &Aggregator<'_>,
    order: &Order,
    shard: &Shard<A>,
    number: u32,
) -> (Vec<Placed<A>>, Dropped<A>) {
    let mut placed = Vec::with_capacity(shard.len());
    let mut dropped = Dropped::default();
    for (at, key) in shard.keys() {
        if whole.is_foreign(&key) {
            dropped.add(&key, &shard.flow(at).1);
        } else {
            let at = u32::try_from(at).expect("four billion flows do not fit in memory");
            placed.push((order.flow(&key), number, at));
        }
    }
    (placed, dropped)
}

fn pairs<A: Family>(whole: &Aggregator<'_>, order: &Order, to: &mut Writer<'_>) -> io::Result<()> {
    let pairs = A::plane(whole).pairs.iter();
    let mut placed: Vec<(PairRank<A>, &Pair)> = pairs.map(|(key, pair)| (order.pair(key), pair)).collect();
    placed.par_sort_unstable_by_key(|(key, _)| *key);
    let row = |(_, pair): &(PairRank<A>, &Pair)| (*pair).clone();
    blocks::<A, Pair, _>(whole, order, &placed, |(key, _)| *key, |_| (), row, to)
}

/// Writes rows as blocks.
fn blocks<A: Family, R: Row<A>, T: Sync>(
    whole: &Aggregator<'_>,
    order: &Order,
    rows: &[T],
    key: impl Fn(&T) -> R::Key + Sync,
    warm: impl Fn(&[T]) + Sync,
    row: impl Fn(&T) -> R + Sync,
    to: &mut Writer<'_>,
) -> io::Result<()> {
    let blocks = rows.par_chunks(GROUP).map_init(Cells::default, |cells, rows| {
        let mut before = R::Key::default();
        for batch in rows.chunks(BATCH) {
            warm(batch);
            for it in batch {
                let key = key(it);
                cells.row();
                row(it).put(&key, &before, order, &whole.words, cells);
                before = key;
            }
        }
        cells.finish()
    });
    let blocks: Vec<Vec<u8>> = blocks.collect::<io::Result<_>>()?;
    blocks.iter().try_for_each(|block| to.block(R::TABLE, block))
}
