//! Deliveries: what stands around log lines when something carried them, told from content and taken off.

use std::io::{self, Read};

use crate::decode::{self, Fault};
use crate::lines::{self, Piece, Scanner};
use crate::{Reason, printable};

pub(crate) use place::Place;

use head::Head;
use values::{Item, Values};
use walk::{Layer, Walk};

mod batch;
mod head;
mod json;
mod object;
mod origin;
mod parts;
mod place;
mod prefix;
mod values;
mod walk;

/// A way in which log lines are delivered: something around each of them.
pub struct Delivery {
    /// Its name in help texts and in `testdata/unwrap`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// A delivered line.
    pub example: &'static str,
}

/// Every delivery. They may stand within each other, around any log format.
pub static REGISTRY: &[Delivery] = &[
    Delivery {
        name: "cloudwatch-export",
        help: "exports of CloudWatch Logs: the event's time in front of each line",
        example: "2026-04-05T10:47:35.000Z 2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK",
    },
    Delivery {
        name: "cloudwatch-subscription",
        help: "envelopes of a CloudWatch Logs subscription, as Firehose and Lambda store them, touching or one a line",
        example: r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/vpc/flow","logStream":"eni-0a1b2c3d-all","subscriptionFilters":["all"],"logEvents":[{"id":"1","timestamp":1790000010000,"message":"2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK"}]}"#,
    },
    Delivery {
        name: "kubernetes",
        help: "container logs of a Kubernetes node: time, stream and tag in front of each line, long lines in parts",
        example: "2026-04-05T10:47:35.123456789Z stdout F 2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK",
    },
    Delivery {
        name: "kubectl",
        help: "kubectl logs with --prefix, --timestamps or both",
        example: "[pod/cart-7d9f/istio-proxy] 2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK",
    },
    Delivery {
        name: "docker",
        help: "Docker's json-file: the line under `log`, long lines in parts",
        example: r#"{"log":"2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK\n","stream":"stdout","time":"2026-04-05T10:47:35.123456789Z"}"#,
    },
    Delivery {
        name: "firelens",
        help: "ECS FireLens, Fluent Bit and Fluentd: the line under `log` or `message` beside the task's or pod's names",
        example: r#"{"container_name":"envoy","ecs_cluster":"prod","ecs_task_definition":"orders:17","log":"2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK","source":"stdout"}"#,
    },
    Delivery {
        name: "json",
        help: "JSON objects that touch or span lines, or with the line under `log`, `message` or `msg`",
        example: r#"{"level":"info","msg":"2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK"}"#,
    },
];

/// What CloudWatch Logs writes into a bucket of its own accord, to see whether it may: `aws-logs-write-test`.
const WRITE_TEST: &[u8] = b"Permission Check Successful";

/// Takes every line of one object, in order.
pub(crate) trait Taker {
    /// Whether a log format claims a line.
    fn claims(&mut self, line: &[u8]) -> bool;

    /// Whether a log format claims a line, or knows it as one that stands beside its own.
    fn knows(&mut self, line: &[u8]) -> bool;

    /// The next physical lines of the object, which nothing is around.
    fn lines(&mut self, block: &[u8]);

    /// Lines that were unwrapped: each ends with a line end and stands at its place.
    fn inner(&mut self, block: &[u8], places: &[Place]);

    /// A line that is no record and need not be one.
    fn set_aside(&mut self, place: Place, reason: Reason);

    /// A line that should have been a record, or carried some.
    fn fault(&mut self, place: Place, reason: Reason, message: &dyn Fn() -> String);

    /// The lines that follow come from here, as their envelope says; empty where it does not say.
    fn origin(&mut self, origin: &str);

    /// The last physical line that was taken.
    fn line(&self) -> u64;

    /// So many bytes came out of decoding.
    fn bytes(&mut self, bytes: u64);
}

/// Reads one object from its first stored byte to its last line.
///
/// # Errors
/// What kept the rest of the object from being read; what came before is taken.
pub(crate) fn read(body: Box<dyn Read + Send>, to: &mut dyn Taker) -> io::Result<()> {
    let head = Head::of(decode::open(body));
    let mut object = Wrapped {
        walk: Walk::default(),
        state: State::Fresh,
        line: 0,
    };
    if begins_endless_json(head.first()) {
        object.walk.begin(Layer::Json);
        return object.values(Values::new(b"", 0, head), to);
    }
    let mut scanner = Scanner::new(head);
    let ended = loop {
        match scanner.next() {
            Ok(Some(piece)) => {
                if let Some(unread) = object.piece(&piece, to) {
                    let (read, here, rest) = scanner.give_back(unread);
                    return object.values(Values::new(&here, read, rest), to);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = &ended {
        let cut = Fault::of(error).is_none_or(Fault::cuts_a_line);
        match scanner.rest() {
            Some(Piece::Lines(rest)) if cut => object.cut_off(rest, to),
            Some(rest) => {
                if let Some(unread) = object.piece(&rest, to) {
                    let (read, here, rest) = scanner.give_back(unread);
                    return object.values(Values::new(&here, read, rest), to).and(ended);
                }
            }
            None => {}
        }
    }
    object.walk.finish(to);
    to.bytes(scanner.bytes());
    ended
}

/// Whether an object begins with JSON whose first line does not end soon.
fn begins_endless_json(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    text.starts_with(b"{") && memchr::memchr(b'\n', text).is_none() && json::end(text) != json::End::Never
}

/// An object whose lines may be wrapped.
struct Wrapped {
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
    /// Takes a piece of the object. How many bytes at its end are left untaken, if they are JSON objects, which need no
    /// line ends.
    fn piece(&mut self, piece: &Piece<'_>, to: &mut dyn Taker) -> Option<usize> {
        match (piece, self.state) {
            (Piece::TooLong, _) => {
                let place = self.next_line(to);
                self.walk.fault(place, "too-long", &walk::too_long, to);
            }
            (Piece::Lines(block), State::Fresh) => return self.first_lines(block, to),
            (Piece::Lines(block), State::Bare) => to.lines(block),
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
                to.lines(rest);
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
            } else if let Some(layer) = walk::layer_of(line, walk::DEPTH, to) {
                self.walk.begin(layer);
                self.line = to.line();
                self.state = State::Lines;
                self.each_line(rest, to);
                return None;
            }
            let length = rest.len() - lines.rest().len();
            to.lines(rest.get(..length).unwrap_or_default());
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
        Place {
            line: self.line,
            event: None,
        }
    }

    fn cut_off(&mut self, start: &[u8], to: &mut dyn Taker) {
        let place = self.next_line(to);
        self.walk.fault(place, "cut-off", &|| cut_off(start), to);
    }

    /// An object of JSON objects, from the line on that follows those taken.
    fn values<R: Read>(mut self, mut values: Values<R>, to: &mut dyn Taker) -> io::Result<()> {
        let mut line = self.line + 1;
        let mut is_empty = true;
        self.walk.line_begins();
        while let Some(item) = values.next() {
            let mut begun = 0;
            match item {
                Item::LineEnd => {
                    if is_empty {
                        self.walk.text(b"", 1, Place { line, event: None }, to);
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
                self.walk.set_aside(Place { line, event: None }, "continued", to);
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
            touching == Some(&b'{') || memchr::memchr(b'\n', value).is_some() || walk::delivers(value, walk::DEPTH, to)
        }
    }
}
