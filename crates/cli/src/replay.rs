//! `egressmap replay`: what a default-deny egress would do to what was observed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use egressmap_aggregator::map::DependencyMap;
use egressmap_generator::replay::{json, table};
use egressmap_generator::{Ledger, OnConflict, Proposal, Settings, outline, replay, semantics_named};
use jiff::civil::Date;

use crate::args::{Global, Output, ReplayArgs};
use crate::propose::{Choice, newest_day};
use crate::{Ending, discover, say, summary};

/// Reads a map or logs, and prints the verdict on every dependency.
pub(crate) fn command(args: &ReplayArgs, global: &Global) -> Result<Ending> {
    let semantics = semantics_named(&args.target)?;
    let choice = Choice::read(Some(&args.on_conflict), args.companion.as_deref())?;
    if matches!(choice, Choice::InTheMesh(OnConflict::RouterPorts)) {
        bail!(
            "on-conflict: expected ask or ignore-port, found \"router-ports\": no log shows clients that dial other ports yet"
        );
    }
    let ledger = ledger(&args.ledger)?;
    let (map, read) = map(args, global)?;
    let (proposal, today) = proposal(&map, &ledger, choice);
    let replay = replay(&map, &ledger, &proposal, semantics, today);
    say::data(&match args.output {
        Output::Table => table(&replay),
        Output::Json => json(&replay),
    })?;
    let ending = if replay.breaks() {
        Ending::Findings
    } else {
        Ending::Done
    };
    Ok(ending.max(read))
}

/// The ledger in a file. There must be one: without it nothing is allowed.
pub(crate) fn ledger(path: &Path) -> Result<Ledger> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ledger::parse(&text).with_context(|| path.display().to_string())
}

/// What the ledger has allowed of the map, and the day on which its entries were judged expired.
pub(crate) fn proposal(map: &DependencyMap, ledger: &Ledger, choice: Choice) -> (Proposal, Option<Date>) {
    let today = newest_day(map);
    // What a mesh is called decides nothing.
    let mut settings = Settings {
        today,
        ..Settings::for_mesh("mesh")
    };
    choice.enter(&mut settings);
    (outline(map, ledger, &settings), today)
}

/// The map that was given, or the one that the logs make.
fn map(args: &ReplayArgs, global: &Global) -> Result<(DependencyMap, Ending)> {
    let is_map = |source: &String| DependencyMap::is_in(Path::new(source));
    match args.sources.as_slice() {
        [one] if is_map(one) => Ok((DependencyMap::read_parquet(Path::new(one))?, Ending::Done)),
        several if several.iter().any(is_map) => {
            bail!("expected one map, or logs alone\n  hint: put maps together with egressmap merge, and replay that")
        }
        logs => {
            let discovery = discover::discover(logs, &args.reading, global, &std::env::temp_dir(), false)?;
            summary::reading(&discovery, global);
            let ending = discovery.ending();
            Ok((discovery.map, ending))
        }
    }
}
