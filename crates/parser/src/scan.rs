//! Reads one object from its first stored byte to its last line.

use std::fmt;
use std::io::{self, Read};

use crate::counters::{Counters, Reason};
use crate::decode::{self, Fault};
use crate::format::{Format, Options, Output, Sniff, flow_parquet};
use crate::lines::{self, LONGEST, Piece, Scanner};
use crate::printable;
use crate::record::Sink;
use crate::source::{self, Object};

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

/// Decodes an object, tells its format from its lines, gives its records to `sink` and counts every line in `counters`.
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
    let Object { id, body, at } = object;
    let parsers = match options.start() {
        Ok(parsers) => parsers,
        Err(error) => {
            return Err(ObjectError {
                uri: id.uri,
                what: error.to_string(),
            });
        }
    };
    let mut out = Output::begin(&id, sink, counters);
    let (head, body) = source::peek(body);
    if flow_parquet::takes(&head, options) {
        let rows = flow_parquet::scan(body, at, &mut out);
        return rows.map_err(|what| ObjectError { what, uri: id.uri });
    }
    let read = read(body, Parser::new(parsers), &mut out);
    let lines = out.lines();
    read.map_err(|error| ObjectError {
        what: format!("{error} (line {})", lines.max(1)),
        uri: id.uri,
    })
}

fn read(body: Box<dyn Read + Send>, mut parser: Parser, out: &mut Output<'_>) -> io::Result<()> {
    let mut scanner = Scanner::new(decode::open(body));
    let ended = loop {
        match scanner.next() {
            Ok(Some(piece)) => parser.take(&piece, out),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = &ended {
        let cut = Fault::of(error).is_none_or(Fault::cuts_a_line);
        match scanner.rest() {
            Some(Piece::Lines(rest)) if cut => out.fault("cut-off", || {
                format!(
                    "expected a whole line, found the start of one: {}",
                    printable::quoted(rest)
                )
            }),
            Some(rest) => parser.take(&rest, out),
            None => {}
        }
    }
    out.count_bytes(scanner.bytes());
    ended
}

/// The parser of an object, once a line told which it is.
enum Parser {
    Known(Box<dyn Format>),
    Unknown(Vec<Box<dyn Format>>),
}

impl Parser {
    fn new(mut candidates: Vec<Box<dyn Format>>) -> Self {
        match candidates.pop() {
            Some(only) if candidates.is_empty() => Parser::Known(only),
            Some(last) => {
                candidates.push(last);
                Parser::Unknown(candidates)
            }
            None => Parser::Unknown(candidates),
        }
    }

    fn take(&mut self, piece: &Piece<'_>, out: &mut Output<'_>) {
        match piece {
            Piece::Lines(block) => self.parse(block, out),
            Piece::TooLong => {
                out.fault("too-long", || {
                    format!("expected a line of at most {LONGEST} bytes, found a longer one")
                });
            }
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let mut block = block;
        if let Parser::Unknown(candidates) = self {
            let Some((at, rest)) = recognise(candidates, block, out) else {
                return;
            };
            block = rest;
            *self = Parser::Known(candidates.swap_remove(at));
        }
        if let Parser::Known(format) = self {
            format.parse(block, out);
        }
    }
}

/// Sets lines aside up to the first that a format knows: which one, and the block from that line on.
fn recognise<'a>(
    candidates: &mut [Box<dyn Format>],
    block: &'a [u8],
    out: &mut Output<'_>,
) -> Option<(usize, &'a [u8])> {
    let mut lines = lines::split(block);
    loop {
        let rest = lines.rest();
        let line = lines.next()?;
        match whose(candidates, line) {
            Whose::Of(at) => return Some((at, rest)),
            Whose::Beside(reason) => out.set_aside(reason),
            Whose::Nobody => out.fault("unrecognised", || {
                format!(
                    "expected a line of a known log format, found {}",
                    printable::quoted(line)
                )
            }),
        }
    }
}

enum Whose {
    /// Of the candidate at this index.
    Of(usize),
    Beside(Reason),
    Nobody,
}

fn whose(candidates: &mut [Box<dyn Format>], line: &[u8]) -> Whose {
    let mut beside = None;
    for (at, candidate) in candidates.iter_mut().enumerate() {
        match candidate.sniff(line) {
            Sniff::Mine => return Whose::Of(at),
            Sniff::Beside(reason) => beside = beside.or(Some(reason)),
            Sniff::Unknown => {}
        }
    }
    beside.map_or(Whose::Nobody, Whose::Beside)
}
