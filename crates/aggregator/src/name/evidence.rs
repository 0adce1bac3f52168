//! What the logs themselves say about the name of an address: lines of proxies, and AWS services in flow records.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::HashMap;

use crate::identity::{DnsName, ServiceName};
use crate::map::Grade;
use crate::observed::{AccessEdge, FlowEdge, Host};

use super::ranges;

/// The evidence of a whole run.
pub(super) struct Evidence<'a> {
    callers: HashMap<&'a ServiceName, usize>,
    rankings: HashMap<Scope, Vec<Candidate<'a>>>,
    aws: HashMap<IpAddr, String>,
    ours: BTreeMap<String, ServiceName>,
}

/// Whose lines for an address: of one caller, by its number, or (`None`) of any, for one port or (`None`) for any.
type Scope = (Option<usize>, IpAddr, Option<u16>);

/// The names that lines give an address, best first, and whose lines they are.
#[derive(Clone, Copy, Default)]
pub(super) struct Lines<'e, 'a> {
    pub(super) names: &'e [Candidate<'a>],
    /// Whether they are the caller's own.
    pub(super) own: bool,
}

/// A name that lines of one scope give an address.
pub(super) struct Candidate<'a> {
    /// The name.
    pub(super) name: &'a DnsName,
    /// How many lines say so. Lines in which the proxy refused reached no address and say nothing.
    pub(super) lines: u64,
    /// The access edges that those lines stand in.
    pub(super) edges: Vec<usize>,
    /// Whether it may be the name: that of a service of ours is no name for an address which that service does not own.
    pub(super) usable: bool,
    grade: Grade,
}

impl<'a> Evidence<'a> {
    pub(super) fn of<'s>(
        flows: &[FlowEdge],
        accesses: &'a [AccessEdge],
        services: impl Iterator<Item = &'s ServiceName>,
    ) -> Self {
        let ours = ours(flows, accesses, services);
        let mut callers = HashMap::new();
        for edge in accesses {
            let number = callers.len();
            callers.entry(&edge.service).or_insert(number);
        }
        Evidence {
            rankings: rank(accesses, &callers, &ours),
            aws: logged_aws_services(flows),
            callers,
            ours,
        }
    }

    /// The names that lines give an address: of the nearest scope that has any.
    pub(super) fn names(&self, caller: &ServiceName, address: IpAddr, port: u16) -> Lines<'_, 'a> {
        let caller = self.callers.get(caller).copied();
        let scopes = nearest_first(caller, address, port);
        let found: Vec<_> = scopes
            .iter()
            .filter_map(|scope| {
                let names = self.rankings.get(scope)?;
                let own = scope.0.is_some();
                Some(Lines { names, own })
            })
            .collect();
        let usable = found.iter().find(|lines| lines.names.iter().any(|name| name.usable));
        usable.or(found.first()).copied().unwrap_or_default()
    }

    /// The AWS service that flow records name for an address, as a word of a destination.
    pub(super) fn aws_service(&self, address: IpAddr) -> Option<&str> {
        self.aws.get(&address).map(String::as_str)
    }

    /// The service of ours that goes by a host name.
    pub(super) fn service_called(&self, name: &DnsName) -> Option<&ServiceName> {
        self.ours.get(name.as_str())
    }
}

/// The grade of a name that a proxy saw.
pub(super) fn grade(host: &Host) -> Grade {
    match host {
        Host::Authority(_) => Grade::Authority,
        Host::Sni(_) => Grade::Sni,
    }
}

/// A caller without lines of its own (`None`) has the scopes of any caller twice.
fn nearest_first(caller: Option<usize>, address: IpAddr, port: u16) -> [Scope; 4] {
    [
        (caller, address, Some(port)),
        (caller, address, None),
        (None, address, Some(port)),
        (None, address, None),
    ]
}

/// All services of ours, by their names in lower case, as host names are.
fn ours<'s>(
    flows: &[FlowEdge],
    accesses: &[AccessEdge],
    services: impl Iterator<Item = &'s ServiceName>,
) -> BTreeMap<String, ServiceName> {
    let mut ours = BTreeMap::new();
    let mut add = |service: &ServiceName| {
        if !ours.contains_key(service.as_str()) {
            ours.insert(service.as_str().to_ascii_lowercase(), service.clone());
        }
    };
    services.for_each(&mut add);
    flows.iter().flat_map(|edge| &edge.owner).for_each(&mut add);
    accesses.iter().flat_map(|edge| &edge.owner).for_each(&mut add);
    ours
}

fn rank<'a>(
    accesses: &'a [AccessEdge],
    callers: &HashMap<&ServiceName, usize>,
    ours: &BTreeMap<String, ServiceName>,
) -> HashMap<Scope, Vec<Candidate<'a>>> {
    let mut by_name: HashMap<Scope, BTreeMap<&'a DnsName, Candidate<'a>>> = HashMap::new();
    for (index, edge) in accesses.iter().enumerate() {
        let (Some(host), Some(address), 1..) = (&edge.host, edge.address, edge.tally.records) else {
            continue;
        };
        for scope in nearest_first(callers.get(&edge.service).copied(), address, edge.port) {
            let candidate = by_name
                .entry(scope)
                .or_default()
                .entry(host.name())
                .or_insert_with(|| Candidate {
                    name: host.name(),
                    lines: 0,
                    edges: Vec::new(),
                    usable: !ours.contains_key(host.name().as_str()),
                    grade: grade(host),
                });
            candidate.lines = candidate.lines.saturating_add(edge.tally.records);
            candidate.grade = candidate.grade.min(grade(host));
            candidate.edges.push(index);
        }
    }
    let best_first = |names: BTreeMap<_, Candidate<'a>>| {
        let mut names: Vec<_> = names.into_values().collect();
        names.sort_by_key(|it| (std::cmp::Reverse(it.lines), it.grade, it.name));
        names
    };
    by_name
        .into_iter()
        .map(|(scope, names)| (scope, best_first(names)))
        .collect()
}

/// One AWS service an address: the one that most records name, then the one that sorts first.
fn logged_aws_services(flows: &[FlowEdge]) -> HashMap<IpAddr, String> {
    let mut by_address: HashMap<IpAddr, BTreeMap<String, u64>> = HashMap::new();
    for edge in flows {
        let Some(word) = edge.aws_service.as_deref().and_then(ranges::naming_word) else {
            continue;
        };
        let tallies = [&edge.at_initiator, &edge.at_responder, &edge.elsewhere];
        let records = tallies
            .iter()
            .fold(0_u64, |sum, tally| sum.saturating_add(tally.records));
        let sum = by_address.entry(edge.address).or_default().entry(word).or_default();
        *sum = sum.saturating_add(records);
    }
    let most = |services: BTreeMap<String, u64>| {
        let best = services
            .into_iter()
            .min_by_key(|(_, records)| std::cmp::Reverse(*records));
        best.map(|(word, _)| word)
    };
    by_address
        .into_iter()
        .filter_map(|(address, services)| Some((address, most(services)?)))
        .collect()
}
