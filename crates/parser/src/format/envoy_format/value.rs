//! A value as it stands in its line.

/// A value as it stands in its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::format) enum Value<'a> {
    /// The line has no such value: Envoy leaves the key out under `omit_empty_values`.
    #[default]
    Missing,
    /// It says that there is none.
    Unset,
    Text(&'a [u8]),
    /// The inside of a JSON string with escapes in it.
    Escaped(&'a [u8]),
    /// A JSON number.
    Number(&'a [u8]),
    /// A truth value, a list, an object.
    Other,
}

/// A [`Value`] without its text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Unset,
    Text,
    Escaped,
    Number,
    Other,
}

impl Value<'_> {
    pub(in crate::format) fn is_unset(&self) -> bool {
        matches!(self, Value::Unset | Value::Text(b"" | b"-"))
    }
}

impl<'a> Value<'a> {
    /// Its kind and its text; nothing of one that is missing.
    #[inline(always)]
    pub(super) fn parts(self) -> Option<(Kind, &'a [u8])> {
        Some(match self {
            Value::Missing => return None,
            Value::Unset => (Kind::Unset, b""),
            Value::Text(text) => (Kind::Text, text),
            Value::Escaped(text) => (Kind::Escaped, text),
            Value::Number(text) => (Kind::Number, text),
            Value::Other => (Kind::Other, b""),
        })
    }

    #[inline(always)]
    pub(super) fn of(kind: Kind, text: &'a [u8]) -> Self {
        match kind {
            Kind::Unset => Value::Unset,
            Kind::Text => Value::Text(text),
            Kind::Escaped => Value::Escaped(text),
            Kind::Number => Value::Number(text),
            Kind::Other => Value::Other,
        }
    }
}

/// Whether Envoy may have cut a value to so many bytes.
pub(super) fn may_be_cut(kind: Kind, text: &[u8], limit: usize) -> bool {
    match kind {
        Kind::Text => text.len() >= limit,
        Kind::Escaped => unescaped(text).is_none_or(|text| text.len() >= limit),
        Kind::Unset | Kind::Number | Kind::Other => false,
    }
}

/// The text of a JSON string's inside.
pub(super) fn unescaped(inside: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(inside.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inside);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}
