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
/// Resources of one CloudFormation template.
const RESOURCES: usize = 500;
/// Outputs of one CloudFormation template.
const OUTPUTS: usize = 200;

pub(super) fn check(map: &DependencyMap, nodes: &[ExternalNode], callers: &[Caller], findings: &mut Vec<Finding>) {
    let mut ours: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
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
        let internal = ours.get(&caller.virtual_node).map_or(0, BTreeSet::len);
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
    findings.extend(template(nodes, callers));
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

/// One stack creates all of it: a resource cannot move from one stack to another without being replaced.
fn template(nodes: &[ExternalNode], callers: &[Caller]) -> Option<Finding> {
    let of_node = |node: &ExternalNode| 2 + node.routes.len() + usize::from(!node.routes.is_empty());
    let resources: usize = nodes.iter().map(of_node).sum();
    let outputs = callers.iter().filter(|caller| !caller.backends.is_empty()).count();
    let sentence = format!(
        "a CloudFormation template of this would have {resources} resources and {outputs} outputs, and may have {RESOURCES} and \
         {OUTPUTS}"
    );
    (resources > RESOURCES || outputs > OUTPUTS).then(|| {
        Finding::about(Severity::Warning, Code::TemplateQuota, None, sentence)
            .way_out("use another App Mesh target, or keep a ledger and a stack for each part of the mesh")
    })
}
