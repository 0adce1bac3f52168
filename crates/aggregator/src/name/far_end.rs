//! Decides the destination of one edge: its name, its class, and what the name rests on.

use std::net::IpAddr;

use crate::identity::{DnsName, ServiceName};
use crate::map::{Class, Grade, Hours, Protocol};
use crate::observed::{AccessEdge, FlowEdge, Host};

use super::answers::{Answers, Given};
use super::evidence::{Evidence, Lines};
use super::ranges::Index;
use super::{Confirmation, Knowledge, UNKNOWN_DESTINATION, class};

/// How many other names of one address a dependency keeps: first those in lines, each of which is a dependency of its
/// own, then those in answers, each the best first. Without a bound an address with n names would cost n² entries.
const MOST_OTHER_NAMES: usize = 32;

/// Everything that can name a far end.
pub(super) struct Known<'a> {
    evidence: &'a Evidence<'a>,
    answers: Answers<'a>,
    knowledge: &'a Knowledge,
    ranges: Index<'a>,
}

/// A far end with its name.
pub(super) struct FarEnd<'a> {
    /// The name, the service of ours, or the address.
    pub(super) destination: String,
    /// What kind it is.
    pub(super) class: Class,
    /// What the name rests on.
    pub(super) support: Support<'a>,
    /// The DNS answers that give the same address this name, by index.
    pub(super) answers: Vec<usize>,
    /// Other names that lines and answers give the same address, with how many of them do.
    pub(super) also: Vec<(&'a DnsName, u64)>,
}

/// What a name rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support<'a> {
    /// There is no name, or it is a service of ours.
    Nothing,
    /// The lines of the access edge that is being named.
    OwnLines,
    /// The lines of these access edges; none where DNS answers alone give the name.
    Lines(&'a [usize]),
    /// What is known of the address; its flow records carry it.
    Address(Grade),
}

/// One edge as naming sees it.
struct Responder<'e> {
    caller: &'e ServiceName,
    owner: Option<&'e ServiceName>,
    address: Option<IpAddr>,
    port: u16,
    protocol: Protocol,
    host: Option<&'e Host>,
    seen: &'e Hours,
}

impl FarEnd<'_> {
    /// Whether it is no service of ours, and nothing but its address is known.
    pub(super) fn is_nameless(&self) -> bool {
        self.support == Support::Nothing && matches!(self.class, Class::External | Class::Private)
    }
}

impl<'a> Known<'a> {
    pub(super) fn new(evidence: &'a Evidence<'a>, answers: Answers<'a>, knowledge: &'a Knowledge) -> Self {
        Known {
            evidence,
            answers,
            knowledge,
            ranges: Index::of(&knowledge.ranges),
        }
    }

