//! Envoy's access log as text: its default format, Istio's, or one that is given.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::envoy_format::built_in;
use super::envoy_format::connections::Connections;
use super::envoy_format::middle::Span;
use super::envoy_format::operator::Class;
use super::envoy_format::plan::{Mismatch, Plan};
use super::envoy_format::values::{self, Read, Values};
use super::{Format, FormatKind, Kind, Options, OptionsError, Output, Shown, Sniff};
use crate::{Reason, lines, printable};

mod stranger;

pub(super) use stranger::NOT_ACCESS_LOG;

pub(super) static KIND: FormatKind = FormatKind {
    name: "envoy-text",
    help: "Envoy's access log in its default text format, in Istio's, or in a given one",
    example: r#"[2026-11-20T01:58:00.996Z] "GET /v1/charges HTTP/1.1" 200 - 120 2810 41 40 "-" "Go-http-client/1.1" "0f58904d-ba41-4ecc-acc3-fc1626e53a10" "api.example.test" "203.0.113.10:443""#,
    start,
};

/// What Ambassador and Emissary write in front of each line.
const PREFIX: &[u8] = b"ACCESS ";

/// The parser of one object.
struct EnvoyText {
    plans: Vec<Arc<Plan>>,
    /// The plan of the last record: the next line is most likely of it as well.
    current: usize,
    connections: Connections,
    spans: Vec<Span>,
}

/// Why a line is no record.
enum Fault<'a> {
    NotAccessLog,
    Columns(Mismatch<'a>),
    Value(values::Fault<'a>),
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let mut plans = Vec::new();
    if let Some(written) = &options.envoy_format {
        let given = Plan::new(written).map_err(|why| OptionsError {
            option: "envoy_format",
            why,
        })?;
        plans.push(Arc::new(given));
    }
    plans.extend(built_in::plans().iter().cloned());
    Ok(Box::new(EnvoyText {
        plans,
        current: 0,
        connections: Connections::default(),
        spans: Vec::new(),
    }))
}

impl Format for EnvoyText {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        match self.read_alone(line) {
            Ok(()) => Sniff::Mine,
            Err(_) if stranger::is_known(line) => Sniff::Beside(NOT_ACCESS_LOG),
            Err(_) => Sniff::Unknown,
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let (mut values, mut read) = (Values::of(block), Read::default());
        for line in lines::split(block) {
            match self.read(line, &mut values, &mut read) {
                Ok(()) => self.connections.take(&read, &values, out),
                Err(_) if line.is_empty() => out.set_aside("blank"),
                Err(fault) => out.fault(fault.reason(), || fault.message(line)),
            }
        }
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        self.connections.finish(out);
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        match self.read_alone(line) {
            Ok(()) => self.fields(line),
            Err(_) if line.is_empty() => Shown::aside(Kind::Blank, "blank"),
            Err(fault) => {
                let kind = match fault {
                    Fault::NotAccessLog => Kind::NotAccessLog,
                    Fault::Columns(_) | Fault::Value(_) => Kind::Malformed,
                };
                Shown {
                    message: Some(fault.message(line)),
                    ..Shown::aside(kind, fault.reason())
                }
            }
        }
    }
}

impl EnvoyText {
    fn read_alone<'a>(&mut self, line: &'a [u8]) -> Result<(), Fault<'a>> {
        self.read(line, &mut Values::of(line), &mut Read::default())
    }

    /// Reads a line in the format of the last one, or else in the first that it is of.
    #[inline]
    fn read<'a>(&mut self, line: &'a [u8], values: &mut Values<'a>, read: &mut Read<'a>) -> Result<(), Fault<'a>> {
        let columns = line.strip_prefix(PREFIX).unwrap_or(line);
        if let Some(plan) = self.plans.get(self.current)
            && plan.values(columns, &mut self.spans, values).is_ok()
        {
            return values.read(plan.clock(), read).map_err(Fault::Value);
        }
        self.read_in_any(columns, values, read)
    }

    #[cold]
    fn read_in_any<'a>(
        &mut self,
        line: &'a [u8],
        values: &mut Values<'a>,
        read: &mut Read<'a>,
    ) -> Result<(), Fault<'a>> {
        let mut nearest: Option<(Mismatch<'a>, usize)> = None;
        for (at, plan) in self.plans.iter().enumerate() {
            match plan.values(line, &mut self.spans, values) {
                Ok(()) => {
                    values.read(plan.clock(), read).map_err(Fault::Value)?;
                    self.current = at;
                    return Ok(());
                }
                Err(mismatch) if nearest.as_ref().is_none_or(|(best, _)| mismatch.found > best.found) => {
                    nearest = Some((mismatch, plan.telling()));
                }
                Err(_) => {}
            }
        }
        Err(match nearest {
            Some((mismatch, telling)) if mismatch.found >= telling && !stranger::is_known(line) => {
                Fault::Columns(mismatch)
            }
            _ => Fault::NotAccessLog,
        })
    }

    /// A record in full, in the format that [`read`](Self::read) found.
    fn fields(&self, line: &[u8]) -> Shown {
        let line = line.strip_prefix(PREFIX).unwrap_or(line);
        let columns = self
            .plans
            .get(self.current)
            .and_then(|plan| plan.all(line).ok())
            .unwrap_or_default();
        // `omit_empty_values` prints nothing where `-` would stand, and then `-` is what somebody sent.
        let omits = columns
            .iter()
            .any(|(column, value, _)| value.is_empty() && !matches!(column.class, Class::Free | Class::Ours));
        let mut fields = Map::new();
        let mut ambiguous = Vec::new();
        for (column, value, certain) in columns {
            let unset = match (value, column.class) {
                ([], Class::Free) => omits,
                ([b'-'], Class::Free) => !omits,
                ([] | [b'-'], _) => true,
                _ => false,
            };
            let shown = if unset { Json::Null } else { shown(column.class, value) };
            if !unset && shown.is_null() {
                fields.insert(format!("{}_hex", column.field), hex(value).into());
            }
            fields.insert(column.field.clone(), shown);
            fields.extend(column.touched_by.iter().map(|field| (field.clone(), Json::Null)));
            if !certain || !column.touched_by.is_empty() {
                ambiguous.push(column.field.clone());
                ambiguous.extend(column.touched_by.iter().cloned());
            }
        }
        Shown {
            ambiguous,
            ..Shown::record(fields)
        }
    }
}

/// A value that is set: a count as a number, all else as text; null for bytes that are no text.
fn shown(class: Class, value: &[u8]) -> Json {
    match (class, super::envoy_value::decimal(value)) {
        (Class::Count, Some(count)) => count.into(),
        _ => std::str::from_utf8(value).ok().into(),
    }
}

fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Fault<'_> {
    fn reason(&self) -> Reason {
        match self {
            Fault::NotAccessLog => NOT_ACCESS_LOG,
            Fault::Columns(mismatch) => mismatch.reason,
            Fault::Value(fault) => fault.reason(),
        }
    }

    /// What was expected and what was found.
    fn message(&self, line: &[u8]) -> String {
        match self {
            Fault::NotAccessLog => format!(
                "expected a line of Envoy's access log, found {}",
                printable::quoted(line)
            ),
            Fault::Columns(mismatch) => {
                let name = mismatch
                    .reason
                    .split_once(':')
                    .map_or(mismatch.reason, |(_, name)| name);
                let found = printable::quoted(mismatch.at);
                format!("{name}: expected {}, found {found}", mismatch.expected)
            }
            Fault::Value(fault) => fault.message(),
        }
    }
}
