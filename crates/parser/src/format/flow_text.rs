//! VPC flow logs as text: versions 2 to 11 and Transit Gateway, with any header or the fields of version 2.

use super::{Format, FormatKind, Options, OptionsError, Output, Sniff};
use crate::batch::{Columns, FlowBatch};
use crate::lines;
use fast::{Fast, Rows};
use fault::Fault;
use plan::Plan;

mod address;
mod columns;
mod fast;
mod fault;
mod fields;
mod header;
mod number;
mod plan;

pub(crate) use address::ip;
pub(crate) use number::decimal;

pub(super) static KIND: FormatKind = FormatKind {
    name: "flow-text",
    help: "VPC flow logs as text, with a header, with given fields, or with the default fields of version 2",
    example: "2 111122223333 eni-0a1b2c3d4e5f67890 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK",
    start,
};

/// The default format, which needs no header: version 2.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                       action log-status";

/// The parser of one object.
struct FlowText {
    plan: Plan,
    /// `None` on a processor that lacks the instructions.
    fast: Option<Fast>,
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let fields = options.flow_format.as_deref().unwrap_or(DEFAULT);
    let plan = header::given(fields).map_err(|why| OptionsError {
        option: "flow_format",
        why,
    })?;
    let fast = Fast::new(&plan);
    Ok(Box::new(FlowText { plan, fast }))
}

impl Format for FlowText {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        if let Some(reason) = fault::no_row(line) {
            return Sniff::Beside(reason);
        }
        if header::read(line).is_some() || self.plan.fits(line) {
            Sniff::Mine
        } else {
            Sniff::Unknown
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let in_sequence = out.is_in_sequence();
        let mut rest = block;
        while !rest.is_empty() {
            let mut reading = Reading {
                plan: &mut self.plan,
                same_plan: true,
                block: rest,
                out,
            };
            let read = match self.fast.as_mut().filter(|fast| in_sequence && fast.follows_a_plan()) {
                Some(fast) => reading.by_columns(fast),
                None => reading.line_by_line(),
            };
            let same_plan = reading.same_plan;
            if let Some(fast) = self.fast.as_mut().filter(|_| !same_plan) {
                fast.follow(&self.plan);
            }
            rest = rest.get(read..).unwrap_or_default();
        }
    }

    fn show(&mut self, line: &[u8]) -> super::Shown {
        let _ = line;
        super::Shown::aside(super::Kind::NotALog, "unrecognised")
    }
}

/// A block that is being read.
struct Reading<'r, 'b, 'o> {
    plan: &'r mut Plan,
    same_plan: bool,
    block: &'b [u8],
    out: &'r mut Output<'o>,
}

impl Reading<'_, '_, '_> {
    /// Reads up to the end of the block or behind a line that changed the plan: how many bytes.
    fn by_columns(&mut self, fast: &mut Fast) -> usize {
        let (read, number) = fast.read(self.block, self.out.lines() + 1, self);
        self.out.go_on_behind(number - 1);
        read
    }

    /// The same, by the plan alone.
    fn line_by_line(&mut self) -> usize {
        let mut lines = lines::split(self.block);
        while let Some(line) = lines.next() {
            let number = self.out.lines() + 1;
            if !self.line(line, number) {
                break;
            }
        }
        self.block.len() - lines.rest().len()
    }
}

impl Rows for Reading<'_, '_, '_> {
    fn batch(&mut self, columns: &Columns, rows: usize) {
        self.out.flows(&FlowBatch::new(self.block, columns, rows));
    }

    fn line(&mut self, line: &[u8], number: u64) -> bool {
        if self.out.is_in_sequence() {
            self.out.go_on_behind(number - 1);
        }
        match self.plan.row(line) {
            Ok(record) => self.out.flow(&record),
            Err(fault @ (Fault::NoData | Fault::SkipData)) => self.out.set_aside(fault.reason()),
            Err(fault) => self.other(line, fault),
        }
        self.same_plan
    }
}

impl Reading<'_, '_, '_> {
    /// A line that is no row: a header, nothing, a comment, or a row with a fault in it.
    #[cold]
    fn other(&mut self, line: &[u8], fault: Fault) {
        if let Some(reason) = fault::no_row(line) {
            self.out.set_aside(reason);
        } else if let Some(plan) = header::read(line) {
            *self.plan = plan;
            self.same_plan = false;
            self.out.set_aside("header");
        } else {
            self.out.fault(fault.reason(), || fault.message(line, self.plan));
        }
    }
}
