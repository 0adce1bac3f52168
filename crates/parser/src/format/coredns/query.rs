//! The columns of one query, read from both of its ends.

use crate::format::dns_value;
use crate::format::flow_text::decimal;

/// What the line of a query holds.
///
/// The common format is `{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode}
/// {>rflags} {rsize} {duration}`, and the combined one adds `"{>opcode}"` (README of the plugin).
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a> {
    /// What stands before the message, in Unix seconds.
    pub(super) time: Option<u64>,
    /// Address and port.
    pub(super) remote: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) query_type: &'a [u8],
    pub(super) class: &'a [u8],
    /// In the form of zone files: spaces and quotes in it are escaped, but they are there.
    pub(super) name: &'a [u8],
    pub(super) proto: &'a [u8],
    pub(super) size: &'a [u8],
    pub(super) dnssec_ok: bool,
    pub(super) bufsize: &'a [u8],
    pub(super) rcode: &'a [u8],
    pub(super) rflags: &'a [u8],
    pub(super) rsize: &'a [u8],
    pub(super) duration: &'a [u8],
    pub(super) opcode: Option<&'a [u8]>,
}

/// Why a line is no query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// A message of one of its plugins, and whether a time stands before it.
    Message { dated: bool },
    /// Anything else.
    Foreign,
    /// A query whose columns are not those of the formats.
    Columns,
}

impl<'a> Query<'a> {
    pub(super) fn read(line: &'a [u8]) -> Result<Self, Unread> {
        let (time, message) = dated(line);
        if is_of_a_plugin(message) {
            let dated = time.is_some();
            return Err(Unread::Message { dated });
        }
        let text = message.strip_prefix(b"[INFO] ").ok_or(Unread::Foreign)?;
        let (remote, rest) = word(text).ok_or(Unread::Foreign)?;
        let port = remote.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let rest = rest.strip_prefix(b"- ").filter(|_| is_number(port));
        columns(rest.ok_or(Unread::Foreign)?)
            .map(|query| Query { time, remote, ..query })
            .ok_or(Unread::Columns)
    }
}

/// The time before a message, where there is one, and the message. A container runtime writes `stdout F` between them.
fn dated(line: &[u8]) -> (Option<u64>, &[u8]) {
    let Some((time, rest)) = word(line).and_then(|(time, rest)| Some((dns_value::time(time)?, rest))) else {
        return (None, line);
    };
    let message = [&b"stdout F "[..], b"stderr F "]
        .into_iter()
        .find_map(|stream| rest.strip_prefix(stream));
    (Some(time), message.unwrap_or(rest))
}

/// `[ERROR] plugin/errors: …`
fn is_of_a_plugin(message: &[u8]) -> bool {
    [&b"[DEBUG] "[..], b"[INFO] ", b"[WARNING] ", b"[ERROR] ", b"[FATAL] "]
        .into_iter()
        .any(|level| {
            message
                .strip_prefix(level)
                .is_some_and(|text| text.starts_with(b"plugin/"))
        })
}

/// What stands behind `REMOTE - `. Whoever asks chooses the name, which may hold anything: all else is counted from the
/// ends.
fn columns(text: &[u8]) -> Option<Query<'_>> {
    let (text, opcode) = match text.strip_suffix(b"\"") {
        Some(opened) => {
            let quote = opened.iter().rposition(|byte| *byte == b'"')?;
            let (text, opcode) = opened.split_at_checked(quote)?;
            (text.strip_suffix(b" ")?, Some(opcode.strip_prefix(b"\"")?))
        }
        None => (text, None),
    };
    let mut left = text.splitn(4, |byte| *byte == b' ');
    let (id, query_type) = (left.next()?, left.next()?.strip_prefix(b"\"")?);
    let (class, rest) = (left.next()?, left.next()?);
    let mut right = rest.rsplitn(9, |byte| *byte == b' ');
    let (duration, rsize, rflags, rcode) = (right.next()?, right.next()?, right.next()?, right.next()?);
    let (bufsize, dnssec_ok) = (right.next()?.strip_suffix(b"\"")?, right.next()?);
    let (size, proto, name) = (right.next()?, right.next()?, right.next()?);
    let numbers = [id, size, bufsize, rsize, opcode.unwrap_or(b"0")];
    let words = [query_type, class, proto, rcode];
    let fits = numbers.into_iter().all(is_number)
        && words.into_iter().all(is_word)
        && matches!(dnssec_ok, b"true" | b"false")
        && !name.is_empty();
    fits.then_some(Query {
        time: None,
        remote: b"",
        id,
        query_type,
        class,
        name,
        proto,
        size,
        dnssec_ok: dnssec_ok == b"true",
        bufsize,
        rcode,
        rflags,
        rsize,
        duration,
        opcode,
    })
}

/// The first word of a text and what follows its space.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', text)?;
    Some((text.get(..space)?, text.get(space + 1..)?))
}

fn is_number(text: &[u8]) -> bool {
    decimal(text).is_some()
}

fn is_word(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
