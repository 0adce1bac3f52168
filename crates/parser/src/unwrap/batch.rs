//! Collects unwrapped lines until there are enough of them for a format to work on.

use super::place::Place;

/// How many bytes are collected before they are handed on.
const ENOUGH: usize = 256 * 1024;

/// Lines, each with its line end, and where each stands.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) text: Vec<u8>,
    pub(super) places: Vec<Place>,
}

impl Batch {
    /// Adds a line without its line end; whether that is enough.
    pub(super) fn push(&mut self, line: &[u8], place: Place) -> bool {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.places.push(place);
        self.text.len() >= ENOUGH
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }
}
