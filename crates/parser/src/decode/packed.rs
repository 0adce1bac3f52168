//! Unpacks gzip members and Zstandard frames that follow each other, to the last one.

use std::io::{self, Read};

use super::fault::{Fault, Part};
use super::gzip::Gzip;
use super::input::Input;
use super::zstd::Zstd;
use super::{Coding, GZIP, Step, ZSTD, coding};

/// The unpacked bytes of one coding around others.
///
/// What is read before an error is good; the error says what kept the rest from being read, and after it comes nothing.
pub(super) struct Packed<'a> {
    input: Input<'a>,
    stage: Stage,
    /// The part at hand.
    part: Part,
    /// A state that another frame may use.
    spare: Option<Box<Zstd>>,
}

enum Stage {
    Inside(State),
    /// Behind a part: what follows begins another, or should not be there.
    Between,
    /// What came before this fault is handed out; the fault is next.
    Failed(Fault),
    Ended,
}

enum State {
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl State {
    fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        match self {
            State::Gzip(state) => state.inflate(input, out),
            State::Zstd(state) => state.inflate(input, out),
        }
    }
}

impl<'a> Packed<'a> {
    /// In front of the first part. `depth` codings are already taken off.
    pub(super) fn new(input: Input<'a>, depth: usize) -> Self {
        Packed {
            input,
            stage: Stage::Between,
            part: Part {
                unit: "",
                coding: "",
                number: 0,
                depth,
            },
            spare: None,
        }
    }

    /// Behind a part: what do the next bytes begin?
    fn begin(&mut self) -> Stage {
        let next = coding(self.input.peek(super::LONGEST_MAGIC));
        if std::ptr::eq(next, &GZIP) {
            self.part_begins(next, "member");
            return Stage::Inside(State::Gzip(Box::new(Gzip::new())));
        }
        if !std::ptr::eq(next, &ZSTD) {
            return self.trailing();
        }
        self.part_begins(next, "frame");
        let state = match self.spare.take() {
            Some(state) => Ok(state),
            None => Zstd::new().map(Box::new),
        };
        match state {
            Ok(state) => Stage::Inside(State::Zstd(state)),
            Err(error) => Stage::Failed(self.source_fault(error)),
        }
    }

    fn part_begins(&mut self, coding: &Coding, unit: &'static str) {
        self.part.number += 1;
        self.part.coding = coding.name;
        self.part.unit = unit;
    }

    fn inflate(&mut self, mut state: State, into: &mut [u8]) -> (Stage, usize) {
        let more = if self.input.here().is_empty() {
            self.input.more()
        } else {
            Ok(true)
        };
        let (part, at) = (self.part, self.input.taken());
        let more = match more {
            Ok(more) => more,
            // The coding around this one ends well, and this one does not.
            Err(error) if Fault::of(&error).is_some_and(|fault| !fault.cuts_a_line()) => {
                return (Stage::Failed(Fault::Truncated { part, at }), 0);
            }
            Err(error) => return (Stage::Failed(self.source_fault(error)), 0),
        };
        // At the end of the input there may still be output in the state: an empty input asks for it.
        let step = state.inflate(self.input.here(), into);
        self.input.used(step.taken);
        let at = self.input.taken();
        let stage = match step.ended {
            Ok(true) => {
                if let State::Zstd(state) = state {
                    self.spare = Some(state);
                }
                Stage::Between
            }
            Ok(false) if more || step.written > 0 => Stage::Inside(state),
            Ok(false) => Stage::Failed(Fault::Truncated { part, at }),
            Err(error) => Stage::Failed(Fault::Corrupt { part, at, error }),
        };
        (stage, step.written)
    }

    /// What follows the last part and begins no other.
    fn trailing(&mut self) -> Stage {
        let (part, at) = (self.part, self.input.taken());
        let mut zeros = true;
        let mut length = 0;
        loop {
            let bytes = self.input.here();
            zeros &= bytes.iter().all(|byte| *byte == 0);
            length += bytes.len() as u64;
            self.input.used(bytes.len());
            match self.input.more() {
                Ok(true) => {}
                Ok(false) if length == 0 => return Stage::Ended,
                Ok(false) => {
                    return Stage::Failed(Fault::Trailing {
                        part,
                        at,
                        length,
                        zeros,
                    });
                }
                Err(error) => return Stage::Failed(self.source_fault(error)),
            }
        }
    }

    fn source_fault(&self, error: io::Error) -> Fault {
        Fault::from_source(self.input.taken(), error)
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let (stage, read) = match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Between => (self.begin(), 0),
                Stage::Inside(state) => self.inflate(state, into),
                Stage::Failed(fault) => return Err(io::Error::other(fault)),
                Stage::Ended => return Ok(0),
            };
            self.stage = stage;
            if read > 0 {
                return Ok(read);
            }
        }
    }
}
