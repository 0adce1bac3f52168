//! VPC flow logs as text: versions 2 to 11 and Transit Gateway, with any header or the fields of version 2.

use super::{Format, FormatKind, Options, OptionsError, Output, Shown, Sniff};
use crate::batch::{Columns, FlowBatch};
use crate::lines;
use crate::record::{FlowRecord, GapStatus};
use fast::{Fast, Rows};
use plan::Plan;

mod address;
mod columns;
mod fast;
mod fault;
mod fields;
mod header;
mod number;
mod plan;
pub(super) mod show;

pub(crate) use address::ip;
pub(super) use fast::{ipv4, up_to_eight};
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
    /// `None` on a processor that lacks the instructions.
    fast: Option<Fast>,
    /// The default formats, while neither a header nor a user has said what the format is.
    defaults: Vec<Plan>,
    /// The formats that a user gave, where there are several and no header came.
    given: Vec<Plan>,
    shown: show::Reader,
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let refused = |why| OptionsError {
        option: "flow_format",
        why,
    };
    let mut given: Vec<Plan> = Vec::new();
    for written in &options.flow_format {
        let plan = header::given(written).map_err(refused)?;
        let count = plan.columns();
        if given.iter().any(|other| other.columns() == count) {
            let expected = "expected formats that differ in their number of fields, by which their rows are told apart";
            return Err(refused(format!("{expected}, found two of {count}")));
        }
        given.push(plan);
    }
    let mut defaults = Vec::new();
    if given.is_empty() {
        for format in [DEFAULT, TRANSIT_GATEWAY] {
            defaults.push(header::given(format).map_err(refused)?);
        }
    }
    let first = given.iter().chain(&defaults).next().cloned();
    let plan = first.ok_or_else(|| refused("expected a format".to_owned()))?;
    Ok(Box::new(FlowText {
        fast: Fast::new(&plan),
        plan,
        defaults,
        given,
        shown: show::Reader::new(&options.flow_format),
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
        let lacks = |plan: &Plan| plan.lacking().is_some();
        if header::read(line).is_some()
            || self.plan.fits(line)
            || default_of(&mut self.defaults, line).is_some()
            || self.given.iter_mut().any(|plan| plan.fits(line))
        {
            Sniff::Mine
        } else if (lacks(&self.plan) || self.given.iter().any(lacks)) && self.shown.fits(line) {
            // A format that holds no dependency: its rows can be shown.
            Sniff::Mine
        } else {
            Sniff::Unknown
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        // Whoever is told of lines set aside is told in their order.
        let by_columns = !out.is_telling();
        let mut rest = block;
        while !rest.is_empty() {
            let mut reading = Reading {
                plan: &mut self.plan,
                defaults: &mut self.defaults,
                given: &mut self.given,
                shown: &mut self.shown,
                same_plan: true,
                block: rest,
                out,
            };
            let read = match self.fast.as_mut().filter(|fast| by_columns && fast.follows_a_plan()) {
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

    fn show(&mut self, line: &[u8]) -> Shown {
        self.shown.line(line)
    }
}

/// The default format that a line without a header is a row of beyond doubt.
fn default_of(defaults: &mut [Plan], line: &[u8]) -> Option<Plan> {
    let fits = |plan: &mut Plan, transit: bool| transit == is_transit_gateway(line) && plan.fits(line);
    let [vpc, transit] = defaults else {
        return None;
    };
    if fits(vpc, false) {
        return Some(vpc.clone());
    }
    fits(transit, true).then(|| transit.clone())
}

/// A block that is being read.
struct Reading<'r, 'b, 'o> {
    plan: &'r mut Plan,
    defaults: &'r mut Vec<Plan>,
    given: &'r mut Vec<Plan>,
    shown: &'r mut show::Reader,
    same_plan: bool,
    block: &'b [u8],
    out: &'r mut Output<'o>,
}

impl Reading<'_, '_, '_> {
    /// Reads up to the end of the block or behind a line that changed the plan: how many bytes.
    fn by_columns(&mut self, fast: &mut Fast) -> usize {
        let (read, number) = fast.read(self.block, self.out.next_number(), self);
        self.out.go_on_behind(number - 1);
        read
    }

    /// The same, by the plan alone.
    fn line_by_line(&mut self) -> usize {
        let mut lines = lines::split(self.block);
        for line in lines.by_ref() {
            let number = self.out.next_number();
            if !self.line(line, number) {
                break;
            }
        }
        self.block.len() - lines.rest().len()
    }
}

impl Rows for Reading<'_, '_, '_> {
    fn batch(&mut self, columns: &mut Columns, rows: usize) {
        self.out.stand(&mut columns.line[..rows]);
        self.out.flows(&FlowBatch::new(self.block, columns, rows));
    }

    fn record(&mut self, record: &FlowRecord<'_>, number: u64) {
        self.out.go_on_behind(number - 1);
        self.out.flow(record);
    }

    fn line(&mut self, line: &[u8], number: u64) -> bool {
        self.out.go_on_behind(number - 1);
        match self.plan.row(line) {
            // What is commented out may hold all that a row does.
            Ok(_) | Err(Fault::NoData | Fault::SkipData) if line.starts_with(b"#") => self.out.set_aside("comment"),
            Ok(record) => self.out.flow(&record),
            Err(Fault::NoData) => self.out.gap("nodata", self.plan.gap(line, GapStatus::NoData).as_ref()),
            Err(Fault::SkipData) => self
                .out
                .gap("skipdata", self.plan.gap(line, GapStatus::SkipData).as_ref()),
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
            self.defaults.clear();
            self.given.clear();
            self.shown.follow(line);
            self.out.set_aside("header");
        } else if let Some(plan) = default_of(self.defaults, line).or_else(|| self.given_for(line)) {
            *self.plan = plan;
            let number = self.out.next_number();
            self.line(line, number);
            self.same_plan = false;
        } else {
            self.out.fault(fault.reason(), || fault.message(line, self.plan));
        }
    }

    /// Another of the formats that a user gave, if a line has as many columns as it.
    fn given_for(&self, line: &[u8]) -> Option<Plan> {
        let count = line.split(|byte| *byte == b' ').count();
        let other = self.given.iter().find(|plan| plan.columns() == count);
        other.filter(|_| count != self.plan.columns()).cloned()
    }
}
