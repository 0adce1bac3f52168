//! Which semantics a target has, by its name.

use egressmap_aggregator::map::DependencyMap;
use egressmap_parser::near::did_you_mean;

use super::network_policy::Knows;
use super::{Policy, beside, cilium, dns_firewall, envoy, istio, network_firewall, network_policy, security_group};
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

/// App Mesh, whatever the syntax that its definitions are written in, with the companion of its proposal.
const fn appmesh(name: &'static str) -> Semantics {
    Semantics {
        name,
        by: "HTTP by host, all other TCP by port alone",
        make: |map, proposal| Box::new(beside::Beside::new(map, proposal)),
    }
}

/// Every semantics there is.
pub static SEMANTICS: &[Semantics] = &[
    appmesh("appmesh-terraform"),
    appmesh("appmesh-cloudformation"),
    appmesh("appmesh-kubernetes"),
    appmesh("appmesh-api"),
    Semantics {
        name: "istio",
        by: "HTTP by host, TLS by SNI, TCP by address, one of them a port",
        make: |map, proposal| Box::new(istio::Istio::new(map, proposal)),
    },
    Semantics {
        name: "cilium",
        by: "the addresses that DNS answered for a name, and ranges",
        make: |map, proposal| Box::new(cilium::Cilium::new(map, proposal)),
    },
    Semantics {
        name: "network-policy",
        by: "ranges of addresses",
        make: |map, proposal| Box::new(network_policy::NetworkPolicy::new(map, proposal, Knows::Addresses)),
    },
    Semantics {
        name: "eks-network-policy",
        by: "the addresses that DNS answered for a name, and ranges",
        make: |map, proposal| Box::new(network_policy::NetworkPolicy::new(map, proposal, Knows::Names)),
    },
    Semantics {
        name: "network-firewall",
        by: "SNI, host and ranges, of all callers of a VPC together",
        make: |_, proposal| Box::new(network_firewall::NetworkFirewall::new(proposal)),
    },
    Semantics {
        name: "dns-firewall",
        by: "names that are looked up, of all callers of a VPC together",
        make: |_, proposal| Box::new(dns_firewall::DnsFirewall::new(proposal)),
    },
    Semantics {
        name: "security-group",
        by: "ranges of addresses",
        make: |_, proposal| Box::new(security_group::SecurityGroup::new(proposal)),
    },
    Semantics {
        name: "envoy",
        by: "addresses, then TLS by SNI, HTTP by host, TCP by port alone",
        make: |_, proposal| Box::new(envoy::Envoy::new(proposal)),
    },
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
