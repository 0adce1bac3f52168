//! The page that comes with every target: what is attached, what waits, what cannot be expressed.

use std::collections::BTreeMap;

use super::{Allowed, ExternalNode, Finding, Placement, Proposal, Severity};
use crate::text::markdown;

pub(super) const SUNSET: &str = "> AWS ended App Mesh on 2026-09-30: its console and API are gone since. These files are valid App Mesh \
                      definitions; use them where the API still answers, and another target where it does not.\n";

/// The page, in Markdown.
#[must_use]
pub fn summary(proposal: &Proposal) -> String {
    summary_of(proposal, &proposal.findings)
}

/// The page with these findings.
pub(crate) fn summary_of(proposal: &Proposal, findings: &[Finding]) -> String {
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
        let findings: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if !findings.is_empty() {
            page.push_str(&format!("\n## {title}\n"));
            findings
                .into_iter()
                .for_each(|finding| page.push_str(&section(finding)));
        }
    }
    page.push_str(
        "\n## Order of the cut-over\n\nCUTOVER.md has it, caller by caller: what each step changes and risks, how to check it and how \
         to go back.\n",
    );
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
        Placement::PortExempt => "its port bypasses the proxy: another target enforces it",
    }
}

fn attached(proposal: &Proposal) -> String {
    let mut out = String::new();
    for caller in proposal.callers.iter().filter(|caller| !caller.backends.is_empty()) {
        out.push_str(&format!("- {}\n", markdown(&caller.virtual_node)));
        for node in proposal.attached_to(caller) {
            let ports: Vec<String> = dialled(node).collect();
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

/// The ports that lead to a node, each with what is spoken there.
pub(super) fn dialled(node: &ExternalNode) -> impl Iterator<Item = String> + '_ {
    node.dialled().map(|(port, listener)| match node.routes.get(&port) {
        Some(behind) if *behind != port => format!("{port} {listener}, through a router to {behind}"),
        _ => format!("{port} {listener}"),
    })
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
