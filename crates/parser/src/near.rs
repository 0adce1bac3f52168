//! The known names a user may have meant.

/// How alike two names must be for one to be a guess at the other (1 is equal).
const ALIKE: f64 = 0.6;

/// The name nearest to what was written, if any is near.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let likeness = strsim::normalized_damerau_levenshtein(written, name);
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// `one of a, b, c (did you mean b?)`.
pub(crate) fn one_of<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let names: Vec<_> = known.clone().collect();
    let list = names.join(", ");
    match nearest(written, known) {
        Some(near) => format!("one of {list} (did you mean {near}?)"),
        None => format!("one of {list}"),
    }
}
