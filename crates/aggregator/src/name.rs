//! Gives the far ends their names: what was observed becomes dependencies, each with the evidence for its name.
//!
//! The rules are those of `docs/SEMANTICS.md`, "What the destination is called".

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::identity::DnsName;
use crate::map::{Dependency, Key};
use crate::observed::Observed;

mod answers;
mod chart;
mod class;
mod evidence;
mod far_end;
mod join;
mod known;
pub mod ptr;
mod ranges;
#[cfg(test)]
mod tests;

pub use answers::ANSWER_HOLDS_HOURS;
pub use chart::Chart;
pub use ranges::{AwsRanges, RangesError};

use answers::Answers;
use evidence::Evidence;
use far_end::Known;

/// Where the far end has neither address nor name: not a host name, not an address, so that nothing can be allowed by it.
pub const UNKNOWN_DESTINATION: &str = "(unknown)";

/// What is known of addresses from outside the logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// The address ranges that AWS publishes.
    pub ranges: AwsRanges,
    /// What reverse DNS said.
    pub ptr: BTreeMap<IpAddr, PtrAnswer>,
}

/// What reverse DNS said of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PtrAnswer {
    /// The name.
    pub name: DnsName,
    /// Whether the name points back.
    pub confirmation: Confirmation,
}

/// Whether one of the addresses of a PTR name is the address that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// It is: FCrDNS.
    Forward,
    /// It is not, or the resolver could not tell: whoever owns the address may write any name there.
    None,
}

/// Names every far end, and puts the edges of each (service, destination, port, protocol) together, on both planes.
#[must_use]
pub fn chart<'o>(observed: &'o Observed, knowledge: &'o Knowledge) -> Chart<'o> {
    Chart::new(observed, knowledge)
}

/// The dependencies of a [`chart`].
#[must_use]
pub fn name(observed: &Observed, knowledge: &Knowledge) -> BTreeMap<Key, Dependency> {
    chart(observed, knowledge).dependencies()
}

/// The addresses that nothing better than reverse DNS can name: what a resolver is worth asking for.
#[must_use]
pub fn addresses_to_resolve(observed: &Observed, knowledge: &Knowledge) -> BTreeSet<IpAddr> {
    let Observed {
        flows,
        accesses,
        answers,
        services,
        ..
    } = observed;
    let evidence = Evidence::of(flows, accesses, services.keys());
    let known = Known::new(&evidence, Answers::new(answers), knowledge);
    let of_flows = flows.iter().map(|edge| (Some(edge.address), known.flow(edge)));
    let of_accesses = accesses.iter().map(|edge| (edge.address, known.access(edge)));
    of_flows
        .chain(of_accesses)
        .filter(|(_, far_end)| far_end.is_nameless())
        .filter_map(|(address, _)| address)
        .filter(|address| !(address.is_loopback() || address.is_multicast() || address.is_unspecified()))
        .collect()
}
