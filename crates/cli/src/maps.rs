//! `show` and `merge`: maps that exist already.

use anyhow::Result;
use egressmap_aggregator::inventory::Inventory;
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::name::{self, Knowledge};
use egressmap_aggregator::show::{self, Order, Selection};
use egressmap_aggregator::{Aggregator, Kept, Settings};

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
    let mut all_kept = Vec::new();
    for path in &args.maps {
        let (map, kept) = DependencyMap::read_to_grow(path)?;
        sum = sum
            .merge(map)
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        match kept {
            Some(kept) => all_kept.push(kept),
            None => say::note(global, format_args!("{}: {OF_AN_EARLIER_VERSION}", path.display())),
        }
    }
    let kept = if all_kept.len() == args.maps.len() {
        Some(together(&mut sum, &all_kept)?)
    } else {
        None
    };
    sum.write_keeping(kept.as_ref(), &args.out)?;
    say::note(
        global,
        format_args!("{} dependencies in {}", sum.dependencies.len(), args.out.display()),
    );
    Ok(Ending::Done)
}

const OF_AN_EARLIER_VERSION: &str = "an earlier version wrote this map, so names stay as each map gave them\n  hint: discover all logs into one new map to give them together";

/// Decides and names anew what maps show together.
fn together(sum: &mut DependencyMap, all_kept: &[Kept]) -> Result<Kept> {
    let mut services = Inventory::default();
    Kept::remember(all_kept, &mut services)?;
    let (observed, kept) = Aggregator::new(&services, &Settings::default()).finish_with(all_kept)?;
    let mut knowledge = Knowledge::default();
    knowledge.remember(&sum.manifest.names);
    sum.manifest.show(&observed);
    sum.manifest.names = knowledge.of(&observed);
    sum.dependencies = name::name(&observed, &knowledge);
    Ok(kept)
}
