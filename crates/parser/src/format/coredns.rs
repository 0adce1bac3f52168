//! Queries as the `log` plugin of CoreDNS writes them, in its common and its combined format.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::dns_value::NOT_QUERY_LOG;
use super::envoy_value::socket;
use super::flow_text::decimal;
use super::{Format, FormatKind, Kind, Options, OptionsError, Output, Shown, Sniff};
use crate::record::DnsRecord;
use crate::{Reason, lines, printable};
use query::{Query, Unread};

mod query;

pub(super) static KIND: FormatKind = FormatKind {
    name: "coredns",
    help: "queries of the log plugin of CoreDNS, each behind its time: names that were asked, without answers",
    example: r#"2026-11-20T01:58:00.996Z [INFO] 10.0.1.5:41630 - 12345 "A IN api.example.test. udp 45 false 512" NOERROR qr,rd,ra 98 0.012s"#,
    start,
};

/// The parser of one object.
struct CoreDns;

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Another message of the same server.
    Stranger,
    Columns,
    Remote,
    /// CoreDNS itself writes no time: whatever collects its lines puts one before them, or did not.
    NoTime,
}

fn start(_: &Options) -> Result<Box<dyn Format>, OptionsError> {
    Ok(Box::new(CoreDns))
}

impl Format for CoreDns {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        match Query::read(line).map(|query| record(&query)) {
            // A time before the message belongs to the line: it is the only one that there is.
            Ok(Ok(_) | Err(Fault::NoTime)) | Err(Unread::Message { dated: true }) => Sniff::Mine,
            Err(Unread::Message { dated: false }) => Sniff::Beside(NOT_QUERY_LOG),
            Ok(Err(_)) | Err(_) => Sniff::Unknown,
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in lines::split(block) {
            match read(line, out.carried_at()).and_then(|query| record(&query)) {
                Ok(record) => out.dns(&record),
                Err(_) if line.is_empty() => out.set_aside("blank"),
                Err(fault) => out.fault(fault.reason(), || fault.message(line)),
            }
        }
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        self.show_at(line, None)
    }

    fn show_at(&mut self, line: &[u8], carried_at: Option<u64>) -> Shown {
        if line.is_empty() {
            return Shown::aside(Kind::Blank, "blank");
        }
        match read(line, carried_at).and_then(|query| record(&query).map(|_| fields(&query))) {
            Ok(fields) => Shown::record(fields),
            Err(fault) => Shown {
                message: Some(fault.message(line)),
                ..Shown::aside(
                    if fault == Fault::Stranger {
                        Kind::NotALog
                    } else {
                        Kind::Malformed
                    },
                    fault.reason(),
                )
            },
        }
    }
}

/// A query with its time: whatever collected the line may have taken that off.
fn read(line: &[u8], carried_at: Option<u64>) -> Result<Query<'_>, Fault> {
    let query = Query::read(line)?;
    Ok(Query {
        time: query.time.or(carried_at),
        ..query
    })
}

/// The record that a query makes. The plugin logs no answers.
fn record<'a>(query: &Query<'a>) -> Result<DnsRecord<'a>, Fault> {
    let remote = socket(query.remote).ok_or(Fault::Remote)?;
    Ok(DnsRecord {
        time: query.time.ok_or(Fault::NoTime)?,
        source: remote.ip(),
        vpc: Cow::Borrowed(""),
        instance: Cow::Borrowed(""),
        name: String::from_utf8_lossy(query.name),
        query_type: String::from_utf8_lossy(query.query_type),
        rcode: String::from_utf8_lossy(query.rcode),
        addresses: &[],
        aliases: &[],
    })
}

/// Every field by the name of its placeholder.
fn fields(query: &Query<'_>) -> Map<String, Value> {
    let text = |bytes: &[u8]| match bytes {
        b"-" => Value::Null,
        bytes => String::from_utf8_lossy(bytes).into(),
    };
    let number = |bytes: &[u8]| decimal(bytes).map_or_else(|| text(bytes), Value::from);
    let remote = socket(query.remote);
    [
        ("time", json!(query.time)),
        ("remote", json!(remote.map(|remote| remote.ip().to_string()))),
        ("port", json!(remote.map(|remote| remote.port()))),
        ("id", number(query.id)),
        ("type", text(query.query_type)),
        ("class", text(query.class)),
        ("name", text(query.name)),
        ("proto", text(query.proto)),
        ("size", number(query.size)),
        ("do", json!(query.dnssec_ok)),
        ("bufsize", number(query.bufsize)),
        ("rcode", text(query.rcode)),
        ("rflags", text(query.rflags)),
        ("rsize", number(query.rsize)),
        ("duration", text(query.duration)),
        ("opcode", query.opcode.map_or(Value::Null, number)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

impl From<Unread> for Fault {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Message { .. } | Unread::Foreign => Fault::Stranger,
            Unread::Columns => Fault::Columns,
        }
    }
}

impl Fault {
    fn reason(self) -> Reason {
        match self {
            Fault::Stranger => NOT_QUERY_LOG,
            Fault::Columns => "malformed:columns",
            Fault::Remote => "malformed:remote",
            Fault::NoTime => "lacking:time",
        }
    }

    fn message(self, line: &[u8]) -> String {
        let expected = match self {
            Fault::Stranger => "a query of CoreDNS",
            Fault::Columns => "a query in the common or the combined format",
            Fault::Remote => "a query with the address and port of its client",
            Fault::NoTime => "a query behind its time, as `kubectl logs --timestamps` or a container runtime writes it",
        };
        format!("expected {expected}, found {}", printable::quoted(line))
    }
}
