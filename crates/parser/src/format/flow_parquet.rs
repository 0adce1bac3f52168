//! VPC and Transit Gateway flow logs in Parquet: the same records and counters as the same log in text.
//!
//! Only the wanted columns are fetched. Memory follows the size of a page and its dictionary, not of the file.

use std::io::Read;
use std::sync::Arc;

use super::flow_text::{Fault, Name, named, show};
use super::{Format, FormatKind, Kind, Options, Output, Shown, Sniff};
use crate::batch::{Bits, Columns, FlowBatch, ROWS};
use crate::inspect::Line;
use crate::printable;
use crate::record::GapStatus;
use crate::source::{self, ReadAt};
use cell::{Cell, Meaning};
use column::Column;
use corrupt::Corrupt;
use footer::{Footer, Group, MAGIC, Physical};
use row::{Layout, Rows};
use table::Table;

mod cell;
mod column;
mod corrupt;
mod delta;
mod filled;
mod footer;
mod hybrid;
mod lane;
mod page;
mod row;
mod stored;
mod table;
mod thrift;
mod values;

pub(super) static KIND: FormatKind = FormatKind {
    name: "flow-parquet",
    help: "VPC and Transit Gateway flow logs in Parquet, of any version, in every encoding, plain or packed with GZIP, SNAPPY, ZSTD, BROTLI or LZ4",
    example: "",
    start: |_| Ok(Box::new(NoParquet)),
};

const UNRECOGNISED: &str = "unrecognised";
const NOT_PARQUET: &str = "not-parquet";

/// Whether an object of which these are the first bytes is read here.
pub(crate) fn takes(head: &[u8], options: &Options) -> bool {
    head == MAGIC && options.kind.as_deref().is_none_or(|kind| kind == KIND.name)
}

/// The bytes of an object in any order: as the source gives them, or else from a temporary file.
fn at_random(body: Box<dyn Read + Send>, at: Option<Arc<dyn ReadAt>>) -> Result<Arc<dyn ReadAt>, Corrupt> {
    match at {
        Some(at) => Ok(at),
        None => source::spool(body).map_err(Corrupt::io),
    }
}

/// Reads every row, as [`scan`](crate::scan()) does every line.
///
/// # Errors
/// What is wrong with the file, and where. What came before was used.
pub(crate) fn scan(
    body: Box<dyn Read + Send>,
    at: Option<Arc<dyn ReadAt>>,
    out: &mut Output<'_>,
) -> Result<(), String> {
    let read = || -> Result<(), Corrupt> {
        let file = at_random(body, at)?;
        let footer = Footer::read(&*file)?;
        let layout = Layout::of(&footer);
        let mut batch = Box::default();
        for (number, group) in (1_usize..).zip(&footer.groups) {
            rows(&*file, &footer, group, &layout, &mut batch, out).map_err(|error| in_group(number, error))?;
        }
        Ok(())
    };
    read().map_err(Corrupt::into_text)
}

fn in_group(number: usize, error: Corrupt) -> Corrupt {
    error.within(&format!("row group {number}"))
}

fn rows(
    file: &dyn ReadAt,
    footer: &Footer,
    group: &Group,
    layout: &Layout,
    batch: &mut Columns,
    out: &mut Output<'_>,
) -> Result<(), Corrupt> {
    if layout.known < 2 {
        for _ in 0..group.rows {
            out.fault(UNRECOGNISED, || unrecognised(footer));
        }
        return Ok(());
    }
    let mut rows = Rows::open(file, footer, group, layout)?;
    loop {
        let count = rows.table.next(ROWS)?;
        if count == 0 {
            break;
        }
        if rows.fit_batches() {
            batched(&mut rows, count, batch, out);
        } else {
            (0..count).for_each(|row| one(&rows, row, out));
        }
        out.tell();
    }
    out.count_bytes(rows.table.close()?);
    Ok(())
}

/// Gives rows many at a time, but for those of which a batch cannot hold one.
fn batched(rows: &mut Rows<'_>, count: usize, batch: &mut Columns, out: &mut Output<'_>) {
    let before = out.lines();
    let all_fit = rows.fill(batch, count, before + 1);
    if !all_fit && out.is_telling() {
        // Who is told of lines set aside is told in their order.
        (0..count).for_each(|row| one(rows, row, out));
        return;
    }
    let mut filled = if all_fit { count } else { 0 };
    for row in (0..count).filter(|_| !all_fit) {
        if batch.bits[row].has(Bits::UNFIT) {
            out.go_on_behind(before + row as u64);
            one(rows, row, out);
        } else {
            batch.move_up(row, filled);
            filled += 1;
        }
    }
    out.flows(&FlowBatch::new(rows.table.text(), batch, filled));
    out.go_on_behind(before + count as u64);
}

