//! Text that came out of logs, made safe to print: nothing moves the cursor, fakes a line or turns the reading order.

use std::fmt::Write;

use egressmap_parser::printable::is_deceptive;

/// Escapes every unsafe character as `\u{…}`, and the backslash so that no text can look like an escaped one.
pub(super) fn for_terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) || c == '\\' {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Escapes every unsafe character but the line breaks of a JSON text as `\uXXXX`: a JSON reader sees the same text.
pub fn in_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_deceptive(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(safe, "\\u{unit:04x}").expect("writing to a String cannot fail");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_controls_and_what_reorders_text() {
        assert_eq!(for_terminal("a\u{1b}[2Jb\nc"), r"a\u{1b}[2Jb\u{a}c");
        assert_eq!(
            for_terminal("csi \u{9b}31m, bidi \u{202e}moc"),
            r"csi \u{9b}31m, bidi \u{202e}moc"
        );
        assert_eq!(for_terminal(r"\u{1b}"), r"\u{5c}u{1b}");
        assert_eq!(for_terminal("é 東京.test"), "é 東京.test");
    }

    #[test]
    fn a_json_reader_sees_the_same_text() {
        let hostile = "a\u{9b}b\u{202e}c\u{7f}d\u{e0041}e\"\\";
        let json = in_json(&serde_json::to_string_pretty(&[hostile]).unwrap());
        assert!(!json.chars().any(|c| is_deceptive(c) && c != '\n'), "{json:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [hostile]);
    }
}
