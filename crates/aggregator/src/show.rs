//! The map as text: for programs and for people, as pure functions.

use jiff::Timestamp;

mod csv;
mod dot;
mod escape;
mod far_end;
mod graph;
mod json;
mod mermaid;
mod selection;
mod size;
mod table;
#[cfg(test)]
mod tests;
mod wrap;

pub use csv::csv;
pub use dot::dot;
pub use escape::in_json;
pub use far_end::far_end;
pub use json::json;
pub use mermaid::mermaid;
pub use selection::{Order, Selection};
pub use size::{bytes, counted};
pub use table::table;
pub use wrap::{cut, wrapped};

/// Unix seconds as RFC 3339 in UTC, or the bare number where no calendar reaches.
#[must_use]
pub fn utc(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| seconds.to_string(), |time| time.to_string())
}
