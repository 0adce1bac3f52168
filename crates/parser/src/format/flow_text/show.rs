//! A row in full, read the slow and obvious way: every field under its own name, and what becomes of the row.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::fields::{WANTED, Wanted, canonical};
use super::{DEFAULT, TRANSIT_GATEWAY, fault, header};
use crate::format::{Kind, Shown};
use crate::printable;

/// The fields that hold numbers.
const NUMBERS: [&str; 15] = [
    "version",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "tcp-flags",
    "traffic-path",
    "encryption-status",
    "packets-lost-no-route",
    "packets-lost-blackhole",
    "packets-lost-mtu-exceeded",
    "packets-lost-ttl-expired",
];

/// Reads the lines of one object by the names that were given or last stood in a header.
pub(super) struct Reader {
    names: Vec<String>,
    /// Whether neither a header nor a user has said what the names are.
    headless: bool,
    /// The names of each format that a user gave, while no header came.
    given: Vec<Vec<String>>,
}

impl Reader {
    /// By the names of flow logs' definitions, or by those of the default formats.
    pub(super) fn new(definitions: &[String]) -> Self {
        let given: Vec<_> = definitions.iter().map(|given| header::written(given)).collect();
        Reader {
            names: given.first().cloned().unwrap_or_else(|| header::written(DEFAULT)),
            headless: given.is_empty(),
            given,
        }
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Shown {
        self.choose(line);
        let kind = match fault::no_row(line) {
            Some(reason) if reason == "comment" => return Shown::aside(Kind::Comment, reason),
            Some(reason) => return Shown::aside(Kind::Blank, reason),
            None => self.row(line),
        };
        if self.follow(line) {
            return Shown {
                names: self.names.clone(),
                ..Shown::aside(Kind::Header, "header")
            };
        }
        if kind.kind == Kind::Record {
            return kind;
        }
        for default in [DEFAULT, TRANSIT_GATEWAY].into_iter().filter(|_| self.headless) {
            let before = std::mem::replace(&mut self.names, header::written(default));
            let other = self.row(line);
            if other.kind == Kind::Record && (default == TRANSIT_GATEWAY) == super::is_transit_gateway(line) {
                return other;
            }
            self.names = before;
        }
        kind
    }

    /// Whether a line is a header: then what follows is read by its names.
    pub(super) fn follow(&mut self, line: &[u8]) -> bool {
        let Some(names) = header(line) else {
            return false;
        };
        self.names = names;
        self.headless = false;
        self.given.clear();
        true
    }

    /// A line is read by the given format with as many columns.
    fn choose(&mut self, line: &[u8]) {
        let count = line.split(|byte| *byte == b' ').count();
        if let Some(names) = self.given.iter().find(|names| names.len() == count) {
            self.names.clone_from(names);
        }
    }

    /// Whether all that a line holds is what its fields may hold, whether a needed field is lacking or not.
    pub(super) fn fits(&mut self, line: &[u8]) -> bool {
        self.choose(line);
        let (names, values) = self.columns(line);
        let (names, values) = (&names, &values);
        names.len() == values.len() && Row { names, values }.broken().is_none()
    }

    fn columns<'a>(&self, line: &'a [u8]) -> (Vec<&str>, Vec<Option<&'a [u8]>>) {
        let values = line.split(|byte| *byte == b' ');
        let values = values.map(|value| Some(value).filter(|value| *value != b"-"));
        (self.names.iter().map(String::as_str).collect(), values.collect())
    }

    fn row(&self, line: &[u8]) -> Shown {
        let (names, values) = self.columns(line);
        if values.len() != names.len() {
            let (expected, found) = (names.len(), values.len());
            return Shown {
                message: Some(format!(
                    "expected {expected} columns, found {found}: {}",
                    printable::quoted(line)
                )),
                ..Shown::aside(Kind::Malformed, "malformed:columns")
            };
        }
        row(&names, &values)
    }
}

