//! `egressmap diff`: what came, went and changed between two maps.

use anyhow::{Result, bail};
use egressmap_aggregator::map::DependencyMap;
use egressmap_generator::diff::{SCHEMA, diff};
use serde_json::json;

use crate::args::{DiffArgs, Output};
use crate::time::utc;
use crate::{Ending, say};

mod page;

/// Compares two maps; a difference is a finding.
pub(crate) fn command(args: &DiffArgs) -> Result<Ending> {
    if !(args.factor.is_finite() && args.factor >= 1.0) {
        bail!("--factor: expected a number of at least 1, found {}", args.factor);
    }
    let mut maps = [&args.old, &args.new].map(|path| DependencyMap::read_parquet(path));
    for map in maps.iter_mut().flatten() {
        map.dependencies.retain(|key, _| {
            args.service
                .as_deref()
                .is_none_or(|service| key.service.as_str() == service)
        });
    }
    let [old, new] = maps;
    let (old, new) = (old?, new?);
    if let Some(service) = &args.service
        && old.dependencies.is_empty()
        && new.dependencies.is_empty()
    {
        bail!(
            "--service: neither map has seen anything of service {service}\n  hint: egressmap show lists the services of a map"
        );
    }
    let diff = diff(&old, &new, args.factor);
    say::data(&match args.output {
        Output::Table => page::page(&diff, say::width()),
        Output::Json => {
            let window = |window: Option<(u64, u64)>| {
                window.map(|(from, until)| json!({"from": utc(from), "until": utc(until)}))
            };
            let document = json!({
                "schema": SCHEMA,
                "old": window(diff.old_window),
                "new": window(diff.new_window),
                "factor": diff.factor,
                "came": diff.came,
                "went": diff.went,
                "changed": diff.changed,
                "unchanged": diff.unchanged,
            });
            egressmap_aggregator::show::in_json(&format!("{document:#}")) + "\n"
        }
    })?;
    Ok(if diff.is_empty() {
        Ending::Done
    } else {
        Ending::Findings
    })
}
