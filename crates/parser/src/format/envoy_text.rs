//! Envoy's access log as text: its default format, and the default of Istio.

use super::{Format, FormatKind, Options, OptionsError, Output, Sniff};
use crate::lines;
use crate::record::AccessRecord;
use fault::{Fault, Part};

mod fault;
mod head;
mod tail;

pub(super) static KIND: FormatKind = FormatKind {
    name: "envoy-text",
    help: "Envoy's access log in its default text format, or in Istio's",
    example: r#"[2026-11-20T01:58:00.996Z] "GET /v1/charges HTTP/1.1" 200 - 120 2810 41 40 "-" "Go-http-client/1.1" "0f58904d-ba41-4ecc-acc3-fc1626e53a10" "api.example.test" "203.0.113.10:443""#,
    start,
};

/// What Ambassador and Emissary write in front of each line.
const PREFIX: &[u8] = b"ACCESS ";

struct EnvoyText;

fn start(_options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    Ok(Box::new(EnvoyText))
}

impl Format for EnvoyText {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        match record(line) {
            Ok(_) => Sniff::Mine,
            Err(Fault::NotAccessLog) if is_process_log(line) => Sniff::Beside(Fault::NotAccessLog.reason()),
            Err(_) => Sniff::Unknown,
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in lines::split(block) {
            match record(line) {
                Ok(record) => out.access(&record),
                Err(_) if line.is_empty() => out.set_aside("blank"),
                Err(fault) => out.fault(fault.reason(), || fault.message(line)),
            }
        }
    }

    fn show(&mut self, line: &[u8]) -> super::Shown {
        let _ = line;
        super::Shown::aside(super::Kind::NotALog, "unrecognised")
    }
}

/// Envoy's own messages, which share its standard output: `[2026-11-23 01:58:00.996][12][info][main] [file:line] …`.
fn is_process_log(line: &[u8]) -> bool {
    let mut parts = line
        .strip_prefix(b"[")
        .unwrap_or_default()
        .splitn(3, |byte| *byte == b']');
    let dated = parts
        .next()
        .is_some_and(|date| date.len() >= 19 && date.iter().all(|byte| b"0123456789-:. ".contains(byte)));
    let thread = parts.next().and_then(|thread| thread.strip_prefix(b"["));
    dated && thread.is_some_and(|thread| !thread.is_empty() && thread.iter().all(u8::is_ascii_digit))
}

/// Reads a line from both of its ends.
///
/// Envoy escapes nothing: whoever sends a request may put quotes and whole forged columns into its user agent. What
/// follows the authority comes from sockets and from configuration, and Envoy refuses an authority with quotes or
/// spaces. So the destination is anchored at the right end, which nobody else can write.
fn record(line: &[u8]) -> Result<AccessRecord<'_>, Fault<'_>> {
    let line = line.strip_prefix(PREFIX).unwrap_or(line);
    let opened = line.strip_prefix(b"[").ok_or(Fault::NotAccessLog)?;
    let close = opened
        .iter()
        .position(|byte| *byte == b']')
        .ok_or(Fault::NotAccessLog)?;
    let (time, rest) = opened.split_at(close);
    let rest = rest.strip_prefix(b"] \"").ok_or(Fault::NotAccessLog)?;
    if !time.first().is_some_and(u8::is_ascii_digit) {
        return Err(Fault::NotAccessLog);
    }
    let start = super::envoy_value::start_time(time).ok_or(Fault::part(Part::StartTime, time))?;
    let (client, tail) = tail::split(rest)?;
    let head = head::read(client, tail.layout())?;
    Ok(AccessRecord {
        start,
        ..tail.onto(head)
    })
}
