//! The clusters that connections go to: one a host and port, where the client was going, and nowhere.

use egressmap_aggregator::identity::DnsName;
use serde_json::{Value, json};

use super::plan::{Host, Plan};
use super::{BLACK_HOLE, ORIGINAL};
use crate::object::object;

/// Every cluster that the chains name.
pub(super) fn clusters(plan: &Plan<'_>) -> Vec<Value> {
    let mut clusters = vec![
        json!({
            "name": BLACK_HOLE,
            "type": "STATIC",
            "connect_timeout": "1s",
            "load_assignment": {"cluster_name": BLACK_HOLE},
        }),
        both_versions(json!({
            "name": ORIGINAL,
            "type": "ORIGINAL_DST",
            "lb_policy": "CLUSTER_PROVIDED",
            "connect_timeout": "10s",
        })),
    ];
    for (number, port) in &plan.0 {
        for host in &port.tls {
            if let Host::Exact(name) = host {
                clusters.push(named(name, *number));
            }
        }
        for host in &port.http {
            if let Host::Exact(name) = host {
                clusters.push(both_versions(named(name, *number)));
            }
        }
        clusters.extend(port.rest.map(|name| named(name, *number)));
    }
    clusters
}

/// The name that Istio gives a cluster: egressmap reads the host from it.
pub(super) fn cluster_name(host: &DnsName, port: u16) -> String {
    format!("outbound|{port}||{host}")
}

fn named(host: &DnsName, port: u16) -> Value {
    let name = cluster_name(host, port);
    let address = object! {"address": host.as_str(), "port_value": port};
    let endpoint = object! {"endpoint": object! {"address": object! {"socket_address": address}}};
    object! {
        "name": name.as_str(),
        // One address a connection, as a client would: names with many addresses do not become as many endpoints.
        "type": "LOGICAL_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "10s",
        "load_assignment": object! {"cluster_name": name, "endpoints": [object! {"lb_endpoints": [endpoint]}]},
    }
}

/// HTTP goes on in the version in which it came.
fn both_versions(mut cluster: Value) -> Value {
    cluster["typed_extension_protocol_options"] = json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
        },
    });
    cluster
}
