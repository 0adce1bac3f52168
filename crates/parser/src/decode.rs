//! Turns the stored bytes of an object into plain ones, whatever they are packed in.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

pub(crate) use fault::Fault;
use input::Input;
pub(crate) use packing::{Packing, checksum};

mod fault;
mod input;
mod packing;

/// The window of gzip, the largest there is: 2^15 bytes.
const WINDOW_BITS: u8 = 15;

/// How the bytes of an object may be packed: told by the first bytes, never by the name.
pub struct Coding {
    /// Its name in help texts and in `testdata/decode`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The first bytes of an object packed so; empty for the one that takes everything else.
    pub magic: &'static [u8],
}

/// RFC 1952. Deliveries append members to one object, so the first one is not the whole.
static GZIP: Coding = Coding {
    name: "gzip",
    help: "gzip, every member of it",
    magic: &[0x1f, 0x8b],
};
static PLAIN: Coding = Coding {
    name: "plain",
    help: "bytes as they are",
    magic: &[],
};

/// Every coding, asked in this order.
pub static REGISTRY: &[&Coding] = &[&GZIP, &PLAIN];

/// The plain bytes of an object.
///
/// What is read before an error is good; the error says what kept the rest from being read, and after it comes nothing.
pub struct Decoded<R> {
    input: Input<R>,
    stage: Stage,
    /// The 1-based number of the gzip member at hand.
    member: u64,
}

enum Stage {
    /// Nothing was read yet.
    Fresh,
    Plain,
    /// Inside a gzip member.
    Member(Box<Decompress>),
    /// Behind a gzip member: what follows begins another, or should not be there.
    Between,
    /// What came before this fault is handed out; the fault is next.
    Failed(Fault),
    Ended,
}

/// Looks at the first bytes of `body` and decodes accordingly. Nothing is read before the first [`Read::read`].
pub fn open<R: Read>(body: R) -> Decoded<R> {
    Decoded {
        input: Input::new(body),
        stage: Stage::Fresh,
        member: 0,
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let (stage, read) = match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Fresh | Stage::Between => (self.begin(), 0),
                Stage::Plain => self.plain(into),
                Stage::Member(state) => self.inflate(state, into),
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

impl<R: Read> Decoded<R> {
    /// At the start of the object, or behind a member: what do the next bytes begin?
    fn begin(&mut self) -> Stage {
        match self.input.starts_with(GZIP.magic) {
            Err(error) => Stage::Failed(self.source_fault(error)),
            Ok(true) => {
                self.member += 1;
                Stage::Member(Box::new(Decompress::new_gzip(WINDOW_BITS)))
            }
            Ok(false) if self.member == 0 => Stage::Plain,
            Ok(false) => self.trailing(),
        }
    }

    fn plain(&mut self, into: &mut [u8]) -> (Stage, usize) {
        match self.input.read(into) {
            Ok(0) => (Stage::Ended, 0),
            Ok(read) => (Stage::Plain, read),
            Err(error) => (Stage::Failed(self.source_fault(error)), 0),
        }
    }

    fn inflate(&mut self, mut state: Box<Decompress>, into: &mut [u8]) -> (Stage, usize) {
        let more = if self.input.bytes().is_empty() {
            self.input.more()
        } else {
            Ok(true)
        };
        let more = match more {
            Ok(more) => more,
            Err(error) => return (Stage::Failed(self.source_fault(error)), 0),
        };
        let (before_in, before_out) = (state.total_in(), state.total_out());
        // At the end of the input there may still be output in the state: an empty input asks for it.
        let status = state.decompress(self.input.bytes(), into, FlushDecompress::None);
        // Even where it fails, these say what came before the fault.
        let taken = usize::try_from(state.total_in() - before_in).unwrap_or(usize::MAX);
        let read = usize::try_from(state.total_out() - before_out).unwrap_or(usize::MAX);
        self.input.take(taken);
        let (member, at) = (self.member, self.input.taken());
        let stage = match status {
            Ok(Status::StreamEnd) => Stage::Between,
            Ok(_) if more || read > 0 => Stage::Member(state),
            Ok(_) => Stage::Failed(Fault::Truncated { member, at }),
            Err(error) => Stage::Failed(Fault::Corrupt { member, at, error }),
        };
        (stage, read)
    }

    /// What follows the last member and begins no other.
    fn trailing(&mut self) -> Stage {
        let (member, at) = (self.member, self.input.taken());
        let mut zeros = true;
        let mut length = 0;
        loop {
            let bytes = self.input.bytes();
            zeros &= bytes.iter().all(|byte| *byte == 0);
            length += bytes.len() as u64;
            self.input.take(bytes.len());
            match self.input.more() {
                Ok(true) => {}
                Ok(false) if length == 0 => return Stage::Ended,
                Ok(false) => {
                    return Stage::Failed(Fault::Trailing {
                        member,
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
        Fault::Source {
            at: self.input.taken(),
            error,
        }
    }
}
