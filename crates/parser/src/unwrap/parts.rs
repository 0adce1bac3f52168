//! Holds the parts of long lines until the last one comes.

use super::place::{Place, Stream};
use crate::lines::LONGEST;

/// How many lines may be unfinished at once: each container has two streams.
const MOST: usize = 16;

/// The unfinished lines of an object.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<Unfinished>);

/// The parts of one line that are here.
#[derive(Debug)]
pub(super) struct Unfinished {
    origin: String,
    stream: Stream,
    pub(super) text: Vec<u8>,
    /// Whether it is longer than any line may be, and no longer held.
    pub(super) too_long: bool,
    /// Where its last part stands.
    pub(super) place: Place,
}

/// What became of parts that came before.
#[derive(Debug)]
pub(super) enum Before {
    /// Nothing did.
    Held,
    /// The line of the part that stands here goes on.
    Continued(Place),
    /// There are too many unfinished lines: this one is given up.
    GivenUp(Unfinished),
}

impl Parts {
    /// Keeps a part that is not the last of its line.
    pub(super) fn hold(&mut self, origin: &str, stream: Stream, text: &[u8], place: Place) -> Before {
        let room = LONGEST.saturating_sub(self.0.iter().map(|line| line.text.len()).sum());
        let before = match self.find(origin, stream) {
            Some(at) => Before::Continued(self.0[at].place),
            None => {
                let given_up = (self.0.len() == MOST).then(|| self.0.remove(0));
                self.0.push(Unfinished {
                    origin: origin.to_owned(),
                    stream,
                    text: Vec::new(),
                    too_long: false,
                    place,
                });
                given_up.map_or(Before::Held, Before::GivenUp)
            }
        };
        if let Some(line) = self.find(origin, stream).and_then(|at| self.0.get_mut(at)) {
            line.place = place;
            line.too_long |= text.len() > room;
            if line.too_long {
                line.text = Vec::new();
            } else {
                line.text.extend_from_slice(text);
            }
        }
        before
    }

    /// What the last part of a line belongs to, if anything.
    pub(super) fn finish(&mut self, origin: &str, stream: Stream) -> Option<Unfinished> {
        self.find(origin, stream).map(|at| self.0.remove(at))
    }

    /// The lines whose last part never came.
    pub(super) fn give_up(&mut self) -> Vec<Unfinished> {
        std::mem::take(&mut self.0)
    }

    fn find(&self, origin: &str, stream: Stream) -> Option<usize> {
        self.0
            .iter()
            .position(|line| line.stream == stream && line.origin == origin)
    }
}
