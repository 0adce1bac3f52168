//! Adds entries to the text of a ledger without touching what stands there.

use super::{Entry, Ledger, LedgerError, SCHEMA, application_word};
use crate::yaml::scalar;

const HEADER: &str = "# What each service may reach. People decide here: set verdict to allow or deny.\n\
                      # egressmap adds what it newly sees and changes nothing else.\n";
const LIST: &str = "dependencies:";

/// The text of `existing` with `new` entries after its last one, and what it says. `before` is what `existing` says.
pub(super) fn append(existing: Option<&str>, before: Ledger, new: &[&Entry]) -> Result<(String, Ledger), LedgerError> {
    let Some(text) = existing else {
        return verified(fresh(new), before, new);
    };
    if new.is_empty() {
        return Ok((text.to_owned(), before));
    }
    let mut layout = Layout {
        eol: eol(text),
        indent: 2,
    };
    let (head, tail) = match before.entries.last() {
        Some(last) => {
            let end = layout.end_of(text, last)?;
            (
                text.get(..end).unwrap_or(text).to_owned(),
                text.get(end..).unwrap_or_default(),
            )
        }
        None => layout.open_list(text),
    };
    let mut out = layout.ending_a_line(head);
    out.push_str(&layout.render(new));
    out.push_str(tail);
    verified(out, before, new)
}

fn fresh(new: &[&Entry]) -> String {
    if new.is_empty() {
        return format!("{HEADER}schema: {SCHEMA}\n{LIST} []\n");
    }
    let entries = Layout { eol: "\n", indent: 2 }.render(new);
    format!("{HEADER}schema: {SCHEMA}\n{LIST}\n{entries}")
}

/// How the file writes its lines, and the column of its dashes.
struct Layout {
    eol: &'static str,
    indent: usize,
}

impl Layout {
    fn render(&self, new: &[&Entry]) -> String {
        let (pad, eol) = (" ".repeat(self.indent), self.eol);
        let mut out = String::new();
        for entry in new {
            let fields = [
                ("- service", Some(scalar(entry.service.as_str()))),
                ("  destination", Some(scalar(&entry.destination.to_string()))),
                ("  port", Some(entry.port.to_string())),
                ("  application", Some(application_word(entry.application).to_owned())),
                ("  verdict", Some(entry.verdict.to_string())),
                ("  owner", entry.owner.as_deref().map(scalar)),
                ("  reason", entry.reason.as_deref().map(scalar)),
            ];
            for (key, value) in fields {
                if let Some(value) = value {
                    out.push_str(&format!("{pad}{key}: {value}{eol}"));
                }
            }
        }
        out
    }

    fn ending_a_line(&self, mut text: String) -> String {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(self.eol);
        }
        text
    }

    /// The byte after the last line that belongs to the last entry, and after comments that stand as deep as the list.
    fn end_of(&mut self, text: &str, last: &Entry) -> Result<usize, LedgerError> {
        let first = usize::try_from(last.line).unwrap_or(usize::MAX).saturating_sub(1);
        let dash = lines(text)
            .take(first.saturating_add(1))
            .filter(|(_, line)| line.trim_start().starts_with('-'))
            .last();
        let Some((_, dash)) = dash else {
            return Err(LedgerError {
                line: Some(last.line),
                message: "expected one \"- service: …\" a dependency, found a list that cannot be added to".to_owned(),
            });
        };
        self.indent = indent_of(dash);
        let mut end = 0;
        for (at, (start, line)) in lines(text).enumerate().skip(first) {
            let bare = line.trim();
            let (deep, comment) = (indent_of(line), bare.starts_with('#'));
            if bare.is_empty() || (comment && deep < self.indent) {
                continue;
            }
            if at > first && !comment && deep <= self.indent {
                break;
            }
            end = start + line.len();
        }
        Ok(end)
    }

    /// The text with a list opened in it: up to where its entries go, and from there on.
    fn open_list<'a>(&self, text: &'a str) -> (String, &'a str) {
        let eol = self.eol;
        let mut schema = String::new();
        if !text.lines().any(|line| line.starts_with("schema:")) {
            schema = format!("schema: {SCHEMA}{eol}");
        }
        let Some((start, line)) = lines(text).find(|(_, line)| line.starts_with(LIST)) else {
            return (format!("{}{schema}{LIST}", self.ending_a_line(text.to_owned())), "");
        };
        let (before, after) = text.split_at(start);
        let (line, after) = after.split_at(line.len());
        // What follows the empty value on its line, such as a comment, stays.
        let rest = line.strip_prefix(LIST).unwrap_or_default();
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let (space, value) = rest.split_at(spaces);
        let kept = ["[]", "[ ]", "~", "null"]
            .iter()
            .find_map(|empty| value.strip_prefix(empty));
        let rest = kept.map_or_else(|| format!("{space}{value}"), str::to_owned);
        (format!("{before}{schema}{LIST}{rest}"), after)
    }
}

fn eol(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The lines of a text with the byte each begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The new text must say what the old one said and the new entries, no more and no less.
fn verified(text: String, before: Ledger, new: &[&Entry]) -> Result<(String, Ledger), LedgerError> {
    let same = |a: &Entry, b: &Entry| Entry { line: 0, ..a.clone() } == Entry { line: 0, ..b.clone() };
    let mut wanted = before.entries.iter().chain(new.iter().copied());
    let count = before.entries.len() + new.len();
    let after = Ledger::parse(&text).unwrap_or_default();
    if after.entries.len() == count && after.entries.iter().all(|a| wanted.next().is_some_and(|b| same(a, b))) {
        return Ok((text, after));
    }
    Err(LedgerError {
        line: None,
        message: "expected the dependencies as a list of \"- service: …\" blocks, found a layout that cannot be \
                  added to without rewriting it"
            .to_owned(),
    })
}
