//! A flow or a pair as cells of a block.

use std::io;

use super::Family;
use super::cells::{Block, Cells};
use super::keys::{FlowRank, Order, PairRank, Ranks};
use super::rest::Place;
use crate::aggregate::flows::{ClientPorts, Flow, Signs};
use crate::aggregate::interfaces::index;
use crate::aggregate::pairs::{Pair, Sent};
use crate::aggregate::seen::{DAY, Seen};
use crate::aggregate::words::Words;
use crate::map::{Start, Starts};

/// A flow, and when connections of it began.
#[derive(Debug, Clone, Default)]
pub(in crate::aggregate) struct FlowRow {
    pub(in crate::aggregate) flow: Flow,
    pub(in crate::aggregate) starts: Starts,
}

/// What a table holds under keys. `before` is the key of the row before, of the same block.
pub(super) trait Row<A: Family>: Sized {
    type Key: Ord + Copy + Default + Send + Sync;
    const TABLE: usize;

    fn put(&self, key: &Self::Key, before: &Self::Key, order: &Order, words: &Words, to: &mut Cells);
    fn take(before: &Self::Key, ranks: &Ranks, words: &Words, from: &mut Block) -> Option<(Self::Key, Self)>;
    fn add(&mut self, other: &Self, words: &Words);
}

/// All rows of a block of a part with those ranks.
pub(super) fn rows<A: Family, R: Row<A>>(block: &[u8], ranks: &Ranks, words: &Words) -> io::Result<Vec<(R::Key, R)>> {
    let mut before = R::Key::default();
    Block::of(block)?.read(|from| {
        let row = R::take(&before, ranks, words, from)?;
        before = row.0;
        Some(row)
    })
}

impl<A: Family> Row<A> for FlowRow {
    type Key = FlowRank<A>;
    const TABLE: usize = A::FLOWS;

    fn put(&self, key: &FlowRank<A>, before: &FlowRank<A>, order: &Order, words: &Words, to: &mut Cells) {
        to.wide(key.responder.wide().wrapping_sub(before.responder.wide()));
        to.number(u64::from(key.port));
        to.number(u64::from(key.protocol) << 2 | u64::from(key.stood_in));
        to.number(u64::from(key.place));
        to.wide(key.initiator.wide() ^ usual::<A>(&order.places, key.place));
        key.owners.iter().for_each(|owner| to.number(u64::from(*owner)));
        let flow = &self.flow;
        let answers = flow.lines.wrapping_sub(flow.records).wrapping_sub(flow.refused);
        let counts = [
            flow.records,
            answers,
            flow.refused,
            flow.bytes_out,
            flow.bytes_in,
            flow.packets_out,
            flow.packets_in,
        ];
        counts.into_iter().for_each(|count| to.number(count));
        to.number(u64::from(flow.signs.bits()));
        let (least, greatest) = flow.client_ports.ends();
        to.number(u64::from(least));
        to.number(u64::from(greatest.wrapping_sub(least)));
        to.word(words.get(flow.aws).unwrap_or_default());
        put_seen(&flow.seen, to);
        to.number(self.starts.iter().count() as u64);
        to.numbers(self.starts.iter().map(|start| u64::from(start.second)));
        to.numbers(self.starts.iter().map(|start| u64::from(start.port)));
    }

    fn take(before: &FlowRank<A>, ranks: &Ranks, words: &Words, from: &mut Block) -> Option<(FlowRank<A>, FlowRow)> {
        let responder = A::of_wide(before.responder.wide().wrapping_add(from.wide()?))?;
        let port = from.small()?;
        let bits: u16 = from.small()?;
        let place = from.small()?;
        let initiator = A::of_wide(from.wide()? ^ usual::<A>(&ranks.places, place))?;
        let owners = [ranks.service(from.small()?)?, ranks.service(from.small()?)?];
        let key = FlowRank {
            responder,
            port,
            protocol: u8::try_from(bits >> 2).ok()?,
            stood_in: u8::try_from(bits & 3).ok()?,
            initiator,
            owners,
            place: ranks.place(place)?,
        };
        let mut flow = Flow {
            records: from.number()?,
            lines: from.number()?,
            refused: from.number()?,
            bytes_out: from.number()?,
            bytes_in: from.number()?,
            packets_out: from.number()?,
            packets_in: from.number()?,
            signs: Signs::from_bits(from.small()?),
            ..Flow::default()
        };
        flow.lines = flow.lines.checked_add(flow.records)?.checked_add(flow.refused)?;
        let least: u16 = from.small()?;
        flow.client_ports = ClientPorts::between(least, least.wrapping_add(from.small()?));
        flow.aws = words.number(from.word()?);
        flow.seen = take_seen(from)?;
        let starts = from.small()?;
        let (seconds, ports) = (from.numbers(starts)?, from.numbers(starts)?);
        let start = |(second, port): (u64, u64)| {
            Some(Start {
                second: u32::try_from(second).ok()?,
                port: u16::try_from(port).ok()?,
            })
        };
        let starts: Option<Vec<Start>> = seconds.into_iter().zip(ports).map(start).collect();
        let starts = Starts::of(starts?)?;
        Some((key, FlowRow { flow, starts }))
    }

