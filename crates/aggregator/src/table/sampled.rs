//! The columns that maps have had since suspicion: the one source, and when connections began. Maps of before lack them.
//!
//! Most rows have no starts, so they are text: an empty one costs an engine nothing, and an empty list does.

use polars::prelude::{Column, DataFrame, StringChunked};

use super::cells::{Cells, RowError};
use super::columns::text;
use super::write::Field;
use crate::map::{OnlySource, Start, Starts};

pub(super) const SOURCE: &str = "source";
/// `seconds:client-port`, with spaces between; a request has no port.
pub(super) const STARTS: &str = "starts_unix";

/// What stands for two sources at least; for an unknown one stands nothing.
const SEVERAL: &str = "several";

/// The columns to write.
pub(super) fn fields() -> [Field; 2] {
    [
        text(SOURCE, |_, it, to| to(&source(it.source))),
        text(STARTS, |_, it, to| to(&starts(&it.starts))),
    ]
}

/// How a source is written.
fn source(source: OnlySource) -> String {
    match source {
        OnlySource::Unknown => String::new(),
        OnlySource::One(address) => address.to_string(),
        OnlySource::Several => SEVERAL.to_owned(),
    }
}

/// How starts are written.
fn starts(starts: &Starts) -> String {
    let one = |start: &Start| match start.port {
        0 => start.second.to_string(),
        port => format!("{}:{port}", start.second),
    };
    starts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The columns of a map that has them.
pub(super) struct Sampled<'a> {
    source: Cells<'a, StringChunked>,
    starts: Cells<'a, StringChunked>,
}

impl<'a> Sampled<'a> {
    /// The columns, or `None` where the map has none of them.
    pub(super) fn of(frame: &'a DataFrame) -> Result<Option<Self>, RowError> {
        if ![SOURCE, STARTS]
            .iter()
            .any(|name| frame.get_column_index(name).is_some())
        {
            return Ok(None);
        }
        Ok(Some(Sampled {
            source: Cells::of(frame, SOURCE, Column::str)?,
            starts: Cells::of(frame, STARTS, Column::str)?,
        }))
    }

    pub(super) fn source(&self, row: usize) -> Result<OnlySource, RowError> {
        match self.source.text(row)? {
            "" => Ok(OnlySource::Unknown),
            SEVERAL => Ok(OnlySource::Several),
            address => {
                let address = address.parse().map_err(|error| self.source.wrong(row, error))?;
                Ok(OnlySource::One(address))
            }
        }
    }

    pub(super) fn starts(&self, row: usize) -> Result<Starts, RowError> {
        let starts: Option<Vec<Start>> = self.starts.text(row)?.split_ascii_whitespace().map(start).collect();
        starts.and_then(Starts::of).ok_or_else(|| {
            self.starts.wrong(
                row,
                "expected ascending seconds of the sampled hours, each with its port",
            )
        })
    }
}

fn start(text: &str) -> Option<Start> {
    let (second, port) = match text.split_once(':') {
        Some((second, port)) => (second, port.parse().ok()?),
        None => (text, 0),
    };
    Some(Start {
        second: second.parse().ok()?,
        port,
    })
}
