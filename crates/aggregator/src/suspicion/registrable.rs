//! The label of a host name that somebody registered: the one left of the public suffix.

use crate::identity::DnsName;

/// Second labels below a country's under which names are registered: `example.co.uk`. A list of a few words in place of
/// the public suffix list: below what it lacks, such as the suffixes of hosting companies, the company's own label counts,
/// and what its customers are given below it is not judged.
const SECOND_LEVEL: [&str; 12] = [
    "ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org", "sch",
];

/// The registered label, if the name has one.
pub(super) fn label(name: &DnsName) -> Option<&str> {
    let mut labels = name.as_str().rsplit('.');
    let (top, second) = (labels.next()?, labels.next()?);
    let is_suffix = top.len() == 2 && SECOND_LEVEL.contains(&second);
    match labels.next() {
        Some(third) if is_suffix => Some(third),
        _ => Some(second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_left_of_the_suffix_is_the_registered_one() {
        let of = |text: &str| label(&DnsName::try_from(text.to_owned()).unwrap()).map(str::to_owned);
        for (name, expected) in [
            ("api.shop.example", Some("shop")),
            ("shop.example", Some("shop")),
            ("api.shop.co.uk", Some("shop")),
            ("co.uk", Some("co")),
            ("localhost", None),
        ] {
            assert_eq!(of(name).as_deref(), expected, "{name}");
        }
    }
}