/// Whether a column's values are accounts, whichever way its name is spelled.
pub(in crate::format) fn is_account(name: &str) -> bool {
    canonical(name) == Some("account-id")
}

/// What a row says, by the names of its columns and the value of each, `None` where it is unset.
pub(in crate::format) fn row(names: &[&str], values: &[Option<&[u8]>]) -> Shown {
    let mut fields = Map::new();
    for (name, value) in names.iter().zip(values) {
        let key = canonical(name).map_or_else(|| name.to_lowercase(), str::to_owned);
        fields
            .entry(key.replace('-', "_"))
            .or_insert_with(|| shown(&key, *value));
    }
    let row = Row { names, values };
    match row.fault() {
        None => Shown::record(fields),
        Some(reason @ ("nodata" | "skipdata")) => Shown {
            reason: Some(reason),
            ..Shown::record(fields)
        },
        Some(reason) if reason.starts_with("lacking:") => Shown {
            reason: Some(reason),
            message: Some(format!(
                "expected a format with {}, without which no dependency is known",
                reason.trim_start_matches("lacking:")
            )),
            ..Shown::record(fields)
        },
        Some(reason) => Shown {
            fields,
            message: row.message(reason),
            ..Shown::aside(Kind::Malformed, reason)
        },
    }
}

/// A value as a number where its field holds numbers, else as text.
fn shown(name: &str, value: Option<&[u8]>) -> Value {
    let Some(value) = value else {
        return Value::Null;
    };
    match number(value) {
        Some(number) if NUMBERS.contains(&name) => number.into(),
        _ => String::from_utf8_lossy(value).into(),
    }
}

/// The names of a header line.
fn header(line: &[u8]) -> Option<Vec<String>> {
    header::read(line)?;
    let line = std::str::from_utf8(line).ok()?;
    Some(line.split(' ').map(str::to_owned).collect())
}

struct Row<'a> {
    names: &'a [&'a str],
    values: &'a [Option<&'a [u8]>],
}

/// What a field's value has to be.
#[derive(Clone, Copy)]
enum Rule {
    /// Set, if there is such a column.
    Set(fn(&[u8]) -> bool),
    /// Set or not.
    Optional(fn(&[u8]) -> bool),
    Port,
}

/// In the order in which a row's faults are found.
const RULES: [(&str, Rule); 20] = [
    ("srcaddr", Rule::Set(is_address)),
    ("dstaddr", Rule::Set(is_address)),
    ("pkt-srcaddr", Rule::Optional(is_address)),
    ("pkt-dstaddr", Rule::Optional(is_address)),
    ("protocol", Rule::Set(|value| is_up_to(value, 255))),
    ("start", Rule::Set(is_time)),
    ("srcport", Rule::Port),
    ("dstport", Rule::Port),
    ("packets", Rule::Optional(|value| is_up_to(value, u64::MAX))),
    ("bytes", Rule::Optional(|value| is_up_to(value, u64::MAX))),
    ("end", Rule::Set(is_time)),
    ("action", Rule::Set(|value| matches!(value, b"ACCEPT" | b"REJECT"))),
    ("tcp-flags", Rule::Optional(|value| is_up_to(value, 255))),
    (
        "flow-direction",
        Rule::Optional(|value| matches!(value, b"ingress" | b"egress")),
    ),
    ("account-id", Rule::Optional(is_text)),
    ("interface-id", Rule::Optional(is_text)),
    ("instance-id", Rule::Optional(is_text)),
    ("pkt-src-aws-service", Rule::Optional(is_text)),
    ("pkt-dst-aws-service", Rule::Optional(is_text)),
    ("interface-type", Rule::Optional(is_text)),
];