/// Gives one row.
fn one(rows: &Rows<'_>, row: usize, out: &mut Output<'_>) {
    match rows.record(row) {
        Ok(record) => out.flow(&record),
        Err(Fault::NoData) => out.gap("nodata", rows.gap(row, GapStatus::NoData).as_ref()),
        Err(Fault::SkipData) => out.gap("skipdata", rows.gap(row, GapStatus::SkipData).as_ref()),
        Err(fault) => out.fault(fault.reason(), || rows.message(row, fault)),
    }
}

fn unrecognised(footer: &Footer) -> String {
    let names: Vec<_> = footer
        .columns
        .iter()
        .take(5)
        .map(|column| column.name.as_str())
        .collect();
    format!(
        "expected the columns of a flow log, found {}",
        printable::quoted(names.join(", ").as_bytes())
    )
}

/// Shows every row with all its columns, as [`inspect`](crate::inspect()) does every line.
///
/// # Errors
/// Those of [`scan`].
pub(crate) fn inspect(
    body: Box<dyn Read + Send>,
    at: Option<Arc<dyn ReadAt>>,
    each: &mut dyn FnMut(&Line),
) -> Result<(), String> {
    let mut line = 0;
    let read = || -> Result<(), Corrupt> {
        let file = at_random(body, at)?;
        let footer = Footer::read(&*file)?;
        let is_flow_log = Layout::of(&footer).known >= 2;
        for (number, group) in (1_usize..).zip(&footer.groups) {
            let mut show = |names: &[&str], values: &[Option<&[u8]>]| {
                line += 1;
                let shown = if is_flow_log {
                    show::row(names, values)
                } else {
                    Shown::aside(Kind::NotALog, UNRECOGNISED)
                };
                each(&Line {
                    line,
                    event: None,
                    format: Some(KIND.name),
                    wrapped: Vec::new(),
                    shown,
                });
            };
            show_group(&*file, &footer, group, &mut show).map_err(|error| in_group(number, error))?;
        }
        Ok(())
    };
    read().map_err(Corrupt::into_text)
}

/// Takes the names of the columns and a row's values, `None` where one is unset.
type ShowRow<'a> = dyn FnMut(&[&str], &[Option<&[u8]>]) + 'a;

fn show_group(file: &dyn ReadAt, footer: &Footer, group: &Group, show: &mut ShowRow<'_>) -> Result<(), Corrupt> {
    let is_flow_log = Layout::of(footer).known >= 2;
    // One that a record needs must be of a type that is read.
    let is_needed = |name: &str| is_flow_log && matches!(named(name), Name::Wanted(_));
    let shown = footer
        .columns
        .iter()
        .filter(|column| !matches!(column.physical, Physical::Other(_)) || is_needed(&column.name));
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for column in shown {
        let meaning = match show::is_account(&column.name) {
            true => Meaning::Account,
            false => Meaning::Anything,
        };
        names.push(column.name.as_str());
        columns.push(Column::open(file, column, &group.chunks[column.chunk], meaning, None)?);
    }
    let mut table = Table::new(columns, group.rows);
    loop {
        let count = table.next(ROWS)?;
        if count == 0 {
            return Ok(());
        }
        for row in 0..count {
            let cells = table.columns.iter().map(|column| column.cell(row));
            let values: Vec<_> = cells
                .map(|cell| match cell {
                    Cell::Text(span) | Cell::Bad(span) => Some(span.of(table.text())),
                    _ => None,
                })
                .collect();
            show(&names, &values);
        }
    }
}

/// What reads an object that was said to be Parquet and is not.
struct NoParquet;

impl Format for NoParquet {
    fn sniff(&mut self, _: &[u8]) -> Sniff {
        Sniff::Unknown
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in crate::lines::split(block) {
            out.fault(NOT_PARQUET, || {
                format!("expected a Parquet file, found {}", printable::quoted(line))
            });
        }
    }

    fn show(&mut self, _: &[u8]) -> Shown {
        Shown::aside(Kind::NotALog, NOT_PARQUET)
    }
}
