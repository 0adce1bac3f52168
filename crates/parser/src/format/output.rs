//! Where a format puts each line: the sink for records, the counters for all.

use super::Format;
use super::formats::Named;
use crate::counters::{Counters, Reason, Sample};
use crate::record::{AccessRecord, DnsRecord, FlowRecord, Sink, Verdict};
use crate::source::ObjectId;
use crate::unwrap::Place;
use strays::Strays;

mod strays;

/// Takes every line of one object once, in order, so that line numbers and counters are right by construction.
pub(crate) struct Output<'a> {
    object: &'a ObjectId,
    /// The physical line that was taken last.
    line: u64,
    /// The event within it, where it delivers several.
    event: Option<u64>,
    /// Where the next lines stand; empty where they follow each other in the object.
    places: &'a [Place],
    /// The lines at hand, for other formats to claim those that their own cannot read.
    strays: Option<Strays<'a>>,
    /// Which of the other formats took the last stray of all.
    took: Option<usize>,
    sink: &'a mut dyn Sink,
    counters: &'a mut Counters,
}

impl<'a> Output<'a> {
    /// Announces the object to the sink.
    pub(crate) fn begin(object: &'a ObjectId, sink: &'a mut dyn Sink, counters: &'a mut Counters) -> Self {
        counters.objects += 1;
        sink.object(object);
        Output {
            object,
            line: 0,
            event: None,
            places: &[],
            strays: None,
            took: None,
            sink,
            counters,
        }
    }

    /// How many lines were taken so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line
    }

    /// Which of the other formats took the last line, where its own could not read it.
    pub(crate) fn took(&self) -> Option<usize> {
        self.took
    }

    /// Has a format parse all lines that are left. A line that it cannot read goes to the first of the others that claims it.
    pub(crate) fn parse(&mut self, block: &[u8], format: &mut dyn Format, others: &mut [Named]) {
        let mut out = Output {
            object: self.object,
            line: self.line,
            event: self.event,
            places: self.places,
            strays: Some(Strays::new(block, others)),
            took: None,
            sink: &mut *self.sink,
            counters: &mut *self.counters,
        };
        out.mark();
        format.parse(block, &mut out);
        let (line, event, took) = (out.line, out.event, out.took);
        (self.line, self.event, self.took) = (line, event, took);
    }

    /// The lines that `take` gives stand at these places, one each.
    pub(crate) fn at(&mut self, places: &[Place], take: impl FnOnce(&mut Output<'_>)) {
        let mut out = Output {
            object: self.object,
            line: self.line,
            event: None,
            places,
            strays: None,
            took: None,
            sink: &mut *self.sink,
            counters: &mut *self.counters,
        };
        take(&mut out);
        (self.line, self.event) = (out.line, None);
    }

    /// The line is a flow record.
    #[inline]
    pub(crate) fn flow(&mut self, record: &FlowRecord<'_>) {
        self.next();
        match self.sink.flow(self.line, record) {
            Verdict::Used => {
                self.counters.lines += 1;
                self.counters.flow += 1;
            }
            Verdict::SetAside(reason) => self.counters.set_aside(reason),
        }
    }

    /// The line is an access record.
    pub(crate) fn access(&mut self, record: &AccessRecord<'_>) {
        self.next();
        match self.sink.access(self.line, record) {
            Verdict::Used => {
                self.counters.lines += 1;
                self.counters.access += 1;
            }
            Verdict::SetAside(reason) => self.counters.set_aside(reason),
        }
    }

    /// The line is a DNS answer.
    #[expect(dead_code, reason = "no format has them yet")]
    pub(crate) fn dns(&mut self, record: &DnsRecord<'_>) {
        self.next();
        match self.sink.dns(self.line, record) {
            Verdict::Used => {
                self.counters.lines += 1;
                self.counters.dns += 1;
            }
            Verdict::SetAside(reason) => self.counters.set_aside(reason),
        }
    }

    /// The line is no record and need not be one.
    pub(crate) fn set_aside(&mut self, reason: Reason) {
        self.next();
        self.counters.set_aside(reason);
    }

    /// The line should have been a record. The message is made only if it is kept.
    pub(crate) fn fault(&mut self, reason: Reason, message: impl FnOnce() -> String) {
        if self.is_of_another() {
            return;
        }
        self.set_aside(reason);
        let (object, line, event) = (self.object.uri.as_str(), self.line, self.event);
        if self.counters.wants_sample(reason, object, line, event) {
            let sample = Sample {
                object: object.to_owned(),
                line,
                event,
                message: message(),
            };
            self.counters.keep(reason, sample);
        }
    }

    /// The records that follow come from here.
    pub(crate) fn origin(&mut self, origin: &str) {
        self.sink.origin(origin);
    }

    /// So many bytes came out of decoding.
    pub(crate) fn count_bytes(&mut self, bytes: u64) {
        self.counters.bytes += bytes;
    }

    #[inline]
    fn next(&mut self) {
        match self.places.split_first() {
            None => self.line += 1,
            Some((place, places)) => {
                (self.line, self.event) = (place.line, place.event);
                self.places = places;
            }
        }
    }
}
