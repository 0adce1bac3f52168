//! Which names are services of ours, as the inventory and the map know them.

use std::collections::BTreeSet;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Class, DependencyMap};
use egressmap_parser::near::nearest;

use super::finding::{Code, Finding, Severity};
use crate::ledger::Entry;
use crate::text::inert;

/// The services of ours, by name.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    callers: BTreeSet<&'a str>,
    /// As the name of a host would be written: in lower case.
    called: BTreeSet<String>,
}

impl<'a> Ours<'a> {
    pub(super) fn of(map: &'a DependencyMap) -> Self {
        let inventory = map.manifest.services.keys().map(|service| service.as_str());
        let internal = map
            .dependencies
            .iter()
            .filter(|(_, dependency)| dependency.class == Class::Internal)
            .map(|(key, _)| key.destination.as_str());
        let called: BTreeSet<&str> = inventory.chain(internal).collect();
        let seen = map.dependencies.keys().map(|key| &key.service);
        let seen = seen
            .filter(|service| !service.is_unattributed())
            .map(|service| service.as_str());
        Ours {
            called: called.iter().map(|name| name.to_ascii_lowercase()).collect(),
            callers: called.into_iter().chain(seen).collect(),
        }
    }

    /// Whether the service of an entry can be a caller.
    pub(super) fn knows(&self, entry: &Entry) -> bool {
        self.callers.contains(entry.service.as_str())
    }

    /// Whether a destination is one of ours and no host of others.
    pub(super) fn has(&self, host: &DnsName) -> bool {
        self.called.contains(host.as_str())
    }

    /// An entry whose service is none of ours: `what` it allows reaches nobody.
    pub(super) fn unknown(&self, entry: &Entry, what: &str) -> Finding {
        let written = entry.service.as_str();
        let sentence = format!(
            "nothing in the inventory or the map is called {}, so nobody gets {what}",
            inert(written)
        );
        let finding = Finding::about(Severity::Decision, Code::UnknownCaller, Some(written), sentence)
            .on_port(entry.port)
            .because([format!("line {} of the ledger", entry.line)]);
        let finding = match nearest(written, self.callers.iter().copied()) {
            Some(near) => finding.way_out(format!("did you mean {}? Then write that in the ledger", inert(near))),
            None => finding,
        };
        finding.way_out(
            "if the service is new, add it to the inventory, and discover again; if it is gone, remove its entries",
        )
    }
}
