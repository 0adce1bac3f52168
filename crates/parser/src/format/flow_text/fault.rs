//! Why a row is no record: two bytes on the hot path, a sentence only where it is kept.

use super::fields::Field;
use super::plan::Plan;
use crate::{Reason, printable};

/// Why a row is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Fault {
    /// Nothing was seen in the window: no fault of the row's.
    NoData,
    /// Records of the window were lost: no fault of the row's.
    SkipData,
    /// More or fewer columns than the format has.
    Columns,
    /// A value that its field cannot have.
    Malformed(Field),
    /// The format has no such field, so that none of its rows can be used.
    Lacking(Field),
}

impl Fault {
    pub(in crate::format) fn reason(self) -> Reason {
        match self {
            Fault::NoData => "nodata",
            Fault::SkipData => "skipdata",
            Fault::Columns => "malformed:columns",
            Fault::Malformed(field) => field.wanted().malformed,
            Fault::Lacking(field) => field.wanted().lacking.unwrap_or(field.wanted().malformed),
        }
    }

    /// What was expected and what was found.
    pub(super) fn message(self, line: &[u8], plan: &Plan) -> String {
        match self {
            Fault::NoData | Fault::SkipData | Fault::Lacking(_) => self.sentence(),
            Fault::Columns => {
                let found = line.split(|byte| *byte == b' ').count();
                format!(
                    "expected {} columns, found {found}: {}",
                    plan.columns(),
                    printable::quoted(line)
                )
            }
            Fault::Malformed(field) => {
                let wanted = field.wanted();
                let found = plan.column_of(field, line);
                let number = found
                    .map(|(number, _)| format!(" (column {number})"))
                    .unwrap_or_default();
                let value = printable::quoted(found.map(|(_, value)| value).unwrap_or_default());
                format!("{}{number}: expected {}, found {value}", wanted.name, wanted.expected)
            }
        }
    }

    /// What was expected, where no value is at fault.
    pub(in crate::format) fn sentence(self) -> String {
        match self {
            Fault::Lacking(field) => format!(
                "expected a format with {}, without which no dependency is known",
                field.wanted().name
            ),
            _ => "expected a record, found a row without one".to_owned(),
        }
    }
}

/// The reason to set aside a line that is not even meant to be a row.
pub(super) fn no_row(line: &[u8]) -> Option<Reason> {
    match line {
        [] => Some("blank"),
        [b'#', ..] => Some("comment"),
        [b' ' | b'\t', ..] if line.iter().all(u8::is_ascii_whitespace) => Some("blank"),
        _ => None,
    }
}