impl Row<'_> {
    /// Why the row is no record.
    fn fault(&self) -> Option<crate::Reason> {
        match self.get("log-status") {
            None | Some(Some(b"OK")) => {}
            Some(Some(b"NODATA")) => return Some("nodata"),
            Some(Some(b"SKIPDATA")) => return Some("skipdata"),
            Some(_) => return Some("malformed:log-status"),
        }
        if let Some(lacking) = WANTED.iter().find_map(|wanted| self.lacks(wanted)) {
            return Some(lacking);
        }
        let name = self.broken()?;
        let wanted = WANTED.iter().find(|wanted| wanted.name == name);
        wanted.map(|wanted| wanted.malformed)
    }

    /// The first field whose value is not what it has to be.
    fn broken(&self) -> Option<&'static str> {
        let broken = RULES.iter().find(|(name, rule)| !self.obeys(name, *rule));
        broken.map(|(name, _)| *name)
    }

    fn lacks(&self, wanted: &Wanted) -> Option<crate::Reason> {
        wanted.lacking.filter(|_| self.column(wanted.name).is_none())
    }

    fn obeys(&self, name: &str, rule: Rule) -> bool {
        match (rule, self.get(name)) {
            (_, None) | (Rule::Optional(_), Some(None)) => true,
            (Rule::Set(_), Some(None)) => false,
            (Rule::Set(fits) | Rule::Optional(fits), Some(Some(value))) => fits(value),
            (Rule::Port, Some(Some(value))) => is_up_to(value, 65_535),
            (Rule::Port, Some(None)) => {
                let protocol = self.get("protocol").flatten().and_then(number);
                protocol != Some(6) && protocol != Some(17)
            }
        }
    }

    fn message(&self, reason: crate::Reason) -> Option<String> {
        let wanted = WANTED.iter().find(|wanted| wanted.malformed == reason)?;
        let column = self.column(wanted.name)?;
        let found = printable::quoted(self.values.get(column)?.unwrap_or(b"-"));
        Some(format!(
            "{} (column {}): expected {}, found {found}",
            wanted.name,
            column + 1,
            wanted.expected
        ))
    }

    /// The value of a field, if there is such a column.
    fn get(&self, name: &str) -> Option<Option<&[u8]>> {
        self.values.get(self.column(name)?).copied()
    }

    /// The first column of a field's name. Where only the packet's own addresses are logged, they are all there is.
    fn column(&self, name: &str) -> Option<usize> {
        let first = |name| self.names.iter().position(|written| canonical(written) == Some(name));
        match name {
            "srcaddr" => first(name).or_else(|| first("pkt-srcaddr")),
            "dstaddr" => first(name).or_else(|| first("pkt-dstaddr")),
            name => first(name),
        }
    }
}

fn is_address(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

fn is_up_to(value: &[u8], most: u64) -> bool {
    number(value).is_some_and(|number| number <= most)
}

/// Seconds or milliseconds up to the end of the year 9999.
fn is_time(value: &[u8]) -> bool {
    let seconds = number(value).map(|time| if time < 100_000_000_000 { time } else { time / 1000 });
    seconds.is_some_and(|seconds| seconds <= 253_402_300_799)
}

fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte > b' ' && *byte <= b'~')
}

/// Digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let is_number = text.chars().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::super::fields::names;
    use super::{NUMBERS, Reader};
    use crate::format::Kind;

    #[test]
    fn every_number_is_a_field() {
        for number in NUMBERS {
            assert!(names().any(|name| name == number), "{number}");
        }
    }

    #[test]
    fn an_unknown_column_is_shown_by_its_own_name() {
        let mut reader = Reader::new(None);
        assert_eq!(reader.line(b"Some-Thing srcAddr start").kind, Kind::Header);
        let shown = reader.line(b"x%20y 10.0.0.1 9");
        assert_eq!(shown.reason, Some("lacking:dstaddr"));
        assert_eq!(
            serde_json::to_string(&shown.fields).unwrap(),
            r#"{"some_thing":"x%20y","srcaddr":"10.0.0.1","start":9}"#
        );
    }
}
