//! `why`: one dependency's whole story, and the next command to run.

use std::path::Path;

use anyhow::{Context, Result};
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::show::wrapped;
use egressmap_generator::Ledger;
use egressmap_generator::why::{Story, find};
use egressmap_parser::printable;

use crate::Ending;
use crate::args::{Output, WhyArgs};
use crate::propose::newest_day;
use crate::{json, say};

/// The width of the words that the sentences stand under.
const LABEL: usize = 12;

/// Tells it. What is suspicious, or not allowed by the ledger that was given, is a finding.
pub(crate) fn command(args: &WhyArgs) -> Result<Ending> {
    let map = DependencyMap::read_parquet(&args.map)?;
    let ledger = args.ledger.as_deref().map(read).transpose()?;
    let found = find(&map, &args.service, &args.destination)?;
    let story = Story::of(&map, found, ledger.as_ref(), newest_day(&map));
    say::data(&match args.output {
        Output::Json => json::line(&story) + "\n",
        Output::Table => table(&story, args),
    })?;
    Ok(if story.is_to_be_looked_at() {
        Ending::Findings
    } else {
        Ending::Done
    })
}

fn read(path: &Path) -> Result<Ledger> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ledger::parse(&text).with_context(|| path.display().to_string())
}

fn table(story: &Story, args: &WhyArgs) -> String {
    let width = say::width();
    let mut text = String::new();
    let mut before = "";
    for told in &story.told {
        let label = if told.about == before { "" } else { told.about };
        text += &wrapped(&format!("{label:<LABEL$}"), &told.sentence, width);
        if told.about == "when" {
            for row in &story.calendar {
                text += &format!("{:LABEL$}{:<9}{}\n", "", row.label, row.marks);
            }
        }
        before = told.about;
    }
    text + &format!("{:<LABEL$}{}\n", "next", next(story, args))
}

/// The ledger is where it is decided.
fn next(story: &Story, args: &WhyArgs) -> String {
    let map = quoted(&args.map);
    let ledger = args
        .ledger
        .as_deref()
        .map_or_else(|| "dependencies.yaml".to_owned(), quoted);
    let propose = format!("egressmap propose {map} --ledger {ledger} --target appmesh-terraform --out proposal");
    match story.waits_at() {
        Some(line) => format!("decide in line {line} of {ledger}, then: {propose}"),
        None => propose,
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    printable::name(&format!("'{}'", text.replace('\'', r"'\''")))
}
