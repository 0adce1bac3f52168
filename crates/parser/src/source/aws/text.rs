//! Text of others, made fit for a message.

use std::error::Error;

/// The longest text of a server or a log's author that goes into a message, in characters.
const LONGEST: usize = 1200;

/// A text of someone else, short and without anything that a terminal would act on.
pub(in crate::source) fn printable(text: &str) -> String {
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
pub(in crate::source) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What the innermost cause says, which is what happened; the ones around it say where.
pub(in crate::source) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(|cause| printable(&cause.to_string()))
        .unwrap_or_default()
}

/// A URL fit for a message: whoever wrote a password into it does not meet it again in a log.
pub(in crate::source) fn printable_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => printable(&format!("{scheme}://{host}/{path}")),
        None => printable(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_spelt_out() {
        assert_eq!(
            printable("a\u{1b}[2J\n\u{202e}\u{9b}"),
            "a\\u{1b}[2J\\n\\u{202e}\\u{9b}"
        );
        assert_eq!(printable("it's \"ü\" \\ €"), "it's \"ü\" \\ €");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let shown = printable(&"x".repeat(5000));
        assert_eq!((shown.chars().count(), shown.chars().last()), (1201, Some('…')));
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(
            printable_url("http://me:pass@word@192.0.2.1:9000/x"),
            "http://192.0.2.1:9000/x"
        );
        assert_eq!(printable_url("http://192.0.2.1:9000"), "http://192.0.2.1:9000");
    }
}
