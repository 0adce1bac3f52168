//! Lines that the format of the object cannot read, and another format can: two logs may share a stream.

use memchr::memchr;

use super::Output;
use crate::format::Sniff;
use crate::format::formats::Named;
use crate::unwrap::{self, Carried};

/// The lines at hand, and who else may claim them.
pub(super) struct Strays<'a> {
    others: &'a mut [Named],
    /// The lines from the one with the number `at` on.
    rest: &'a [u8],
    at: u64,
    /// The number that the first of these is taken by.
    before: u64,
}

impl<'a> Strays<'a> {
    pub(super) fn new(block: &'a [u8], others: &'a mut [Named]) -> Self {
        Strays {
            others,
            rest: block,
            at: 0,
            before: 0,
        }
    }

    /// The line with a number, counted from 0 in these; numbers never fall.
    fn line(&mut self, number: u64) -> &'a [u8] {
        while self.at < number {
            let next = memchr(b'\n', self.rest).map_or(self.rest.len(), |end| end + 1);
            self.rest = self.rest.get(next..).unwrap_or_default();
            self.at += 1;
        }
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }
}

impl Output<'_> {
    /// The lines that follow are counted from here.
    pub(super) fn mark(&mut self) {
        let before = self.next_number();
        if let Some(strays) = &mut self.strays {
            strays.before = before;
        }
    }

    /// Whether another format claims the next line: then it has taken it.
    #[cold]
    pub(super) fn is_of_another(&mut self) -> bool {
        let Some(mut strays) = self.strays.take() else {
            return false;
        };
        let line = strays.line(self.next_number() - strays.before);
        let text = without_return(line);
        let claims = |(_, format): &mut Named| format.sniff(text) == Sniff::Mine;
        let other = strays.others.iter_mut().position(claims);
        if let Some((_, format)) = other.and_then(|at| strays.others.get_mut(at)) {
            format.parse(line, self);
        }
        self.took = other;
        self.strays = Some(strays);
        other.is_some()
    }

    /// Whether something is around the next line that is not around the others: then it is put by.
    #[cold]
    pub(super) fn is_carried(&mut self) -> bool {
        let number = self.next_number();
        let (Some(strays), true) = (&mut self.strays, self.carried.is_some()) else {
            return false;
        };
        let text = without_return(strays.line(number - strays.before));
        if !unwrap::is_carried(text) {
            return false;
        }
        let text = text.to_vec();
        let line = self.hold().line;
        if let Some(carried) = &mut self.carried {
            carried.push(Carried { line, text });
        }
        true
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
