//! Columns as dependencies: what a file says is checked cell by cell.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, ListChunked, StringChunked, UInt32Chunked, UInt64Chunked};

use crate::identity::ServiceName;
use crate::map::{Dependency, Hours, Key, Naming, OnlySource, Starts, Tally};

use super::cells::{Cells, RowError};
use super::sampled::Sampled;

/// The longest destination there can be: a service name.
const LONGEST_DESTINATION: usize = 255;

/// The dependencies of a table.
pub(super) fn dependencies(frame: &DataFrame) -> Result<BTreeMap<Key, Dependency>, RowError> {
    let table = Table::of(frame)?;
    let mut dependencies = BTreeMap::new();
    for row in 0..frame.height() {
        if dependencies.insert(table.key(row)?, table.dependency(row)?).is_some() {
            return Err(RowError::Repeated { row: row + 1 });
        }
    }
    Ok(dependencies)
}

struct Table<'a> {
    service: Cells<'a, StringChunked>,
    destination: Cells<'a, StringChunked>,
    addresses: Cells<'a, ListChunked>,
    class: Cells<'a, StringChunked>,
    port: Cells<'a, UInt32Chunked>,
    protocol: Cells<'a, StringChunked>,
    application: Cells<'a, StringChunked>,
    evidence: Cells<'a, StringChunked>,
    also: Cells<'a, StringChunked>,
    refused_flow: Cells<'a, UInt64Chunked>,
    refused_access: Cells<'a, UInt64Chunked>,
    first_seen: Cells<'a, UInt64Chunked>,
    last_seen: Cells<'a, UInt64Chunked>,
    days: Cells<'a, ListChunked>,
    hours: Cells<'a, ListChunked>,
    initiator: Cells<'a, StringChunked>,
    at_initiator: Tallies<'a>,
    at_responder: Tallies<'a>,
    elsewhere: Tallies<'a>,
    access: Tallies<'a>,
    sampled: Option<Sampled<'a>>,
}

impl<'a> Table<'a> {
    fn of(frame: &'a DataFrame) -> Result<Self, RowError> {
        let text = |name: &str| Cells::of(frame, name, Column::str);
        let number = |name: &str| Cells::of(frame, name, Column::u64);
        let list = |name: &str| Cells::of(frame, name, Column::list);
        Ok(Table {
            service: text("service")?,
            destination: text("destination")?,
            addresses: list("addresses")?,
            class: text("class")?,
            port: Cells::of(frame, "port", Column::u32)?,
            protocol: text("protocol")?,
            application: text("application")?,
            evidence: text("evidence")?,
            also: text("also")?,
            refused_flow: number("refused_flow")?,
            refused_access: number("refused_access")?,
            first_seen: number("first_seen_unix")?,
            last_seen: number("last_seen_unix")?,
            days: list("days")?,
            hours: list("hours")?,
            initiator: text("initiator")?,
            at_initiator: Tallies::of(frame, "at_initiator")?,
            at_responder: Tallies::of(frame, "at_responder")?,
            elsewhere: Tallies::of(frame, "elsewhere")?,
            access: Tallies::of(frame, "access")?,
            sampled: Sampled::of(frame)?,
        })
    }

    fn key(&self, row: usize) -> Result<Key, RowError> {
        let service = self.service.text(row)?.to_owned();
        let destination = self.destination.text(row)?;
        let fits = (1..=LONGEST_DESTINATION).contains(&destination.len()) && !destination.contains(char::is_control);
        if !fits {
            return Err(self
                .destination
                .wrong(row, "expected 1 to 255 bytes without control characters"));
        }
        let port = self.port.number(row)?;
        Ok(Key {
            service: ServiceName::try_from(service).map_err(|error| self.service.wrong(row, error))?,
            destination: destination.to_owned(),
            port: u16::try_from(port).map_err(|_| self.port.wrong(row, format!("expected a port, found {port}")))?,
            protocol: self.protocol.word(row)?,
        })
    }

    fn dependency(&self, row: usize) -> Result<Dependency, RowError> {
        let addresses = self.addresses.texts(row)?;
        let addresses: Result<_, _> = addresses.iter().map(|address| address.parse()).collect();
        Ok(Dependency {
            addresses: addresses.map_err(|error| self.addresses.wrong(row, error))?,
            class: self.class.word(row)?,
            application: self.application.word(row)?,
            name: self.naming(row)?,
            at_initiator: self.at_initiator.tally(row)?,
            at_responder: self.at_responder.tally(row)?,
            elsewhere: self.elsewhere.tally(row)?,
            access: self.access.tally(row)?,
            refused_flow: self.refused_flow.number(row)?,
            refused_access: self.refused_access.number(row)?,
            seen: self.seen(row)?,
            initiator: self.initiator.word(row)?,
            source: self
                .sampled
                .as_ref()
                .map_or(Ok(OnlySource::Unknown), |it| it.source(row))?,
            starts: self
                .sampled
                .as_ref()
                .map_or(Ok(Starts::default()), |it| it.starts(row))?,
        })
    }

    fn naming(&self, row: usize) -> Result<Naming, RowError> {
        let evidence = serde_json::from_str(self.evidence.text(row)?);
        let also = serde_json::from_str::<BTreeMap<String, u64>>(self.also.text(row)?);
        Ok(Naming {
            evidence: evidence.map_err(|error| self.evidence.wrong(row, error))?,
            also: also.map_err(|error| self.also.wrong(row, error))?,
        })
    }

    fn seen(&self, row: usize) -> Result<Hours, RowError> {
        let (days, hours) = (self.days.numbers(row)?, self.hours.numbers(row)?);
        let ascending = days.is_sorted_by(|day, next| day < next);
        if !ascending || days.len() != hours.len() || hours.iter().any(|&hours| hours == 0 || hours >> 24 != 0) {
            return Err(self.days.wrong(
                row,
                "expected ascending days, each with the bits of its 24 hours in `hours`",
            ));
        }
        Ok(Hours {
            first: self.first_seen.number(row)?,
            last: self.last_seen.number(row)?,
            days: days.into_iter().zip(hours).collect(),
        })
    }
}

/// The columns of one tally.
struct Tallies<'a> {
    records: Cells<'a, UInt64Chunked>,
    bytes_out: Cells<'a, UInt64Chunked>,
    bytes_in: Cells<'a, UInt64Chunked>,
    packets_out: Cells<'a, UInt64Chunked>,
    packets_in: Cells<'a, UInt64Chunked>,
}

impl<'a> Tallies<'a> {
    fn of(frame: &'a DataFrame, prefix: &str) -> Result<Self, RowError> {
        let number = |count: &str| Cells::of(frame, &format!("{prefix}_{count}"), Column::u64);
        Ok(Tallies {
            records: number("records")?,
            bytes_out: number("bytes_out")?,
            bytes_in: number("bytes_in")?,
            packets_out: number("packets_out")?,
            packets_in: number("packets_in")?,
        })
    }

    fn tally(&self, row: usize) -> Result<Tally, RowError> {
        Ok(Tally {
            records: self.records.number(row)?,
            bytes_out: self.bytes_out.number(row)?,
            bytes_in: self.bytes_in.number(row)?,
            packets_out: self.packets_out.number(row)?,
            packets_in: self.packets_in.number(row)?,
        })
    }
}
