//! Where a format puts each line: the sink for records, the counters for all.

use crate::counters::{Counters, Reason, Sample};
use crate::record::{AccessRecord, DnsRecord, FlowRecord, Gap, Sink, Verdict};
use crate::source::ObjectId;

/// Takes every line of one object once, in order, so that line numbers and counters are right by construction.
pub(crate) struct Output<'a> {
    object: &'a ObjectId,
    /// Lines taken so far.
    line: u64,
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
            sink,
            counters,
        }
    }

    /// How many lines were taken so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line
    }

    /// The line is a flow record.
    #[inline]
    pub(crate) fn flow(&mut self, record: &FlowRecord<'_>) {
        self.line += 1;
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
        self.line += 1;
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
        self.line += 1;
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
        self.line += 1;
        self.counters.set_aside(reason);
    }

    /// The line says that there is no record, and when if it says that.
    pub(crate) fn gap(&mut self, reason: Reason, gap: Option<&Gap<'_>>) {
        self.set_aside(reason);
        if let Some(gap) = gap {
            self.sink.gap(self.line, gap);
        }
    }

    /// The line should have been a record. The message is made only if it is kept.
    pub(crate) fn fault(&mut self, reason: Reason, message: impl FnOnce() -> String) {
        self.set_aside(reason);
        let object = self.object.uri.as_str();
        if self.counters.wants_sample(reason, object, self.line) {
            let sample = Sample {
                object: object.to_owned(),
                line: self.line,
                message: message(),
            };
            self.counters.keep(reason, sample);
        }
    }

    /// So many bytes came out of decoding.
    pub(crate) fn count_bytes(&mut self, bytes: u64) {
        self.counters.bytes += bytes;
    }
}
