//! Writes YAML in which a text stays a text, whatever stands in it.

use std::fmt::Write as _;

use serde_json::Value;

use egressmap_parser::printable::is_deceptive;

/// A text as a YAML scalar: plain where no reader could take it for anything else, else in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// A value as a block-style document.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut out, map, 0, false),
        Value::Array(items) if !items.is_empty() => write_list(&mut out, items, 0),
        leaf => {
            push_flat(&mut out, leaf);
            out.push('\n');
        }
    }
    out
}

/// The entries of an object that stands so deep in a document.
pub(crate) fn entries(map: &serde_json::Map<String, Value>, depth: usize) -> String {
    let mut out = String::new();
    write_map(&mut out, map, depth, false);
    out
}

/// Starts with a letter, goes on with letters, digits and `._/-:`, no colon at the end of a word, single spaces between words, and is no word that some
/// version of YAML reads as a truth value or as nothing.
fn is_plain(text: &str) -> bool {
    let reserved = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
    ];
    let mut before = b' ';
    let fits = text.bytes().all(|b| {
        let ends_a_word = b == b' ' && !matches!(before, b' ' | b':');
        before = b;
        ends_a_word || b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-' | b':')
    });
    fits && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(before, b' ' | b':')
        && !reserved.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_deceptive(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn push_scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        out.push_str(&quoted(text));
    }
}

fn push_flat(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_scalar(out, text),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        // Writing to a string cannot fail.
        leaf => drop(write!(out, "{leaf}")),
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

/// `continues` is set where the first key stands on the line of a list's dash.
fn write_map(out: &mut String, map: &serde_json::Map<String, Value>, depth: usize, mut continues: bool) {
    for (key, value) in map {
        if !std::mem::take(&mut continues) {
            indent(out, depth);
        }
        push_scalar(out, key);
        out.push(':');
        write_nested(out, value, depth + 1);
    }
}

fn write_nested(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !is_flat(value) => {
            out.push('\n');
            write_map(out, map, depth, false);
        }
        Value::Array(items) if !is_flat(value) => {
            out.push('\n');
            write_list(out, items, depth);
        }
        leaf => {
            out.push(' ');
            push_flat(out, leaf);
            out.push('\n');
        }
    }
}

fn write_list(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push('-');
        match item {
            Value::Object(map) if !is_flat(item) => {
                out.push(' ');
                write_map(out, map, depth + 1, true);
            }
            other => write_nested(out, other, depth + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            "[-:#{}&*!|>'\"%@` \n\ta-z0-9~.]{0,12}".prop_map(Value::from),
            any::<u16>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_value(value in any_value()) {
            let text = document(&value);
            prop_assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value, "{}", text);
        }
    }

    #[test]
    fn words_that_some_yaml_takes_for_a_value_are_quoted() {
        for word in [
            "yes",
            "No",
            "ON",
            "null",
            "~",
            "1.5",
            "0x1",
            "1:30",
            "2026-01-01",
            "a: b",
            "a #b",
            "*a",
            "",
            " a",
            ".inf",
        ] {
            assert!(scalar(word).starts_with('"'), "{word}");
        }
        assert_eq!(scalar("api.example.test"), "api.example.test");
        assert_eq!(
            document(&json!({"a": [{"b": 1, "c": []}, [2]]})),
            "a:\n  - b: 1\n    c: []\n  -\n    - 2\n"
        );
    }
}
