//! The filter chains of the listener: which connections go to which cluster.

use serde_json::{Value, json};

use super::ORIGINAL;
use super::cluster::cluster_name;
use super::plan::{Host, Plan, Port};
use crate::object::object;

/// The chains of every port. Envoy takes the most specific match: the address, then the name, then what is spoken.
pub(super) fn chains(plan: &Plan<'_>) -> Vec<Value> {
    plan.0
        .iter()
        .flat_map(|(number, port)| of_port(*number, port))
        .collect()
}

fn of_port(number: u16, port: &Port<'_>) -> Vec<Value> {
    let mut chains = Vec::new();
    if !port.ranges.is_empty() {
        let ranges: Vec<Value> = port
            .ranges
            .iter()
            .map(|range| json!({"address_prefix": range.addr().to_string(), "prefix_len": range.prefix_len()}))
            .collect();
        chains.push(object! {
            "name": format!("address_{number}"),
            "filter_chain_match": object! {"destination_port": number, "prefix_ranges": ranges},
            "filters": [tcp_proxy(&format!("address_{number}"), ORIGINAL)],
        });
    }
    let tls = |names: Vec<String>, chain: &str, cluster: &str| {
        object! {
            "name": format!("tls_{number}_{chain}"),
            "filter_chain_match": object! {
                "destination_port": number,
                "server_names": names,
                "transport_protocol": "tls",
            },
            "filters": [tcp_proxy(&format!("tls_{number}"), cluster)],
        }
    };
    let mut below = Vec::new();
    for host in &port.tls {
        match host {
            Host::Exact(name) => chains.push(tls(vec![name.to_string()], name.as_str(), &cluster_name(name, number))),
            Host::Below(suffix) => below.push(format!("*.{suffix}")),
        }
    }
    if !below.is_empty() {
        chains.push(tls(below, "*", ORIGINAL));
    }
    if !port.http.is_empty() {
        chains.push(object! {
            "name": format!("http_{number}"),
            "filter_chain_match": object! {
                "destination_port": number,
                "transport_protocol": "raw_buffer",
                "application_protocols": ["http/1.0", "http/1.1", "h2c"],
            },
            "filters": [http(number, port)],
        });
    }
    if let Some(name) = port.rest {
        let rest = |chain: &str, matched: Value| {
            object! {
                "name": format!("{chain}_{number}"),
                "filter_chain_match": matched,
                "filters": [tcp_proxy(&format!("tcp_{number}"), &cluster_name(name, number))],
            }
        };
        chains.push(rest("tcp", json!({"destination_port": number})));
        // Envoy does not go back from plain text that is no HTTP to a chain that asks for nothing.
        if !port.http.is_empty() {
            let plain = json!({"destination_port": number, "transport_protocol": "raw_buffer"});
            chains.push(rest("plain", plain));
        }
    }
    chains
}

/// A filter that hands a connection to a cluster, and logs it.
pub(super) fn tcp_proxy(stat_prefix: &str, cluster: &str) -> Value {
    object! {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": object! {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": stat_prefix,
            "cluster": cluster,
            "access_log": [access_log(&[CONNECTION])],
        },
    }
}

/// A filter that routes requests by their host and answers 404 to every other host.
fn http(number: u16, port: &Port<'_>) -> Value {
    let hosts: Vec<Value> = port
        .http
        .iter()
        .map(|host| {
            let (name, cluster) = match host {
                Host::Exact(name) => (name.to_string(), cluster_name(name, number)),
                Host::Below(suffix) => (format!("*.{suffix}"), ORIGINAL.to_owned()),
            };
            object! {
                "name": name.as_str(),
                "domains": [name.clone(), format!("{name}:{number}")],
                // Without these the proxy would end a slow answer after 15 seconds.
                "routes": [object! {"match": object! {"prefix": "/"}, "route": object! {"cluster": cluster, "timeout": "0s"}}],
            }
        })
        .collect();
    object! {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": object! {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": format!("http_{number}"),
            "route_config": object! {"name": format!("http_{number}"), "virtual_hosts": hosts},
            "http_filters": json!([{
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": true,
                },
            }]),
            "upgrade_configs": json!([{"upgrade_type": "websocket"}]),
            "server_header_transformation": "PASS_THROUGH",
            "access_log": [access_log(&[CONNECTION, REQUEST])],
        },
    }
}

/// What is logged of every connection, in the keys that egressmap reads.
const CONNECTION: &[(&str, &str)] = &[
    ("start_time", "%START_TIME%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("connection_id", "%CONNECTION_ID%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
];

/// What is logged of a request beside.
const REQUEST: &[(&str, &str)] = &[
    ("method", "%REQ(:METHOD)%"),
    ("authority", "%REQ(:AUTHORITY)%"),
    ("protocol", "%PROTOCOL%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
];

fn access_log(keys: &[&[(&str, &str)]]) -> Value {
    let keys = keys.iter().copied().flatten();
    let format: serde_json::Map<String, Value> = keys
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect();
    object! {
        "name": "envoy.access_loggers.file",
        "typed_config": object! {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": "/dev/stdout",
            "log_format": object! {"json_format": format},
        },
    }
}
