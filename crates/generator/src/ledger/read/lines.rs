//! Reads a ledger that has one value a line, as this program writes it, without the YAML reader.
//!
//! Nearly every ledger looks like that, and a large one is read several times as fast. Whatever looks otherwise is left to the
//! YAML reader; the tests hold the two against each other.

use super::{RawEntry, Written};

/// A value and its line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Value<'a> {
    text: &'a str,
    line: u64,
}

impl Written for Value<'_> {
    fn text(&self) -> &str {
        self.text
    }

    fn line(&self) -> u64 {
        self.line
    }
}

/// A ledger before its values are understood.
#[derive(Debug, Default)]
pub(super) struct Raw<'a> {
    pub(super) schema: Option<Value<'a>>,
    /// Each with the line of its dash.
    pub(super) entries: Vec<(u64, RawEntry<Value<'a>>)>,
    /// Whether the list has begun, and whether nothing else has begun since.
    list: Option<Open>,
    /// The column of the dashes.
    dashes: Option<usize>,
}

#[derive(Debug, PartialEq)]
struct Open(bool);

/// The ledger, if it holds nothing but lines of the few known kinds. `None` says nothing about whether it is one.
pub(super) fn read(text: &str) -> Option<Raw<'_>> {
    let mut raw = Raw::default();
    for (line, number) in text.split('\n').zip(1..) {
        if !line.bytes().all(|b| matches!(b, b' '..=b'~')) && !line.chars().all(is_harmless) {
            return None;
        }
        let bare = line.trim_start_matches(' ');
        if !bare.is_empty() && !bare.starts_with('#') {
            raw.add(line.len() - bare.len(), bare, number)?;
        }
    }
    Some(raw)
}

impl<'a> Raw<'a> {
    /// Takes one line that begins at this column.
    fn add(&mut self, column: usize, line: &'a str, number: u64) -> Option<()> {
        if let Some(first) = line.strip_prefix("- ") {
            let in_list = self.list == Some(Open(true)) && *self.dashes.get_or_insert(column) == column;
            let mut entry = RawEntry::default();
            take(&mut entry, first, number)?;
            self.entries.push((number, entry));
            return in_list.then_some(());
        }
        if column > 0 {
            let (_, entry) = self.entries.last_mut()?;
            let in_entry = self.list == Some(Open(true)) && self.dashes? + 2 == column;
            take(entry, line, number)?;
            return in_entry.then_some(());
        }
        if let Some(rest) = line.strip_prefix("dependencies:") {
            let first = self.list.replace(Open(true)).is_none();
            return (first && ends(rest)).then_some(());
        }
        let text = scalar(line.strip_prefix("schema: ")?)?;
        if let Some(Open(open)) = &mut self.list {
            *open = false;
        }
        let first = self.schema.replace(Value { text, line: number }).is_none();
        first.then_some(())
    }
}

/// Takes `key: value` into an entry that does not have the key yet.
fn take<'a>(entry: &mut RawEntry<Value<'a>>, line: &'a str, number: u64) -> Option<()> {
    let (key, value) = line.split_once(": ")?;
    let place = match key {
        "service" => &mut entry.service,
        "destination" => &mut entry.destination,
        "port" => &mut entry.port,
        "application" => &mut entry.application,
        "verdict" => &mut entry.verdict,
        "owner" => &mut entry.owner,
        "reason" => &mut entry.reason,
        "expires" => &mut entry.expires,
        _ => return None,
    };
    let text = scalar(value)?;
    place.replace(Value { text, line: number }).is_none().then_some(())
}

/// What a scalar says that needs no unescaping and ends on its line.
fn scalar(written: &str) -> Option<&str> {
    let written = written.trim_start_matches(' ');
    for quote in ['"', '\''] {
        if let Some(inside) = written.strip_prefix(quote) {
            let (text, rest) = inside.split_once(quote)?;
            let plain = quote == '\'' || !text.contains('\\');
            return (plain && ends(rest)).then_some(text);
        }
    }
    let text = written.split_once(" #").map_or(written, |(text, _)| text);
    let text = text.trim_end_matches(' ');
    is_text(text).then_some(text)
}

/// Whether nothing but a comment follows.
fn ends(rest: &str) -> bool {
    let bare = rest.trim_start_matches(' ');
    bare.is_empty() || (bare.starts_with('#') && bare.len() < rest.len())
}

/// Whether this means itself without quotes: it begins with no sign of YAML, holds no other key, and is no word that may mean
/// nothing or a truth value.
fn is_text(plain: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan"];
    plain.starts_with(char::is_alphanumeric)
        && !plain.contains(": ")
        && !plain.ends_with(':')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(plain))
}

