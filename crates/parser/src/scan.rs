//! Reads one object from its first stored byte to its last line.

use std::fmt;

use crate::counters::{Counters, Reason};
use crate::format::{Formats, Options, Output, flow_parquet};
use crate::lines;
use crate::printable;
use crate::record::Sink;
use crate::source::{self, Object};
use crate::unwrap::{self, Carried, Place, Taker};

/// An object that could not be read to its end, or at all. What came before the fault was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// The object.
    pub uri: String,
    /// What is wrong with it, and where.
    pub what: String,
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", printable::name(&self.uri), self.what)
    }
}

impl std::error::Error for ObjectError {}

/// Decodes an object, takes off what carried its lines, tells their format, gives their records to `sink` and counts
/// every line in `counters`.
///
/// A line that cannot be used is counted with its reason and is no error.
///
/// # Errors
/// When the object breaks off, is corrupt or cannot be read, or when the options cannot be followed. The counters are
/// balanced all the same.
pub fn scan(
    object: Object,
    options: &Options,
    sink: &mut dyn Sink,
    counters: &mut Counters,
) -> Result<(), ObjectError> {
    let Object {
        id,
        body,
        at,
        records: watch,
    } = object;
    let formats = match options.start() {
        Ok(formats) => formats,
        Err(error) => {
            return Err(ObjectError {
                uri: id.uri,
                what: error.to_string(),
            });
        }
    };
    let mut out = Output::begin(&id, watch, sink, counters);
    let (head, body) = source::peek(body);
    if flow_parquet::takes(&head, options) {
        return flow_parquet::scan(body, at, &mut out).map_err(|what| ObjectError { what, uri: id.uri });
    }
    let mut scan = Scan { options, formats, out };
    let read = unwrap::read(body, &mut scan);
    scan.formats.finish(&mut scan.out);
    scan.out.tell();
    let lines = scan.out.lines();
    read.map_err(|error| ObjectError {
        what: format!("{error} (line {})", lines.max(1)),
        uri: id.uri,
    })
}

/// Gives lines to their format a block at a time.
struct Scan<'a> {
    options: &'a Options,
    formats: Formats,
    out: Output<'a>,
}

impl Taker for Scan<'_> {
    fn claims(&mut self, line: &[u8]) -> bool {
        self.formats.claim(line)
    }

    fn knows(&mut self, line: &[u8]) -> bool {
        self.formats.know(line)
    }

    fn lines<'b>(&mut self, block: &'b [u8]) -> (Vec<Carried>, &'b [u8]) {
        let (block, rest) = match self.out.is_telling() {
            true => up_to_carried(block),
            false => (block, &b""[..]),
        };
        let carried = self.out.bare(|out| self.formats.parse(block, out));
        self.out.tell();
        (carried, rest)
    }

    fn switch(&mut self) {
        self.formats.switch(self.options);
    }

    fn inner(&mut self, block: &[u8], places: &[Place]) {
        self.out.at(places, |out| self.formats.parse(block, out));
        self.out.tell();
    }

    fn set_aside(&mut self, place: Place, reason: Reason) {
        self.out.at(&[place], |out| out.set_aside(reason));
    }

    fn fault(&mut self, place: Place, reason: Reason, message: &dyn Fn() -> String) {
        self.out.at(&[place], |out| out.fault(reason, message));
    }

    fn origin(&mut self, origin: &str) {
        self.out.origin(origin);
    }

    fn line(&self) -> u64 {
        self.out.lines()
    }

    fn bytes(&mut self, bytes: u64) {
        self.out.count_bytes(bytes);
    }
}

/// Whoever is told of lines set aside is told in their order: the lines up to one that may have to be unwrapped, and the rest.
fn up_to_carried(block: &[u8]) -> (&[u8], &[u8]) {
    let mut lines = lines::split(block);
    lines.by_ref().find(|line| unwrap::is_carried(line));
    block.split_at(block.len() - lines.rest().len())
}
