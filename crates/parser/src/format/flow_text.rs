//! VPC flow logs as text: versions 2 to 11 and Transit Gateway, with any header or the fields of version 2.

use super::{Format, FormatKind, Options, OptionsError, Output, Sniff};
use crate::lines;
use fault::Fault;
use plan::Plan;

mod address;
mod columns;
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
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let fields = options.flow_format.as_deref().unwrap_or(DEFAULT);
    let plan = header::given(fields).map_err(|why| OptionsError {
        option: "flow_format",
        why,
    })?;
    Ok(Box::new(FlowText { plan }))
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
        for line in lines::split(block) {
            match self.plan.row(line) {
                Ok(record) => out.flow(&record),
                Err(fault @ (Fault::NoData | Fault::SkipData)) => out.set_aside(fault.reason()),
                Err(fault) => self.other(line, fault, out),
            }
        }
    }

    fn show(&mut self, line: &[u8]) -> super::Shown {
        let _ = line;
        super::Shown::aside(super::Kind::NotALog, "unrecognised")
    }
}

impl FlowText {
    /// A line that is no row: a header, nothing, a comment, or a row with a fault in it.
    #[cold]
    fn other(&mut self, line: &[u8], fault: Fault, out: &mut Output<'_>) {
        if let Some(reason) = fault::no_row(line) {
            out.set_aside(reason);
        } else if let Some(plan) = header::read(line) {
            self.plan = plan;
            out.set_aside("header");
        } else {
            out.fault(fault.reason(), || fault.message(line, &self.plan));
        }
    }
}
