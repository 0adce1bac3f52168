//! One row of an inventory, each cell checked as it is read.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use super::origins::OriginGlob;
use super::runners::Runner;
use crate::identity::ServiceName;
use crate::map::ServiceFacts;

/// What a row or an entry says, valid by construction.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) service: ServiceName,
    pub(super) address: Option<Net>,
    pub(super) eni: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) account: Option<String>,
    pub(super) origin: Option<OriginGlob>,
    pub(super) runner: Option<Runner>,
    /// Unix seconds; 0 where the row has no beginning.
    pub(super) from: u64,
    /// Unix seconds; the end of time where the row has no end.
    pub(super) until: u64,
    pub(super) facts: ServiceFacts,
}

/// An address, or a prefix where the length is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) network: IpAddr,
    pub(super) length: Option<u8>,
}

/// Why a cell was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) column: &'static str,
    pub(super) expected: String,
}

/// The columns that say what is owned.
pub(super) const PLACES: [&str; 5] = ["address", "eni", "instance", "account", "origin"];

impl Row {
    /// Reads a row; `cell` gives the text of a column, trimmed, or `None` where it is empty or missing.
    pub(super) fn read<'c>(cell: impl Fn(&'static str) -> Option<&'c str>) -> Result<Self, Refused> {
        let own = |column| cell(column).map(str::to_owned);
        let row = Row {
            service: service(cell("service").unwrap_or_default())?,
            address: cell("address").map(net).transpose()?,
            eni: own("eni"),
            instance: own("instance"),
            account: own("account"),
            origin: cell("origin").map(origin).transpose()?,
            runner: None,
            from: cell("from").map(|text| moment("from", text)).transpose()?.unwrap_or(0),
            until: cell("until")
                .map(|text| moment("until", text))
                .transpose()?
                .unwrap_or(u64::MAX),
            facts: ServiceFacts {
                virtual_node: own("virtual_node"),
                namespace: own("namespace"),
                owner: own("owner"),
                known_by: BTreeSet::new(),
            },
        };
        if row.until <= row.from {
            return refuse("until", "a time after \"from\"");
        }
        Ok(row)
    }
}

fn service(text: &str) -> Result<ServiceName, Refused> {
    match ServiceName::try_from(text.to_owned()) {
        Ok(name) if name.is_unattributed() => refuse("service", "a name that is not reserved"),
        Ok(name) => Ok(name),
        Err(_) => refuse("service", "a service name of 1 to 255 bytes without control characters"),
    }
}

pub(super) fn net(text: &str) -> Result<Net, Refused> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Net {
            network: address.to_canonical(),
            length: None,
        });
    }
    match text.parse::<IpNet>() {
        Ok(net) if net.addr() != net.network() => {
            let meant = format!("{} for the whole range or {} for one address", net.trunc(), net.addr());
            refuse("address", format!("a CIDR without host bits ({meant})"))
        }
        Ok(net) => Ok(Net {
            network: net.network(),
            length: Some(net.prefix_len()),
        }),
        Err(_) => refuse("address", "an IP address or a CIDR"),
    }
}

fn origin(text: &str) -> Result<OriginGlob, Refused> {
    OriginGlob::new(text).or_else(|why| refuse("origin", format!("a glob ({why})")))
}

/// What a time should look like.
pub(super) const TIME: &str = "a time as in RFC 3339, such as 2026-10-01T00:00:00Z";

fn moment(column: &'static str, text: &str) -> Result<u64, Refused> {
    match seconds(text) {
        Some(time) => Ok(time),
        None => refuse(column, TIME),
    }
}

/// Whole seconds, rounded up: a record that starts in second `s` is covered by `from <= s < until`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    let up = i64::from(time.subsec_nanosecond() > 0);
    Some(u64::try_from(time.as_second() + up).unwrap_or(0))
}

fn refuse<T>(column: &'static str, expected: impl Into<String>) -> Result<T, Refused> {
    Err(Refused {
        column,
        expected: expected.into(),
    })
}
