//! What is wrong with the values of a JSON line.

use super::object::Value;
use super::slot::Slot;
use crate::{Reason, printable};

/// A value that its slot cannot take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault<'v, 'de> {
    pub(super) slot: Slot,
    pub(super) found: &'v Value<'de>,
}

impl Fault<'_, '_> {
    pub(super) fn reason(self) -> Reason {
        self.slot.texts().0
    }

    /// What was expected and what was found.
    pub(super) fn message(self) -> String {
        let (reason, expected) = self.slot.texts();
        let name = reason.split_once(':').map_or(reason, |(_, name)| name);
        let found = match self.found {
            Value::Missing => "nothing".to_owned(),
            Value::Unset => "null".to_owned(),
            Value::Text(text) => printable::quoted(text.as_bytes()),
            Value::Count(count) => count.to_string(),
            Value::Other => "another kind of value".to_owned(),
        };
        format!("{name}: expected {expected}, found {found}")
    }
}
