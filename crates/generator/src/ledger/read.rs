//! Reads `dependencies.yaml`, strictly: what it does not understand is an error with a line.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Application, Protocol};
use egressmap_parser::near::did_you_mean;
use jiff::civil::Date;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Destination, Entry, Ledger, LedgerError, SCHEMA, Verdict};
use crate::text::inert;

const APPLICATIONS: [(&str, Application); 5] = [
    ("http", Application::Http),
    ("tls", Application::Tls),
    ("tcp", Application::Tcp),
    ("udp", Application::Udp),
    ("icmp", Application::Icmp),
];

const VERDICTS: [(&str, Verdict); 3] = [
    ("allow", Verdict::Allow),
    ("deny", Verdict::Deny),
    ("review", Verdict::Review),
];

/// Every value is first read as text, so that an error can quote what was written.
type Text = Option<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLedger {
    schema: Text,
    dependencies: Option<Vec<Spanned<RawEntry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    service: Text,
    destination: Text,
    port: Text,
    application: Text,
    verdict: Text,
    owner: Text,
    reason: Text,
    expires: Text,
}

pub(super) fn read(text: &str) -> Result<Ledger, LedgerError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000_000,
            max_nodes: 10_000_000,
        },
    };
    let raw: Option<RawLedger> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| explain(text, &error))?;
    let Some(raw) = raw else {
        return Ok(Ledger::default());
    };
    check_schema(&raw)?;
    let mut entries = Vec::new();
    let mut seen: BTreeMap<(ServiceName, Destination, u16, Protocol), u64> = BTreeMap::new();
    for raw in raw.dependencies.unwrap_or_default() {
        let entry = entry(raw)?;
        let key = (
            entry.service.clone(),
            entry.destination.clone(),
            entry.port,
            entry.protocol(),
        );
        if let Some(first) = seen.insert(key, entry.line) {
            return Err(at(
                entry.line,
                format!("this dependency stands already at line {first}"),
            ));
        }
        entries.push(entry);
    }
    Ok(Ledger { entries })
}

fn check_schema(raw: &RawLedger) -> Result<(), LedgerError> {
    match &raw.schema {
        Some(schema) if schema.value == SCHEMA => Ok(()),
        Some(schema) => Err(at(
            schema.referenced.line(),
            format!("schema: expected {SCHEMA}, found \"{}\"", shown(&schema.value)),
        )),
        None if raw.dependencies.as_ref().is_none_or(Vec::is_empty) => Ok(()),
        None => Err(at(
            1,
            format!("expected \"schema: {SCHEMA}\" beside the dependencies, found no schema"),
        )),
    }
}

fn entry(raw: Spanned<RawEntry>) -> Result<Entry, LedgerError> {
    let line = raw.referenced.line();
    let raw = raw.value;
    let service = required(line, "service", raw.service, |text| {
        ServiceName::try_from(text.to_owned())
    })?;
    let destination = required(line, "destination", raw.destination, Destination::from_str)?;
    let application = word(line, "application", raw.application, &APPLICATIONS)?;
    let lowest = u16::from(application != Application::Icmp);
    let port = required(line, "port", raw.port, |text| match text.parse::<u16>() {
        Ok(port) if port >= lowest && (lowest == 1 || port == 0) => Ok(port),
        _ if lowest == 0 => Err("expected 0, since ICMP has no ports".to_owned()),
        _ => Err("expected a port from 1 to 65535".to_owned()),
    })?;
    let verdict = word(line, "verdict", raw.verdict, &VERDICTS)?;
    let expires = optional("expires", raw.expires, |text| {
        Date::strptime("%Y-%m-%d", text).map_err(|_| "expected a date such as 2027-03-31")
    })?;
    Ok(Entry {
        service,
        destination,
        port,
        application,
        verdict,
        owner: raw.owner.map(|owner| owner.value),
        reason: raw.reason.map(|reason| reason.value),
        expires,
        line,
    })
}

fn required<T, E: Display>(
    line: u64,
    key: &str,
    value: Text,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, LedgerError> {
    optional(key, value, read)?.ok_or_else(|| at(line, format!("{key}: expected a value, found none")))
}

fn optional<T, E: Display>(
    key: &str,
    value: Text,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, LedgerError> {
    let Some(value) = value else { return Ok(None) };
    read(&value.value).map(Some).map_err(|expected| {
        let found = shown(&value.value);
        at(value.referenced.line(), format!("{key}: {expected}, found \"{found}\""))
    })
}

/// A value of a closed set.
fn word<T: Copy>(line: u64, key: &str, value: Text, words: &[(&'static str, T)]) -> Result<T, LedgerError> {
    let names = || words.iter().map(|(name, _)| *name);
    let written = value.as_ref().map(|value| value.value.clone()).unwrap_or_default();
    required(line, key, value, |text| {
        let found = words.iter().find(|(name, _)| *name == text);
        let known = || format!("expected one of {}", names().collect::<Vec<_>>().join(", "));
        found.map(|(_, value)| *value).ok_or_else(known)
    })
    .map_err(|error| LedgerError {
        message: error.message + &did_you_mean(&written, names()),
        ..error
    })
}

/// Turns what the YAML reader says into our own words.
fn explain(text: &str, error: &serde_saphyr::Error) -> LedgerError {
    let error = error.without_snippet();
    let line = error.location().map(|location| location.line());
    let message = match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let hint = did_you_mean(field, expected.iter().copied());
            format!(
                "expected one of {}, found the key \"{}\"{hint}",
                expected.join(", "),
                shown(field)
            )
        }
        other => {
            // The location stands in front already, and the reader's snippet would repeat the file.
            let said = inert(other.to_string().lines().next().unwrap_or("not YAML"));
            format!("expected YAML: {said}{}", hint_for_star(text, line))
        }
    };
    LedgerError { line, message }
}

/// An unquoted `*.example.com` is an alias to YAML: the one slip that its own message does not explain.
fn hint_for_star(text: &str, line: Option<u64>) -> &'static str {
    let at = line.and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
    let blamed = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
    if blamed.contains(": *.") {
        "\nhint: put quotes around a name that begins with *"
    } else {
        ""
    }
}

/// At most 80 characters of what was found, harmless to show.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    inert(&short)
}

fn at(line: u64, message: String) -> LedgerError {
    LedgerError {
        line: Some(line),
        message,
    }
}
