//! Names for what the proposal makes: the same on every run, whatever else is proposed, and no two alike.

use egressmap_aggregator::identity::DnsName;

use crate::text::hash;

/// App Mesh allows 255 characters and Kubernetes 253; this leaves room for what they append.
const LONGEST: usize = 200;
/// What tells a host whose plain name another host might have: two hyphens, which no plain name holds, and its hash.
const SUFFIX: usize = 18;

/// The name of a host's node: `ext-` and the host with hyphens for its dots. A host that has hyphens or underscores of
/// its own, or is too long, gets its hash too. It depends on the host alone: a name that changed when another host
/// appeared would make tools replace a node that is in use.
pub(super) fn node_name(host: &DnsName) -> String {
    let host = host.as_str();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = "ext-".chars().chain(host.chars().map(plain)).collect();
    if name.len() <= LONGEST && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
        return name;
    }
    let kept: String = name.chars().take(LONGEST - SUFFIX).collect();
    format!("{}--{:016x}", kept.trim_end_matches('-'), hash(host))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn name(host: &str) -> String {
        node_name(&DnsName::try_from(host.to_owned()).unwrap())
    }

    #[test]
    fn a_host_of_letters_digits_and_dots_has_its_plain_name() {
        assert_eq!(name("api.stripe.com"), "ext-api-stripe-com");
        assert_eq!(name("s3.eu1.example"), "ext-s3-eu1-example");
    }

    #[test]
    fn a_host_with_hyphens_of_its_own_has_its_hash_whether_or_not_another_would_share_its_name() {
        assert_eq!(name("a-b.example"), "ext-a-b-example--6f8d789abb44565f");
        assert_eq!(name("a.b.example"), "ext-a-b-example");
        assert!(name("a_b.example").starts_with("ext-a-b-example--"));
        assert_ne!(name("a_b.example"), name("a-b.example"));
    }

    #[test]
    fn hosts_too_long_for_a_name_are_told_apart_by_their_hash() {
        let long = |end: &str| name(&format!("{}{end}", "abcdefghi.".repeat(24)));
        assert_eq!((long("x").len(), long("y").len()), (LONGEST, LONGEST));
        assert_ne!(long("x"), long("y"));
    }

    proptest! {
        #[test]
        fn names_are_unique_and_valid_everywhere(hosts in prop::collection::btree_set("([a-b_]([a-b_-]{0,3}[a-b_])?\\.){1,3}[a-b_]{1,60}", 1..20)) {
            let hosts: BTreeSet<DnsName> = hosts.into_iter().filter_map(|host| DnsName::try_from(host).ok()).collect();
            let names: BTreeSet<String> = hosts.iter().map(node_name).collect();
            prop_assert_eq!(names.len(), hosts.len());
            for name in names {
                prop_assert!(name.len() <= LONGEST && !name.ends_with('-'));
                prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            }
        }
    }
}
