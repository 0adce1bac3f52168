//! Tells from a line what it is wrapped in: the shapes that leave no doubt, and those around a line that is known.

use super::object::{self, Delivers, Line};
use super::{Taker, json, prefix};
use crate::lines;

/// How many layers there may be: an envelope, a time, a container runtime's and a shipper's.
pub(super) const DEPTH: usize = 4;

/// How a line is wrapped, in one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// The name of a pod in brackets.
    Pod,
    /// A time.
    Time,
    /// A time, a stream and the tag of a container runtime.
    Runtime,
    /// JSON objects, each an envelope, a shipper's, or the line itself.
    Json,
}

impl Layer {
    /// What it is called where it is shown.
    pub(super) fn name(self) -> &'static str {
        match self {
            Layer::Pod => "pod name",
            Layer::Time => "time",
            Layer::Runtime => "container runtime",
            Layer::Json => "JSON",
        }
    }
}

/// The layer that a line is in which no format claims as it is. `depth` layers may still come.
pub(super) fn layer_of(line: &[u8], depth: usize, to: &mut dyn Taker) -> Option<Layer> {
    if depth == 0 {
        return None;
    }
    if prefix::pod(line).is_some() {
        return Some(Layer::Pod);
    }
    if prefix::tagged(line).is_some() {
        return Some(Layer::Runtime);
    }
    if let Some(rest) = prefix::time(line) {
        return is_known(rest, depth, to).then_some(Layer::Time);
    }
    let text = line.trim_ascii_start();
    if !text.starts_with(b"{") {
        return None;
    }
    let json::End::At(length) = json::end(text) else {
        return None;
    };
    let (value, behind) = text.split_at_checked(length)?;
    (delivers(value, depth, to) || behind.trim_ascii_start().starts_with(b"{")).then_some(Layer::Json)
}

/// Whether something is around a line beyond doubt, whatever it holds.
pub(crate) fn is_carried(line: &[u8]) -> bool {
    if line.first() != Some(&b'{') {
        return prefix::pod(line).is_some() || prefix::tagged(line).is_some();
    }
    json::end(line) == json::End::At(line.len())
        && match object::read(line, &mut Vec::new()) {
            Delivers::Events(_) | Delivers::Control => true,
            Delivers::Line(line) => line.certain,
            Delivers::Itself => false,
        }
}

/// Whether an object is there for what it delivers.
pub(super) fn delivers(value: &[u8], depth: usize, to: &mut dyn Taker) -> bool {
    match object::read(value, &mut Vec::new()) {
        Delivers::Events(_) | Delivers::Control => true,
        Delivers::Line(line) => line.certain || is_line(&line, value, depth, to),
        Delivers::Itself => false,
    }
}

/// Whether an object that may ship a line does: what it ships is known, and the object itself is not.
pub(super) fn is_line(line: &Line<'_>, value: &[u8], depth: usize, to: &mut dyn Taker) -> bool {
    let mut said = Vec::new();
    json::unescape(line.text, &mut said);
    !to.claims(value) && lines::split(&said).next().is_some_and(|line| is_known(line, depth, to))
}

fn is_known(line: &[u8], depth: usize, to: &mut dyn Taker) -> bool {
    to.knows(line) || layer_of(line, depth - 1, to).is_some()
}
