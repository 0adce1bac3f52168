//! The address ranges that AWS publishes as `ip-ranges.json`: which service an address belongs to, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

mod bundled;
mod index;
#[cfg(test)]
mod tests;

/// Services that carry other people's content: their ranges say who hosts an address, not what it is.
const CARRIERS: [&str; 7] = [
    "api_gateway",
    "ec2",
    "cloudfront",
    "globalaccelerator",
    "workspaces_gateways",
    "ec2_instance_connect",
    "cloudfront_origin_facing",
];

pub(super) use index::Index;

/// Published ranges, looked up by longest prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsRanges {
    by_prefix: BTreeMap<IpNet, Range>,
    /// When AWS published them, such as `2026-10-01`, as far as the files tell.
    days: BTreeSet<String>,
}

/// One prefix: the service that describes it best. The order is the order of preference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    rank: Rank,
    service: String,
    region: String,
}

/// Which of several services that list the same prefix describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A service of its own.
    Service,
    /// A carrier of other people's content.
    Carrier,
    /// `AMAZON`, which lists everything once more.
    Amazon,
}

/// What is wrong with a file of ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangesError {
    /// Not the file that AWS publishes.
    #[error("{file}: expected ip-ranges.json as AWS publishes it (`prefixes`, `ipv6_prefixes`): {why}")]
    Shape {
        /// The file.
        file: String,
        /// What the JSON reader met, and where.
        why: String,
    },
    /// One of its entries is invalid.
    #[error("{file}: {entry}: expected {expected}, found {found:?}")]
    Entry {
        /// The file.
        file: String,
        /// Which entry, such as `prefixes[12]`.
        entry: String,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
}

#[derive(Deserialize)]
struct Published {
    #[serde(default, rename = "createDate")]
    created: String,
    prefixes: Vec<Entry>,
    #[serde(default)]
    ipv6_prefixes: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "ip_prefix", alias = "ipv6_prefix")]
    prefix: String,
    region: String,
    service: String,
}

impl AwsRanges {
    /// Reads `ip-ranges.json`; `file` names it in errors.
    ///
    /// # Errors
    /// When it is not that file, or an entry of it is no prefix, service or region.
    pub fn from_json(file: &str, json: &[u8]) -> Result<Self, RangesError> {
        let published: Published = serde_json::from_slice(json).map_err(|error| RangesError::Shape {
            file: file.to_owned(),
            why: error.to_string(),
        })?;
        let mut ranges = AwsRanges {
            days: day(&published.created).into_iter().collect(),
            ..AwsRanges::default()
        };
        let lists = [
            ("prefixes", published.prefixes),
            ("ipv6_prefixes", published.ipv6_prefixes),
        ];
        for (list, entries) in lists {
            for (index, entry) in entries.iter().enumerate() {
                let (prefix, range) = entry.read().map_err(|(expected, found)| RangesError::Entry {
                    file: file.to_owned(),
                    entry: format!("{list}[{index}]"),
                    expected,
                    found: found.to_owned(),
                })?;
                ranges.insert(prefix, range);
            }
        }
        Ok(ranges)
    }

    /// Adds the ranges of another file.
    pub fn extend(&mut self, other: Self) {
        self.days.extend(other.days);
        for (prefix, range) in other.by_prefix {
            self.insert(prefix, range);
        }
    }

    /// The days on which AWS published them, such as `2026-10-01`.
    #[must_use]
    pub fn days(&self) -> &BTreeSet<String> {
        &self.days
    }

    /// How many prefixes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    /// Adds a prefix as a map remembers it.
    pub(super) fn remember(&mut self, prefix: &str, service: &str, region: &str) {
        let entry = Entry {
            prefix: prefix.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        };
        if let Ok((prefix, range)) = entry.read() {
            self.insert(prefix, range);
        }
    }

    fn insert(&mut self, prefix: IpNet, range: Range) {
        let known = self.by_prefix.entry(prefix).or_insert_with(|| range.clone());
        if range < *known {
            *known = range;
        }
    }
}

impl Index<'_> {
    /// The prefix that speaks for an address, with its service and region.
    pub(super) fn entry(&self, address: IpAddr) -> Option<(&IpNet, &str, &str)> {
        let (prefix, range) = self.longest(address)?;
        Some((prefix, &range.service, &range.region))
    }

    /// The destination that an AWS address stands for: `aws/<service>/<region>`. `logged` is the service that flow
    /// records name, as a [`naming_word`]; they name no region, so it is taken from the ranges where they know.
    pub(super) fn label(&self, address: IpAddr, logged: Option<&str>) -> Option<String> {
        let range = self.longest(address).map(|(_, range)| range);
        match (logged, range) {
            (Some(service), Some(range)) => Some(format!("aws/{service}/{}", range.region)),
            (Some(service), None) => Some(format!("aws/{service}")),
            (None, Some(range)) if range.rank != Rank::Carrier => {
                Some(format!("aws/{}/{}", range.service, range.region))
            }
            (None, _) => None,
        }
    }
}

impl Entry {
    /// The entry as a range, or what was expected and what was found.
    fn read(&self) -> Result<(IpNet, Range), (&'static str, &str)> {
        let prefix = self
            .prefix
            .parse::<IpNet>()
            .map_err(|_| ("an address prefix", self.prefix.as_str()))?;
        let service = word(&self.service).ok_or(("the name of an AWS service", self.service.as_str()))?;
        let region = word(&self.region).ok_or(("the name of an AWS region", self.region.as_str()))?;
        Ok((prefix.trunc(), Range::new(service, region)))
    }
}

impl Range {
    fn new(service: String, region: String) -> Self {
        let rank = match service.as_str() {
            "amazon" => Rank::Amazon,
            service if CARRIERS.contains(&service) => Rank::Carrier,
            _ => Rank::Service,
        };
        Range { rank, service, region }
    }
}

/// The day of a `createDate` such as `2026-10-01-09-30-12`.
fn day(created: &str) -> Option<String> {
    let day = created.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_day.then(|| day.to_owned())
}

/// The word that an AWS service has in a destination: none where its ranges carry other people's content, or where it
/// is no name of a service (it comes out of a log).
pub(super) fn naming_word(service: &str) -> Option<String> {
    word(service).filter(|service| !CARRIERS.contains(&service.as_str()))
}

/// A service or region in lower case.
fn word(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (fits && text != "-").then(|| text.to_ascii_lowercase())
}
