//! Columns of one row group that are read side by side.

use super::column::Column;
use super::corrupt::Corrupt;

/// So many rows of every column at a time.
pub(super) struct Table<'f> {
    pub(super) columns: Vec<Column<'f>>,
    /// What the cells of the batch are parts of: the dictionaries' words, and behind them those of the batch alone.
    text: Vec<u8>,
    /// How many bytes of it the dictionaries' words are.
    words: usize,
    /// Rows that were not decoded yet.
    left: u64,
}

impl<'f> Table<'f> {
    pub(super) fn new(columns: Vec<Column<'f>>, rows: u64) -> Self {
        Table {
            columns,
            text: Vec::new(),
            words: 0,
            left: rows,
        }
    }

    /// Decodes the next rows, at most so many; how many they are, and none at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<usize, Corrupt> {
        let mut rows = usize::try_from(self.left).map_or(most, |left| left.min(most));
        if rows == 0 {
            return Ok(0);
        }
        self.text.truncate(self.words);
        for column in &mut self.columns {
            rows = rows.min(column.left(&mut self.text)?);
        }
        self.words = self.text.len();
        for column in &mut self.columns {
            column.decode(rows, &mut self.text)?;
        }
        self.left -= rows as u64;
        Ok(rows)
    }

    /// The text that the cells of the batch are parts of.
    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many bytes were unpacked.
    pub(super) fn close(self) -> Result<u64, Corrupt> {
        self.columns.into_iter().map(Column::close).sum()
    }
}
