//! VPC flow logs as text: versions 2 to 11 and Transit Gateway, with any header or the fields of version 2.

use super::{Format, FormatKind, Options, OptionsError, Output, Shown, Sniff};
use crate::lines;
use crate::record::GapStatus;
use plan::Plan;

mod address;
mod columns;
mod fault;
mod fields;
mod header;
mod number;
mod plan;
pub(super) mod show;

pub(crate) use address::ip;
pub(super) use fault::Fault;
pub(super) use fields::{FIELDS, Field, Name, WANTED, named};
pub(crate) use number::decimal;
pub(super) use plan::{action, direction, is_printable, seconds};

pub(super) static KIND: FormatKind = FormatKind {
    name: "flow-text",
    help: "VPC and Transit Gateway flow logs as text, with a header, with given fields, or with the default fields",
    example: "2 111122223333 eni-0a1b2c3d4e5f67890 10.0.1.5 203.0.113.10 41630 443 6 10 8420 1790000010 1790000070 ACCEPT OK",
    start,
};

/// The default format, which needs no header: version 2.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                       action log-status";

/// The default format of a Transit Gateway's flow logs: version 6.
const TRANSIT_GATEWAY: &str = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id \
                               tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id \
                               tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr \
                               dstaddr srcport dstport protocol packets bytes start end log-status type \
                               packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded \
                               packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service \
                               pkt-dst-aws-service";

/// The parser of one object.
struct FlowText {
    plan: Plan,
    /// The default formats, while neither a header nor a user has said what the format is.
    defaults: Vec<Plan>,
    shown: show::Reader,
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let definition = options.flow_format.as_deref();
    let plan = |fields| {
        header::given(fields).map_err(|why| OptionsError {
            option: "flow_format",
            why,
        })
    };
    let defaults = match definition {
        Some(_) => Vec::new(),
        None => vec![plan(DEFAULT)?, plan(TRANSIT_GATEWAY)?],
    };
    Ok(Box::new(FlowText {
        plan: plan(definition.unwrap_or(DEFAULT))?,
        defaults,
        shown: show::Reader::new(definition),
    }))
}

/// Whether a row without a header says of itself that a Transit Gateway logged it.
fn is_transit_gateway(line: &[u8]) -> bool {
    let resource = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    resource.starts_with(b"TransitGateway")
}

impl Format for FlowText {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        if let Some(reason) = fault::no_row(line) {
            return Sniff::Beside(reason);
        }
        if header::read(line).is_some() || self.plan.fits(line) || self.default_of(line).is_some() {
            Sniff::Mine
        } else if self.plan.lacking().is_some() && self.shown.fits(line) {
            // A format that was given and holds no dependency: its rows can be shown.
            Sniff::Mine
        } else {
            Sniff::Unknown
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in lines::split(block) {
            match self.plan.row(line) {
                Ok(record) => out.flow(&record),
                Err(Fault::NoData) => out.gap("nodata", self.plan.gap(line, GapStatus::NoData).as_ref()),
                Err(Fault::SkipData) => out.gap("skipdata", self.plan.gap(line, GapStatus::SkipData).as_ref()),
                Err(fault) => self.other(line, fault, out),
            }
        }
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        self.shown.line(line)
    }
}

impl FlowText {
    /// The default format that a line without a header is a row of beyond doubt.
    fn default_of(&mut self, line: &[u8]) -> Option<Plan> {
        let fits = |plan: &mut Plan, transit: bool| transit == is_transit_gateway(line) && plan.fits(line);
        let [vpc, transit] = self.defaults.as_mut_slice() else {
            return None;
        };
        if fits(vpc, false) {
            return Some(vpc.clone());
        }
        fits(transit, true).then(|| transit.clone())
    }

    /// A line that is no row: a header, nothing, a comment, or a row with a fault in it.
    #[cold]
    fn other(&mut self, line: &[u8], fault: Fault, out: &mut Output<'_>) {
        if let Some(reason) = fault::no_row(line) {
            out.set_aside(reason);
        } else if let Some(plan) = header::read(line) {
            self.plan = plan;
            self.defaults.clear();
            out.set_aside("header");
        } else if let Some(plan) = self.default_of(line) {
            self.plan = plan;
            self.parse(line, out);
        } else {
            out.fault(fault.reason(), || fault.message(line, &self.plan));
        }
    }
}
