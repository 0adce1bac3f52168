//! Takes the layers of delivery off each line of an object.

use super::batch::Batch;
use super::layer::{DEPTH, Layer, is_line, layer_of};
use super::object::{self, Delivers, Line, Part};
use super::origin::Origin;
use super::parts::{Before, Parts, Unfinished};
use super::place::{Place, Stream};
use super::{Taker, json, prefix};
use crate::format::decimal;
use crate::lines::{self, LONGEST};
use crate::printable;

/// What Docker's json-file driver splits longer lines at, less what a broken character may have cost.
const DOCKER_SPLIT: usize = 16 * 1024 - 4;

/// What the lines of one object are wrapped in, and what of them is not yet handed on.
#[derive(Debug, Default)]
pub(super) struct Walk {
    layers: Vec<Layer>,
    /// Whether a format claimed a line below the layers: then there are no more of them.
    settled: bool,
    batch: Batch,
    parts: Parts,
    origin: Origin,
    /// One buffer a layer, for what its strings say.
    scratch: [Vec<u8>; DEPTH],
    name: Vec<u8>,
    /// Events met so far in the physical line at hand.
    events: u64,
    /// Whether Docker's lines were seen to have their line ends.
    has_line_ends: bool,
}

impl Walk {
    /// The layer that all lines of the object are in.
    pub(super) fn begin(&mut self, layer: Layer) {
        self.layers = vec![layer];
    }

    /// A line that something is around, among those that nothing is around: its layers are its own.
    pub(super) fn lone(&mut self, line: &[u8], place: Place, to: &mut dyn Taker) {
        self.layers.clear();
        self.settled = false;
        self.line_begins();
        self.text(line, 0, place, to);
        self.hand_on(to);
        self.set_origin(0, b"", to);
    }

    /// A physical line begins.
    pub(super) fn line_begins(&mut self) {
        self.events = 0;
    }

    /// The place of what is an event of its own, unless it has its line to itself.
    pub(super) fn place(&mut self, line: u64, alone: bool) -> Place {
        self.events += 1;
        let event = (!alone).then_some(self.events);
        Place {
            line,
            event,
            time: None,
        }
    }

    /// Takes the layers from `depth` on off one line.
    pub(super) fn text(&mut self, text: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        match self.layers.get(depth) {
            None => self.below(text, depth, place, to),
            Some(Layer::Pod) => match prefix::pod(text) {
                Some((pod, rest)) => {
                    self.set_origin(depth, pod, to);
                    self.text(rest, depth + 1, place, to);
                }
                None => self.text(text, depth + 1, place, to),
            },
            Some(Layer::Time) => {
                let (time, rest) = match prefix::timed(text) {
                    Some((time, rest)) => (Some(time), rest),
                    None => (place.time, text),
                };
                self.text(rest, depth + 1, Place { time, ..place }, to);
            }
            Some(Layer::Runtime) => match prefix::tagged(text) {
                Some(tagged) => {
                    let place = Place {
                        time: Some(tagged.time),
                        ..place
                    };
                    self.part(tagged.stream, tagged.is_part, tagged.text, depth, place, to);
                }
                None => self.text(text, depth + 1, place, to),
            },
            Some(Layer::Json) => self.values(text, depth, place, to),
        }
    }

    /// A line that no known layer is around.
    fn below(&mut self, line: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        if !self.settled {
            if to.claims(line) {
                self.settled = true;
            } else if let Some(layer) = layer_of(line, DEPTH.saturating_sub(depth), to) {
                self.layers.push(layer);
                return self.text(line, depth, place, to);
            }
        }
        if self.batch.push(line, place) {
            self.hand_on(to);
        }
    }

    /// Hands on what is collected.
    pub(super) fn hand_on(&mut self, to: &mut dyn Taker) {
        if !self.batch.places.is_empty() {
            to.wrapped(&mut self.layers.iter().map(|layer| layer.name()));
            to.inner(&self.batch.text, &self.batch.places);
            self.batch.clear();
        }
    }

    /// At the end of the object: what is still held.
    pub(super) fn finish(&mut self, to: &mut dyn Taker) {
        self.hand_on(to);
        for line in self.parts.give_up() {
            self.cut_off(&line, to);
        }
    }

    /// A line that is none, in its turn among the others.
    pub(super) fn set_aside(&mut self, place: Place, reason: crate::Reason, to: &mut dyn Taker) {
        self.hand_on(to);
        to.set_aside(place, reason);
    }

    /// A line with a fault, in its turn among the others.
    pub(super) fn fault(
        &mut self,
        place: Place,
        reason: crate::Reason,
        message: &dyn Fn() -> String,
        to: &mut dyn Taker,
    ) {
        self.hand_on(to);
        to.fault(place, reason, message);
    }

    /// Bytes that should be JSON.
    pub(super) fn broken(&mut self, text: &[u8], place: Place, to: &mut dyn Taker) {
        let message = || format!("expected a JSON object, found {}", printable::quoted(text));
        self.fault(place, "malformed:json", &message, to);
    }

    /// JSON objects within a line, one after the other.
    fn values(&mut self, text: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        let mut rest = text;
        let mut alone = true;
        loop {
            let text = rest.trim_ascii_start();
            if text.is_empty() && !alone {
                return;
            }
            if !text.starts_with(b"{") {
                return self.text(rest, depth + 1, place, to);
            }
            let json::End::At(length) = json::end(text) else {
                return self.broken(text, place, to);
            };
            let (value, behind) = text.split_at_checked(length).unwrap_or((text, b""));
            alone &= behind.trim_ascii().is_empty();
            let place = if alone { place } else { self.place(place.line, false) };
            self.value(value, depth, place, to);
            if alone {
                return;
            }
            rest = behind;
        }
    }

