//! The map as a graph: services on the left, what they reach on the right.

use std::collections::BTreeMap;

use super::Selection;
use super::far_end::far_end;
use crate::map::{Class, Dependency, DependencyMap, Key};

/// The nodes and edges of what is selected. Nodes are known by number: what logs say stands in labels alone.
pub(super) struct Graph<'m> {
    /// Services, by name.
    pub(super) services: BTreeMap<&'m str, usize>,
    /// Far ends that are no service, by destination, with the class of the best known.
    pub(super) far_ends: BTreeMap<&'m str, (usize, Class)>,
    pub(super) edges: Vec<Edge<'m>>,
}

/// All that a service reaches at one far end.
pub(super) struct Edge<'m> {
    pub(super) service: &'m str,
    pub(super) to: &'m str,
    pub(super) ports: Vec<String>,
    /// Whether none of it was more than an attempt.
    pub(super) refused: bool,
}

impl<'m> Graph<'m> {
    pub(super) fn of(map: &'m DependencyMap, selection: &Selection<'_>) -> Self {
        let rows = selection.of(map);
        let mut graph = Graph {
            services: BTreeMap::new(),
            far_ends: BTreeMap::new(),
            edges: Vec::new(),
        };
        let mut edges: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (key, it) in rows {
            graph.node(key, it);
            let pair = (key.service.as_str(), key.destination.as_str());
            let at = *edges.entry(pair).or_insert(graph.edges.len());
            if at == graph.edges.len() {
                graph.edges.push(Edge {
                    service: pair.0,
                    to: pair.1,
                    ports: Vec::new(),
                    refused: true,
                });
            }
            let edge = &mut graph.edges[at];
            edge.ports.push(format!("{} {}", port(key), it.application));
            edge.refused &= it.only_refused(key.protocol);
        }
        graph
    }

    /// The service that is reached, where it is one of ours.
    pub(super) fn target(&self, edge: &Edge<'_>) -> (char, usize) {
        match self.far_ends.get(edge.to) {
            Some((number, _)) => ('d', *number),
            None => ('s', self.services[edge.to]),
        }
    }

    fn node(&mut self, key: &'m Key, it: &Dependency) {
        let number = self.services.len();
        self.services.entry(key.service.as_str()).or_insert(number);
        let destination = key.destination.as_str();
        if it.class == Class::Internal && !self.far_ends.contains_key(destination) {
            let number = self.services.len();
            self.services.entry(destination).or_insert(number);
        } else {
            let number = self.far_ends.len();
            let known = self.far_ends.entry(destination).or_insert((number, it.class));
            known.1 = known.1.min(it.class);
        }
    }
}

/// The port as it stands behind the host: `443`, `53/udp`, `icmp`.
fn port(key: &Key) -> String {
    far_end("", key.port, key.protocol)
        .trim_start_matches([':', '/'])
        .to_owned()
}
