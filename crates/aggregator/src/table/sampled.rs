//! The columns that maps have had since suspicion: the one source, and when connections began. Maps of before lack them.

use polars::prelude::{Column, DataFrame, ListChunked, StringChunked};

use super::cells::{Cells, RowError};
use crate::map::{OnlySource, Start, Starts};

pub(super) const SOURCE: &str = "source";
pub(super) const SECONDS: &str = "starts_unix";
pub(super) const PORTS: &str = "starts_client_ports";

/// What stands for two sources at least; for an unknown one stands nothing.
const SEVERAL: &str = "several";

/// How a source is written.
pub(super) fn source(source: OnlySource) -> String {
    match source {
        OnlySource::Unknown => String::new(),
        OnlySource::One(address) => address.to_string(),
        OnlySource::Several => SEVERAL.to_owned(),
    }
}

/// The columns of a map that has them.
pub(super) struct Sampled<'a> {
    source: Cells<'a, StringChunked>,
    seconds: Cells<'a, ListChunked>,
    ports: Cells<'a, ListChunked>,
}

impl<'a> Sampled<'a> {
    /// The columns, or `None` where the map has none of them.
    pub(super) fn of(frame: &'a DataFrame) -> Result<Option<Self>, RowError> {
        let has = |name: &str| frame.get_column_index(name).is_some();
        if ![SOURCE, SECONDS, PORTS].into_iter().any(has) {
            return Ok(None);
        }
        Ok(Some(Sampled {
            source: Cells::of(frame, SOURCE, Column::str)?,
            seconds: Cells::of(frame, SECONDS, Column::list)?,
            ports: Cells::of(frame, PORTS, Column::list)?,
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
        let (seconds, ports) = (self.seconds.numbers(row)?, self.ports.numbers(row)?);
        let starts: Option<Vec<Start>> = seconds
            .iter()
            .zip(&ports)
            .map(|(second, port)| {
                let port = u16::try_from(*port).ok()?;
                Some(Start { second: *second, port })
            })
            .collect();
        let starts = starts.filter(|_| seconds.len() == ports.len());
        starts.and_then(Starts::of).ok_or_else(|| {
            self.seconds
                .wrong(row, "expected ascending seconds of the sampled hours, each with a port")
        })
    }
}