    /// Names the far end of a flow edge.
    pub(super) fn flow(&self, edge: &FlowEdge) -> FarEnd<'a> {
        self.far_end(&Responder {
            caller: &edge.service,
            owner: edge.owner.as_ref(),
            address: Some(edge.address),
            port: edge.port,
            protocol: edge.protocol,
            host: None,
            seen: &edge.seen,
        })
    }

    /// Names the far end of an access edge. A proxy sees TCP alone.
    pub(super) fn access(&self, edge: &AccessEdge) -> FarEnd<'a> {
        self.far_end(&Responder {
            caller: &edge.service,
            owner: edge.owner.as_ref(),
            address: edge.address,
            port: edge.port,
            protocol: Protocol::Tcp,
            host: edge.host.as_ref(),
            seen: &edge.seen,
        })
    }

    fn far_end(&self, responder: &Responder<'_>) -> FarEnd<'a> {
        let Responder {
            caller, address, seen, ..
        } = *responder;
        let lines = address.map(|address| self.evidence.names(caller, address, responder.port));
        let lines = lines.unwrap_or_default();
        let given = address.map(|address| self.answers.names(caller, address, seen));
        let given = given.unwrap_or_default();
        let (destination, class, support) = self.destination(responder, lines, &given);
        let also = other_names(&destination, lines, &given);
        let is_named = support != Support::Nothing;
        let answers = given.into_iter().find(|it| is_named && it.name.as_str() == destination);
        let infrastructure = class::is_infrastructure(responder.address, responder.port, responder.protocol);
        FarEnd {
            destination,
            class: if infrastructure { Class::Infrastructure } else { class },
            support,
            answers: answers.map(|it| it.answers).unwrap_or_default(),
            also,
        }
    }

    fn destination(
        &self,
        responder: &Responder<'_>,
        lines: Lines<'a, 'a>,
        given: &[Given<'_>],
    ) -> (String, Class, Support<'a>) {
        if let Some(owner) = responder.owner {
            return (owner.to_string(), Class::Internal, Support::Nothing);
        }
        let by_host = responder.host.and_then(|host| self.by_own_host(responder, host.name()));
        let by_name = |name: &DnsName| {
            let edges = lines.names.iter().find(|it| it.name == name);
            let support = Support::Lines(edges.map_or(&[], |it| &it.edges));
            (name.to_string(), named(name, responder.address), support)
        };
        let by_lines = || lines.names.iter().find(|it| it.usable).map(|it| by_name(it.name));
        let is_usable = |it: &&Given<'_>| self.evidence.service_called(it.name).is_none();
        let best_given = given.iter().find(is_usable);
        let by_own_answers = || best_given.filter(|it| it.to_caller > 0).map(|it| by_name(it.name));
        let by_answers = || best_given.map(|it| by_name(it.name));
        let by_address = || responder.address.map(|address| self.by_address(address));
        let own_lines_first = || if lines.own { by_lines() } else { None };
        by_host
            .or_else(own_lines_first)
            .or_else(by_own_answers)
            .or_else(by_lines)
            .or_else(by_answers)
            .or_else(by_address)
            .unwrap_or_else(|| (UNKNOWN_DESTINATION.to_owned(), Class::External, Support::Nothing))
    }

    /// The name that the client itself asked the proxy for. One of ours is believed only where no address speaks
    /// against it: the client chooses what it asks for.
    fn by_own_host(&self, responder: &Responder<'_>, host: &DnsName) -> Option<(String, Class, Support<'a>)> {
        match self.evidence.service_called(host) {
            None => Some((host.to_string(), named(host, responder.address), Support::OwnLines)),
            Some(service) if responder.address.is_none() => {
                Some((service.to_string(), Class::Internal, Support::Nothing))
            }
            Some(_) => None,
        }
    }

    /// What is known of the address itself: AWS, then reverse DNS, then nothing.
    fn by_address(&self, address: IpAddr) -> (String, Class, Support<'a>) {
        if let Some(label) = self.ranges.label(address, self.evidence.aws_service(address)) {
            return (label, Class::Aws, Support::Address(Grade::Aws));
        }
        let answer = self.knowledge.ptr.get(&address);
        match answer.filter(|answer| self.evidence.service_called(&answer.name).is_none()) {
            Some(answer) => {
                let grade = match answer.confirmation {
                    Confirmation::Forward => Grade::Fcrdns,
                    Confirmation::None => Grade::Ptr,
                };
                let class = named(&answer.name, Some(address));
                (answer.name.to_string(), class, Support::Address(grade))
            }
            None => (address.to_string(), class::of_address(address), Support::Nothing),
        }
    }
}

/// The names of an address other than the one it goes by.
fn other_names<'a>(destination: &str, lines: Lines<'a, 'a>, given: &[Given<'a>]) -> Vec<(&'a DnsName, u64)> {
    let answers = |name| given.iter().find(|it| it.name == name).map_or(0, Given::weight);
    let in_lines = |name| lines.names.iter().any(|it| it.name == name);
    let of_lines = lines
        .names
        .iter()
        .map(|it| (it.name, it.lines.saturating_add(answers(it.name))));
    let of_answers = given.iter().filter(|it| !in_lines(it.name));
    of_lines
        .chain(of_answers.map(|it| (it.name, it.weight())))
        .filter(|(name, _)| name.as_str() != destination)
        .take(MOST_OTHER_NAMES)
        .collect()
}

fn named(name: &DnsName, address: Option<IpAddr>) -> Class {
    match address {
        _ if class::is_aws_name(name) => Class::Aws,
        Some(address) => class::of_address(address),
        None => Class::External,
    }
}
