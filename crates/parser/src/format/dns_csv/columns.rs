//! The columns of a CSV, as its header names them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::format::dns_value::Part;
use crate::printable;

/// A column that a record has a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Time,
    Source,
    Name,
    Type,
    Rcode,
    Answers,
    Vpc,
    Instance,
}

/// Every slot with its name, in the order of a CSV without a header.
const SLOTS: [(Slot, &str); 8] = [
    (Slot::Time, "time"),
    (Slot::Source, "source"),
    (Slot::Name, "name"),
    (Slot::Type, "type"),
    (Slot::Rcode, "rcode"),
    (Slot::Answers, "answers"),
    (Slot::Vpc, "vpc"),
    (Slot::Instance, "instance"),
];

/// What spreadsheets put before the first header.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns of the rows that follow.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<String>,
    slots: Vec<Option<Slot>>,
}

/// The values of one row; empty where the log has no such column.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    values: [Cow<'a, str>; SLOTS.len()],
}

impl Columns {
    /// All of them in order, as in a CSV without a header.
    pub(super) fn usual() -> Self {
        Columns {
            names: SLOTS.iter().map(|(_, name)| (*name).to_owned()).collect(),
            slots: SLOTS.iter().map(|(slot, _)| Some(*slot)).collect(),
        }
    }

    /// A header: a line that names a time, a source and a name among its columns, whatever their case. Of two columns
    /// with one name the first counts.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let mut names = Vec::new();
        let mut slots: Vec<Option<Slot>> = Vec::new();
        for field in Fields::of(line) {
            let field = field?;
            let name = field.trim().to_ascii_lowercase();
            let slot = SLOTS.iter().find(|(_, known)| *known == name).map(|(slot, _)| *slot);
            slots.push(slot.filter(|slot| !slots.contains(&Some(*slot))));
            names.push(name);
        }
        let needed = [Slot::Time, Slot::Source, Slot::Name];
        needed
            .iter()
            .all(|slot| slots.contains(&Some(*slot)))
            .then_some(Columns { names, slots })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The values of a row; `None` where it has more or fewer columns, or a quote that does not end.
    pub(super) fn row<'a>(&self, line: &'a [u8]) -> Option<Row<'a>> {
        let mut row = Row::default();
        let mut fields = Fields::of(line);
        for slot in &self.slots {
            let field = fields.next()??;
            if let Some(slot) = slot {
                row.values[*slot as usize] = field;
            }
        }
        fields.next().is_none().then_some(row)
    }

    /// Every value of a row by the name of its column: a time in seconds is a number, and what is empty is null.
    pub(super) fn fields(&self, line: &[u8]) -> Map<String, Value> {
        let values = Fields::of(line).flatten();
        let columns = self.names.iter().zip(&self.slots);
        columns
            .zip(values)
            .map(|((name, slot), value)| {
                let number = || value.parse::<u64>().ok().filter(|_| *slot == Some(Slot::Time));
                let value = match value.as_ref() {
                    "" | "-" => Value::Null,
                    text => number().map_or_else(|| text.into(), Value::from),
                };
                (name.clone(), value)
            })
            .collect()
    }
}

impl Row<'_> {
    pub(super) fn text(&self, slot: Slot) -> &str {
        &self.values[slot as usize]
    }

    /// What stands in a part, safe to print.
    pub(super) fn shown(&self, part: Part) -> String {
        let slot = match part {
            Part::Time => Slot::Time,
            Part::Source => Slot::Source,
            Part::Name => Slot::Name,
            Part::Answers => Slot::Answers,
        };
        printable::quoted(self.text(slot).as_bytes())
    }
}
