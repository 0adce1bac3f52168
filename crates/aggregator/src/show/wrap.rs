//! Text within the width of a terminal.

/// As much of a text as there is room for; `…` says that it goes on.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A label and words behind it, on as many lines as they need, each with its line end; the words stand below each other.
#[must_use]
pub fn wrapped(label: &str, text: &str, width: usize) -> String {
    let indent = label.chars().count();
    let room = width.saturating_sub(indent).max(20);
    let mut out = label.to_owned();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = cut(word, room);
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        }
        if used > 0 {
            out.push(' ');
            used += 1;
        }
        out += &word;
        used += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_below_each_other_and_a_long_one_is_cut() {
        assert_eq!(
            wrapped("a  ", "one two three four five six", 23),
            "a  one two three four\n   five six\n"
        );
        assert_eq!(wrapped("a  ", &"x".repeat(30), 23), format!("a  {}…\n", "x".repeat(19)));
        assert_eq!(wrapped("a  ", "", 23), "a  \n");
    }
}
