//! What keeps a Parquet file from being read further: a sentence, with its place put before it on the way up.

use std::io;

/// See the room.
#[derive(Debug)]
pub(super) struct Corrupt(String);

impl Corrupt {
    pub(super) fn new(what: String) -> Self {
        Corrupt(what)
    }

    pub(super) fn io(error: io::Error) -> Self {
        Corrupt(format!("cannot be read further: {error}"))
    }

    /// Names the place.
    pub(super) fn within(self, place: &str) -> Self {
        Corrupt(format!("{place}: {}", self.0))
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}
