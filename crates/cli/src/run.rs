//! `egressmap run`: everything the config asks for, logs to definitions.

use std::fs;

use anyhow::{Context, Result};
use egressmap_aggregator::map::Kinds;

use crate::args::{Global, RunArgs};
use crate::config::Config;
use crate::discover::{self, Discovery};
use crate::propose::{Choice, Order, carry_out, layout, targets};
use crate::{Ending, say, summary};

/// Reads all sources anew, writes the map, merges the ledger and renders every target.
pub(crate) fn run(args: &RunArgs, global: &Global) -> Result<Ending> {
    let mut config = Config::read(&args.config)?;
    if let Some(out) = &args.out {
        config.out.clone_from(out);
    }
    let choice = Choice::read(
        config.propose.on_conflict.as_deref(),
        config.propose.companion.as_deref(),
    )?;
    targets(&config.propose.targets)?;
    let discovery = discover::discover(&config.sources, &config.reading(), global, &config.out, true)?;
    fs::create_dir_all(&config.out).with_context(|| format!("cannot make {}", config.out.display()))?;
    summary::reading(&discovery, global);
    summary::dependencies(&Kinds::of(&discovery.map), &discovery.map.manifest, global);
    if !discovery.faults.is_empty() {
        return incomplete(&config, &discovery);
    }
    let map = config.out.join("map.parquet");
    discovery.map.write_keeping(discovery.kept.as_ref(), &map)?;
    let proposed = carry_out(
        &discovery.map,
        &Order {
            ledger: Some(&config.ledger.file),
            accept_observed: config.ledger.accept_observed,
            owners: config.ledger.owners.as_deref(),
            mesh: &config.propose.mesh,
            namespace: config.propose.namespace.as_deref(),
            targets: &config.propose.targets,
            choice,
            layout: layout(config.propose.terraform_style, config.propose.kubernetes_backend_groups),
            current: &config.propose.current,
            out: &config.out,
        },
    )?;
    summary::proposal(&proposed, global);
    say::note(
        global,
        format_args!("  look at the map: egressmap show {}", map.display()),
    );
    Ok(proposed.ending().max(discovery.ending()))
}

/// What an incomplete map lacks, a proposal would cut: the map is kept aside, and all else stays as it was.
fn incomplete(config: &Config, discovery: &Discovery) -> Result<Ending> {
    let aside = config.out.join("map.incomplete.parquet");
    discovery.map.write_keeping(discovery.kept.as_ref(), &aside)?;
    say::fault(format_args!(
        "nothing is proposed from an incomplete map; what was read is in {}",
        aside.display()
    ));
    Ok(discovery.ending())
}
