//! The log formats that the lines of one object may be in, and the one they are in once a line told.

use super::{Format, Kind, Options, Output, Shown, Sniff};
use crate::lines;
use crate::printable;
use crate::record::{AccessRecord, DnsRecord, FlowRecord, Sink, Verdict};
use crate::source::ObjectId;
use crate::unwrap::Place;
use crate::{Counters, Reason};

/// A parser for one object, and its name in the registry.
pub(crate) type Named = (&'static str, Box<dyn Format>);

/// The parsers for one object.
pub(crate) struct Formats {
    /// Those that may be asked; the one that is known stands first.
    all: Vec<Named>,
    known: bool,
    /// See [`switch`](Self::switch).
    apart: Option<Box<Formats>>,
}

/// Whether lines stood in something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    Nothing,
    Something,
}

enum Whose {
    /// Of the parser at this index.
    Of(usize),
    Beside(Reason),
    Nobody,
}

impl Formats {
    /// Parsers in the order in which they are asked; where there is but one, nothing is asked.
    pub(super) fn new(all: Vec<Named>) -> Self {
        let known = all.len() == 1;
        Formats {
            all,
            known,
            apart: None,
        }
    }

    /// Goes over to parsers that keep nothing of the lines so far, or back from them: what the lines of one log say of their
    /// format does not hold for another log among them.
    pub(crate) fn switch(&mut self, options: &Options) {
        // They were started before, and will be again.
        let started = || options.start().ok().map(Box::new);
        if let Some(mut other) = self.apart.take().or_else(started) {
            std::mem::swap(self, &mut other);
            self.apart = Some(other);
        }
    }

    /// Whether one of them claims a line.
    pub(crate) fn claim(&mut self, line: &[u8]) -> bool {
        matches!(self.whose(line), Whose::Of(_))
    }

    /// Whether one of them claims a line, or knows it as one that stands beside its own (a blank line or a comment stands
    /// anywhere).
    pub(crate) fn know(&mut self, line: &[u8]) -> bool {
        match self.whose(line) {
            Whose::Of(_) => true,
            Whose::Beside(reason) => !matches!(reason, "blank" | "comment"),
            Whose::Nobody => false,
        }
    }

    /// Parses whole lines, in order. Up to the first line that a format knows, lines are set aside.
    pub(crate) fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let mut block = block;
        if !self.known {
            let Some(rest) = self.recognise(block, out) else {
                return;
            };
            block = rest;
        }
        if let Some(((_, known), others)) = self.all.split_first_mut() {
            out.parse(block, known.as_mut(), others);
        }
    }

    /// Gives to `out` what was held back; to be called behind the last line.
    pub(crate) fn finish(&mut self, out: &mut Output<'_>) {
        for (_, format) in &mut self.all {
            format.finish(out);
        }
        if let Some(apart) = &mut self.apart {
            apart.finish(out);
        }
    }

    /// What one line says in full, and the name of the format that says it, if one does; `None` of a line that has to be
    /// unwrapped first. The line has no line end.
    pub(crate) fn show(&mut self, line: &[u8], place: Place, around: Around) -> Option<(Option<&'static str>, Shown)> {
        // What `parse` makes of the line is what counts; a format only says more of it.
        let mut counters = Counters::default();
        let mut sink = Everything;
        let id = ObjectId {
            uri: String::new(),
            version: None,
            size: None,
        };
        let mut out = Output::begin(&id, None, &mut sink, &mut counters);
        // The line end that is taken off again: what of a line looks like one stays.
        let mut parse = |out: &mut Output<'_>| out.at(&[place], |out| self.parse(&[line, b"\r\n"].concat(), out));
        match around {
            Around::Something => parse(&mut out),
            Around::Nothing if out.bare(parse).is_empty() => {}
            Around::Nothing => return None,
        }
        self.finish(&mut out);
        let took = out.took().map_or(0, |other| other + 1);
        let reason = counters.set_aside.keys().next().copied();
        let message = counters
            .samples
            .into_values()
            .flatten()
            .next()
            .map(|sample| sample.message);
        Some(match self.all.get_mut(took).filter(|_| self.known) {
            Some((name, format)) => {
                let shown = format.show_at(line, place.time);
                (
                    Some(*name),
                    Shown {
                        reason,
                        message,
                        ..shown
                    },
                )
            }
            None => {
                let reason = reason.unwrap_or(UNRECOGNISED);
                let shown = Shown::aside(kind_of(reason), reason);
                (None, Shown { message, ..shown })
            }
        })
    }

    /// Sets lines aside up to the first that a format knows: the block from that line on.
    fn recognise<'a>(&mut self, block: &'a [u8], out: &mut Output<'_>) -> Option<&'a [u8]> {
        let mut lines = lines::split(block);
        loop {
            let rest = lines.rest();
            let line = lines.next()?;
            match self.whose(line) {
                Whose::Of(at) => {
                    self.all.get_mut(..=at)?.rotate_right(1);
                    self.known = true;
                    return Some(rest);
                }
                Whose::Beside(reason) => out.set_aside(reason),
                Whose::Nobody => out.fault(UNRECOGNISED, || {
                    format!(
                        "expected a line of a known log format, found {}",
                        printable::quoted(line)
                    )
                }),
            }
        }
    }

    fn whose(&mut self, line: &[u8]) -> Whose {
        let mut beside = None;
        for (at, (_, format)) in self.all.iter_mut().enumerate() {
            match format.sniff(line) {
                Sniff::Mine => return Whose::Of(at),
                Sniff::Beside(reason) => beside = beside.or(Some(reason)),
                Sniff::Unknown => {}
            }
        }
        beside.map_or(Whose::Nobody, Whose::Beside)
    }
}

const UNRECOGNISED: Reason = "unrecognised";

/// What a line is that no format claimed, and that is set aside for a reason.
fn kind_of(reason: Reason) -> Kind {
    match reason {
        "blank" => Kind::Blank,
        "comment" => Kind::Comment,
        "not-access-log" => Kind::NotAccessLog,
        _ => Kind::NotALog,
    }
}

/// A sink that uses whatever it is given.
struct Everything;

impl Sink for Everything {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, _: &FlowRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn access(&mut self, _: u64, _: &AccessRecord<'_>) -> Verdict {
        Verdict::Used
    }

    fn dns(&mut self, _: u64, _: &DnsRecord<'_>) -> Verdict {
        Verdict::Used
    }
}
