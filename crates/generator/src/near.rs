//! The nearest of the known names, for "did you mean".

/// The known name nearest to what was written, if any is near enough to be a slip of the finger.
pub(crate) fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    near(written, known).map_or_else(String::new, |name| format!(", did you mean \"{name}\"?"))
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_slip_of_the_finger_is_near_and_another_word_is_not() {
        let known = ["service", "verdict", "owner"];
        assert_eq!(near("servce", known), Some("service"));
        assert_eq!(near("Verdcit", known), Some("verdict"));
        assert_eq!(near("colour", known), None);
        assert_eq!(near(&"service".repeat(100), known), None);
    }
}
