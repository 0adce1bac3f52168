//! What is wrong with an inventory, and where.

use std::fmt;

/// The first thing in an inventory file that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryError {
    /// The file, as the caller named it.
    pub file: String,
    /// The 1-based line; 1 is the header.
    pub line: u64,
    /// The column's name, where one column is at fault.
    pub column: Option<&'static str>,
    /// What should stand there.
    pub expected: String,
    /// What stands there, safe to print and cut short.
    pub found: String,
    /// What the user might do.
    pub hint: Option<String>,
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: ", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, "{column}: ")?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InventoryError {}

/// A cell as it may be printed: quoted, control characters escaped, at most 60 characters.
pub(super) fn printable(cell: &str) -> String {
    let mut shown: String = cell.chars().take(60).collect();
    if shown.len() < cell.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
