//! What was sniffed, for people.

use std::fmt::Write as _;

use egressmap_aggregator::show::{cut, wrapped};
use egressmap_parser::printable;
use serde_json::Value;

use super::{Record, Sniffed};
use crate::size::plural;

/// One object on a few lines, within a width.
pub(super) fn page(sniffed: &Sniffed, width: usize) -> String {
    let mut text = printable::name(&sniffed.object) + "\n";
    let mut row =
        |label: &str, value: &str| text += &wrapped(&format!("  {label:<10}"), &printable::name(value), width);
    row("packed", sniffed.container);
    if !sniffed.carried_in.is_empty() {
        row("carried", &format!("in {}", sniffed.carried_in.join(", in ")));
    }
    row("kind", sniffed.format.unwrap_or("not recognised"));
    if let Some(guess) = &sniffed.guess {
        row("maybe", &guess.looks);
        row("hint", &guess.hint);
    }
    if !sniffed.fields.is_empty() {
        row("fields", &sniffed.fields.join(" "));
    }
    row("lines", &lines(sniffed));
    for fault in &sniffed.faults {
        let what = fault.message.as_deref().unwrap_or(fault.reason);
        row("fault", &format!("{}: {what}", place(fault.line, fault.event)));
    }
    if let Some(error) = &sniffed.error {
        row("error", error);
    }
    text + &records(&sniffed.records, width)
}

fn lines(sniffed: &Sniffed) -> String {
    let read = &sniffed.read;
    let mut text = format!("{}, {} used", plural(read.lines, "line", "lines"), read.used);
    let reasons: Vec<String> = read
        .set_aside
        .iter()
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    if !reasons.is_empty() {
        let _ = write!(text, "; set aside: {}", reasons.join(", "));
    }
    if !read.whole {
        text += "; of the beginning alone (--whole reads all)";
    }
    text
}

fn place(line: u64, event: Option<u64>) -> String {
    match event {
        Some(event) => format!("line {line}, event {event}"),
        None => format!("line {line}"),
    }
}

/// The first records side by side, a field a row.
fn records(records: &[Record], width: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in records.iter().flat_map(|record| record.fields.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let label = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(32);
    // Each record has a column, if there is room for a short one; those without are left out.
    let room = width.saturating_sub(label + 4);
    let shown = records.len().min((room / 12).max(1));
    let column = (room / shown.max(1)).saturating_sub(2).max(4);
    let mut text = String::new();
    let mut row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let mut line = format!("    {:<label$}", cut(&printable::name(name), label));
        for cell in cells {
            let _ = write!(line, "  {:<column$}", cut(&cell, column));
        }
        text += &cut(line.trim_end(), width);
        text.push('\n');
    };
    if shown > 0 {
        let heads = records
            .iter()
            .take(shown)
            .map(|record| place(record.line, record.event));
        row("", &mut heads.into_iter());
    }
    for name in names {
        row(
            name,
            &mut records.iter().take(shown).map(|record| value(record.fields.get(name))),
        );
    }
    text
}

fn value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => printable::name(text),
        Some(other) => printable::name(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Extent, Fault};
    use super::*;

    fn sniffed() -> Sniffed {
        let record = |line, agent: &str| Record {
            line,
            event: None,
            fields: json!({"srcaddr": "10.0.0.5", "dstport": 443, "agent": agent, "type": null})
                .as_object()
                .unwrap()
                .clone(),
        };
        Sniffed {
            object: "logs/a\u{1b}.log".to_owned(),
            container: "gzip",
            format: Some("flow-text"),
            fields: vec!["srcaddr".to_owned(), "dstport".to_owned()],
            records: vec![record(2, "curl"), record(3, &"\u{1b}[2J".repeat(90))],
            read: Extent {
                whole: false,
                lines: 4,
                used: 2,
                set_aside: [("header", 1), ("malformed:dstport", 1)].into(),
            },
            faults: vec![Fault {
                line: 4,
                event: None,
                reason: "malformed:dstport",
                message: Some("dstport: expected a port, found \"70000\"".to_owned()),
            }],
            ..Sniffed::default()
        }
    }

    #[test]
    fn a_page_says_what_the_object_is_and_shows_its_first_records() {
        let page = page(&sniffed(), 60);
        let expected = "\
logs/a\\u{1b}.log
  packed    gzip
  kind      flow-text
  fields    srcaddr dstport
  lines     4 lines, 2 used; set aside: header 1,
            malformed:dstport 1; of the beginning alone
            (--whole reads all)
  fault     line 4: dstport: expected a port, found \"70000\"
             line 2                  line 3
    srcaddr  10.0.0.5                10.0.0.5
    dstport  443                     443
    agent    curl                    \\u{1b}[2J\\u{1b}[2J\\u{…
    type     -                       -
";
        assert_eq!(page, expected);
    }

    #[test]
    fn a_page_fits_the_terminal_and_obeys_nobody() {
        for width in [40, 60, 100, 200] {
            for line in page(&sniffed(), width).lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.chars().any(printable::is_deceptive), "{line:?}");
            }
        }
    }
}
