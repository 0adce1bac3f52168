//! What is wrong with an inventory, and where.

/// The first thing in an inventory file that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {place}: {what}{}", hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default())]
pub struct InventoryError {
    /// The file, as the caller named it.
    pub file: String,
    /// Where in it: a line and column of CSV, a path of JSON such as `tasks[3].group`.
    pub place: String,
    /// What was expected and what was found, safe to print and cut short.
    pub what: String,
    /// What the user might do.
    pub hint: Option<String>,
}

/// A cell as it may be printed: quoted, control characters escaped, at most 60 characters.
pub(super) fn printable(cell: &str) -> String {
    let mut shown: String = cell.chars().take(60).collect();
    if shown.len() < cell.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
