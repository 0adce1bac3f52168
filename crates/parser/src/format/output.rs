//! Where a format puts each line: the sink for records, the counters for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Format;
use super::formats::Named;
use crate::batch::{FlowBatch, Refused};
use crate::counters::{Counters, Reason, Sample};
use crate::record::{AccessRecord, DnsRecord, FlowRecord, Gap, Sink, Verdict};
use crate::source::ObjectId;
use crate::unwrap::{Carried, Place};
use strays::Strays;

mod strays;

/// Takes every line of one object once, in order, so that line numbers and counters are right by construction.
pub(crate) struct Output<'a> {
    object: &'a ObjectId,
    /// The physical line that was taken last.
    line: u64,
    /// The event within it, where it delivers several.
    event: Option<u64>,
    /// Where the lines stand; empty where they follow each other in the object.
    places: &'a [Place],
    /// How many of these lines were taken.
    taken: usize,
    /// The lines at hand, for other formats to claim those that their own cannot read.
    strays: Option<Strays<'a>>,
    /// Which of the other formats took the last stray of all.
    took: Option<usize>,
    /// Where nothing is around the lines: those that something is around all the same.
    carried: Option<Vec<Carried>>,
    sink: &'a mut dyn Sink,
    /// Whether the sink wants to be told of lines set aside.
    telling: bool,
    counters: &'a mut Counters,
    refused: Refused,
    /// Records that the sink did not want.
    unwanted: u64,
    /// Whoever wants to know how many records the sink was given, and how many it was told of.
    watch: Option<Arc<AtomicU64>>,
    told: u64,
    /// Where the records come from, as their envelope says; empty where it does not say.
    origin: Arc<str>,
}

/// Where a line stands that is held back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    line: u64,
    event: Option<u64>,
}

impl<'a> Output<'a> {
    /// Announces the object to the sink.
    pub(crate) fn begin(
        object: &'a ObjectId,
        watch: Option<Arc<AtomicU64>>,
        sink: &'a mut dyn Sink,
        counters: &'a mut Counters,
    ) -> Self {
        counters.objects += 1;
        sink.object(object);
        Output {
            watch,
            told: counters.used(),
            object,
            line: 0,
            telling: sink.wants_set_aside(),
            event: None,
            places: &[],
            taken: 0,
            strays: None,
            took: None,
            carried: None,
            sink,
            counters,
            refused: Refused::new(),
            unwanted: 0,
            origin: Arc::from(""),
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
            taken: self.taken,
            strays: Some(Strays::new(block, others)),
            took: None,
            carried: self.carried.take(),
            sink: &mut *self.sink,
            telling: self.telling,
            counters: &mut *self.counters,
            refused: Refused::new(),
            unwanted: 0,
            origin: Arc::clone(&self.origin),
            watch: None,
            told: 0,
        };
        out.mark();
        format.parse(block, &mut out);
        let (line, event, took, carried) = (out.line, out.event, out.took, out.carried);
        self.unwanted += out.unwanted;
        (self.line, self.event, self.took, self.carried) = (line, event, took, carried);
    }

