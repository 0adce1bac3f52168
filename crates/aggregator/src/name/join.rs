//! Adds up the named edges of each (service, destination, port, protocol), so that nothing counts twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hashbrown::HashMap;
use rayon::slice::ParallelSliceMut;

use crate::identity::DnsName;
use crate::map::{
    Application, Certainty, Class, Dependency, Grade, Hours, Key, Naming, OnlySource, Protocol, Starts, Tally,
};
use crate::observed::{AccessEdge, Answered, FlowEdge};

use super::far_end::{FarEnd, Support};
use super::{class, evidence};

/// The dependencies so far.
pub(super) struct Joining<'a> {
    accesses: &'a [AccessEdge],
    answers: &'a [Answered],
    by_key: HashMap<Key, Joined<'a>, foldhash::fast::RandomState>,
}

/// One dependency so far. What its name rests on is kept apart, so that a line which names two of its edges counts once.
struct Joined<'a> {
    dependency: Dependency,
    /// What proxies saw of it.
    spoken: Option<Application>,
    /// When lines of proxies began: for where no flow record tells when connections did.
    requests: Starts,
    /// The access edges whose lines give the name.
    lines: BTreeSet<usize>,
    /// The DNS answers that give it.
    answers: BTreeSet<usize>,
    /// The lines and answers for another name at each of its addresses.
    also: BTreeMap<(&'a DnsName, Option<IpAddr>), u64>,
}

impl<'a> Joining<'a> {
    /// No dependencies yet, with room for so many.
    pub(super) fn new(accesses: &'a [AccessEdge], answers: &'a [Answered], room: usize) -> Self {
        Joining {
            accesses,
            answers,
            by_key: HashMap::with_capacity_and_hasher(room, foldhash::fast::RandomState::default()),
        }
    }

    /// Adds a flow edge.
    pub(super) fn flow(&mut self, edge: FlowEdge, far_end: FarEnd<'a>) {
        let key = Key {
            service: edge.service,
            destination: far_end.destination,
            port: edge.port,
            protocol: edge.protocol,
        };
        let part = Dependency {
            addresses: BTreeSet::from([edge.address]),
            class: far_end.class,
            at_initiator: edge.at_initiator,
            at_responder: edge.at_responder,
            elsewhere: edge.elsewhere,
            refused_flow: edge.refused,
            seen: edge.seen,
            initiator: edge.initiator,
            source: edge.source,
            starts: edge.starts,
            ..nothing()
        };
        let records = part.flow().records.saturating_add(edge.refused);
        let joined = self.by_key.entry(key).or_default();
        joined.dependency.add(&part);
        joined.keep_other_names(&far_end.also, Some(edge.address));
        joined.answers.extend(far_end.answers);
        match far_end.support {
            Support::Nothing | Support::OwnLines => {}
            Support::Lines(edges) => joined.lines.extend(edges),
            Support::Address(grade) => joined.keep_grade(grade, records),
        }
    }

    /// Adds the access edge at `index`. The proxy took the connection from the client, so the initiator is certain.
    pub(super) fn access(&mut self, index: usize, edge: &AccessEdge, far_end: FarEnd<'a>) {
        let key = Key {
            service: edge.service.clone(),
            destination: far_end.destination,
            port: edge.port,
            protocol: Protocol::Tcp,
        };
        let joined = self.by_key.entry(key).or_default();
        joined.dependency.add(&Dependency {
            addresses: edge.address.into_iter().collect(),
            class: far_end.class,
            access: edge.tally,
            refused_access: edge.refused,
            seen: edge.seen.clone(),
            initiator: Certainty::Certain,
            ..nothing()
        });
        if matches!(edge.application, Application::Http | Application::Tls) {
            joined.spoken = Some(
                joined
                    .spoken
                    .map_or(edge.application, |spoken| spoken.min(edge.application)),
            );
        }
        joined.requests.union(&edge.starts);
        joined.keep_other_names(&far_end.also, edge.address);
        joined.answers.extend(far_end.answers);
        match far_end.support {
            Support::Nothing => {}
            Support::OwnLines => drop(joined.lines.insert(index)),
            Support::Lines(edges) => joined.lines.extend(edges),
            Support::Address(grade) => joined.keep_grade(grade, lines(edge)),
        }
    }

    /// The dependencies, with what each name rests on counted.
    pub(super) fn finish(self) -> BTreeMap<Key, Dependency> {
        let (accesses, answers) = (self.accesses, self.answers);
        let mut joined: Vec<(Key, Joined<'_>)> = self.by_key.into_iter().collect();
        // Sorted at once on all processors; a map is then built from them in one pass.
        joined.par_sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let finished = joined.into_iter().map(|(key, joined)| {
            let dependency = joined.finish(&key, accesses, answers);
            (key, dependency)
        });
        finished.collect()
    }
}

impl<'a> Joined<'a> {
    fn keep_other_names(&mut self, also: &[(&'a DnsName, u64)], address: Option<IpAddr>) {
        for (name, lines) in also {
            let most = self.also.entry((*name, address)).or_default();
            *most = (*most).max(*lines);
        }
    }

    fn keep_grade(&mut self, grade: Grade, records: u64) {
        let evidence = BTreeMap::from([(grade, records)]);
        self.dependency.name.add(&Naming {
            evidence,
            also: BTreeMap::new(),
        });
    }

    fn finish(mut self, key: &Key, accesses: &[AccessEdge], answers: &[Answered]) -> Dependency {
        for edge in self.lines.iter().filter_map(|&index| accesses.get(index)) {
            if let Some(host) = &edge.host {
                let sum = self.dependency.name.evidence.entry(evidence::grade(host)).or_default();
                *sum = sum.saturating_add(lines(edge));
            }
        }
        for answered in self.answers.iter().filter_map(|&index| answers.get(index)) {
            let grade = if answered.service == key.service {
                Grade::Dns
            } else {
                Grade::DnsVpc
            };
            let sum = self.dependency.name.evidence.entry(grade).or_default();
            *sum = sum.saturating_add(answered.answers);
        }
        for ((name, _), lines) in self.also {
            let sum = self.dependency.name.also.entry(name.to_string()).or_default();
            *sum = sum.saturating_add(lines);
        }
        if self.dependency.starts.is_empty() {
            self.dependency.starts = self.requests;
        }
        self.dependency.application = self.spoken.unwrap_or_else(|| class::spoken(key.port, key.protocol));
        self.dependency
    }
}

impl Default for Joined<'_> {
    fn default() -> Self {
        Joined {
            dependency: nothing(),
            spoken: None,
            requests: Starts::default(),
            lines: BTreeSet::new(),
            answers: BTreeSet::new(),
            also: BTreeMap::new(),
        }
    }
}

/// All lines of an edge: what the client asked for is known whether or not the proxy refused.
fn lines(edge: &AccessEdge) -> u64 {
    edge.tally.records.saturating_add(edge.refused)
}

/// What changes nothing when it is added.
fn nothing() -> Dependency {
    Dependency {
        addresses: BTreeSet::new(),
        class: Class::External,
        application: Application::Other,
        name: Naming::default(),
        at_initiator: Tally::default(),
        at_responder: Tally::default(),
        elsewhere: Tally::default(),
        access: Tally::default(),
        refused_flow: 0,
        refused_access: 0,
        seen: Hours::default(),
        initiator: Certainty::Guess,
        source: OnlySource::Unknown,
        starts: Starts::default(),
    }
}
