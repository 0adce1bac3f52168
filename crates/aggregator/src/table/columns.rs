//! Dependencies as columns.

use std::collections::BTreeMap;

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, ListBuilderTrait, ListPrimitiveChunkedBuilder, ListStringChunkedBuilder,
    PolarsError, PolarsResult, UInt32Type,
};
use serde::Serialize;

use super::sampled;
use crate::map::{Dependency, Key, Tally};

type Row<'a> = (&'a Key, &'a Dependency);

/// The table: columns for people and engines first, then the tallies they are chosen from.
pub(super) fn frame(dependencies: &BTreeMap<Key, Dependency>) -> PolarsResult<DataFrame> {
    let rows: Vec<Row<'_>> = dependencies.iter().collect();
    // Texts take about as long as numbers.
    let (identity, (counts, times, initiator, tallies)) = rayon::join(
        || identity(&rows),
        || {
            (
                shown_counts(&rows),
                times(&rows),
                texts(&rows, "initiator", |(_, it)| it.initiator.as_str()),
                tallies(&rows),
            )
        },
    );
    let mut columns = identity?;
    columns.extend(counts);
    columns.extend(times);
    columns.push(initiator);
    columns.extend(tallies);
    columns.extend(sampled_columns(&rows));
    DataFrame::new(rows.len(), columns)
}

fn identity(rows: &[Row<'_>]) -> PolarsResult<Vec<Column>> {
    let ports: Vec<_> = rows.iter().map(|(key, _)| u32::from(key.port)).collect();
    let protocols: Vec<_> = rows.iter().map(|(key, _)| key.protocol.to_string()).collect();
    Ok(vec![
        texts(rows, "service", |(key, _)| key.service.as_str()),
        texts(rows, "destination", |(key, _)| &key.destination),
        lists_of_text(rows, "addresses", |(_, it)| {
            it.addresses.iter().map(ToString::to_string).collect()
        }),
        texts(rows, "class", |(_, it)| it.class.as_str()),
        Column::new("port".into(), ports),
        Column::new("protocol".into(), protocols),
        texts(rows, "application", |(_, it)| it.application.as_str()),
        texts(rows, "grade", |(_, it)| it.name.grade().as_str()),
        json(rows, "evidence", |(_, it)| &it.name.evidence)?,
        json(rows, "also", |(_, it)| &it.name.also)?,
    ])
}

fn shown_counts(rows: &[Row<'_>]) -> Vec<Column> {
    vec![
        numbers(rows, "records_flow", |(_, it)| it.flow().records),
        numbers(rows, "records_access", |(_, it)| it.access.records),
        numbers(rows, "refused_flow", |(_, it)| it.refused_flow),
        numbers(rows, "refused_access", |(_, it)| it.refused_access),
        numbers(rows, "bytes_out", |(_, it)| it.volume().bytes_out),
        numbers(rows, "bytes_in", |(_, it)| it.volume().bytes_in),
        numbers(rows, "packets_out", |(_, it)| it.volume().packets_out),
        numbers(rows, "packets_in", |(_, it)| it.volume().packets_in),
    ]
}

/// `days` counts from 1970-01-01; `hours` holds, for each of them, one bit a UTC hour.
fn times(rows: &[Row<'_>]) -> Vec<Column> {
    vec![
        numbers(rows, "first_seen_unix", |(_, it)| it.seen.first),
        numbers(rows, "last_seen_unix", |(_, it)| it.seen.last),
        numbers(rows, "days_seen", |(_, it)| it.seen.days_seen() as u64),
        lists_of_numbers(rows, "days", |(_, it)| {
            it.seen.days.iter().map(|&(day, _)| day).collect()
        }),
        lists_of_numbers(rows, "hours", |(_, it)| {
            it.seen.days.iter().map(|&(_, hours)| hours).collect()
        }),
    ]
}

fn tallies(rows: &[Row<'_>]) -> Vec<Column> {
    let of_tally = |prefix: &str, tally: fn(&Dependency) -> &Tally| {
        [
            numbers(rows, &format!("{prefix}_records"), |(_, it)| tally(it).records),
            numbers(rows, &format!("{prefix}_bytes_out"), |(_, it)| tally(it).bytes_out),
            numbers(rows, &format!("{prefix}_bytes_in"), |(_, it)| tally(it).bytes_in),
            numbers(rows, &format!("{prefix}_packets_out"), |(_, it)| tally(it).packets_out),
            numbers(rows, &format!("{prefix}_packets_in"), |(_, it)| tally(it).packets_in),
        ]
    };
    let tallies = [
        of_tally("at_initiator", |it| &it.at_initiator),
        of_tally("at_responder", |it| &it.at_responder),
        of_tally("elsewhere", |it| &it.elsewhere),
        of_tally("access", |it| &it.access),
    ];
    tallies.into_iter().flatten().collect()
}

fn sampled_columns(rows: &[Row<'_>]) -> [Column; 2] {
    let sources: Vec<_> = rows.iter().map(|(_, it)| sampled::source(it.source)).collect();
    let starts: Vec<_> = rows.iter().map(|(_, it)| sampled::starts(&it.starts)).collect();
    [
        Column::new(sampled::SOURCE.into(), sources),
        Column::new(sampled::STARTS.into(), starts),
    ]
}

fn texts<'a>(rows: &[Row<'a>], name: &str, cell: impl Fn(Row<'a>) -> &'a str) -> Column {
    Column::new(name.into(), rows.iter().map(|row| cell(*row)).collect::<Vec<_>>())
}

fn numbers(rows: &[Row<'_>], name: &str, cell: impl Fn(Row<'_>) -> u64) -> Column {
    Column::new(name.into(), rows.iter().map(|row| cell(*row)).collect::<Vec<_>>())
}

fn json<'a, T: Serialize + 'a>(rows: &[Row<'a>], name: &str, cell: impl Fn(Row<'a>) -> &'a T) -> PolarsResult<Column> {
    let cells: Result<Vec<_>, _> = rows.iter().map(|row| serde_json::to_string(cell(*row))).collect();
    let cells = cells.map_err(|error| PolarsError::ComputeError(error.to_string().into()))?;
    Ok(Column::new(name.into(), cells))
}

fn lists_of_text(rows: &[Row<'_>], name: &str, cell: impl Fn(Row<'_>) -> Vec<String>) -> Column {
    let mut lists = ListStringChunkedBuilder::new(name.into(), rows.len(), rows.len());
    for row in rows {
        lists.append_values_iter(cell(*row).iter().map(String::as_str));
    }
    lists.finish().into_column()
}

fn lists_of_numbers(rows: &[Row<'_>], name: &str, cell: impl Fn(Row<'_>) -> Vec<u32>) -> Column {
    let mut lists =
        ListPrimitiveChunkedBuilder::<UInt32Type>::new(name.into(), rows.len(), rows.len(), DataType::UInt32);
    for row in rows {
        lists.append_slice(&cell(*row));
    }
    lists.finish().into_column()
}
