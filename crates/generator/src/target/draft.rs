//! What a target that is not App Mesh makes of a proposal, and the page that comes with it.

use std::collections::BTreeMap;

use super::losses::Losses;
use super::{Rendered, RenderedFile, file};
use crate::proposal::{Allowed, Code, Finding, Placement, Proposal, Severity, section, shown};
use crate::text::{inert, markdown};

/// Files, what they allow, and what they lose.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) files: Vec<RenderedFile>,
    /// The entries that the files allow, caller by caller.
    pub(super) written: Vec<&'a Allowed>,
    pub(super) losses: Losses,
}

/// What a target says on its page, in Markdown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// What it is called in the title.
    pub(super) title: &'static str,
    /// How it matches and what a wildcard means to it.
    pub(super) meaning: &'static str,
    /// What to do, step by step; the last one is what begins to drop.
    pub(super) steps: &'static [&'static str],
    /// How to see beforehand that it is right.
    pub(super) check: &'static str,
    /// How to go back.
    pub(super) back: &'static str,
    /// What every proposal loses here, one a line.
    pub(super) lost: &'static [&'static str],
}

impl<'a> Draft<'a> {
    pub(super) fn of(tool: &'static str) -> Self {
        Draft {
            files: Vec::new(),
            written: Vec::new(),
            losses: Losses::of(tool),
        }
    }

    /// The files with their page, in the order of their paths, and what to know and to decide, the most urgent first.
    pub(super) fn into_rendered(self, proposal: &Proposal, page: &Page) -> Rendered {
        let findings = findings(proposal, self.losses);
        let mut files = self.files;
        files.push(file("PROPOSAL.md", text(proposal, page, &self.written, &findings)));
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Rendered { files, findings }
    }
}

/// The losses, and what of the proposal's own findings is true of every target.
fn findings(proposal: &Proposal, losses: Losses) -> Vec<Finding> {
    let of_the_ledger = proposal.findings.iter().filter_map(|finding| match finding.code {
        Code::Expired
        | Code::UnattributedCaller
        | Code::UnknownCaller
        | Code::DeniedButSeen
        | Code::NotInLedger
        | Code::AllowedWithinDenied => Some(finding.clone()),
        Code::AwaitsReview => Some(awaits_review(finding)),
        _ => None,
    });
    let mut findings: Vec<Finding> = of_the_ledger.chain(losses.into_findings()).collect();
    findings.sort();
    findings
}

fn awaits_review(finding: &Finding) -> Finding {
    let who = inert(finding.caller.as_deref().unwrap_or_default());
    let sentence = match finding.evidence.len() {
        1 => format!("awaiting review and not proposed: 1 dependency of {who}"),
        many => format!("awaiting review and not proposed: {many} dependencies of {who}"),
    };
    Finding {
        sentence,
        ..finding.clone()
    }
}

fn text(proposal: &Proposal, page: &Page, written: &[&Allowed], findings: &[Finding]) -> String {
    let mut out = format!("# Egress proposal for {}\n\n{}\n\n", page.title, page.meaning);
    out.push_str(&counts(&proposal.allowed, written.len()));
    out.push_str("\n## Allowed\n\n");
    out.push_str(&allowed(written));
    for (title, severity) in [
        ("Needs a decision", Severity::Decision),
        ("Know before you apply", Severity::Warning),
        ("Notes", Severity::Note),
    ] {
        let mut of_this = findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .peekable();
        if of_this.peek().is_some() {
            out.push_str(&format!("\n## {title}\n"));
            of_this.for_each(|finding| out.push_str(&section(finding)));
        }
    }
    out.push_str("\n## Step by step\n\n");
    for (at, step) in page.steps.iter().enumerate() {
        out.push_str(&format!("{}. {step}\n", at + 1));
    }
    out.push_str(&format!(
        "\n## Check\n\n{}\n\n## Go back\n\n{}\n",
        page.check, page.back
    ));
    out.push_str("\n## What is lost here\n\n");
    for line in page.lost {
        out.push_str(&format!("- {line}\n"));
    }
    out
}

fn counts(entries: &[Allowed], written: usize) -> String {
    let with = |wanted: Placement| entries.iter().filter(|allowed| allowed.placement == wanted).count();
    let (nobody, ours) = (with(Placement::NoCaller), with(Placement::Internal));
    let lost = entries.len() - nobody - ours - written;
    let mut out = "| allowed in the ledger | entries |\n|---|---:|\n".to_owned();
    for (words, count) in [
        ("allowed by these files", written),
        ("not in these files: see below", lost),
        ("its caller is not in the inventory", nobody),
        ("a service of ours", ours),
    ] {
        if count > 0 {
            out.push_str(&format!("| {words} | {count} |\n"));
        }
    }
    out.push_str(&format!("| **all** | **{}** |\n", entries.len()));
    out
}

/// Every entry with its owner, under its service.
fn allowed(written: &[&Allowed]) -> String {
    if written.is_empty() {
        return "Nothing is allowed by these files.\n".to_owned();
    }
    let mut by_service: BTreeMap<&str, Vec<&Allowed>> = BTreeMap::new();
    for allowed in written {
        by_service
            .entry(allowed.entry.service.as_str())
            .or_default()
            .push(allowed);
    }
    let mut out = String::new();
    for (service, entries) in by_service {
        out.push_str(&format!("- {}\n", markdown(service)));
        for allowed in entries {
            let entry = &allowed.entry;
            let said: Vec<String> = [&entry.owner, &entry.reason]
                .into_iter()
                .flatten()
                .map(|text| markdown(text))
                .collect();
            let said = if said.is_empty() {
                String::new()
            } else {
                format!(": {}", said.join(", "))
            };
            out.push_str(&format!("  - {}{said}\n", markdown(&shown(entry))));
        }
    }
    out
}
