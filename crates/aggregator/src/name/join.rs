//! Adds up the named edges of one (service, destination, port, protocol), so that nothing counts twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::identity::DnsName;
use crate::map::{Application, Certainty, Dependency, Grade, Key, Starts};
use crate::observed::{AccessEdge, Answered, FlowEdge};

use super::far_end::{FarEnd, Support};
use super::{class, evidence};

/// One dependency so far. What its name rests on is kept apart, so that a line which names two of its edges counts once.
#[derive(Default)]
pub(super) struct Joined<'a> {
    dependency: Option<Dependency>,
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

impl<'a> Joined<'a> {
    /// Adds a flow edge.
    pub(super) fn flow(&mut self, edge: &FlowEdge, far_end: FarEnd<'a>) {
        let part = Dependency {
            addresses: BTreeSet::from([edge.address]),
            class: far_end.class,
            at_initiator: edge.at_initiator,
            at_responder: edge.at_responder,
            elsewhere: edge.elsewhere,
            refused_flow: edge.refused,
            seen: edge.seen.clone(),
            initiator: edge.initiator,
            source: edge.source,
            starts: edge.starts.clone(),
            ..Dependency::default()
        };
        let records = part.flow().records.saturating_add(edge.refused);
        self.add(part);
        self.keep_other_names(&far_end.also, Some(edge.address));
        self.answers.extend(far_end.answers);
        match far_end.support {
            Support::Nothing | Support::OwnLines => {}
            Support::Lines(edges) => self.lines.extend(edges),
            Support::Address(grade) => self.keep_grade(grade, records),
        }
    }

    /// Adds the access edge at `index`. The proxy took the connection from the client, so the initiator is certain.
    pub(super) fn access(&mut self, index: usize, edge: &AccessEdge, far_end: FarEnd<'a>) {
        self.add(Dependency {
            addresses: edge.address.into_iter().collect(),
            class: far_end.class,
            access: edge.tally,
            refused_access: edge.refused,
            seen: edge.seen.clone(),
            initiator: Certainty::Certain,
            ..Dependency::default()
        });
        if matches!(edge.application, Application::Http | Application::Tls) {
            self.spoken = Some(
                self.spoken
                    .map_or(edge.application, |spoken| spoken.min(edge.application)),
            );
        }
        self.requests.union(&edge.starts);
        self.keep_other_names(&far_end.also, edge.address);
        self.answers.extend(far_end.answers);
        match far_end.support {
            Support::Nothing => {}
            Support::OwnLines => drop(self.lines.insert(index)),
            Support::Lines(edges) => self.lines.extend(edges),
            Support::Address(grade) => self.keep_grade(grade, lines(edge)),
        }
    }

    /// The dependency, with what its name rests on counted.
    pub(super) fn finish(self, key: &Key, accesses: &[AccessEdge], answers: &[Answered]) -> Dependency {
        let mut dependency = self.dependency.unwrap_or_default();
        let evidence = &mut dependency.name.evidence;
        for edge in self.lines.iter().filter_map(|&index| accesses.get(index)) {
            if let Some(host) = &edge.host {
                let sum = evidence.entry(evidence::grade(host)).or_default();
                *sum = sum.saturating_add(lines(edge));
            }
        }
        for answered in self.answers.iter().filter_map(|&index| answers.get(index)) {
            let grade = if answered.service == key.service {
                Grade::Dns
            } else {
                Grade::DnsVpc
            };
            let sum = evidence.entry(grade).or_default();
            *sum = sum.saturating_add(answered.answers);
        }
        for ((name, _), lines) in self.also {
            let sum = dependency.name.also.entry(name.to_string()).or_default();
            *sum = sum.saturating_add(lines);
        }
        if dependency.starts.is_empty() {
            dependency.starts = self.requests;
        }
        dependency.application = self.spoken.unwrap_or_else(|| class::spoken(key.port, key.protocol));
        dependency
    }

    fn add(&mut self, part: Dependency) {
        match &mut self.dependency {
            Some(whole) => whole.add(&part),
            first => *first = Some(part),
        }
    }

    fn keep_other_names(&mut self, also: &[(&'a DnsName, u64)], address: Option<IpAddr>) {
        for (name, lines) in also {
            let most = self.also.entry((*name, address)).or_default();
            *most = (*most).max(*lines);
        }
    }

    fn keep_grade(&mut self, grade: Grade, records: u64) {
        if let Some(dependency) = &mut self.dependency {
            let sum = dependency.name.evidence.entry(grade).or_default();
            *sum = sum.saturating_add(records);
        }
    }
}

/// All lines of an edge: what the client asked for is known whether or not the proxy refused.
fn lines(edge: &AccessEdge) -> u64 {
    edge.tally.records.saturating_add(edge.refused)
}
