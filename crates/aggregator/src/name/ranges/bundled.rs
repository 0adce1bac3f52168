//! The published ranges that come with the program.

use super::{AwsRanges, Range, day, word};

/// Made by `renew.py` of a file that AWS published: its date, then each service and region with its prefixes.
const PUBLISHED: &str = include_str!("published.txt");

impl AwsRanges {
    /// The ranges that come with the program. They are read when they are asked for.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    #[must_use]
    pub fn bundled() -> Self {
        read(PUBLISHED).expect("a test reads them")
    }

    /// The day on which AWS published them.
    #[must_use]
    pub fn bundled_day() -> &'static str {
        let first = PUBLISHED.lines().next();
        let created = first.and_then(|line| line.strip_prefix("published "));
        created.and_then(|created| created.get(..10)).unwrap_or_default()
    }
}

fn read(text: &str) -> Option<AwsRanges> {
    let mut ranges = AwsRanges::default();
    let mut range = None;
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("published", created)) => ranges.days.extend(day(created)),
            Some((service, region)) => range = Some(Range::new(word(service)?, word(region)?)),
            None => ranges.insert(line.parse().ok()?, range.clone()?),
        }
    }
    Some(ranges)
}

#[cfg(test)]
mod tests {
    use super::super::Index;
    use super::*;

    #[test]
    fn the_bundled_ranges_are_read_and_have_their_day() {
        let ranges = AwsRanges::bundled();
        assert_eq!(ranges.days().iter().collect::<Vec<_>>(), [AwsRanges::bundled_day()]);
        assert!(AwsRanges::bundled_day() >= "2026-08-22");
        let of_s3 = |range: &&Range| range.service == "s3" && range.region == "eu-west-1";
        assert!(ranges.len() > 1000 && ranges.by_prefix.values().any(|range| of_s3(&range)));
    }

    #[test]
    fn no_bundled_range_reaches_into_private_or_documentation_space() {
        let ranges = AwsRanges::bundled();
        for address in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "2001:db8::1",
        ] {
            assert_eq!(
                Index::of(&ranges).label(address.parse().unwrap(), None),
                None,
                "{address}"
            );
        }
    }

    #[test]
    fn a_text_without_its_headings_is_none() {
        assert_eq!(read("203.0.113.0/24\n"), None);
        assert_eq!(read("published 2026-10-01-09-30-12\nS3 eu-west-1\n203.0.113.0\n"), None);
    }
}
