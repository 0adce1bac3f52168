//! What a run knew of its far ends from outside the logs, as far as it named anything: so that runs added up give one name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::identity::DnsName;

/// Published ranges and reverse DNS of the addresses in a map. Adds up by union.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNames {
    /// Prefix, service and region, as AWS publishes them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ranges: BTreeSet<(String, String, String)>,
    /// What reverse DNS said, and whether the name points back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ptr: BTreeMap<IpAddr, (DnsName, bool)>,
}

impl KnownNames {
    /// Adds those of another map. Where two runs were told different names, the one that points back counts, then the one that
    /// sorts first.
    pub fn add(&mut self, other: KnownNames) {
        self.ranges.extend(other.ranges);
        for (address, (name, confirmed)) in other.ptr {
            let known = self.ptr.entry(address).or_insert_with(|| (name.clone(), confirmed));
            let rank = |(name, confirmed): &(DnsName, bool)| (!confirmed, name.clone());
            if rank(&(name.clone(), confirmed)) < rank(known) {
                *known = (name, confirmed);
            }
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.ptr.is_empty()
    }
}
