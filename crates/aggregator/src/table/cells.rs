//! The cells of one column, with errors that name column and row.

use std::fmt::Display;
use std::str::FromStr;

use polars::prelude::{
    ChunkedArray, Column, DataFrame, ListChunked, PolarsNumericType, PolarsResult, Series, StringChunked,
};

/// A table that does not hold dependencies, and where.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    /// A column is missing or of another type.
    #[error("column {column}: {why}")]
    Column {
        /// Its name.
        column: String,
        /// What was expected and what was found.
        why: String,
    },
    /// A cell holds what does not belong there.
    #[error("row {row}: {column}: {why}")]
    Cell {
        /// 1-based.
        row: usize,
        /// The name of the column.
        column: String,
        /// What was expected and what was found.
        why: String,
    },
    /// Two rows of the same dependency.
    #[error("row {row}: repeats the dependency of another row")]
    Repeated {
        /// 1-based.
        row: usize,
    },
}

/// One column of a known type, without empty cells.
pub(super) struct Cells<'a, T> {
    name: String,
    cells: &'a T,
}

impl<'a, T> Cells<'a, T> {
    /// The column of that name.
    pub(super) fn of(
        frame: &'a DataFrame,
        name: &str,
        typed: impl Fn(&'a Column) -> PolarsResult<&'a T>,
    ) -> Result<Self, RowError> {
        let column = frame.column(name).and_then(typed).map_err(|error| RowError::Column {
            column: name.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Cells {
            name: name.to_owned(),
            cells: column,
        })
    }

    /// What is wrong with a cell.
    pub(super) fn wrong(&self, row: usize, why: impl Display) -> RowError {
        RowError::Cell {
            row: row + 1,
            column: self.name.clone(),
            why: why.to_string(),
        }
    }

    fn present<V>(&self, row: usize, value: Option<V>) -> Result<V, RowError> {
        value.ok_or_else(|| self.wrong(row, "expected a value, found none"))
    }
}

impl<'a> Cells<'a, StringChunked> {
    /// A cell as it stands.
    pub(super) fn text(&self, row: usize) -> Result<&'a str, RowError> {
        self.present(row, self.cells.get(row))
    }

    /// A cell as one of a set of words.
    pub(super) fn word<W: FromStr<Err: Display>>(&self, row: usize) -> Result<W, RowError> {
        self.text(row)?.parse().map_err(|error| self.wrong(row, error))
    }
}

impl<T: PolarsNumericType> Cells<'_, ChunkedArray<T>> {
    /// A cell as it stands.
    pub(super) fn number(&self, row: usize) -> Result<T::Native, RowError> {
        self.present(row, self.cells.get(row))
    }
}

impl Cells<'_, ListChunked> {
    /// A cell that lists texts.
    pub(super) fn texts(&self, row: usize) -> Result<Vec<String>, RowError> {
        let list = self.list(row)?;
        let texts = list.str().map_err(|error| self.wrong(row, error))?;
        let texts: Option<Vec<_>> = texts.iter().map(|text| text.map(str::to_owned)).collect();
        self.present(row, texts)
    }

    /// A cell that lists numbers.
    pub(super) fn numbers(&self, row: usize) -> Result<Vec<u32>, RowError> {
        let list = self.list(row)?;
        let numbers = list.u32().map_err(|error| self.wrong(row, error))?;
        let numbers: Option<Vec<_>> = numbers.iter().collect();
        self.present(row, numbers)
    }

    fn list(&self, row: usize) -> Result<Series, RowError> {
        self.present(row, self.cells.get_as_series(row))
    }
}
