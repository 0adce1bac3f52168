//! Any other DNS log as CSV: one record a line, columns by a header or in a fixed order.

use std::borrow::Cow;
use std::net::IpAddr;

use super::dns_value::{self, Part, Reasons};
use super::flow_text::ip;
use super::{Format, FormatKind, Kind, Options, OptionsError, Output, Shown, Sniff};
use crate::record::DnsRecord;
use crate::{Reason, lines, printable};
use columns::{Columns, Row, Slot};

mod columns;
mod fields;

pub(super) static KIND: FormatKind = FormatKind {
    name: "dns-csv",
    help: "DNS answers as CSV: a header with time, source, name and more, or all eight columns in order",
    example: "2026-11-20T01:58:00.996Z,10.0.1.5,api.example.test,A,NOERROR,edge.example.test;203.0.113.10,vpc-0a1b2c3d4e5f67890,i-0a1b2c3d4e5f67890",
    start,
};

/// The reasons of the formats with plain names.
pub(super) const REASONS: Reasons = Reasons {
    time: "malformed:time",
    source: "malformed:source",
    name: "malformed:name",
    answers: "malformed:answers",
};

/// The response codes of RFC 1035, by which a row without a header is known.
const RCODES: [&str; 6] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/// The parser of one object.
struct DnsCsv {
    columns: Columns,
    /// Kept between rows, so that nothing is allocated for each.
    addresses: Vec<IpAddr>,
}

fn start(_: &Options) -> Result<Box<dyn Format>, OptionsError> {
    Ok(Box::new(DnsCsv {
        columns: Columns::usual(),
        addresses: Vec::new(),
    }))
}

impl Format for DnsCsv {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        if line.trim_ascii().is_empty() {
            return Sniff::Beside("blank");
        }
        let is_row = self.columns.row(line).is_some_and(|row| {
            let code = row.text(Slot::Rcode);
            let known = RCODES.iter().any(|known| code.eq_ignore_ascii_case(known));
            known && record(&row, &mut self.addresses, &mut Vec::new()).is_ok()
        });
        if is_row || Columns::read(line).is_some() {
            Sniff::Mine
        } else {
            Sniff::Unknown
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in lines::split(block) {
            let Some(row) = self.columns.row(line) else {
                self.other(line, None, out);
                continue;
            };
            let mut aliases = Vec::new();
            let part = match record(&row, &mut self.addresses, &mut aliases) {
                Ok(record) => {
                    out.dns(&record);
                    continue;
                }
                Err(part) => part,
            };
            self.other(line, Some(part), out);
        }
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        let mut part = None;
        if let Some(row) = self.columns.row(line) {
            part = record(&row, &mut self.addresses, &mut Vec::new()).err();
            if part.is_none() {
                return Shown::record(self.columns.fields(line));
            }
        }
        if line.trim_ascii().is_empty() {
            return Shown::aside(Kind::Blank, "blank");
        }
        if let Some(columns) = Columns::read(line) {
            self.columns = columns;
            return Shown {
                names: self.columns.names().map(str::to_owned).collect(),
                ..Shown::aside(Kind::Header, "header")
            };
        }
        Shown {
            message: Some(self.message(line, part)),
            ..Shown::aside(Kind::Malformed, reason(part))
        }
    }
}

impl DnsCsv {
    /// A line that is no record: nothing, a header, or a row with a fault in one part or in its columns.
    #[cold]
    fn other(&mut self, line: &[u8], part: Option<Part>, out: &mut Output<'_>) {
        if line.trim_ascii().is_empty() {
            out.set_aside("blank");
        } else if let Some(columns) = Columns::read(line) {
            self.columns = columns;
            out.set_aside("header");
        } else {
            out.fault(reason(part), || self.message(line, part));
        }
    }

    fn message(&self, line: &[u8], part: Option<Part>) -> String {
        match (part, self.columns.row(line)) {
            (Some(part), Some(row)) => REASONS.message(part, &row.shown(part)),
            _ => {
                let (count, found) = (self.columns.count(), printable::quoted(line));
                format!("expected {count} columns, found {found}")
            }
        }
    }
}

fn reason(part: Option<Part>) -> Reason {
    part.map_or("malformed:columns", |part| REASONS.of(part))
}

/// The record that a row makes, or the first part that is wrong.
fn record<'r>(
    row: &'r Row<'_>,
    addresses: &'r mut Vec<IpAddr>,
    aliases: &'r mut Vec<Cow<'r, str>>,
) -> Result<DnsRecord<'r>, Part> {
    let text = |slot| Cow::Borrowed(row.text(slot));
    let name = text(Slot::Name);
    let time = dns_value::time(row.text(Slot::Time).as_bytes()).ok_or(Part::Time)?;
    let source = ip(row.text(Slot::Source).as_bytes()).ok_or(Part::Source)?;
    if name.is_empty() {
        return Err(Part::Name);
    }
    addresses.clear();
    if !dns_value::answers(&text(Slot::Answers), addresses, aliases) {
        return Err(Part::Answers);
    }
    Ok(DnsRecord {
        time,
        source,
        vpc: text(Slot::Vpc),
        instance: text(Slot::Instance),
        name,
        query_type: text(Slot::Type),
        rcode: text(Slot::Rcode),
        addresses,
        aliases,
    })
}
