//! A line in full, as `egressmap parse` prints it: every field that the line has, whether a map needs it or not.

use serde_json::{Map, Value};

use crate::Reason;

/// What a line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A record, used or (NODATA, SKIPDATA) a statement that there is none.
    Record,
    /// The names of the fields of the lines that follow.
    Header,
    /// Nothing but white space.
    Blank,
    /// A line that begins with `#`.
    Comment,
    /// Meant to be a record, and none.
    Malformed,
    /// A line of another log that shares the stream with access records.
    NotAccessLog,
    /// A line of nothing that is known.
    NotALog,
}

impl Kind {
    /// The word that `egressmap parse` prints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::Header => "header",
            Kind::Blank => "blank",
            Kind::Comment => "comment",
            Kind::Malformed => "malformed",
            Kind::NotAccessLog => "not-access-log",
            Kind::NotALog => "not-a-log",
        }
    }
}

/// What one line says in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What it is.
    pub kind: Kind,
    /// A record's fields by their underscored names, numbers as numbers, `null` for unset.
    pub fields: Map<String, Value>,
    /// The fields whose ends somebody else may have moved, so that they may be wrong; no record is made of them.
    pub ambiguous: Vec<String>,
    /// A header's names, as written.
    pub names: Vec<String>,
    /// Why the line is set aside; `None` if it is used.
    pub reason: Option<Reason>,
    /// What was expected and what was found, safe to print, where the line has a fault.
    pub message: Option<String>,
}

impl Shown {
    /// A record that is used.
    #[must_use]
    pub fn record(fields: Map<String, Value>) -> Self {
        Shown {
            kind: Kind::Record,
            fields,
            ambiguous: Vec::new(),
            names: Vec::new(),
            reason: None,
            message: None,
        }
    }

    /// A line that is set aside for a reason and says no more.
    #[must_use]
    pub fn aside(kind: Kind, reason: Reason) -> Self {
        Shown {
            kind,
            fields: Map::new(),
            ambiguous: Vec::new(),
            names: Vec::new(),
            reason: Some(reason),
            message: None,
        }
    }
}
