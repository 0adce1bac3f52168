//! `show` and `merge`: maps that exist already.

use anyhow::Result;
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::show;

use crate::Ending;
use crate::args::{Global, MergeArgs, Output, ShowArgs};
use crate::say;

/// Prints a map.
pub(crate) fn show(args: &ShowArgs) -> Result<Ending> {
    let map = DependencyMap::read_parquet(&args.map)?;
    let service = args.service.as_deref();
    say::data(&match args.output {
        Output::Table => show::table(&map, service, say::width()),
        Output::Json => show::json(&map, service),
    })?;
    Ok(Ending::Done)
}

/// Adds maps up into one.
pub(crate) fn merge(args: &MergeArgs, global: &Global) -> Result<Ending> {
    let mut sum = DependencyMap::default();
    for path in &args.maps {
        let map = DependencyMap::read_parquet(path)?;
        sum = sum
            .merge(map)
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    }
    sum.write_parquet(&args.out)?;
    say::note(
        global,
        format_args!("{} dependencies in {}", sum.dependencies.len(), args.out.display()),
    );
    Ok(Ending::Done)
}
