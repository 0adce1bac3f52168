//! `show` and `merge`: maps that exist already.

use anyhow::Result;
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::show::{self, Order, Selection};

use crate::Ending;
use crate::args::{Global, MergeArgs, Picture, ShowArgs, Sort};
use crate::say;
use crate::time::{When, when};

/// Prints a map, or what is asked for of it.
pub(crate) fn show(args: &ShowArgs) -> Result<Ending> {
    let since = args.since.as_deref().map(|text| when("--since", text)).transpose()?;
    let map = DependencyMap::read_parquet(&args.map)?;
    let end = map.manifest.window.map_or(0, |(_, end)| end);
    let selection = Selection {
        service: args.service.as_deref(),
        classes: &args.class,
        grades: &args.grade,
        since: since.map(|since| match since {
            When::At(second) => second,
            When::Back(seconds) => end.saturating_sub(seconds),
        }),
        min_days: args.min_days,
        order: args.sort.into(),
    };
    say::data(&match args.output {
        Picture::Table => show::table(&map, selection, say::width()),
        Picture::Json => show::json(&map, selection),
        Picture::Csv => show::csv(&map, selection),
        Picture::Dot => show::dot(&map, selection),
        Picture::Mermaid => show::mermaid(&map, selection),
    })?;
    Ok(Ending::Done)
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Order {
        match sort {
            Sort::Service => Order::Service,
            Sort::Destination => Order::Destination,
            Sort::Records => Order::Records,
            Sort::Bytes => Order::Bytes,
            Sort::Days => Order::Days,
            Sort::FirstSeen => Order::FirstSeen,
            Sort::LastSeen => Order::LastSeen,
        }
    }
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
