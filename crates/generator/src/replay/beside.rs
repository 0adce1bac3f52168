//! App Mesh with a companion, which enforces the ports that proxies ignore, and stands behind the proxies on all others.

use std::collections::BTreeSet;

use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::DependencyMap;

use super::appmesh::AppMesh;
use super::{Attempt, Judgement, Policy, Verdict, semantics_named};
use crate::proposal::Proposal;
use crate::target::target_named;

/// The mesh, and the companion where the proposal has ports that bypass the proxy.
pub(super) struct Beside<'a> {
    mesh: AppMesh<'a>,
    companion: Option<Companion<'a>>,
}

struct Companion<'a> {
    name: &'static str,
    policy: Box<dyn Policy + 'a>,
    /// The callers that it stands before; everybody where there is none.
    before: Option<BTreeSet<&'a ServiceName>>,
}

impl<'a> Beside<'a> {
    pub(super) fn new(map: &'a DependencyMap, proposal: &'a Proposal) -> Self {
        let exempt = proposal.exempt();
        let known = target_named(&proposal.companion)
            .ok()
            .zip(semantics_named(&proposal.companion).ok());
        let companion = known
            .filter(|_| !exempt.is_empty())
            .map(|(target, semantics)| Companion {
                name: semantics.name,
                policy: semantics.policy(map, proposal),
                before: (!target.is_shared()).then_some(exempt),
            });
        Beside {
            mesh: AppMesh::new(map, proposal),
            companion,
        }
    }
}

impl Policy for Beside<'_> {
    fn judge(&self, attempt: &Attempt<'_>) -> Judgement {
        let by_mesh = self.mesh.judge(attempt);
        let sees = |companion: &&Companion<'_>| {
            let before = companion.before.as_ref();
            before.is_none_or(|callers| callers.contains(&attempt.key.service))
        };
        let Some(companion) = self.companion.as_ref().filter(sees) else {
            return by_mesh;
        };
        let behind = companion.policy.judge(attempt);
        if by_mesh.verdict <= behind.verdict && by_mesh.verdict != Verdict::Allow {
            return by_mesh;
        }
        let rule = match by_mesh.verdict {
            Verdict::Allow if behind.verdict == Verdict::Allow => {
                format!("{}; {}: {}", by_mesh.rule, companion.name, behind.rule)
            }
            _ => format!("{}: {}", companion.name, behind.rule),
        };
        let line = behind.line.or(by_mesh.line);
        Judgement { rule, line, ..behind }
    }
}