    /// One JSON object: what it delivers goes on, or it goes on itself.
    pub(super) fn value(&mut self, value: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        let mut name = std::mem::take(&mut self.name);
        let delivers = object::read(value, &mut name);
        match delivers {
            Delivers::Control => self.set_aside(place, "control-message", to),
            Delivers::Events(events) => {
                self.set_origin(depth, &name, to);
                self.each_event(events, depth, place, to);
            }
            Delivers::Line(line) if line.certain || is_line(&line, value, DEPTH - depth, to) => {
                self.set_origin(depth, &name, to);
                let time = line.time.or(place.time);
                let place = Place { time, ..place };
                self.shipped(&line, depth, place, to);
            }
            Delivers::Line(_) | Delivers::Itself => {
                self.set_origin(depth, b"", to);
                self.itself(value, depth, place, to);
            }
        }
        self.name = name;
    }

    /// The events of an envelope, whose own place is that of the first.
    fn each_event(&mut self, events: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        let mut any = false;
        for event in json::elements(events) {
            let place = match (any, place.event) {
                (false, Some(_)) => place,
                (false, None) if self.events > 0 => Place {
                    event: Some(self.events),
                    ..place
                },
                _ => self.place(place.line, false),
            };
            any = true;
            let (mut message, mut time) = (None, place.time);
            for (key, value) in json::members(event) {
                match key.as_ref() {
                    b"message" => message = json::string(value),
                    // In milliseconds.
                    b"timestamp" => time = decimal(value).map(|time| time / 1_000).or(time),
                    _ => {}
                }
            }
            let place = Place { time, ..place };
            match message {
                Some(message) => self.message(message, depth, place, to),
                None => {
                    let message = || {
                        let found = printable::quoted(event);
                        format!("expected an event with a message, found {found}")
                    };
                    self.fault(place, "malformed:event", &message, to);
                }
            }
        }
        if !any {
            self.set_aside(place, "no-events", to);
        }
    }

    /// What a string says, which may be several lines.
    fn message(&mut self, written: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        let mut scratch = self.scratch.get_mut(depth).map(std::mem::take).unwrap_or_default();
        scratch.clear();
        json::unescape(written, &mut scratch);
        self.lines_of(&scratch, depth, place, to);
        if let Some(home) = self.scratch.get_mut(depth) {
            *home = scratch;
        }
    }

    fn lines_of(&mut self, text: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        if text.is_empty() {
            return self.text(text, depth + 1, place, to);
        }
        for line in lines::split(text) {
            self.text(line, depth + 1, place, to);
        }
    }

    /// A line in a shipper's object.
    fn shipped(&mut self, line: &Line<'_>, depth: usize, place: Place, to: &mut dyn Taker) {
        if line.part == Part::Whole {
            return self.message(line.text, depth, place, to);
        }
        let mut said = Vec::new();
        json::unescape(line.text, &mut said);
        let (stream, is_part) = match line.part {
            Part::Marked { stream, last } => (stream, !last),
            Part::UntilLineEnd(stream) => {
                let ends = said.ends_with(b"\n");
                self.has_line_ends |= ends;
                (stream, !ends && (self.has_line_ends || said.len() >= DOCKER_SPLIT))
            }
            Part::Whole => (Stream::Stdout, false),
        };
        self.part(stream, is_part, &said, depth, place, to);
    }

    /// A line of a container's stream, or a part of one.
    fn part(&mut self, stream: Stream, is_part: bool, text: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        if is_part {
            match self.parts.hold(self.origin.whole(), stream, text, place) {
                Before::Held => {}
                Before::Continued(place) => self.set_aside(place, "continued", to),
                Before::GivenUp(line) => self.cut_off(&line, to),
            }
            return;
        }
        let Some(mut line) = self.parts.finish(self.origin.whole(), stream) else {
            return self.lines_of(text, depth, place, to);
        };
        self.set_aside(line.place, "continued", to);
        if line.too_long || line.text.len() + text.len() > LONGEST {
            return self.fault(place, "too-long", &too_long, to);
        }
        line.text.extend_from_slice(text);
        self.lines_of(&line.text, depth, place, to);
    }

    fn cut_off(&mut self, line: &Unfinished, to: &mut dyn Taker) {
        let message = || {
            let found = printable::quoted(&line.text);
            format!("expected the rest of a line, found only its first parts: {found}")
        };
        self.fault(line.place, "cut-off", &message, to);
    }

    /// An object that is a line of a log, on one line.
    fn itself(&mut self, value: &[u8], depth: usize, place: Place, to: &mut dyn Taker) {
        if memchr::memchr2(b'\n', b'\r', value).is_none() {
            return self.text(value, depth + 1, place, to);
        }
        let mut line = value.to_vec();
        for byte in &mut line {
            // Within strings there are none, so that these only separate.
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.text(&line, depth + 1, place, to);
    }

    fn set_origin(&mut self, depth: usize, name: &[u8], to: &mut dyn Taker) {
        if self.origin.set(depth, name) {
            self.hand_on(to);
            to.origin(self.origin.whole());
        }
    }
}

/// What is said of a line that is not held.
pub(super) fn too_long() -> String {
    format!("expected a line of at most {LONGEST} bytes, found a longer one")
}
