//! Flows and pairs of several parts, side by side in the order of their keys: of each part one block is in memory.

use std::io;

use super::cells::{Cells, GROUP};
use super::keys::{Order, Ranks};
use super::row::{FlowRow, Row, rows};
use super::{Dropped, Family};
use crate::aggregate::Aggregator;
use crate::aggregate::flows::FlowKey;
use crate::aggregate::pairs::{Pair, PairKey};
use crate::aggregate::words::Words;
use crate::table::part::{Part, Writer};

/// Writes what [`super::sorted::write`] would, had all parts been counted together.
pub(super) fn write(
    whole: &Aggregator<'_>,
    order: &Order,
    parts: &[Part],
    to: &mut Writer<'_>,
) -> io::Result<(Dropped<u32>, Dropped<u128>)> {
    let ranks: Vec<Ranks> = parts.iter().map(|part| order.ranks(part)).collect::<io::Result<_>>()?;
    let sources: Vec<_> = parts.iter().zip(&ranks).collect();
    let mut to = Merging {
        whole,
        order,
        sources,
        to,
    };
    let dropped = (to.flows::<u32>()?, to.flows::<u128>()?);
    to.rows::<u32, Pair>(|_, _| true)?;
    to.rows::<u128, Pair>(|_, _| true)?;
    Ok(dropped)
}

struct Merging<'m, 'i, 'w> {
    whole: &'m Aggregator<'i>,
    order: &'m Order,
    sources: Vec<(&'m Part, &'m Ranks)>,
    to: &'m mut Writer<'w>,
}

impl Merging<'_, '_, '_> {
    fn flows<A: Family>(&mut self) -> io::Result<Dropped<A>> {
        let mut dropped = Dropped::default();
        let (whole, order) = (self.whole, self.order);
        self.rows::<A, FlowRow>(|rank, row| {
            let key = order.flow_key(rank);
            let foreign = whole.is_foreign(&key);
            if foreign {
                dropped.add(&key, &row.flow);
            }
            !foreign
        })?;
        Ok(dropped)
    }

    /// Writes each key once, if it is wanted.
    fn rows<A: Family, R: Row<A>>(&mut self, mut wanted: impl FnMut(&R::Key, &R) -> bool) -> io::Result<()> {
        let words = &self.whole.words;
        let sources = self.sources.iter().map(|(part, ranks)| Source::of(part, ranks, words));
        let mut sources: Vec<Source<'_, R::Key, R>> = sources.collect::<io::Result<_>>()?;
        let mut cells = Cells::default();
        let mut before = R::Key::default();
        loop {
            let least = sources.iter().filter_map(|source| Some(source.row.as_ref()?.0)).min();
            let Some(key) = least else { break };
            let mut sum: Option<R> = None;
            for source in &mut sources {
                if let Some((_, row)) = source.row.take_if(|(of, _)| *of == key) {
                    match &mut sum {
                        Some(sum) => sum.add(&row, words),
                        None => sum = Some(row),
                    }
                    source.step()?;
                }
            }
            if let Some(row) = sum.filter(|row| wanted(&key, row)) {
                cells.row();
                row.put(&key, &before, self.order, words, &mut cells);
                before = key;
                if cells.rows() == GROUP {
                    self.to.block(R::TABLE, &cells.finish()?)?;
                    before = R::Key::default();
                }
            }
        }
        if cells.rows() > 0 {
            self.to.block(R::TABLE, &cells.finish()?)?;
        }
        Ok(())
    }
}

/// The rows of a block that are still to come.
type Coming<K, R> = std::vec::IntoIter<(K, R)>;

/// The next block, if there is one.
type More<K, R> = io::Result<Option<Coming<K, R>>>;

/// One table of one part, row after row.
struct Source<'a, K, R> {
    row: Option<(K, R)>,
    coming: Coming<K, R>,
    more: Box<dyn FnMut() -> More<K, R> + 'a>,
}

impl<'a, K: 'a, R: 'a> Source<'a, K, R> {
    fn of<A: Family>(part: &Part, ranks: &'a Ranks, words: &'a Words) -> io::Result<Self>
    where
        R: Row<A, Key = K>,
    {
        let mut blocks = part.blocks(R::TABLE);
        let mut source = Source {
            row: None,
            coming: Vec::new().into_iter(),
            more: Box::new(move || {
                let Some(block) = blocks.next() else { return Ok(None) };
                Ok(Some(rows(&block?, ranks, words)?.into_iter()))
            }),
        };
        source.step()?;
        Ok(source)
    }

    fn step(&mut self) -> io::Result<()> {
        self.row = self.coming.next();
        while self.row.is_none() {
            let Some(coming) = (self.more)()? else { return Ok(()) };
            self.coming = coming;
            self.row = self.coming.next();
        }
        Ok(())
    }
}

/// The flows and pairs of a part, as numbers have it here.
#[derive(Clone, Copy)]
pub(in crate::aggregate) struct Counted<'a> {
    pub(in crate::aggregate) part: &'a Part,
    pub(in crate::aggregate) order: &'a Order,
    pub(in crate::aggregate) ranks: &'a Ranks,
    pub(in crate::aggregate) words: &'a Words,
}

impl<'a> Counted<'a> {
    /// Each flow with its key, in order.
    pub(in crate::aggregate) fn flows<A: Family>(self) -> impl Iterator<Item = io::Result<(FlowKey<A>, FlowRow)>> {
        let rows = self.rows::<A, FlowRow>();
        rows.map(move |row| row.map(|(rank, row)| (self.order.flow_key(&rank), row)))
    }

    /// Each pair with its key, in order.
    pub(in crate::aggregate) fn pairs<A: Family>(self) -> impl Iterator<Item = io::Result<(PairKey<A>, Pair)>> {
        let rows = self.rows::<A, Pair>();
        rows.map(move |row| row.map(|(rank, pair)| (self.order.pair_key(&rank), pair)))
    }

    fn rows<A: Family, R: Row<A> + 'a>(self) -> impl Iterator<Item = io::Result<(R::Key, R)>> {
        self.part.blocks(R::TABLE).flat_map(move |block| {
            let rows = block.and_then(|block| rows(&block, self.ranks, self.words));
            let (rows, failed) = match rows {
                Ok(rows) => (rows, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            rows.into_iter().map(Ok).chain(failed)
        })
    }
}
