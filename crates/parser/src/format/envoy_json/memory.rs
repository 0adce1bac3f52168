//! The keys of the lines before, because the next line most likely has the same in the same order.

use super::keys::Hit;
use crate::format::envoy_format::seek;

/// How many keys are kept in mind; a log has a few dozen at most.
const ENOUGH: usize = 96;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory {
    keys: Vec<Remembered>,
    /// Which comes next if the line goes on as the last one did.
    next: usize,
}

#[derive(Debug)]
struct Remembered {
    /// The key with its quotes and its colon.
    written: Box<[u8]>,
    hit: Option<Hit>,
}

impl Memory {
    /// A line begins.
    #[inline]
    pub(super) fn rewind(&mut self) {
        self.next = 0;
    }

    /// What is wanted of the key that the text begins with, and how long it is written, if it is kept in mind.
    #[inline]
    pub(super) fn recall(&mut self, text: &[u8]) -> Option<(Option<Hit>, usize)> {
        let at = match self.keys.get(self.next) {
            Some(key) if seek::behind(text, &key.written).is_some() => self.next,
            _ => self.search(text)?,
        };
        let key = self.keys.get(at)?;
        self.next = at + 1;
        Some((key.hit, key.written.len()))
    }

    /// Which key the text begins with: one ahead, or else one before.
    fn search(&self, text: &[u8]) -> Option<usize> {
        let is_here = |at: &usize| self.keys.get(*at).is_some_and(|key| text.starts_with(&key.written));
        (self.next..self.keys.len())
            .find(is_here)
            .or_else(|| (0..self.next).find(is_here))
    }

    /// Keeps a key in mind, behind the one before it.
    pub(super) fn keep(&mut self, written: &[u8], hit: Option<Hit>) {
        if self.keys.len() < ENOUGH && written.len() <= 256 {
            let written = written.into();
            self.keys
                .insert(self.next.min(self.keys.len()), Remembered { written, hit });
            self.next += 1;
        }
    }
}
