//! Writes a proposal for meshes that run their own Envoy: one static configuration a caller, which drops what is not in it.

use serde_json::{Value, json};

use super::callers::callers;
use super::draft::{Draft, Page};
use super::{Rendered, Target, file};
use crate::object::object;
use crate::proposal::Proposal;
use crate::text::file_stem;
use crate::yaml;

mod chain;
mod cluster;
mod plan;

use plan::Plan;

/// `envoy`.
#[derive(Debug)]
pub(super) struct Envoy;

/// What allowed names below a wildcard, and addresses, go to: where the client was going.
const ORIGINAL: &str = "original_dst";
/// What everything else goes to: a cluster without endpoints, called as Istio calls it.
const BLACK_HOLE: &str = "BlackHoleCluster";

const PAGE: Page = Page {
    title: "Envoy",
    meaning: "HTTP is matched by `Host`, TLS by SNI, addresses by address, and each by its port. `*.example.com` means every name below it at any depth, \
              without `example.com`, as in the ledger. An exact name is resolved by Envoy itself.",
    steps: &[
        "Run each caller's proxy with its file: `envoy -c CALLER.yaml`. The listener on 127.0.0.1:15001 expects connections that \
         iptables redirected to it; Envoy's own user must be left out of that rule.",
        "Redirect one caller at a time, those without a decision below first: `iptables -t nat -A OUTPUT -p tcp ! -d 127.0.0.0/8 -m owner ! \
         --uid-owner ENVOY -j REDIRECT --to-ports 15001`, after the exceptions for calls inside your own network. This is its cut-over.",
        "Watch `BlackHoleCluster` and `route_not_found` in the access log, which egressmap reads, before you go on.",
    ],
    check: "`envoy --mode validate -c CALLER.yaml`.",
    back: "Remove the redirect (`iptables -t nat -D OUTPUT …`); or give the listener's `default_filter_chain` the cluster `original_dst`, \
           which lets everything that is not HTTP pass again.",
    lost: &[
        "For a wildcard the client says the name and picks the address. An exact name goes to an address that Envoy resolved.",
        "UDP and ICMP do not pass the proxy.",
        "Calls between services of ours are not in the files: leave them out of the redirect.",
    ],
};

impl Target for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
    }

    fn help(&self) -> &'static str {
        "static Envoy configuration for each caller: HTTP by host, TLS by SNI, TCP by address"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    let mut draft = Draft::of("Envoy");
    for caller in &callers(proposal) {
        let path = format!("{}.yaml", file_stem(caller.service.as_str()));
        let plan = Plan::of(caller, &mut draft);
        draft.files.push(file(path, yaml::document(&bootstrap(&plan))));
    }
    draft
}

fn bootstrap(plan: &Plan<'_>) -> Value {
    let filters = [
        inspector("original_dst", "OriginalDst", None),
        inspector("tls_inspector", "TlsInspector", plan.silent_ports()),
        inspector("http_inspector", "HttpInspector", plan.silent_ports()),
    ];
    let listener = object! {
        "name": "egress",
        "address": json!({"socket_address": {"address": "127.0.0.1", "port_value": 15001}}),
        "listener_filters": filters,
        // A client that waits for the server's first word is matched by its port.
        "listener_filters_timeout": "5s",
        "continue_on_listener_filters_timeout": true,
        "filter_chains": chain::chains(plan),
        "default_filter_chain": object! {"name": "blocked", "filters": [chain::tcp_proxy("blocked", BLACK_HOLE)]},
    };
    object! {"static_resources": object! {"listeners": [listener], "clusters": cluster::clusters(plan)}}
}

/// A listener filter, with the ports on which it must not wait for the client.
fn inspector(name: &str, kind: &str, silent: Option<Value>) -> Value {
    let mut filter = json!({
        "name": format!("envoy.filters.listener.{name}"),
        "typed_config": {"@type": format!("type.googleapis.com/envoy.extensions.filters.listener.{name}.v3.{kind}")},
    });
    if let Some(silent) = silent {
        filter["filter_disabled"] = silent;
    }
    filter
}
