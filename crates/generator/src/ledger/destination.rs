//! Where a dependency leads: a name, the names below one, an address, a range, or a service of AWS.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use egressmap_aggregator::identity::DnsName;
use ipnet::IpNet;

/// The far end of a ledger entry, valid by construction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// One host.
    Name(DnsName),
    /// Every host below a name, at any depth, without the name itself: `*.example.com`.
    Below(DnsName),
    /// One address.
    Address(IpAddr),
    /// A range of addresses; host bits are zero.
    Range(IpNet),
    /// A service of AWS known by its published addresses: `aws/s3/eu-west-1`.
    Aws(String),
}

/// Why a text is no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// None of the forms.
    #[error("expected a host name, *.name, an address, a CIDR range or aws/service/region")]
    Form,
    /// A range whose address has bits beyond its prefix.
    #[error("expected a range whose address ends at its prefix")]
    HostBits,
}

impl Destination {
    /// Whether an entry for this says all there is to say of a dependency on `far_end`, seen at `addresses`. A range
    /// speaks for a name only if every address seen lies in it.
    #[must_use]
    pub fn covers(&self, far_end: &Destination, addresses: &BTreeSet<IpAddr>) -> bool {
        match (self, far_end) {
            (Destination::Below(suffix), Destination::Name(name)) => name != suffix && name.is_under(suffix.as_str()),
            (Destination::Range(range), Destination::Address(address)) => range.contains(address),
            (Destination::Range(range), Destination::Name(_) | Destination::Aws(_)) => {
                !addresses.is_empty() && addresses.iter().all(|address| range.contains(address))
            }
            (mine, theirs) => mine == theirs,
        }
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Destination::Address(address));
        }
        if let Some(label) = text.strip_prefix("aws/") {
            return aws_label(label)
                .then(|| Destination::Aws(text.to_owned()))
                .ok_or(DestinationError::Form);
        }
        if let Ok(range) = text.parse::<IpNet>() {
            return if range.trunc() == range {
                Ok(Destination::Range(range))
            } else {
                Err(DestinationError::HostBits)
            };
        }
        let name = |text: &str| DnsName::from_person(text).map_err(|_| DestinationError::Form);
        match text.strip_prefix("*.") {
            Some(suffix) => name(suffix).map(Destination::Below),
            None => name(text).map(Destination::Name),
        }
    }
}

/// One to three parts of lower-case letters, digits, `-` and `_`.
fn aws_label(label: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    label.len() <= 128 && label.split('/').count() <= 3 && label.split('/').all(part)
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Name(name) => name.fmt(f),
            Destination::Below(suffix) => write!(f, "*.{suffix}"),
            Destination::Address(address) => address.fmt(f),
            Destination::Range(range) => range.fmt(f),
            Destination::Aws(label) => f.write_str(label),
        }
    }
}
