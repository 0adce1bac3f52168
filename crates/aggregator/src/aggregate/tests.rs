//! The hard cases of attribution, direction and counting, from records written as text.
mod attribution;
mod batches;
mod counting;
mod direction;
mod gaps;
mod laws;
mod literal;

use std::fmt::Write;

use egressmap_parser::Sink;
use egressmap_parser::record::Verdict;

use super::*;
use crate::map::Tally;
use crate::observed::FlowEdge;
use literal::Literal;

/// Services used by most tests.
const SHOP: &str = "service,address\ncheckout,10.0.0.1\nledger,10.0.0.2\ncart,10.0.1.0/24\n";

/// Runs records through one aggregator, and backwards through two that are merged: the answers must agree.
fn observe(inventory: &str, records: &[&str]) -> Observed {
    observe_with(inventory, &Settings::default(), records)
}

fn observe_with(inventory: &str, settings: &Settings, records: &[&str]) -> Observed {
    let inventory = Inventory::from_file("inventory", inventory.as_bytes()).unwrap();
    let literals: Vec<Literal> = records.iter().map(|text| Literal::read(text)).collect();
    let mut one = Aggregator::new(&inventory, settings);
    let mut halves = [
        Aggregator::new(&inventory, settings),
        Aggregator::new(&inventory, settings),
    ];
    for literal in &literals {
        one.flow(1, &literal.record());
    }
    for (index, literal) in literals.iter().rev().enumerate() {
        halves[index % 2].flow(1, &literal.record());
    }
    let [even, odd] = halves;
    let observed = one.finish().unwrap();
    assert_eq!(
        odd.merge(even).finish().unwrap(),
        observed,
        "order and split of records matter"
    );
    observed
}

/// Edges as lines: `service > address[ (owner)]:port/protocol certainty`, then the tallies that have anything, as
/// `at-initiator records bytes_out/bytes_in`.
fn edges(observed: &Observed) -> Vec<String> {
    observed.flows.iter().map(shown).collect()
}

fn shown(edge: &FlowEdge) -> String {
    let protocol = format!("{:?}", edge.protocol).to_lowercase();
    let certainty = format!("{:?}", edge.initiator).to_lowercase();
    let owner = edge
        .owner
        .as_ref()
        .map(|owner| format!(" ({owner})"))
        .unwrap_or_default();
    let mut line = format!(
        "{} > {}{owner}:{}/{protocol} {certainty}",
        edge.service, edge.address, edge.port
    );
    let tallies = [
        ("initiator", &edge.at_initiator),
        ("responder", &edge.at_responder),
        ("elsewhere", &edge.elsewhere),
    ];
    for (place, tally) in tallies {
        if *tally != Tally::default() {
            write!(
                line,
                " {place} {} {}/{}",
                tally.records, tally.bytes_out, tally.bytes_in
            )
            .unwrap();
        }
    }
    if edge.refused > 0 {
        write!(line, " refused {}", edge.refused).unwrap();
    }
    line
}

/// What a few records come to.
struct Case {
    records: &'static [&'static str],
    edges: &'static [&'static str],
    inbound: u64,
}

fn check(cases: &[Case]) {
    for case in cases {
        let observed = observe(SHOP, case.records);
        assert_eq!(edges(&observed), case.edges, "{:#?}", case.records);
        assert_eq!(observed.inbound, case.inbound, "{:#?}", case.records);
    }
}
