//! Compares the proposal with the quotas of App Mesh.

use std::collections::{BTreeMap, BTreeSet};

use egressmap_aggregator::map::{Class, DependencyMap};

use super::demand::virtual_node;
use super::finding::{Code, Finding, Severity};
use super::{Caller, ExternalNode};
use crate::text::inert;

/// Backends of one virtual node, by default; can be raised.
const BACKENDS: usize = 50;
/// Virtual nodes, and virtual services, of one mesh, by default; can be raised.
const NODES: usize = 200;
/// Virtual routers of one mesh, by default; can be raised.
const ROUTERS: usize = 200;
/// Routes of one virtual router, by default; can be raised.
const ROUTES: usize = 50;

pub(super) fn check(map: &DependencyMap, nodes: &[ExternalNode], callers: &[Caller], findings: &mut Vec<Finding>) {
    let mut ours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, _) in map
        .dependencies
        .iter()
        .filter(|(_, dependency)| dependency.class == Class::Internal)
    {
        ours.entry(virtual_node(map, &key.service))
            .or_default()
            .insert(&key.destination);
    }
    for caller in callers {
        let external = caller.backends.len() + caller.waiting.len();
        let internal = ours.get(caller.virtual_node.as_str()).map_or(0, BTreeSet::len);
        if external + internal > BACKENDS {
            let sentence = format!(
                "{} would have {} backends, and a virtual node may have {BACKENDS} unless the quota is raised",
                inert(&caller.virtual_node),
                external + internal
            );
            findings.push(
                Finding::about(
                    Severity::Decision,
                    Code::BackendQuota,
                    Some(&caller.virtual_node),
                    sentence,
                )
                .because([format!("{external} external hosts, {internal} services of ours")])
                .way_out("ask for a higher quota of backends per virtual node, or split the caller"),
            );
        }
    }
    let inside = callers
        .iter()
        .map(|caller| caller.virtual_node.as_str())
        .chain(ours.values().flatten().copied());
    let total = nodes.len() + inside.collect::<BTreeSet<_>>().len();
    if total > NODES {
        let sentence = format!(
            "the mesh would have {total} virtual nodes or more, and may have {NODES} of them and of virtual services unless \
             the quota is raised"
        );
        findings.push(
            Finding::about(Severity::Decision, Code::MeshQuota, None, sentence)
                .because([format!("{} external hosts", nodes.len())])
                .way_out("ask for higher quotas of virtual nodes and virtual services per mesh before you apply"),
        );
    }
    findings.extend(routers(nodes));
}

fn routers(nodes: &[ExternalNode]) -> Option<Finding> {
    let routed = nodes.iter().filter(|node| !node.routes.is_empty()).count();
    let most = nodes.iter().map(|node| node.routes.len()).max().unwrap_or_default();
    let sentence = format!(
        "the mesh would have {routed} more virtual routers, the largest with {most} routes, and may have {ROUTERS} routers with \
         {ROUTES} routes each unless the quotas are raised"
    );
    (routed > ROUTERS || most > ROUTES).then(|| {
        Finding::about(Severity::Decision, Code::MeshQuota, None, sentence)
            .way_out("ask for higher quotas of virtual routers per mesh and routes per router before you apply")
    })
}
