//! Any other DNS log as JSON lines with a few plain keys.

use super::dns_lines::{Dialect, DnsLines};
use super::dns_object::Place;
use super::{Format, FormatKind, Options, OptionsError};

pub(super) static KIND: FormatKind = FormatKind {
    name: "dns-json",
    help: "DNS answers as JSON lines: time, source, name; and type, rcode, answers, vpc, instance",
    example: r#"{"time":"2026-11-20T01:58:00.996Z","source":"10.0.1.5","name":"api.example.test","type":"A","rcode":"NOERROR","answers":["edge.example.test","203.0.113.10"],"vpc":"vpc-0a1b2c3d4e5f67890","instance":"i-0a1b2c3d4e5f67890"}"#,
    start,
};

static DIALECT: Dialect = Dialect {
    keys,
    reasons: super::dns_csv::REASONS,
    // The keys are words that other logs use for other things: only a whole record tells.
    knows: |found| found.record().is_ok(),
    number: "time",
};

fn start(_: &Options) -> Result<Box<dyn Format>, OptionsError> {
    Ok(Box::new(DnsLines::new(&DIALECT)))
}

fn keys(key: &str) -> Option<Place> {
    match key {
        "time" => Some(Place::Time),
        "source" => Some(Place::Source),
        "name" => Some(Place::Name),
        "type" => Some(Place::Type),
        "rcode" => Some(Place::Rcode),
        "answers" => Some(Place::Answers),
        "vpc" => Some(Place::Vpc),
        "instance" => Some(Place::Instance),
        _ => None,
    }
}