/// Whether a character beyond ASCII is no line end, no mark of an order of bytes and nothing else with a meaning of its own.
fn is_harmless(c: char) -> bool {
    matches!(c, ' '..='~') || (!c.is_ascii() && c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{LedgerError, read_yaml};
    use super::*;
    use crate::ledger::{Ledger, SCHEMA};

    fn by_lines(text: &str) -> Option<Result<Ledger, LedgerError>> {
        read(text).map(|raw| super::super::ledger(raw.schema.as_ref(), raw.entries))
    }

    #[test]
    fn what_the_program_writes_and_what_people_make_of_it_is_read_by_lines() {
        let text = format!(
            "# head\nschema: {SCHEMA} # x\n\ndependencies: # y\n    # z\n    - service: a\n      destination: '*.b.example'\n      port: 443\n\
             \x20     application: tls\n      verdict: allow # said so\n\n      owner: Zoë's team (cards)#1, b\n      reason: \"a: b # c\"   # d\n\
             \x20     expires: 2027-01-31\n"
        );
        let ledger = by_lines(&text).unwrap().unwrap();
        assert_eq!(ledger.entries.len(), 1);
        assert_eq!(ledger.entries[0].owner.as_deref(), Some("Zoë's team (cards)#1, b"));
        assert_eq!(Ok(ledger), read_yaml(&text));
    }

    #[test]
    fn what_only_yaml_can_tell_is_left_to_it() {
        let entry = "dependencies:\n  - service: a\n    destination: b.example\n";
        for text in [
            "dependencies: []",
            "dependencies:\n  - {service: a}",
            "dependencies:\n  - service: a\n   port: 1",
            "dependencies:\n  - service: a\n     port: 1",
            "dependencies:\n  -  service: a",
            "dependencies:\n  - service: |",
            "dependencies:\n  - service: >-",
            "dependencies:\n  - service: &a b",
            "dependencies:\n  - service: null",
            "dependencies:\n  - service: \"a\\nb\"",
            "dependencies:\n  - service: 'it''s'",
            "dependencies:\n  - service: a\n  - service:",
            "dependencies:\n  - service: a\n\t# x",
            "dependencies:\r\n  - service: a",
            "---\ndependencies:",
            "schema: a\n  - service: a",
            "schema: a\nschema: b",
            "- service: a",
            &format!("{entry}schema: x\n    port: 1"),
            &format!("{entry}    service: twice"),
            &format!("{entry}    colour: red"),
            &format!("{entry}dependencies:"),
            &format!("{entry} - service: b"),
            &format!("{entry}    port: 1 2: 3"),
            &format!("{entry}    reason: a\u{85}b"),
            &format!("{entry}    reason: a\u{2028}b"),
            &format!("\u{feff}{entry}"),
        ] {
            assert!(by_lines(text).is_none(), "{text:?}");
        }
    }

    /// Lines of ledgers, and what is nearly one.
    fn any_line() -> impl Strategy<Value = String> {
        let key = "(schema|dependencies|service|destination|port|application|verdict|owner|reason|expires|x)";
        let value = prop_oneof![
            "(\"[-a-z0-9:#' \\\\.]{0,6}\"|'[-a-z0-9:#\" .]{0,6}')",
            "[-a-zA-Z0-9:# .,!?*&'\"{}\\[\\]|>@%`~_/+=<]{0,7}",
            "[0-9][0-9.eExXo_:+-]{0,6}",
            "[\\p{L}\\p{N}\u{85}\u{a0}\u{2028}\u{feff}\t ]{1,4}",
            prop::sample::select(vec![
                "a.example",
                "443",
                "tls",
                "allow",
                "2027-01-31",
                SCHEMA,
                "null",
                "Yes",
                "-",
                "~",
                ".inf"
            ])
            .prop_map(str::to_owned),
        ];
        let comment = prop_oneof![3 => Just(""), 1 => Just(" # x"), 1 => Just("#x"), 1 => Just("  ")];
        let head = prop::sample::select(vec!["", "  ", "  - ", "    ", "- ", "   - ", "      ", "-", "    - "]);
        prop_oneof![
            9 => (head, key, prop::sample::select(vec![": ", ":", ":  "]), value, comment)
                .prop_map(|(head, key, colon, value, comment)| format!("{head}{key}{colon}{value}{comment}")),
            1 => prop::sample::select(vec!["", "  ", "# x", "      # x", "---", "...", "\t"]).prop_map(str::to_owned),
        ]
    }

    /// An entry that is nearly right.
    fn any_entry() -> impl Strategy<Value = String> {
        let line = any_line();
        (0..9_usize, line, any::<bool>()).prop_map(|(at, line, instead)| {
            let mut lines: Vec<String> = [
                "- service: a",
                "  destination: b.example",
                "  port: 443",
                "  application: tls",
                "  verdict: allow",
            ]
            .iter()
            .map(|line| format!("  {line}"))
            .collect();
            let at = at.min(lines.len());
            if instead && at < lines.len() {
                lines[at] = line;
            } else {
                lines.insert(at, line);
            }
            lines.join("\n")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn what_is_read_by_lines_is_what_yaml_says(
            head in prop_oneof![Just(format!("schema: {SCHEMA}\ndependencies:\n")), Just("dependencies:\n".to_owned()), Just(String::new())],
            entries in prop::collection::vec(any_entry(), 0..3),
            lines in prop::collection::vec(any_line(), 0..3),
        ) {
            let text = format!("{head}{}\n{}\n", entries.join("\n"), lines.join("\n"));
            if let Some(ledger) = by_lines(&text) {
                prop_assert_eq!(ledger, read_yaml(&text), "{}", text);
            }
        }
    }
}
