//! Deliveries: what stands around log lines when something carried them, told from content and taken off.

use std::io::{self, Read};

use crate::Reason;
use crate::decode::{self, Fault};
use crate::lines::{Piece, Scanner};

pub(crate) use layer::is_carried;
pub(crate) use place::Place;

use head::Head;
use values::Values;
use wrapped::Wrapped;

mod batch;
mod head;
mod json;
mod layer;
mod object;
mod origin;
mod parts;
mod place;
mod prefix;
mod values;
mod walk;
mod wrapped;

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

/// Takes every line of one object, in order.
pub(crate) trait Taker {
    /// Whether a log format claims a line.
    fn claims(&mut self, line: &[u8]) -> bool;

    /// Whether a log format claims a line, or knows it as one that stands beside its own.
    fn knows(&mut self, line: &[u8]) -> bool;

    /// The next physical lines of the object, which nothing is around: all of them, or those up to one that something is
    /// around after all. Returns such lines, to be unwrapped, and what of the block is left to take.
    fn lines<'b>(&mut self, block: &'b [u8]) -> (Vec<Carried>, &'b [u8]);

    /// Goes over to the lines that are carried among bare ones, which are another log, or back.
    fn switch(&mut self);

    /// What the next lines that were unwrapped stood in, the outermost first.
    fn wrapped(&mut self, layers: &mut dyn Iterator<Item = &'static str>) {
        let _ = layers;
    }

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

/// A line that something is around, among lines that nothing is around: it is taken, and in no counter yet.
pub(crate) struct Carried {
    pub(crate) line: u64,
    pub(crate) text: Vec<u8>,
}

/// Reads one object from its first stored byte to its last line.
///
/// # Errors
/// What kept the rest of the object from being read; what came before is taken.
pub(crate) fn read(body: Box<dyn Read + Send>, to: &mut dyn Taker) -> io::Result<()> {
    let head = Head::of(decode::open(body));
    let mut object = Wrapped::new();
    if begins_endless_json(head.first()) {
        object.begin_json();
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
    object.finish(to);
    to.bytes(scanner.bytes());
    ended
}

/// Whether an object begins with JSON whose first line does not end soon.
fn begins_endless_json(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    text.starts_with(b"{") && memchr::memchr(b'\n', text).is_none() && json::end(text) != json::End::Never
}
