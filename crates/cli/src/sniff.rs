//! `egressmap sniff`: what a file is, and what of it can be read.

use std::collections::BTreeMap;

use anyhow::Result;
use egressmap_parser::format::Kind;
use egressmap_parser::source::{Object, Wanted};
use egressmap_parser::{Line, Options, Reason, inspect};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{Global, Output, SniffArgs};
use crate::objects::in_order;
use crate::{Ending, json, options, say};
use guess::Guess;
use head::Head;

mod guess;
mod head;
mod page;

/// How much of an object is looked at, in bytes as stored.
const LOOK: u64 = 1_000_000;

/// How many faults of one reason are shown.
const FAULTS: usize = 3;

/// Says of each object what it is; something that is not recognised is a finding.
pub(crate) fn command(args: &SniffArgs, global: &Global) -> Result<Ending> {
    let options = options::options(&args.logs)?;
    let wanted = Wanted {
        requester_pays: args.logs.requester_pays,
        ..Wanted::default()
    };
    let mut out = say::Stream::stdout();
    let mut ending = Ending::Done;
    let mut first = true;
    let read = in_order(global, &args.sources, &wanted, |object| {
        let (sniffed, error) = sniff(object, &options, args);
        if sniffed.guess.is_some() {
            ending = Ending::Findings;
        }
        match args.output {
            Output::Json => out.line(&json::line(&sniffed)),
            Output::Table => {
                if !first {
                    out.line("");
                }
                out.line(page::page(&sniffed, say::width()).trim_end());
            }
        }
        first = false;
        out.flush();
        error.map_or(Ok(()), Err)
    })?;
    Ok(ending.max(read))
}

/// What was seen of one object.
#[derive(Debug, Default, Serialize)]
struct Sniffed {
    object: String,
    /// How it is packed.
    container: &'static str,
    /// What carried the lines, the outermost first.
    carried_in: Vec<&'static str>,
    /// The kind of log; none if no line told.
    format: Option<&'static str>,
    /// The names of the header, or of what the first record holds.
    fields: Vec<String>,
    /// The first records.
    records: Vec<Record>,
    read: Extent,
    /// The first faults of each reason, in the order of the lines.
    faults: Vec<Fault>,
    /// Why it could not be read whole.
    error: Option<String>,
    /// What it may be, where it is nothing that is known.
    guess: Option<Guess>,
}

#[derive(Debug, Serialize)]
struct Record {
    line: u64,
    event: Option<u64>,
    fields: Map<String, Value>,
}

/// The lines that were looked at.
#[derive(Debug, Default, Serialize)]
struct Extent {
    /// Whether that is all of it.
    whole: bool,
    lines: u64,
    used: u64,
    set_aside: BTreeMap<Reason, u64>,
}

#[derive(Debug, Serialize)]
struct Fault {
    line: u64,
    event: Option<u64>,
    reason: Reason,
    message: Option<String>,
}

fn sniff(object: Object, options: &Options, args: &SniffArgs) -> (Sniffed, Option<egressmap_parser::ObjectError>) {
    let mut sniffed = Sniffed {
        object: object.id.uri.clone(),
        ..Sniffed::default()
    };
    let head = Head::read(object.body);
    sniffed.container = head.container();
    let plain = head.plain();
    let whole = args.whole || head.must_be_whole();
    let (body, cut) = head.body(if whole { u64::MAX } else { LOOK });
    let object = Object { body, ..object };
    let read = inspect(object, options, &mut |line| {
        // Where the look ends, half a line is no fault of the log.
        if !(cut.is_cut() && line.shown.reason == Some("cut-off")) {
            sniffed.take(line, args.records);
        }
    });
    sniffed.read.whole = !cut.is_cut();
    let error = read.err().filter(|_| !cut.is_cut());
    sniffed.error = error.as_ref().map(|error| error.what.clone());
    if sniffed.format.is_none() {
        sniffed.guess = Some(guess::guess(&plain));
    }
    (sniffed, error)
}

impl Sniffed {
    fn take(&mut self, line: &Line, records: usize) {
        let shown = &line.shown;
        if self.format.is_none() && line.format.is_some() {
            self.carried_in.clone_from(&line.wrapped);
        }
        self.format = self.format.or(line.format);
        self.read.lines += 1;
        match shown.reason {
            None => self.read.used += 1,
            Some(reason) => *self.read.set_aside.entry(reason).or_default() += 1,
        }
        match shown.kind {
            Kind::Header => self.fields.clone_from(&shown.names),
            Kind::Record => {
                if self.fields.is_empty() {
                    self.fields = shown.fields.keys().cloned().collect();
                }
                if self.records.len() < records {
                    self.records.push(Record {
                        line: line.line,
                        event: line.event,
                        fields: shown.fields.clone(),
                    });
                }
            }
            Kind::Blank | Kind::Comment => {}
            Kind::Malformed | Kind::NotAccessLog | Kind::NotALog => self.fault(line),
        }
    }

    fn fault(&mut self, line: &Line) {
        let reason = line.shown.reason.unwrap_or(line.shown.kind.word());
        if self.faults.iter().filter(|fault| fault.reason == reason).count() < FAULTS {
            self.faults.push(Fault {
                line: line.line,
                event: line.event,
                reason,
                message: line.shown.message.clone(),
            });
        }
    }
}
