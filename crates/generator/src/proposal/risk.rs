//! What each caller stands to lose when it is cut over, and the order to go in: the least to lose first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{Class, Dependency, Hours, Key};

use super::demand::{NEVER_INTERCEPTED, is_allowed_by_mesh};
use super::node::Listener;
use super::traffic::Traffic;
use super::{Caller, ExternalNode};
use crate::ledger::{Destination, Index, Question, Verdict};

/// The cut-over of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOver {
    /// The virtual node that calls.
    pub virtual_node: String,
    /// What it was seen to reach and will not reach as before, in the order of destination and port.
    pub losses: Vec<Loss>,
    /// How many of its hosts wait for a decision.
    pub waiting: usize,
    /// On how many UTC days it was seen.
    pub days: usize,
}

/// A dependency that the cut-over changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Where to.
    pub destination: String,
    /// On which port.
    pub port: u16,
    /// What becomes of it.
    pub fate: Fate,
    /// How many records of it were seen.
    pub records: u64,
    /// How many bytes went either way.
    pub bytes: u64,
}

/// What becomes of a dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It goes on as before.
    Kept,
    /// The ledger denies it: that it ends is meant.
    Denied,
    /// It goes on once the client dials this port.
    DialsAnotherPort(u16),
    /// It goes on if its server name is below `amazonaws.com`, which the map cannot tell.
    DependsOnServerName,
    /// Nothing changes until the mesh drops what it has no backend for.
    DroppedByTheMesh,
    /// The companion target drops it on a port that bypasses the proxy.
    DroppedByTheCompanion,
    /// The backends of its port refuse it from the moment they are attached.
    Refused,
    /// It is sent to this host from the moment that is attached.
    Misrouted(DnsName),
}

impl Fate {
    /// Whether something ends or goes astray that nobody decided to end.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        !matches!(self, Fate::Kept | Fate::Denied)
    }

    /// Whether that happens at the step of the caller, and not when the mesh drops the rest.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        self.is_at_risk() && !matches!(self, Fate::DroppedByTheMesh | Fate::DependsOnServerName)
    }
}

impl CutOver {
    /// The losses that nobody decided on.
    pub fn at_risk(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(|loss| loss.fate.is_at_risk())
    }

    fn order(&self) -> (usize, usize, u64, Reverse<usize>, &str) {
        let records = self.at_risk().map(|loss| loss.records).fold(0, u64::saturating_add);
        let at_risk = self.at_risk().count();
        (self.waiting, at_risk, records, Reverse(self.days), &self.virtual_node)
    }
}

/// Every virtual node that was seen to call or is allowed to, the one with the least to lose first.
pub(super) fn cut_over(
    index: &Index<'_>,
    traffic: &Traffic<'_>,
    callers: &[Caller],
    nodes: &[ExternalNode],
) -> Vec<CutOver> {
    let by_host: HashMap<&DnsName, &ExternalNode> = nodes.iter().map(|node| (&node.host, node)).collect();
    let mut found: BTreeMap<String, (CutOver, Hours)> = BTreeMap::new();
    let start = |name: &str, waiting| {
        let cut_over = CutOver {
            virtual_node: name.to_owned(),
            losses: Vec::new(),
            waiting,
            days: 0,
        };
        (cut_over, Hours::default())
    };
    let by_name: BTreeMap<&str, &Caller> = callers
        .iter()
        .map(|caller| (caller.virtual_node.as_str(), caller))
        .collect();
    for (name, caller) in &by_name {
        found.insert((*name).to_owned(), start(name, caller.waiting.len()));
    }
    for (name, seen) in traffic.callers() {
        let standing = Standing::of(by_name.get(name).copied(), &by_host);
        for (key, dependency) in seen.filter(|(key, _)| !key.service.is_unattributed()) {
            let (cut_over, hours) = found.entry(name.to_owned()).or_insert_with(|| start(name, 0));
            hours.union(&dependency.seen);
            let fate = fate(key, dependency, index, &standing);
            if fate != Fate::Kept {
                let volume = dependency.volume();
                cut_over.losses.push(Loss {
                    destination: key.destination.clone(),
                    port: key.port,
                    fate,
                    records: dependency.flow().records.max(dependency.access.records),
                    bytes: volume.bytes_out.saturating_add(volume.bytes_in),
                });
            }
        }
    }
    let mut order: Vec<CutOver> = found
        .into_values()
        .map(|(mut cut_over, hours)| {
            let by_place = |loss: &Loss| (loss.destination.clone(), loss.port);
            cut_over.losses.sort_by_cached_key(by_place);
            cut_over.days = hours.days_seen();
            cut_over
        })
        .collect();
    order.sort_by(|a, b| a.order().cmp(&b.order()));
    order
}

/// What a caller gets, found by host and by port.
#[derive(Default)]
struct Standing<'a> {
    ignored: Option<&'a BTreeSet<u16>>,
    attached: BTreeMap<&'a str, &'a ExternalNode>,
    /// The first host of each port that clients dial, and what is spoken there.
    ports: BTreeMap<u16, (&'a ExternalNode, Listener)>,
}

impl<'a> Standing<'a> {
    fn of(caller: Option<&'a Caller>, nodes: &HashMap<&DnsName, &'a ExternalNode>) -> Self {
        let mut standing = Standing {
            ignored: caller.map(|caller| &caller.ignored_ports),
            ..Standing::default()
        };
        let backends = caller.into_iter().flat_map(|caller| &caller.backends);
        for node in backends.filter_map(|host| nodes.get(host).copied()) {
            standing.attached.insert(node.host.as_str(), node);
            for (port, listener) in node.dialled() {
                standing.ports.entry(port).or_insert((node, listener));
            }
        }
        standing
    }
}

/// What becomes of one dependency over TCP, by where the proposal places it.
fn fate(key: &Key, dependency: &Dependency, index: &Index<'_>, standing: &Standing<'_>) -> Fate {
    let by_address = dependency.class == Class::Infrastructure && key.port != 53;
    if dependency.class == Class::Internal || by_address || key.port == NEVER_INTERCEPTED {
        return Fate::Kept;
    }
    let far = key.destination.parse::<Destination>().ok();
    let verdict = far.as_ref().and_then(|far| {
        let question = Question::of(key, far, dependency);
        index.speaking(question).map(|entry| entry.verdict)
    });
    let meant = |fate| {
        if verdict == Some(Verdict::Deny) {
            Fate::Denied
        } else {
            fate
        }
    };
    if standing.ignored.is_some_and(|ports| ports.contains(&key.port)) {
        return if verdict == Some(Verdict::Allow) {
            Fate::Kept
        } else {
            meant(Fate::DroppedByTheCompanion)
        };
    }
    if let Some(far) = &far
        && is_allowed_by_mesh(far, key.port, dependency.application)
    {
        return if matches!(far, Destination::Aws(_)) {
            meant(Fate::DependsOnServerName)
        } else {
            Fate::Kept
        };
    }
    if let Some(node) = standing.attached.get(key.destination.as_str()) {
        if node.dialled().any(|(port, _)| port == key.port) {
            return Fate::Kept;
        }
        if let Some((dialled, _)) = node.routes.iter().find(|(_, behind)| **behind == key.port) {
            return Fate::DialsAnotherPort(*dialled);
        }
    }
    meant(match standing.ports.get(&key.port) {
        None => Fate::DroppedByTheMesh,
        Some((node, Listener::Tcp)) => Fate::Misrouted(node.host.clone()),
        Some((_, Listener::Http)) => Fate::Refused,
    })
}
