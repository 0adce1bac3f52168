//! Text of others, made fit for a message.

use std::error::Error;

/// The longest text of a server or a log's author that goes into a message, in characters.
const LONGEST: usize = 1200;

/// A text of someone else, short and without anything that a terminal would act on.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The error, then what caused it, and so on.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What the innermost cause says, which is what happened; the ones around it say where.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(|cause| printable(&cause.to_string()))
        .unwrap_or_default()
}
