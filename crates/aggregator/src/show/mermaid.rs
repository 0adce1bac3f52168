//! The map as a flowchart of Mermaid, which Markdown viewers draw.

use super::Selection;
use super::escape::for_terminal;
use super::graph::Graph;
use crate::map::DependencyMap;

/// The map, or what is selected of it, as a `flowchart`: services as boxes, far ends as stadiums with their class, one
/// edge a service and far end, dotted where it was only ever refused. Viewers draw some hundreds of edges at most: select.
#[must_use]
pub fn mermaid<'a>(map: &DependencyMap, selection: impl Into<Selection<'a>>) -> String {
    let graph = Graph::of(map, &selection.into());
    let mut text = "flowchart LR\n".to_owned();
    for (service, number) in &graph.services {
        text += &format!("  s{number}[\"{}\"]\n", label(service));
    }
    for (destination, (number, class)) in &graph.far_ends {
        text += &format!("  d{number}([\"{}<br/>{class}\"])\n", label(destination));
    }
    for edge in &graph.edges {
        let (kind, number) = graph.target(edge);
        let arrow = if edge.refused { "-.->" } else { "-->" };
        let from = graph.services[edge.service];
        text += &format!("  s{from} {arrow}|\"{}\"| {kind}{number}\n", edge.ports.join("<br/>"));
    }
    text
}

/// Text within a quoted label: everything but letters, digits and what host names are made of stands as an entity, so
/// that neither Mermaid, its Markdown nor the HTML around it sees any of its own signs.
fn label(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in for_terminal(text).chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '/') {
            safe.push(c);
        } else {
            safe += &format!("#{};", u32::from(c));
        }
    }
    safe
}
