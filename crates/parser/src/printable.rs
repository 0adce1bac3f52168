//! Log text made safe to print: no control characters, no broken UTF-8, no more than a line of it.

use std::fmt::Write;

/// How many bytes of a value's safe form are shown.
const SHOWN: usize = 80;

/// The value in quotes, with everything escaped that could move a cursor, end a line or fake a column.
///
/// What would take more than [`SHOWN`] bytes is cut, and marked with `…` behind the closing quote.
pub(crate) fn quoted(value: &[u8]) -> String {
    let mut out = String::with_capacity(SHOWN + 16);
    out.push('"');
    let whole = escape(value, &mut out);
    out.push('"');
    if !whole {
        out.push('…');
    }
    out
}

/// A name (a path, a URI) as it is, its control characters escaped; never cut, because a cut name finds nothing.
pub fn name(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Appends the safe form of as much as there is room for; false if that is not all.
fn escape(value: &[u8], out: &mut String) -> bool {
    // What can be shown at all is among the first so many bytes.
    let head = value.get(..=SHOWN).unwrap_or(value);
    for chunk in head.utf8_chunks() {
        for c in chunk.valid().chars() {
            let escaped = is_deceptive(c) || c == '"' || c == '\\';
            let length = if escaped {
                c.escape_default().len()
            } else {
                c.len_utf8()
            };
            if out.len() + length > SHOWN + 1 {
                return false;
            }
            if escaped {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            if out.len() + 4 > SHOWN + 1 {
                return false;
            }
            // A String takes every write.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    true
}

/// Whether a character changes how its neighbours are shown: control characters, and those that reorder or hide text.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        assert_eq!(quoted(&[0; 81]), format!("\"{}\"…", "\\u{0}".repeat(16)));
        assert_eq!(quoted("é".repeat(41).as_bytes()), format!("\"{}\"…", "é".repeat(40)));
    }
}
