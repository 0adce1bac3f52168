//! Reads `dependencies.yaml`, strictly: what it does not understand is an error with a line.

use std::collections::HashMap;
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

mod lines;

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

/// A value as it is written, so that an error can quote it.
pub(super) trait Written {
    fn text(&self) -> &str;
    fn line(&self) -> u64;
}

impl Written for Spanned<String> {
    fn text(&self) -> &str {
        &self.value
    }

    fn line(&self) -> u64 {
        self.referenced.line()
    }
}

/// Every value is first read as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLedger {
    schema: Option<Spanned<String>>,
    dependencies: Option<Vec<Spanned<RawEntry<Spanned<String>>>>>,
}

/// An entry before its values are understood.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntry<T> {
    pub(super) service: Option<T>,
    pub(super) destination: Option<T>,
    pub(super) port: Option<T>,
    pub(super) application: Option<T>,
    pub(super) verdict: Option<T>,
    pub(super) owner: Option<T>,
    pub(super) reason: Option<T>,
    pub(super) expires: Option<T>,
}

pub(super) fn read(text: &str) -> Result<Ledger, LedgerError> {
    match lines::read(text) {
        Some(raw) => ledger(raw.schema.as_ref(), raw.entries),
        None => read_yaml(text),
    }
}

/// Any layout that YAML has.
fn read_yaml(text: &str) -> Result<Ledger, LedgerError> {
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
    let entries = raw.dependencies.unwrap_or_default().into_iter();
    let entries = entries.map(|raw| (raw.referenced.line(), raw.value)).collect();
    ledger(raw.schema.as_ref(), entries)
}

/// The ledger of these entries, each with its line.
fn ledger<T: Written>(schema: Option<&T>, raw: Vec<(u64, RawEntry<T>)>) -> Result<Ledger, LedgerError> {
    check_schema(schema, raw.is_empty())?;
    let mut entries = Vec::with_capacity(raw.len());
    for (line, raw) in raw {
        match entry(line, raw) {
            Ok(entry) => entries.push(entry),
            // What stands before it is blamed first.
            Err(error) => return Err(repeated(&entries).unwrap_or(error)),
        }
    }
    match repeated(&entries) {
        Some(error) => Err(error),
        None => Ok(Ledger { entries }),
    }
}

/// The first entry that stands a second time.
fn repeated(entries: &[Entry]) -> Option<LedgerError> {
    let mut seen: HashMap<(&ServiceName, &Destination, u16, Protocol), u64> = HashMap::with_capacity(entries.len());
    entries.iter().find_map(|entry| {
        let key = (&entry.service, &entry.destination, entry.port, entry.protocol());
        let first = seen.insert(key, entry.line)?;
        Some(at(
            entry.line,
            format!("this dependency stands already at line {first}"),
        ))
    })
}

fn check_schema<T: Written>(schema: Option<&T>, empty: bool) -> Result<(), LedgerError> {
    match schema {
        Some(schema) if schema.text() == SCHEMA => Ok(()),
        Some(schema) => Err(at(
            schema.line(),
            format!("schema: expected {SCHEMA}, found \"{}\"", shown(schema.text())),
        )),
        None if empty => Ok(()),
        None => Err(at(
            1,
            format!("expected \"schema: {SCHEMA}\" beside the dependencies, found no schema"),
        )),
    }
}

fn entry<T: Written>(line: u64, raw: RawEntry<T>) -> Result<Entry, LedgerError> {
    let service = required(line, "service", raw.service.as_ref(), |text| {
        ServiceName::try_from(text.to_owned())
    })?;
    let destination = required(line, "destination", raw.destination.as_ref(), Destination::from_str)?;
    let application = word(line, "application", raw.application.as_ref(), &APPLICATIONS)?;
    let lowest = u16::from(application != Application::Icmp);
    let port = required(line, "port", raw.port.as_ref(), |text| match text.parse::<u16>() {
        Ok(port) if port >= lowest && (lowest == 1 || port == 0) => Ok(port),
        _ if lowest == 0 => Err("expected 0, since ICMP has no ports".to_owned()),
        _ => Err("expected a port from 1 to 65535".to_owned()),
    })?;
    let verdict = word(line, "verdict", raw.verdict.as_ref(), &VERDICTS)?;
    let expires = optional("expires", raw.expires.as_ref(), |text| {
        Date::strptime("%Y-%m-%d", text).map_err(|_| "expected a date such as 2027-03-31")
    })?;
    let said = |value: Option<T>| value.map(|value| value.text().to_owned());
    Ok(Entry {
        service,
        destination,
        port,
        application,
        verdict,
        owner: said(raw.owner),
        reason: said(raw.reason),
        expires,
        line,
    })
}

fn required<T, E: Display>(
    line: u64,
    key: &str,
    value: Option<&impl Written>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, LedgerError> {
    optional(key, value, read)?.ok_or_else(|| at(line, format!("{key}: expected a value, found none")))
}

fn optional<T, E: Display>(
    key: &str,
    value: Option<&impl Written>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, LedgerError> {
    let Some(value) = value else { return Ok(None) };
    read(value.text()).map(Some).map_err(|expected| {
        let found = shown(value.text());
        at(value.line(), format!("{key}: {expected}, found \"{found}\""))
    })
}

/// A value of a closed set.
fn word<T: Copy>(
    line: u64,
    key: &str,
    value: Option<&impl Written>,
    words: &[(&'static str, T)],
) -> Result<T, LedgerError> {
    let names = || words.iter().map(|(name, _)| *name);
    required(line, key, value, |text| {
        let found = words.iter().find(|(name, _)| *name == text);
        let known = || format!("expected one of {}", names().collect::<Vec<_>>().join(", "));
        found.map(|(_, value)| *value).ok_or_else(known)
    })
    .map_err(|error| LedgerError {
        message: error.message + &did_you_mean(value.map_or("", Written::text), names()),
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
