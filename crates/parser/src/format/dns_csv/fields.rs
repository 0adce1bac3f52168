//! Cuts one line of CSV into its fields, quotes and all.

use std::borrow::Cow;

use memchr::memchr;

/// The fields of a line, as RFC 4180 has them, without line ends in quotes: a quote that does not end ends the line
/// with a `None`. What stands behind a closing quote is taken as it is.
pub(super) struct Fields<'a> {
    /// `None` behind the last field.
    rest: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        Fields { rest: Some(line) }
    }

    /// A field up to the next comma, whatever it holds.
    fn bare(&mut self, from: &'a [u8]) -> &'a [u8] {
        let end = memchr(b',', from);
        self.rest = end.and_then(|at| from.get(at + 1..));
        from.get(..end.unwrap_or(from.len())).unwrap_or_default()
    }

    /// A field behind its opening quote.
    fn quoted(&mut self, from: &'a [u8]) -> Option<Cow<'a, str>> {
        let (text, behind) = up_to_quote(from)?;
        if !behind.starts_with(b"\"") && self.bare(behind).is_empty() {
            return Some(String::from_utf8_lossy(text));
        }
        let mut whole = text.to_vec();
        let mut rest = behind;
        while let Some(more) = rest.strip_prefix(b"\"") {
            let (text, behind) = up_to_quote(more)?;
            whole.push(b'"');
            whole.extend(text);
            rest = behind;
        }
        whole.extend(self.bare(rest));
        Some(Cow::Owned(String::from_utf8_lossy(&whole).into_owned()))
    }
}

/// What stands before the next quote and what behind it.
fn up_to_quote(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr(b'"', from)?;
    Some((from.get(..at)?, from.get(at + 1..)?))
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        Some(match rest.strip_prefix(b"\"") {
            Some(quoted) => self.quoted(quoted),
            None => Some(String::from_utf8_lossy(self.bare(rest))),
        })
    }
}
