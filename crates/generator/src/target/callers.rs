//! The allowed entries by the service that they are for, in one order whatever the order of the ledger.

use std::collections::BTreeMap;

use egressmap_aggregator::identity::ServiceName;

use crate::proposal::{Allowed, Placement, Proposal};

/// A service with all that it is allowed outside.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    pub(super) service: &'a ServiceName,
    /// Its Kubernetes namespace, where the inventory has one.
    pub(super) namespace: Option<&'a str>,
    /// By destination, port and what is spoken.
    pub(super) grants: Vec<&'a Allowed>,
}

/// Every service that is allowed anything outside. Left out are callers that nobody knows, and calls between services
/// of ours, whose names mean nothing outside the mesh.
pub(super) fn callers(proposal: &Proposal) -> Vec<Caller<'_>> {
    let mut callers: BTreeMap<&ServiceName, Caller<'_>> = BTreeMap::new();
    for allowed in &proposal.allowed {
        if matches!(allowed.placement, Placement::NoCaller | Placement::Internal) {
            continue;
        }
        let caller = callers.entry(&allowed.entry.service).or_insert_with(|| Caller {
            service: &allowed.entry.service,
            namespace: allowed.namespace.as_deref(),
            grants: Vec::new(),
        });
        caller.grants.push(allowed);
    }
    let mut callers: Vec<Caller<'_>> = callers.into_values().collect();
    for caller in &mut callers {
        caller.grants.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    callers
}

fn key(allowed: &Allowed) -> (&crate::ledger::Destination, u16, egressmap_aggregator::map::Application) {
    (
        &allowed.entry.destination,
        allowed.entry.port,
        allowed.entry.application,
    )
}
