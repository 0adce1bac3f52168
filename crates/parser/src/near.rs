//! The known name that a misspelt one was meant to be: "did you mean".

/// The known name nearest to what was written, if any is near enough to be a slip of the finger.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is no slip of the finger, and comparing it would cost its square.
    if written.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&written.to_lowercase(), name), name))
        .filter(|(slips, name)| *slips <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// The words `, did you mean "…"?`, or nothing.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map_or_else(String::new, |name| format!(", did you mean \"{name}\"?"))
}

/// `one of a, b, c (did you mean b?)`.
pub(crate) fn one_of<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let list = known.clone().collect::<Vec<_>>().join(", ");
    match nearest(written, known) {
        Some(near) => format!("one of {list} (did you mean {near}?)"),
        None => format!("one of {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_near_and_another_word_is_not() {
        let known = ["service", "verdict", "owner"];
        assert_eq!(nearest("servce", known), Some("service"));
        assert_eq!(nearest("Verdcit", known), Some("verdict"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"service".repeat(100), known), None);
    }
}
