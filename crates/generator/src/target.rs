//! Where a proposal is enforced: each target writes it down in the syntax of one tool, and decides nothing.

use egressmap_parser::near::did_you_mean;

use crate::proposal::{Finding, Proposal};

mod appmesh_api;
mod appmesh_cloudformation;
mod appmesh_kubernetes;
mod appmesh_terraform;
mod callers;
mod cilium;
mod dns_firewall;
mod draft;
mod eks_network_policy;
mod envoy;
mod istio;
mod losses;
mod network_firewall;
mod network_policy;
mod pods;
mod security_group;
mod terraform;

pub(crate) use eks_network_policy::is_domain_name;
pub(crate) use istio::left_out;

/// One tool's way to write a proposal down.
pub trait Target: Sync {
    /// The name on the command line, and of the folder its files go to.
    fn name(&self) -> &'static str;

    /// What it writes, in one line.
    fn help(&self) -> &'static str;

    /// What it makes of a proposal. The same proposal gives the same bytes.
    fn render(&self, proposal: &Proposal) -> Rendered;

    /// Whether its files stand before everybody in a VPC, and not before each caller alone.
    fn is_shared(&self) -> bool {
        false
    }
}

/// A proposal, written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The files, in the order of their paths.
    pub files: Vec<RenderedFile>,
    /// What to know and to decide before the files are applied, the most urgent first: what the target cannot say as the
    /// ledger means it, and for App Mesh what the proposal itself decided.
    pub findings: Vec<Finding>,
}

impl Rendered {
    /// For App Mesh, where the proposal itself decided everything.
    fn of_mesh(proposal: &Proposal, files: Vec<RenderedFile>) -> Self {
        Rendered {
            files,
            findings: proposal.findings.clone(),
        }
    }
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Where, relative to the target's folder: parts of lower-case letters, digits, `-`, `_` and `.`, joined by `/`; for
    /// files meant for people also upper case. Never absolute, never upwards.
    pub path: String,
    /// What.
    pub text: String,
}

/// Every target there is.
pub static REGISTRY: &[&dyn Target] = &[
    &appmesh_terraform::AppmeshTerraform,
    &appmesh_cloudformation::AppmeshCloudformation,
    &appmesh_kubernetes::AppmeshKubernetes,
    &appmesh_api::AppmeshApi,
    &istio::Istio,
    &cilium::Cilium,
    &network_policy::NetworkPolicy,
    &eks_network_policy::EksNetworkPolicy,
    &network_firewall::NetworkFirewall,
    &dns_firewall::DnsFirewall,
    &security_group::SecurityGroup,
    &envoy::Envoy,
];

/// No target has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a target ({known}), found \"{written}\"{near}")]
pub struct UnknownTarget {
    written: String,
    known: String,
    near: String,
}

/// The target of a name.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn target_named(name: &str) -> Result<&'static dyn Target, UnknownTarget> {
    let names = || REGISTRY.iter().map(|target| target.name());
    REGISTRY
        .iter()
        .find(|target| target.name() == name)
        .copied()
        .ok_or_else(|| UnknownTarget {
            written: crate::text::inert(name),
            known: names().collect::<Vec<_>>().join(", "),
            near: did_you_mean(name, names()),
        })
}

/// A file at a path of ours.
fn file(path: impl Into<String>, text: impl Into<String>) -> RenderedFile {
    RenderedFile {
        path: path.into(),
        text: text.into(),
    }
}

#[cfg(test)]
mod tests;
