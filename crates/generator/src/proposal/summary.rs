//! The page that comes with every target: what is attached, what waits, what cannot be expressed, in which order to go.

use std::collections::BTreeMap;

use super::{Allowed, Caller, Finding, Placement, Proposal, Severity};
use crate::text::markdown;

/// What a target adds to the page: how its files are applied, in Markdown.
#[derive(Debug, Clone, Copy)]
pub struct NextSteps {
    /// How to create the external nodes and services.
    pub create: &'static str,
    /// How to give a caller its backends.
    pub attach: &'static str,
    /// How to flip the mesh to `DROP_ALL`.
    pub flip: &'static str,
}

const SUNSET: &str = "> AWS ended App Mesh on 2026-09-30: its console and API are gone since. These files are valid App Mesh \
                      definitions; use them where the API still answers, and another target where it does not.\n";

/// The page, in Markdown.
#[must_use]
pub fn summary(proposal: &Proposal, steps: &NextSteps) -> String {
    let mut page = format!(
        "# Egress proposal for the mesh {}\n\n{SUNSET}\n",
        markdown(&proposal.mesh)
    );
    page.push_str(&counts(&proposal.allowed));
    page.push_str("\n## Attached\n\n");
    page.push_str(&attached(proposal));
    for (title, severity) in [
        ("Needs a decision", Severity::Decision),
        ("Know before you apply", Severity::Warning),
        ("Notes", Severity::Note),
    ] {
        let findings: Vec<&Finding> = proposal
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .collect();
        if !findings.is_empty() {
            page.push_str(&format!("\n## {title}\n"));
            findings
                .into_iter()
                .for_each(|finding| page.push_str(&section(finding)));
        }
    }
    page.push_str(&cut_over(proposal, steps));
    page
}

fn counts(allowed: &[Allowed]) -> String {
    let mut counts: BTreeMap<Placement, usize> = BTreeMap::new();
    for entry in allowed {
        *counts.entry(entry.placement).or_default() += 1;
    }
    let mut out = "| allowed in the ledger | entries |\n|---|---:|\n".to_owned();
    for (placement, count) in &counts {
        out.push_str(&format!("| {} | {count} |\n", words(*placement)));
    }
    out.push_str(&format!("| **all** | **{}** |\n", allowed.len()));
    out
}

fn words(placement: Placement) -> &'static str {
    match placement {
        Placement::Attached => "attached to the caller",
        Placement::Waits => "waits for a decision",
        Placement::AllowedByMesh => "allowed by the mesh itself",
        Placement::NotIntercepted => "never passes the proxy",
        Placement::PortBypass => "its port must bypass the proxy",
        Placement::Inexpressible => "cannot be expressed in App Mesh",
        Placement::NoCaller => "its caller is not in the inventory",
        Placement::Internal => "a service of ours",
    }
}

fn attached(proposal: &Proposal) -> String {
    let mut out = String::new();
    for caller in proposal.callers.iter().filter(|caller| !caller.backends.is_empty()) {
        out.push_str(&format!("- {}\n", markdown(&caller.virtual_node)));
        for node in proposal
            .nodes
            .iter()
            .filter(|node| caller.backends.contains(&node.host))
        {
            let ports: Vec<String> = node
                .listeners
                .iter()
                .map(|(port, listener)| format!("{port} {listener}"))
                .collect();
            out.push_str(&format!(
                "  - {} ({})\n",
                markdown(node.host.as_str()),
                ports.join(", ")
            ));
        }
    }
    if out.is_empty() {
        out.push_str("Nothing is attached to any caller.\n");
    }
    out
}

/// One finding, in Markdown.
pub(crate) fn section(finding: &Finding) -> String {
    let caller = finding.caller.as_deref().map(|caller| format!(" {}", markdown(caller)));
    let port = finding.port.map(|port| format!(" port {port}"));
    let mut out = format!(
        "\n### {}{}{}\n\n",
        finding.code,
        caller.unwrap_or_default(),
        port.unwrap_or_default()
    );
    out.push_str(&format!("{}.\n", markdown(&finding.sentence)));
    if !finding.evidence.is_empty() {
        out.push('\n');
    }
    for fact in &finding.evidence {
        out.push_str(&format!("- {}\n", markdown(fact)));
    }
    match finding.ways_out.as_slice() {
        [] => {}
        [way] => out.push_str(&format!("\nWay out: {}.\n", markdown(way))),
        ways => {
            out.push_str("\nWays out:\n\n");
            for (at, way) in ways.iter().enumerate() {
                out.push_str(&format!("{}. {}.\n", at + 1, markdown(way)));
            }
        }
    }
    out
}

fn cut_over(proposal: &Proposal, steps: &NextSteps) -> String {
    let mut out = format!(
        "\n## Order of the cut-over\n\n\
         1. Create the external virtual nodes and services. By themselves they change nothing.\n   {}\n\
         2. Attach the backends, caller by caller, while the mesh is still ALLOW_ALL. This is itself the cut-over of that \
         caller, for every port of its new backends: on such a port App Mesh matches the backends alone, even under \
         ALLOW_ALL. Watch the caller before you go on.\n   {}\n",
        steps.create, steps.attach
    );
    for caller in in_order(&proposal.callers) {
        let waiting = match caller.waiting.len() {
            0 => String::new(),
            1 => "; 1 host waits for a decision".to_owned(),
            many => format!("; {many} hosts wait for a decision"),
        };
        let name = markdown(&caller.virtual_node);
        out.push_str(&format!("   - {name}: {} attached{waiting}\n", caller.backends.len()));
    }
    out.push_str(&format!(
        "3. Flip the mesh to DROP_ALL last, when every caller has all its backends, those of our own services included, and \
         nothing above needs a decision. The filter is one for the whole mesh.\n   {}\n",
        steps.flip
    ));
    out
}

/// Callers that need no decision first, then those with least to lose.
fn in_order(callers: &[Caller]) -> Vec<&Caller> {
    let mut order: Vec<&Caller> = callers
        .iter()
        .filter(|caller| !caller.backends.is_empty() || !caller.waiting.is_empty())
        .collect();
    order.sort_by_key(|caller| (caller.waiting.len(), caller.backends.len(), &caller.virtual_node));
    order
}
