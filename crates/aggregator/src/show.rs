//! The map as text: for programs and for people, as pure functions.

use jiff::Timestamp;

use crate::map::{Dependency, DependencyMap, Key};

mod escape;
mod json;
mod size;
mod table;

pub use escape::in_json;
pub use json::json;
pub use size::{bytes, counted};
pub use table::table;

/// The dependencies to show: of one service, or of all.
fn selected<'a>(
    map: &'a DependencyMap,
    service: Option<&'a str>,
) -> impl Iterator<Item = (&'a Key, &'a Dependency)> + Clone {
    map.dependencies
        .iter()
        .filter(move |(key, _)| service.is_none_or(|service| key.service.as_str() == service))
}

/// Unix seconds as RFC 3339 in UTC, or the bare number where no calendar reaches.
#[must_use]
pub fn utc(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| seconds.to_string(), |time| time.to_string())
}
