//! Which semantics a target has, by its name.

use egressmap_aggregator::map::DependencyMap;
use egressmap_parser::near::did_you_mean;

use super::{Policy, appmesh};
use crate::proposal::Proposal;

/// How one target treats egress.
#[derive(Debug)]
pub struct Semantics {
    /// The target's name on the command line.
    pub name: &'static str,
    /// By what it decides, in a few words.
    pub by: &'static str,
    make: for<'a> fn(&'a DependencyMap, &'a Proposal) -> Box<dyn Policy + 'a>,
}

impl Semantics {
    /// The target with a proposal applied.
    #[must_use]
    pub fn policy<'a>(&self, map: &'a DependencyMap, proposal: &'a Proposal) -> Box<dyn Policy + 'a> {
        (self.make)(map, proposal)
    }
}

/// App Mesh, whatever the syntax that its definitions are written in.
const fn appmesh(name: &'static str) -> Semantics {
    Semantics {
        name,
        by: "HTTP by host, all other TCP by port alone",
        make: |map, proposal| Box::new(appmesh::AppMesh::new(map, proposal)),
    }
}

/// Every semantics there is.
pub static SEMANTICS: &[Semantics] = &[
    appmesh("appmesh-terraform"),
    appmesh("appmesh-cloudformation"),
    appmesh("appmesh-kubernetes"),
    appmesh("appmesh-api"),
];

/// No target that can be replayed has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a target ({known}), found \"{written}\"{near}")]
pub struct UnknownSemantics {
    written: String,
    known: String,
    near: String,
}

/// The semantics of the target of a name.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn semantics_named(name: &str) -> Result<&'static Semantics, UnknownSemantics> {
    let names = || SEMANTICS.iter().map(|semantics| semantics.name);
    SEMANTICS
        .iter()
        .find(|semantics| semantics.name == name)
        .ok_or_else(|| UnknownSemantics {
            written: crate::text::inert(name),
            known: names().collect::<Vec<_>>().join(", "),
            near: did_you_mean(name, names()),
        })
}
