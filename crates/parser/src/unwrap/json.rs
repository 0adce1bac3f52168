//! Walks JSON that is known to be valid, without building anything.

use std::borrow::Cow;

use memchr::memchr2;

/// The end of the JSON value that the bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is this many bytes long.
    At(usize),
    /// The bytes end before it does.
    Beyond,
    /// It is no JSON.
    Never,
}

/// Where the value ends that `text` begins with; what it says may nest as deep as it likes.
pub(super) fn end(text: &[u8]) -> End {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => End::At(values.byte_offset()),
        Some(Err(error)) if error.is_eof() => End::Beyond,
        Some(Err(_)) => End::Never,
        None => End::Beyond,
    }
}

/// What stands between the quotes, as it is written; `None` if the value is no string.
pub(super) fn string(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// What a string says, behind what `into` holds already. Half a surrogate pair says U+FFFD.
pub(super) fn unescape(written: &[u8], into: &mut Vec<u8>) {
    let mut rest = written;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        into.extend_from_slice(plain);
        rest = escape.get(2..).unwrap_or_default();
        match escape.get(1) {
            Some(b'n') => into.push(b'\n'),
            Some(b't') => into.push(b'\t'),
            Some(b'r') => into.push(b'\r'),
            Some(b'b') => into.push(8),
            Some(b'f') => into.push(12),
            Some(b'u') => rest = unit(rest, into),
            Some(other) => into.push(*other),
            None => {}
        }
    }
    into.extend_from_slice(rest);
}

/// Four hexadecimal digits, and four more where the first are half a pair; what follows them.
fn unit<'a>(digits: &'a [u8], into: &mut Vec<u8>) -> &'a [u8] {
    let (first, mut rest) = hexadecimal(digits);
    let mut code = first;
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = rest.strip_prefix(b"\\u")
        && let (low @ 0xdc00..0xe000, behind) = hexadecimal(second)
    {
        code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        rest = behind;
    }
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn hexadecimal(digits: &[u8]) -> (u32, &[u8]) {
    let (digits, rest) = digits.split_at_checked(4).unwrap_or((digits, b""));
    let code = digits
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .fold(0, |code, digit| code << 4 | digit);
    (code, rest)
}

/// The members of an object, each with its key unescaped and its value as written; nothing if the value is no object.
pub(super) fn members(object: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, &[u8])> {
    let mut rest = object.strip_prefix(b"{").unwrap_or_default();
    std::iter::from_fn(move || {
        let written = string(next(&mut rest)?)?;
        let value = next(&mut rest)?;
        let key = if memchr::memchr(b'\\', written).is_some() {
            let mut key = Vec::with_capacity(written.len());
            unescape(written, &mut key);
            Cow::Owned(key)
        } else {
            Cow::Borrowed(written)
        };
        Some((key, value))
    })
}

/// The elements of an array as written; nothing if the value is no array.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = array.strip_prefix(b"[").unwrap_or_default();
    std::iter::from_fn(move || next(&mut rest))
}

/// Takes the next value off, and what separates it from the one before; `None` where the container ends.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let at = rest
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'))?;
    let from = rest.get(at..)?;
    let length = match from.first()? {
        b'}' | b']' => return None,
        b'"' => string_length(from),
        b'{' | b'[' => container_length(from),
        _ => from
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'}' | b']'))
            .unwrap_or(from.len()),
    };
    let (value, behind) = from.split_at_checked(length)?;
    *rest = behind;
    Some(value)
}

/// Of a string with both its quotes.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if text.get(at - 1) == Some(&b'"') {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn container_length(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += string_length(text.get(at..).unwrap_or_default());
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}
