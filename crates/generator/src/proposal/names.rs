//! Names for what the proposal makes: the same on every run, and no two alike.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::identity::DnsName;

use crate::text::hash;

/// App Mesh allows 255 characters and Kubernetes 253; this leaves room for what they append.
const LONGEST: usize = 200;

/// One name a host, in order: `ext-` and the host with every other character than a letter or digit as a hyphen.
pub(super) fn node_names<'a>(hosts: impl Iterator<Item = &'a DnsName> + Clone) -> Vec<String> {
    let mut sharing: BTreeMap<String, usize> = BTreeMap::new();
    for host in hosts.clone() {
        *sharing.entry(plain(host)).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    hosts
        .map(|host| {
            let name = plain(host);
            let alone = sharing.get(&name) == Some(&1);
            // Of hosts that share a name, the one without hyphens of its own keeps it.
            let keeps = alone || !host.as_str().contains(['-', '_']);
            let valid = name.len() <= LONGEST && !name.ends_with('-');
            let name = if keeps && valid {
                name
            } else {
                hashed(&name, host.as_str(), &taken)
            };
            taken.insert(name.clone());
            name
        })
        .collect()
}

fn plain(host: &DnsName) -> String {
    let host = host
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    "ext-".chars().chain(host).collect()
}

/// The name with as much of its host's hash as tells it from all others.
fn hashed(name: &str, host: &str, taken: &BTreeSet<String>) -> String {
    let kept: String = name.chars().take(LONGEST - 17).collect();
    let kept = kept.trim_end_matches('-');
    let hash = format!("{:016x}", hash(host));
    let short: String = hash.chars().take(8).collect();
    let name = format!("{kept}-{short}");
    if taken.contains(&name) {
        format!("{kept}-{hash}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(hosts: &[&str]) -> Vec<String> {
        let hosts: BTreeSet<DnsName> = hosts
            .iter()
            .map(|host| DnsName::try_from((*host).to_owned()).unwrap())
            .collect();
        node_names(hosts.iter())
    }

    #[test]
    fn a_host_alone_has_the_plain_name() {
        assert_eq!(
            names(&["api.stripe.com", "a-b.example"]),
            ["ext-a-b-example", "ext-api-stripe-com"]
        );
    }

    #[test]
    fn hosts_that_would_share_a_name_are_told_apart_by_a_hash() {
        assert_eq!(
            names(&["a-b.example", "a.b.example"]),
            ["ext-a-b-example-6f8d789a", "ext-a-b-example"]
        );
    }

    proptest! {
        #[test]
        fn names_are_unique_and_valid_everywhere(hosts in prop::collection::btree_set("([a-b_]([a-b_-]{0,3}[a-b_])?\\.){1,3}[a-b_]{1,60}", 1..20)) {
            let hosts: BTreeSet<DnsName> = hosts.into_iter().filter_map(|host| DnsName::try_from(host).ok()).collect();
            let names = node_names(hosts.iter());
            prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), hosts.len());
            for name in names {
                prop_assert!(name.len() <= LONGEST && !name.ends_with('-'));
                prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            }
        }
    }
}
