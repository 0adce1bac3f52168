//! Text from outside made harmless: for a sentence, for a Markdown page, for a file's name.

use std::fmt::Write as _;

use egressmap_parser::printable::is_deceptive;

/// The text on one line, with every deceptive character written as its escape.
pub(crate) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The text as Markdown that shows it and does nothing else.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            // As `inert` writes it, with its backslash shown.
            c if is_deceptive(c) => drop(write!(out, "\\\\u{{{:x}}}", u32::from(c))),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A file's name for a text, in lower-case letters, digits, `-` and `.`. Different texts have different names: what had
/// to be changed or cut ends with its hash.
pub(crate) fn file_stem(text: &str) -> String {
    const LONGEST: usize = 80;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain) && !text.starts_with(['.', '-']) {
        return text.to_owned();
    }
    let kept: String = text
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(LONGEST)
        .collect();
    let kept = kept.trim_matches(['-', '.']);
    let kept = if kept.is_empty() { "x" } else { kept };
    format!("{kept}-{:016x}", hash(text))
}

/// FNV-1a: the same on every machine and in every version, which is what a name in a file needs.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stem_stays_in_its_folder_and_two_texts_never_share_one() {
        let long = "a".repeat(4096);
        let texts = [
            "checkout", "../etc", "..", ".", "", "a/b", "a-b", "A-b", "a\0b", &long, "con:x", "-rf",
        ];
        let stems: std::collections::BTreeSet<String> = texts.iter().map(|text| file_stem(text)).collect();
        assert_eq!(stems.len(), texts.len());
        for stem in &stems {
            assert!(
                !stem.starts_with('.') && !stem.contains(['/', '\\', '\0']) && stem.len() < 100,
                "{stem}"
            );
        }
        assert_eq!(file_stem("checkout"), "checkout");
    }

    #[test]
    fn markdown_shows_markup_and_does_not_obey_it() {
        assert_eq!(markdown("<b>`x`|\u{202e}\n"), "&lt;b&gt;\\`x\\`\\|\\\\u{202e}\\\\u{a}");
    }
}
