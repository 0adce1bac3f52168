//! The left end of a line, from the request to the byte counts.

use super::fault::{Fault, Part};
use super::tail::Layout;
use crate::format::envoy_value::{count, text};
use crate::record::AccessRecord;

/// Reads what stands between the quote that opens the request and the authority, as far as it is needed.
pub(super) fn read(client: &[u8], layout: Layout) -> Result<AccessRecord<'_>, Fault<'_>> {
    let mut words = Words { rest: Some(client) };
    let (method, protocol) = request(&mut words).ok_or(Fault::part(Part::Request, client))?;
    let code = words.next().unwrap_or_default();
    let response_code = count(code)
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(Fault::part(Part::ResponseCode, code))?;
    let flags = words.next().unwrap_or_default();
    let details = if layout == Layout::Istio {
        details(&mut words)
    } else {
        b""
    };
    let (received, sent) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(AccessRecord {
        method: text(method),
        protocol: text(protocol),
        response_code,
        response_flags: text(flags),
        response_code_details: text(details),
        bytes_received: count(received).ok_or(Fault::part(Part::BytesReceived, received))?,
        bytes_sent: count(sent).ok_or(Fault::part(Part::BytesSent, sent))?,
        ..AccessRecord::default()
    })
}

/// The method and the protocol of a request; what stands between them may hold quotes.
///
/// The request ends at the first word, behind the path's first, that can end one: `HTTP/1.1"`, or the `-"` or `"` of a
/// line without a protocol, which has no path either.
fn request<'a>(words: &mut Words<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let method = words.next()?;
    let path = words.next()?;
    let pathless = matches!(path, b"-" | b"");
    loop {
        let protocol = words.next()?.strip_suffix(b"\"");
        match protocol {
            Some(protocol) if protocol.starts_with(b"HTTP/") => return Some((method, protocol)),
            Some(b"-" | b"") if pathless => return Some((method, b"")),
            _ => {}
        }
    }
}

/// Skips what Istio writes between the flags and the byte counts: returns the response code details.
///
/// Since 1.9 that is `details termination "failure"`; before, one or two quoted columns.
fn details<'a>(words: &mut Words<'a>) -> &'a [u8] {
    if words.peek().starts_with(b"\"") {
        while words.peek().starts_with(b"\"") {
            words.quoted();
        }
        return b"";
    }
    let details = words.next().unwrap_or_default();
    words.next();
    words.quoted();
    details
}

/// What single spaces separate; two of them enclose an empty word.
struct Words<'a> {
    /// `None` behind the last one.
    rest: Option<&'a [u8]>,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (word, rest) = match memchr::memchr(b' ', rest) {
            Some(at) => (rest.get(..at)?, rest.get(at + 1..)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(word)
    }

    fn peek(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }

    /// Skips a column in quotes, which may hold spaces.
    fn quoted(&mut self) {
        let Some(opened) = self.peek().strip_prefix(b"\"") else {
            return;
        };
        self.rest = memchr::memmem::find(opened, b"\" ").and_then(|at| opened.get(at + 2..));
    }
}
