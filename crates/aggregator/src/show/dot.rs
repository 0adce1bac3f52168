//! The map as a graph in the language of Graphviz.

use super::Selection;
use super::escape::for_terminal;
use super::graph::Graph;
use crate::map::DependencyMap;

/// The map, or what is selected of it, as a `digraph`: services as boxes, far ends as ellipses with their class, one edge
/// a service and far end, dashed where it was only ever refused.
#[must_use]
pub fn dot<'a>(map: &DependencyMap, selection: impl Into<Selection<'a>>) -> String {
    let graph = Graph::of(map, &selection.into());
    let mut text = "digraph egress {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n".to_owned();
    for (service, number) in &graph.services {
        text += &format!("  s{number} [shape=box, label=\"{}\"];\n", label(service));
    }
    for (destination, (number, class)) in &graph.far_ends {
        text += &format!("  d{number} [label=\"{}\\n{class}\"];\n", label(destination));
    }
    for edge in &graph.edges {
        let (kind, number) = graph.target(edge);
        let style = if edge.refused { ", style=dashed" } else { "" };
        let from = graph.services[edge.service];
        text += &format!(
            "  s{from} -> {kind}{number} [label=\"{}\"{style}];\n",
            edge.ports.join("\\n")
        );
    }
    text + "}\n"
}

/// Text within the quotes of a label: a backslash begins an escape there (`\n`, `\G`), and `&` an HTML entity.
fn label(text: &str) -> String {
    let safe = for_terminal(text);
    safe.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
