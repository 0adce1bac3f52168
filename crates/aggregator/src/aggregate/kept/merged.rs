//! Flows and pairs of several parts, side by side in the order of their keys: of each part one row group is in memory.

use std::io::{self, Write};

use super::keys::Numbers;
use super::rest::{decoded, encoded};
use super::{Dropped, Family, damaged};
use crate::aggregate::Aggregator;
use crate::aggregate::flows::Flow;
use crate::aggregate::pairs::Pair;
use crate::aggregate::words::Words;
use crate::map::Starts;
use crate::table::part::{Part, Rows, Writer};

/// A flow as a row has it: with the AWS service of the responder, and when connections began.
pub(in crate::aggregate) type FlowRow = (Flow, String, Starts);

/// A pair as a row has it: with the AWS services of its ends.
pub(in crate::aggregate) type PairRow = (Pair, [String; 2]);

/// Writes what [`super::sorted::write`] would, had all parts been counted together.
pub(super) fn write<W: Write>(whole: &Aggregator<'_>, parts: &[Part], to: &mut Writer<W>) -> io::Result<Dropped<u32>> {
    let numbers = Numbers::of(whole);
    let mut dropped = Dropped::default();
    flows::<u32, W>(whole, &numbers, parts, &mut dropped, to)?;
    flows::<u128, W>(whole, &numbers, parts, &mut Dropped::default(), to)?;
    pairs::<u32, W>(parts, to)?;
    pairs::<u128, W>(parts, to)?;
    Ok(dropped)
}

fn flows<A: Family, W: Write>(
    whole: &Aggregator<'_>,
    numbers: &Numbers,
    parts: &[Part],
    dropped: &mut Dropped<A>,
    to: &mut Writer<W>,
) -> io::Result<()> {
    let mut merge = Merge::of(parts, A::FLOWS)?;
    to.table()?;
    while merge.next()? {
        if !A::PUBLIC_MAY_BE_OURS {
            let key = numbers.flow::<A>(&merge.key).ok_or_else(damaged)?;
            if whole.is_foreign(&key) {
                dropped.add(&key, &sum_of_flows(&merge.values)?.0);
                continue;
            }
        }
        match &*merge.values {
            [alone] => to.row(&merge.key, alone)?,
            several => to.row(&merge.key, &encoded(&sum_of_flows(several)?)?)?,
        }
    }
    Ok(())
}

fn sum_of_flows(values: &[Vec<u8>]) -> io::Result<FlowRow> {
    let mut words = Words::default();
    let mut sum = FlowRow::default();
    for value in values {
        let (mut flow, aws, starts): FlowRow = decoded(value)?;
        flow.aws = words.intern(aws.as_bytes());
        sum.0.add(&flow, &words);
        sum.2.union(&starts);
    }
    sum.1 = words.get(sum.0.aws).unwrap_or_default().to_owned();
    Ok(sum)
}

fn pairs<A: Family, W: Write>(parts: &[Part], to: &mut Writer<W>) -> io::Result<()> {
    let mut merge = Merge::of(parts, A::PAIRS)?;
    to.table()?;
    while merge.next()? {
        match &*merge.values {
            [alone] => to.row(&merge.key, alone)?,
            several => to.row(&merge.key, &encoded(&sum_of_pairs(several)?)?)?,
        }
    }
    Ok(())
}

fn sum_of_pairs(values: &[Vec<u8>]) -> io::Result<PairRow> {
    let mut words = Words::default();
    let mut sum = PairRow::default();
    for value in values {
        let (mut pair, aws): PairRow = decoded(value)?;
        for (sent, aws) in pair.sent.iter_mut().zip(&aws) {
            sent.aws = words.intern(aws.as_bytes());
        }
        sum.0.add(&pair, &words);
    }
    sum.1 = [0, 1].map(|end| words.get(sum.0.sent[end].aws).unwrap_or_default().to_owned());
    Ok(sum)
}

/// One table of all parts: key after key, with the values that the parts have for it.
struct Merge {
    parts: Vec<Rows>,
    key: Vec<u8>,
    values: Vec<Vec<u8>>,
}

impl Merge {
    fn of(parts: &[Part], table: usize) -> io::Result<Self> {
        let parts = parts.iter().map(|part| part.rows(table)).collect::<io::Result<_>>()?;
        Ok(Merge {
            parts,
            key: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Goes on to the next key; `false` after the last.
    fn next(&mut self) -> io::Result<bool> {
        self.values.clear();
        let least = self.parts.iter().filter_map(|rows| Some(rows.row()?.0)).min();
        let Some(least) = least else { return Ok(false) };
        self.key.clear();
        self.key.extend_from_slice(least);
        for rows in &mut self.parts {
            if let Some((key, value)) = rows.row()
                && key == self.key
            {
                self.values.push(value.to_vec());
                rows.step()?;
            }
        }
        Ok(true)
    }
}
