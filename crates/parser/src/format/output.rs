//! Where a format puts each line: the sink for records, the counters for all.

use crate::batch::{FlowBatch, Refused};
use crate::counters::{Counters, Reason, Sample};
use crate::record::{AccessRecord, DnsRecord, FlowRecord, Sink, Verdict};
use crate::source::ObjectId;

/// Takes every line of one object once, in order, so that line numbers and counters are right by construction.
pub(crate) struct Output<'a> {
    object: &'a ObjectId,
    /// Lines taken so far.
    line: u64,
    sink: &'a mut dyn Sink,
    /// Whether the sink wants to be told of lines set aside.
    telling: bool,
    counters: &'a mut Counters,
    refused: Refused,
}

impl<'a> Output<'a> {
    /// Announces the object to the sink.
    pub(crate) fn begin(object: &'a ObjectId, sink: &'a mut dyn Sink, counters: &'a mut Counters) -> Self {
        counters.objects += 1;
        sink.object(object);
        Output {
            object,
            line: 0,
            telling: sink.wants_set_aside(),
            sink,
            counters,
            refused: Refused::new(),
        }
    }

    /// How many lines were taken so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line
    }

    /// Whether the sink wants to be told of lines set aside.
    pub(crate) fn is_telling(&self) -> bool {
        self.telling
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
            Verdict::SetAside(reason) => self.aside(reason, None),
        }
    }

    /// The lines up to this one are taken.
    pub(crate) fn go_on_behind(&mut self, line: u64) {
        self.line = line;
    }

    /// These lines are flow records; they know their numbers.
    pub(crate) fn flows(&mut self, batch: &FlowBatch<'_>) {
        self.refused.clear();
        self.sink.flows(batch, &mut self.refused);
        let used = (batch.len() - self.refused.len()) as u64;
        self.counters.lines += used;
        self.counters.flow += used;
        for (line, reason) in &self.refused {
            self.counters.set_aside(reason);
            if self.telling {
                self.sink.set_aside(*line, None, reason, None);
            }
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
            Verdict::SetAside(reason) => self.aside(reason, None),
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
            Verdict::SetAside(reason) => self.aside(reason, None),
        }
    }

    /// The line is no record and need not be one.
    pub(crate) fn set_aside(&mut self, reason: Reason) {
        self.line += 1;
        self.aside(reason, None);
    }

    /// The line should have been a record. The message is made only if somebody wants it.
    pub(crate) fn fault(&mut self, reason: Reason, message: impl FnOnce() -> String) {
        self.line += 1;
        let object = self.object.uri.as_str();
        let kept = self.counters.wants_sample(reason, object, self.line);
        let message = (kept || self.telling).then(message);
        self.aside(reason, message.as_deref());
        if let (true, Some(message)) = (kept, message) {
            let sample = Sample {
                object: object.to_owned(),
                line: self.line,
                message,
            };
            self.counters.keep(reason, sample);
        }
    }

    fn aside(&mut self, reason: Reason, message: Option<&str>) {
        self.counters.set_aside(reason);
        if self.telling {
            self.sink.set_aside(self.line, None, reason, message);
        }
    }

    /// So many bytes came out of decoding.
    pub(crate) fn count_bytes(&mut self, bytes: u64) {
        self.counters.bytes += bytes;
    }
}
