//! What is wrong with a line of Envoy's text: a place in it on the hot path, a sentence only where it is kept.

use crate::{Reason, printable};

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// The line does not begin as an access log line does.
    NotAccessLog,
    /// A part that cannot be what it should be, and what stands there.
    Malformed(Part, &'a [u8]),
}

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    StartTime,
    Request,
    ResponseCode,
    BytesReceived,
    BytesSent,
    Authority,
    UpstreamHost,
    Columns,
}

impl<'a> Fault<'a> {
    pub(super) fn part(part: Part, found: &'a [u8]) -> Self {
        Fault::Malformed(part, found)
    }

    pub(super) fn reason(self) -> Reason {
        match self {
            Fault::NotAccessLog => "not-access-log",
            Fault::Malformed(part, _) => part.texts().0,
        }
    }

    /// What was expected and what was found.
    pub(super) fn message(self, line: &[u8]) -> String {
        match self {
            Fault::NotAccessLog => format!(
                "expected a line of Envoy's access log, found {}",
                printable::quoted(line)
            ),
            Fault::Malformed(part, found) => {
                let (reason, expected) = part.texts();
                let name = reason.split_once(':').map_or(reason, |(_, name)| name);
                format!("{name}: expected {expected}, found {}", printable::quoted(found))
            }
        }
    }
}

impl Part {
    /// The reason, and what is expected.
    fn texts(self) -> (Reason, &'static str) {
        match self {
            Part::StartTime => ("malformed:start_time", "a time such as 2026-11-23T01:58:00.996Z"),
            Part::Request => ("malformed:request", "a method, a path and a protocol in quotes"),
            Part::ResponseCode => ("malformed:response_code", "a status code"),
            Part::BytesReceived => ("malformed:bytes_received", "a count"),
            Part::BytesSent => ("malformed:bytes_sent", "a count"),
            Part::Authority => (
                "malformed:authority",
                "a host in quotes, without quotes or spaces in it",
            ),
            Part::UpstreamHost => ("malformed:upstream_host", "an address in quotes"),
            Part::Columns => ("malformed:columns", "no, 5 or 6 columns behind the upstream host"),
        }
    }
}
