//! Which names the proxies of the world wrote beside which addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::Ambiguity;
use crate::network::AwsService;
use crate::party::Text;

/// How a destination's name is known, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grade {
    Authority,
    Sni,
    Aws,
    Address,
}

/// A name as a line shows it.
type Shown = (Text, Grade);

/// All that access lines and published ranges say about addresses that are not ours.
#[derive(Debug, Clone, Default)]
pub(super) struct Witnesses {
    lines: BTreeMap<IpAddr, BTreeMap<Text, BTreeMap<u16, BTreeSet<Shown>>>>,
    published: BTreeMap<IpAddr, AwsService>,
}

impl Witnesses {
    pub(super) fn saw(&mut self, address: IpAddr, caller: &Text, port: u16, name: &Text, grade: Grade) {
        let callers = self.lines.entry(address).or_default();
        let ports = callers.entry(caller.clone()).or_default();
        ports.entry(port).or_default().insert((name.clone(), grade));
    }

    pub(super) fn publish(&mut self, address: IpAddr, aws: AwsService) {
        self.published.insert(address, aws);
    }

    /// The name that `caller` knows `address` by: its own lines', else anybody's, else the published range's.
    pub(super) fn name(&self, caller: &Text, address: IpAddr, port: u16) -> Result<(String, Grade), Ambiguity> {
        if let Some(callers) = self.lines.get(&address) {
            let own = callers.get(caller);
            let shown: BTreeSet<&Shown> = match own.and_then(|ports| ports.get(&port)) {
                Some(shown) => shown.iter().collect(),
                None => match own {
                    Some(ports) => ports.values().flatten().collect(),
                    None => callers.values().flat_map(BTreeMap::values).flatten().collect(),
                },
            };
            let mut shown = shown.into_iter();
            return match (shown.next(), shown.next()) {
                (Some((name, grade)), None) => Ok((name.to_string(), *grade)),
                _ => Err(Ambiguity(format!(
                    "{caller} may know {address}:{port} by several names"
                ))),
            };
        }
        match self.published.get(&address).and_then(|aws| aws.destination()) {
            Some(name) => Ok((name, Grade::Aws)),
            None => Ok((address.to_string(), Grade::Address)),
        }
    }
}
