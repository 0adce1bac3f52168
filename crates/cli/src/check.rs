//! `egressmap check`: may this service reach that, by which rule, on what evidence?

use anyhow::{Context, Result, bail};
use egressmap_aggregator::identity::{DnsName, ServiceName, split_authority};
use egressmap_aggregator::map::DependencyMap;
use egressmap_generator::replay::{Asked, Checked, Semantics, ask, in_words};
use egressmap_generator::{Ledger, OnConflict, semantics_named};
use egressmap_parser::near::did_you_mean;
use egressmap_parser::printable;

use crate::args::CheckArgs;
use crate::propose::Choice;
use crate::replay::{ledger, proposal};
use crate::{Ending, say};

/// Prints what the ledger says, what the map shows, and what each target would do.
pub(crate) fn command(args: &CheckArgs) -> Result<Ending> {
    let targets = args.target.iter().map(|name| semantics_named(name));
    let targets: Vec<&Semantics> = targets.collect::<Result<_, _>>()?;
    let ledger = ledger(&args.ledger)?;
    let map = DependencyMap::read_parquet(&args.map)?;
    let asked = asked(args, &map, &ledger)?;
    let (proposal, today) = proposal(&map, &ledger, Choice::InTheMesh(OnConflict::Ask));
    let checked = ask(&map, &ledger, &proposal, &targets, &asked, today);
    let text: String = checked.iter().map(|checked| in_words(checked, &ledger)).collect();
    say::data(&text)?;
    let allowed = checked.iter().all(Checked::is_allowed);
    Ok(if allowed { Ending::Done } else { Ending::Findings })
}

fn asked(args: &CheckArgs, map: &DependencyMap, ledger: &Ledger) -> Result<Asked> {
    let service = ServiceName::try_from(args.service.clone()).context("SERVICE")?;
    let inventory = map.manifest.services.keys();
    let known: Vec<&str> = inventory
        .chain(map.dependencies.keys().map(|key| &key.service))
        .chain(ledger.entries.iter().map(|entry| &entry.service))
        .map(ServiceName::as_str)
        .collect();
    if !known.contains(&service.as_str()) {
        let near = did_you_mean(service.as_str(), known.iter().copied());
        bail!(
            "no service of the map or the ledger is called {}{near}",
            printable::name(service.as_str())
        );
    }
    let Some((host, port)) = split_authority(&args.destination).filter(|(host, _)| !host.is_empty()) else {
        bail!(
            "expected a destination as host, host:port or [address]:port, found \"{}\"",
            printable::name(&args.destination)
        );
    };
    // A service of ours may be written in upper case, a host never is.
    let as_written = map.dependencies.keys().any(|key| key.destination == host);
    let destination = if as_written {
        host.to_owned()
    } else {
        let host = host.trim_end_matches('.');
        DnsName::from_person(host).map_or_else(|_| host.to_ascii_lowercase(), String::from)
    };
    Ok(Asked {
        service,
        destination,
        port,
    })
}