    fn add(&mut self, other: &Self, words: &Words) {
        self.flow.add(&other.flow, words);
        self.starts.union(&other.starts);
    }
}

impl<A: Family> Row<A> for Pair {
    type Key = PairRank<A>;
    const TABLE: usize = A::PAIRS;

    fn put(&self, key: &PairRank<A>, before: &PairRank<A>, _: &Order, words: &Words, to: &mut Cells) {
        for ((address, port, stood_in, owner), (last, ..)) in key.ends.iter().zip(&before.ends) {
            to.wide(address.wide().wrapping_sub(last.wide()));
            to.number(u64::from(*port));
            to.number(u64::from(*owner) << 1 | u64::from(*stood_in));
        }
        to.number(u64::from(key.protocol));
        to.number(u64::from(key.place));
        for sent in &self.sent {
            let counts = [sent.records, sent.bytes, sent.packets, sent.rejected];
            counts.into_iter().for_each(|count| to.number(count));
            // The end of time stands for no record.
            to.number(sent.first.wrapping_add(1));
            to.word(words.get(sent.aws).unwrap_or_default());
            put_seen(sent.rejected_seen.as_deref().unwrap_or(&Seen::default()), to);
        }
        put_seen(&self.seen, to);
    }

    fn take(before: &PairRank<A>, ranks: &Ranks, words: &Words, from: &mut Block) -> Option<(PairRank<A>, Pair)> {
        let mut end = |(last, ..): (A, u16, bool, u32)| {
            let address = A::of_wide(last.wide().wrapping_add(from.wide()?))?;
            let port = from.small()?;
            let bits = from.number()?;
            let owner = ranks.service(u32::try_from(bits >> 1).ok()?)?;
            Some((address, port, bits & 1 == 1, owner))
        };
        let ends = [end(before.ends[0])?, end(before.ends[1])?];
        let key = PairRank {
            ends,
            protocol: from.small()?,
            place: ranks.place(from.small()?)?,
        };
        let mut sent = || {
            Some(Sent {
                records: from.number()?,
                bytes: from.number()?,
                packets: from.number()?,
                rejected: from.number()?,
                first: from.number()?.wrapping_sub(1),
                aws: words.number(from.word()?),
                rejected_seen: Some(take_seen(from)?).filter(|seen| !seen.is_empty()).map(Box::new),
            })
        };
        let sent = [sent()?, sent()?];
        let seen = take_seen(from)?;
        Some((key, Pair { sent, seen }))
    }

    fn add(&mut self, other: &Self, words: &Words) {
        Pair::add(self, other, words);
    }
}

/// The address that flows mostly come from at a place, if it is known.
fn usual<A: Family>(places: &[Place], place: u32) -> u128 {
    let place = places.get(index(place));
    place.and_then(A::usual).map_or(0, A::wide)
}

fn put_seen(seen: &Seen, to: &mut Cells) {
    let (first, last) = seen.span();
    to.number(seen.days().count() as u64);
    to.near((!seen.is_empty()).then_some(first));
    to.number(last.wrapping_sub(first));
    let mut before = day(first);
    to.numbers(seen.days().map(|(day, _)| {
        let more = day.wrapping_sub(before);
        before = day;
        u64::from(more)
    }));
    to.numbers(seen.days().map(|(_, hours)| u64::from(hours)));
}

fn take_seen(from: &mut Block) -> Option<Seen> {
    let count = from.small()?;
    let first = from.near()?;
    let last = first.wrapping_add(from.number()?);
    let mut at = day(first);
    let (days, hours) = (from.numbers(count)?, from.numbers(count)?);
    let mut seen = Seen::default();
    for (more, hours) in days.into_iter().zip(hours) {
        at = at.wrapping_add(u32::try_from(more).ok()?);
        seen.take((first, last), at, u32::try_from(hours).ok()?);
    }
    Some(seen)
}

fn day(second: u64) -> u32 {
    u32::try_from(second / DAY).unwrap_or(u32::MAX)
}
