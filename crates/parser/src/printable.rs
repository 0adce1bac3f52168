//! Log text made safe to print: no control characters, no broken UTF-8, no more than a line of it.

use std::fmt::Write;

/// How many characters of a value are shown.
const SHOWN: usize = 80;

/// The value in quotes, with everything escaped that could move a cursor, end a line or fake a column.
///
/// Text beyond [`SHOWN`] characters is cut and marked with `…` behind the closing quote.
pub(crate) fn quoted(value: &[u8]) -> String {
    let (shown, cut) = cut(value);
    let mut out = String::with_capacity(shown.len() + 5);
    out.push('"');
    escape(shown, &mut out);
    out.push('"');
    if cut {
        out.push('…');
    }
    out
}

/// A name (a path, a URI) as it is, its control characters escaped; never cut, because a cut name finds nothing.
pub(crate) fn name(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

fn cut(value: &[u8]) -> (&[u8], bool) {
    match value.get(..SHOWN) {
        Some(head) if value.len() > SHOWN => (head, true),
        _ => (value, false),
    }
}

fn escape(value: &[u8], out: &mut String) {
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unsafe(c) || c == '"' || c == '\\' {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            // A String takes every write.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// Control characters, and the marks that reorder or hide the text around them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{name, quoted};

    #[test]
    fn escapes_of_a_terminal_are_shown_and_not_obeyed() {
        assert_eq!(quoted(b"a\x1b[2Jb\0\r"), r#""a\u{1b}[2Jb\u{0}\r""#);
        assert_eq!(name("a\nb"), "a\\nb");
    }

    #[test]
    fn broken_utf8_is_shown_byte_by_byte() {
        assert_eq!(quoted(b"caf\xe9"), r#""caf\xe9""#);
        assert_eq!(quoted("é\u{202e}".as_bytes()), r#""é\u{202e}""#);
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(quoted(&[b'a'; 81]), format!("\"{}\"…", "a".repeat(80)));
        assert_eq!(quoted(&[b'a'; 80]), format!("\"{}\"", "a".repeat(80)));
    }
}
