//! What a run says at its end, on stderr: what was read, what was found, what to decide, where it is, what next.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use egressmap_aggregator::map::{Grade, Kinds, Manifest, ServiceFacts};
use egressmap_aggregator::name::AwsRanges;
use egressmap_generator::ledger::Verdict;
use egressmap_generator::{Finding, Severity};
use egressmap_parser::printable;

use crate::args::Global;
use crate::discover::Discovery;
use crate::propose::Proposed;
use crate::say;
use crate::size::{bytes, plural};

/// How many findings are spelt out; the rest is in the proposal's page.
const SPELT_OUT: usize = 8;

/// Lines read and set aside, by reason; the first faulty lines; what could not be read.
pub(crate) fn reading<M>(discovery: &Discovery<M>, global: &Global) {
    let counters = &discovery.counters;
    let mut text = format!(
        "read      {}, {}: {}, {} used",
        plural(counters.objects.saturating_sub(discovery.known), "object", "objects"),
        bytes(counters.bytes),
        plural(counters.lines, "line", "lines"),
        counters.used(),
    );
    if discovery.known > 0 {
        let _ = write!(
            text,
            "; {} counted before",
            plural(discovery.known, "object was", "objects were")
        );
    }
    if counters.objects == 0 {
        text.push_str("\n          no objects were found: is the source right, and does it hold logs?");
    }
    if !counters.set_aside.is_empty() {
        let reasons: Vec<String> = counters
            .set_aside
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"))
            .collect();
        let _ = write!(text, "\nset aside {}", reasons.join(", "));
    }
    for (reason, samples) in &counters.samples {
        for sample in samples {
            let event = sample.event.map(|event| format!(", event {event}")).unwrap_or_default();
            let _ = write!(
                text,
                "\n          {reason}: {}: line {}{event}: {}",
                sample.object, sample.line, sample.message
            );
        }
    }
    if let Some(report) = &discovery.resolver {
        let _ = write!(text, "\nresolver  {report}");
    }
    say::note(global, text);
    for fault in &discovery.faults {
        say::fault(fault);
    }
    if let Some(error) = &discovery.unsaved {
        say::error(error);
    }
    if !discovery.faults.is_empty() {
        say::fault("the map is incomplete: what is named above could not be read whole");
    }
}

/// Dependencies by class and by grade, or why there are none.
pub(crate) fn dependencies(kinds: &Kinds, manifest: &Manifest, global: &Global) {
    let total = kinds.total();
    let mut text = format!("found     {}", plural(total, "dependency", "dependencies"));
    let listed = |counts: Vec<String>| {
        if counts.is_empty() {
            String::new()
        } else {
            format!(": {}", counts.join(", "))
        }
    };
    text.push_str(&listed(
        kinds
            .classes
            .iter()
            .map(|(class, n)| format!("{n} {}", class.as_str()))
            .collect(),
    ));
    if !kinds.grades.is_empty() {
        let grades = kinds
            .grades
            .iter()
            .map(|(grade, n)| format!("{} {n}", grade.as_str()))
            .collect();
        let _ = write!(text, "\nnamed by{}", listed(grades).replacen(':', " ", 1));
        let day = AwsRanges::bundled_day();
        if kinds.grades.contains_key(&Grade::Aws) && manifest.aws_ranges.contains(day) {
            let _ = write!(
                text,
                "\n          aws: in the ranges of {day} that come with egressmap; --names takes a newer ip-ranges.json"
            );
        }
    }
    let (used, inbound) = (manifest.used, manifest.inbound);
    if total == 0 && used.flow + used.access > 0 {
        let _ = write!(
            text,
            "\n          every record is inbound or between others: {inbound} inbound"
        );
    } else if inbound > 0 {
        let _ = write!(
            text,
            "\ninbound   {} of clients that call us: no egress",
            plural(inbound, "record", "records")
        );
    }
    text.push_str(&callers(kinds, manifest));
    say::note(global, text);
}

/// Callers that no inventory names: those that nothing names, and those that the logs do.
fn callers(kinds: &Kinds, manifest: &Manifest) -> String {
    let mut text = String::new();
    if kinds.unattributed > 0 {
        let _ = write!(
            text,
            "\nunowned   {} of callers that no inventory names: unattributed/…",
            plural(kinds.unattributed, "dependency", "dependencies")
        );
    }
    let told = |(_, facts): &(_, &ServiceFacts)| !facts.known_by.is_empty();
    let told: Vec<&str> = manifest
        .services
        .iter()
        .filter(told)
        .map(|(name, _)| name.as_str())
        .collect();
    if !told.is_empty() {
        let _ = write!(text, "\nunlisted  known by the logs alone: {}", few(&told));
    }
    text
}

/// The first of them.
fn few(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(SPELT_OUT).map(|name| printable::name(name)).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 {
        format!(", … and {more} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}

/// What to decide and what to know.
fn findings(all: &BTreeSet<Finding>) -> String {
    let mut text = String::new();
    for (title, severity) in [
        ("decide", Severity::Decision),
        ("know before you apply", Severity::Warning),
    ] {
        let findings: Vec<&Finding> = all.iter().filter(|finding| finding.severity == severity).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = write!(text, "\n\n{title}");
        for finding in findings.iter().take(SPELT_OUT) {
            let _ = write!(text, "\n  {} {}", finding.code, finding.sentence);
        }
        if findings.len() > SPELT_OUT {
            let _ = write!(text, "\n  … and {} more", findings.len() - SPELT_OUT);
        }
    }
    text
}

/// What was proposed, what needs a decision, where the files are, what to do next.
pub(crate) fn proposal(proposed: &Proposed, global: &Global) {
    let (merged, proposal) = (&proposed.merged, &proposed.proposal);
    let attached: usize = proposal.callers.iter().map(|caller| caller.backends.len()).sum();
    let waiting: usize = proposal.callers.iter().map(|caller| caller.waiting.len()).sum();
    let verdicts = |verdict| {
        merged
            .ledger
            .entries
            .iter()
            .filter(|entry| entry.verdict == verdict)
            .count()
    };
    let mut text = format!(
        "ledger    {}: {} allow, {} deny, {} review; {} new\nproposed  ",
        plural(merged.ledger.entries.len() as u64, "entry", "entries"),
        verdicts(Verdict::Allow),
        verdicts(Verdict::Deny),
        verdicts(Verdict::Review),
        merged.added.len(),
    );
    let _ = if proposed.in_the_mesh {
        let nodes = plural(proposal.nodes.len() as u64, "virtual node", "virtual nodes");
        let backends = plural(attached as u64, "backend", "backends");
        write!(text, "{nodes}; {backends} attached, {waiting} wait for a decision")
    } else {
        let entries = plural(proposal.allowed.len() as u64, "entry", "entries");
        write!(text, "{entries} of the ledger, each allowed or named below")
    };
    text.push_str(&findings(&proposed.findings));
    let _ = write!(text, "\n\nnext");
    if let Some(ledger) = &proposed.ledger {
        let _ = write!(
            text,
            "\n  review the ledger, its pull request is the approval: {}",
            ledger.display()
        );
    }
    text.push_str(if proposed.in_the_mesh {
        "\n  decide as PROPOSAL.md says and apply in the order of CUTOVER.md, in each of:"
    } else {
        "\n  decide and apply as PROPOSAL.md says, in each of:"
    });
    for folder in &proposed.folders {
        let _ = write!(text, "\n    {}", folder.display());
    }
    say::note(global, text);
}
