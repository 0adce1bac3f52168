//! Reads an object whose lines may be wrapped: bare until a line tells, then layer by layer.

use std::io::{self, Read};

use super::layer::{DEPTH, Layer, delivers, layer_of};
use super::values::{Item, Values};
use super::walk::{self, Walk};
use super::{Carried, Place, Taker, json};
use crate::lines::{self, Piece};
use crate::printable;

/// What CloudWatch Logs writes into a bucket of its own accord, to see whether it may: `aws-logs-write-test`.
const WRITE_TEST: &[u8] = b"Permission Check Successful";

/// An object whose lines may be wrapped.
pub(super) struct Wrapped {
    walk: Walk,
    state: State,
    /// The physical line at hand, where the lines are wrapped.
    line: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No line told yet.
    Fresh,
    /// Nothing is around the lines.
    Bare,
    /// Every line is wrapped by itself.
    Lines,
}

impl Wrapped {
    pub(super) fn new() -> Self {
        Wrapped {
            walk: Walk::default(),
            state: State::Fresh,
            line: 0,
        }
    }

    /// The object consists of JSON objects.
    pub(super) fn begin_json(&mut self) {
        self.walk.begin(Layer::Json);
    }

    /// The object is at its end.
    pub(super) fn finish(&mut self, to: &mut dyn Taker) {
        self.walk.finish(to);
    }

    /// Takes a piece of the object. How many bytes at its end are left untaken, if they are JSON objects, which need no
    /// line ends.
    pub(super) fn piece(&mut self, piece: &Piece<'_>, to: &mut dyn Taker) -> Option<usize> {
        match (piece, self.state) {
            (Piece::TooLong, _) => {
                let place = self.next_line(to);
                self.walk.fault(place, "too-long", &walk::too_long, to);
            }
            (Piece::Lines(block), State::Fresh) => return self.first_lines(block, to),
            (Piece::Lines(block), State::Bare) => self.bare(block, to),
            (Piece::Lines(block), State::Lines) => self.each_line(block, to),
        }
        None
    }

    /// Lines of which none told yet what is around them.
    fn first_lines(&mut self, block: &[u8], to: &mut dyn Taker) -> Option<usize> {
        let mut lines = lines::split(block);
        loop {
            let rest = lines.rest();
            let line = lines.next()?;
            if to.claims(line) {
                self.state = State::Bare;
                self.bare(rest, to);
                return None;
            }
            if line == WRITE_TEST {
                let place = self.next_line(to);
                to.set_aside(place, "aws-logs-write-test");
                continue;
            }
            if line.trim_ascii_start().starts_with(b"{") {
                if is_json(rest, to) {
                    self.walk.begin(Layer::Json);
                    self.line = to.line();
                    return Some(rest.len());
                }
            } else if let Some(layer) = layer_of(line, DEPTH, to) {
                self.walk.begin(layer);
                self.line = to.line();
                self.state = State::Lines;
                self.each_line(rest, to);
                return None;
            }
            let length = rest.len() - lines.rest().len();
            self.bare(rest.get(..length).unwrap_or_default(), to);
        }
    }

    /// Lines that nothing is around, but for some of them.
    fn bare(&mut self, block: &[u8], to: &mut dyn Taker) {
        let mut rest = block;
        while !rest.is_empty() {
            let (carried, left) = to.lines(rest);
            rest = left;
            if carried.is_empty() {
                continue;
            }
            to.switch();
            for Carried { line, text } in carried {
                self.walk.lone(&text, Place::of(line), to);
            }
            to.switch();
        }
    }

    fn each_line(&mut self, block: &[u8], to: &mut dyn Taker) {
        for line in lines::split(block) {
            let place = self.next_line(to);
            self.walk.line_begins();
            self.walk.text(line, 0, place, to);
        }
    }

    /// The place of the next physical line, which is taken with that.
    fn next_line(&mut self, to: &dyn Taker) -> Place {
        if self.state != State::Lines {
            self.line = to.line();
        }
        self.line += 1;
        Place::of(self.line)
    }

    pub(super) fn cut_off(&mut self, start: &[u8], to: &mut dyn Taker) {
        let place = self.next_line(to);
        self.walk.fault(place, "cut-off", &|| cut_off(start), to);
    }

    /// An object of JSON objects, from the line on that follows those taken.
    pub(super) fn values<R: Read>(mut self, mut values: Values<R>, to: &mut dyn Taker) -> io::Result<()> {
        let mut line = self.line + 1;
        let mut is_empty = true;
        self.walk.line_begins();
        while let Some(item) = values.next() {
            let mut begun = 0;
            match item {
                Item::LineEnd => {
                    if is_empty {
                        self.walk.text(b"", 1, Place::of(line), to);
                    }
                    line += 1;
                    is_empty = true;
                    self.walk.line_begins();
                    continue;
                }
                Item::Value { text, ends_line } => {
                    let place = self.walk.place(line, is_empty && ends_line);
                    self.walk.value(text, 0, place, to);
                    begun = memchr::memchr_iter(b'\n', text).count();
                }
                Item::Other(text) => {
                    let place = self.walk.place(line, is_empty);
                    let text = text.strip_suffix(b"\r").unwrap_or(text);
                    if text.starts_with(b"{") {
                        self.walk.broken(text, place, to);
                    } else {
                        self.walk.text(text, 1, place, to);
                    }
                }
                Item::TooLong => {
                    let place = self.walk.place(line, is_empty);
                    self.walk.fault(place, "too-long", &walk::too_long, to);
                }
                Item::Cut(text) => {
                    let place = self.walk.place(line, is_empty);
                    self.walk.fault(place, "cut-off", &|| cut_off(text), to);
                    begun = memchr::memchr_iter(b'\n', text).count();
                }
            }
            is_empty = false;
            for _ in 0..begun {
                line += 1;
                self.walk.line_begins();
                self.walk.set_aside(Place::of(line), "continued", to);
            }
        }
        self.walk.finish(to);
        to.bytes(values.bytes());
        values.error().map_or(Ok(()), Err)
    }
}

fn cut_off(start: &[u8]) -> String {
    let found = printable::quoted(start);
    format!("expected a whole line, found the start of one: {found}")
}

/// Whether a line, with what follows it, begins JSON objects that are not one a line, or that deliver something.
fn is_json(text: &[u8], to: &mut dyn Taker) -> bool {
    let text = text.trim_ascii_start();
    match json::end(text) {
        json::End::Never => false,
        json::End::Beyond => true,
        json::End::At(length) => {
            let (value, behind) = text.split_at_checked(length).unwrap_or((text, b""));
            let touching = behind.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
            touching == Some(&b'{') || memchr::memchr(b'\n', value).is_some() || delivers(value, DEPTH, to)
        }
    }
}