    /// Nothing is around the lines that `take` gives; returns those that something is around all the same.
    pub(crate) fn bare(&mut self, take: impl FnOnce(&mut Output<'_>)) -> Vec<Carried> {
        self.carried = Some(Vec::new());
        take(self);
        self.carried.take().unwrap_or_default()
    }

    /// The lines that `take` gives stand at these places, one each.
    pub(crate) fn at(&mut self, places: &[Place], take: impl FnOnce(&mut Output<'_>)) {
        let mut out = Output {
            object: self.object,
            line: self.line,
            event: None,
            places,
            taken: 0,
            strays: None,
            took: None,
            carried: self.carried.take(),
            sink: &mut *self.sink,
            telling: self.telling,
            counters: &mut *self.counters,
            refused: Refused::new(),
            unwanted: 0,
            origin: Arc::clone(&self.origin),
            watch: None,
            told: 0,
        };
        take(&mut out);
        let (line, took, carried) = (out.line, out.took, out.carried);
        self.unwanted += out.unwanted;
        // A line that was unwrapped may stand before the last one that was taken.
        (self.line, self.event, self.took, self.carried) = (self.line.max(line), None, took, carried);
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
            Verdict::SetAside(reason) => self.unwanted(reason),
        }
    }

    /// The number that the next line is taken by: its own, or where lines have their places, that of its place from 1 on.
    pub(crate) fn next_number(&self) -> u64 {
        1 + if self.places.is_empty() {
            self.line
        } else {
            self.taken as u64
        }
    }

    /// The lines in the object that were taken by these numbers.
    pub(crate) fn stand(&self, numbers: &mut [u64]) {
        if self.places.is_empty() {
            return;
        }
        for number in numbers {
            *number = self.place(*number).map_or(self.line, |place| place.line);
        }
    }

    fn place(&self, number: u64) -> Option<&'a Place> {
        self.places.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Whether somebody wants to be told of lines set aside.
    pub(crate) fn is_telling(&self) -> bool {
        self.telling
    }

    /// The lines up to the one with this number are taken.
    pub(crate) fn go_on_behind(&mut self, number: u64) {
        if self.places.is_empty() {
            self.line = number;
        } else if let Some(place) = self.place(number) {
            (self.line, self.event) = (place.line, place.event);
            self.taken = usize::try_from(number).unwrap_or(usize::MAX);
        }
    }

    /// These lines are flow records; they know their numbers.
    pub(crate) fn flows(&mut self, batch: &FlowBatch<'_>) {
        self.refused.clear();
        self.sink.flows(batch, &mut self.refused);
        let used = (batch.len() - self.refused.len()) as u64;
        self.counters.lines += used;
        self.counters.flow += used;
        self.unwanted += self.refused.len() as u64;
        for (line, reason) in &self.refused {
            self.counters.set_aside(reason);
            if self.telling {
                self.sink.set_aside(*line, None, reason, None);
            }
        }
    }

    /// The line is an access record.
    pub(crate) fn access(&mut self, record: &AccessRecord<'_>) {
        self.next();
        self.give(self.line, record);
    }

    /// The line is an access record that another may stand for: it is counted once it is released or superseded.
    /// Returns where it stands.
    pub(crate) fn hold(&mut self) -> Held {
        self.next();
        Held {
            line: self.line,
            event: self.event,
        }
    }

    /// The line that was held, which came from there, is an access record.
    pub(crate) fn release(&mut self, held: Held, origin: &Arc<str>, record: &AccessRecord<'_>) {
        let elsewhere = *origin != self.origin;
        if elsewhere {
            self.sink.origin(origin);
        }
        self.give(held.line, record);
        if elsewhere {
            self.sink.origin(&self.origin);
        }
    }

    fn give(&mut self, line: u64, record: &AccessRecord<'_>) {
        match self.sink.access(line, record) {
            Verdict::Used => {
                self.counters.lines += 1;
                self.counters.access += 1;
            }
            Verdict::SetAside(reason) => self.unwanted(reason),
        }
    }

    /// Of two lines that were held, one stands for both.
    pub(crate) fn superseded(&mut self) {
        self.counters.set_aside("cumulative");
    }

    /// When whatever carried the next line says that it was written, in Unix seconds.
    pub(crate) fn carried_at(&self) -> Option<u64> {
        self.places.get(self.taken).and_then(|place| place.time)
    }

    /// The line is a DNS answer.
    pub(crate) fn dns(&mut self, record: &DnsRecord<'_>) {
        self.next();
        match self.sink.dns(self.line, record) {
            Verdict::Used => {
                self.counters.lines += 1;
                self.counters.dns += 1;
            }
            Verdict::SetAside(reason) => self.unwanted(reason),
        }
    }

    /// The line is no record and need not be one.
    pub(crate) fn set_aside(&mut self, reason: Reason) {
        self.next();
        self.aside(reason, None);
    }

    /// The line says that there is no record, and when if it says that.
    pub(crate) fn gap(&mut self, reason: Reason, gap: Option<&Gap<'_>>) {
        self.set_aside(reason);
        if let Some(gap) = gap {
            self.sink.gap(self.line, gap);
        }
    }

    /// The line should have been a record. The message is made only if somebody wants it.
    pub(crate) fn fault(&mut self, reason: Reason, message: impl FnOnce() -> String) {
        if self.is_of_another() || self.is_carried() {
            return;
        }
        self.next();
        let (object, line, event) = (self.object.uri.as_str(), self.line, self.event);
        let kept = self.counters.wants_sample(reason, object, line, event);
        let message = (kept || self.telling).then(message);
        self.aside(reason, message.as_deref());
        if let (true, Some(message)) = (kept, message) {
            let sample = Sample {
                object: object.to_owned(),
                line,
                event,
                message,
            };
            self.counters.keep(reason, sample);
        }
    }

    /// The sink did not want the record at hand.
    fn unwanted(&mut self, reason: Reason) {
        self.unwanted += 1;
        self.aside(reason, None);
    }

    fn aside(&mut self, reason: Reason, message: Option<&str>) {
        self.counters.set_aside(reason);
        if self.telling {
            self.sink.set_aside(self.line, self.event, reason, message);
        }
    }

    /// Where records come from now.
    pub(crate) fn origin_now(&self) -> &Arc<str> {
        &self.origin
    }

    /// The records that follow come from here.
    pub(crate) fn origin(&mut self, origin: &str) {
        self.origin = origin.into();
        self.sink.origin(origin);
    }

    /// Tells whoever watches how many records the sink was given since the last time; for every block of lines or rows.
    pub(crate) fn tell(&mut self) {
        if let Some(watch) = &self.watch {
            let given = self.counters.used() + self.unwanted;
            watch.fetch_add(given - self.told, Ordering::Relaxed);
            self.told = given;
        }
    }

    /// So many bytes came out of decoding.
    pub(crate) fn count_bytes(&mut self, bytes: u64) {
        self.counters.bytes += bytes;
    }

    #[inline]
    fn next(&mut self) {
        match self.places.get(self.taken) {
            None => self.line += 1,
            Some(place) => {
                (self.line, self.event) = (place.line, place.event);
                self.taken += 1;
            }
        }
    }
}
