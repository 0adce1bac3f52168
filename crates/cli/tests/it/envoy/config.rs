//! Envoy's configuration for one caller, made from a proposal: as App Mesh makes it, and as the target `envoy` writes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use egressmap_generator::proposal::Listener;
use egressmap_generator::{Proposal, target_named};
use serde_json::{Value, json};

use super::{ORIGINAL, ORIGINAL_BY_ADDRESS, Upstreams};

/// The listeners of an Envoy, the first of which clients dial, and its clusters.
pub(super) struct Configured {
    pub(super) listeners: Vec<Value>,
    pub(super) clusters: Vec<Value>,
}

impl Configured {
    /// One listener for everything, with its chains, and the filter for what matches none.
    pub(super) fn with_one_listener(chains: Vec<Value>, rest: Option<Value>, clusters: Vec<Value>) -> Self {
        let inspectors = [
            "proxy_protocol.v3.ProxyProtocol",
            "tls_inspector.v3.TlsInspector",
            "http_inspector.v3.HttpInspector",
        ];
        let mut listener = listener("egress", ("127.0.0.1", 0), &inspectors);
        listener["filter_chains"] = json!(chains);
        if let Some(rest) = rest {
            listener["default_filter_chain"] = json!({"filters": [rest]});
        }
        Configured {
            listeners: vec![listener],
            clusters,
        }
    }

    /// What Envoy starts with; it logs to a file.
    pub(super) fn bootstrap(&self, log: &Path) -> Value {
        let text = json!({
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "static_resources": {"listeners": self.listeners, "clusters": self.clusters},
        })
        .to_string();
        serde_json::from_str(&text.replace("\"ACCESS_LOG\"", &access_log(log).to_string())).unwrap()
    }
}

/// A listener without chains.
pub(super) fn listener(name: &str, (address, port): (&str, u64), inspectors: &[&str]) -> Value {
    let filter = |kind: &&str| {
        let kind_of = format!("type.googleapis.com/envoy.extensions.filters.listener.{kind}");
        json!({"name": kind, "typed_config": {"@type": kind_of}})
    };
    json!({
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "listener_filters": inspectors.iter().map(filter).collect::<Vec<_>>(),
    })
}

/// The chains and clusters that App Mesh gives the one caller of a proposal.
pub(super) fn app_mesh(proposal: &Proposal, upstreams: &Upstreams) -> Configured {
    let caller = &proposal.callers[0];
    let mut clusters = vec![cluster("cds_egress_mesh_amazonaws", upstreams.of(ORIGINAL))];
    // As App Mesh has it: without the range Envoy would not go on from this chain to the others of the port.
    let mut aws = app_mesh_chain(443, vec![tcp_proxy("cds_egress_mesh_amazonaws")]);
    aws["filter_chain_match"]["server_names"] = json!(["*.amazonaws.com"]);
    let mut chains = vec![aws];
    let mut http: BTreeMap<u16, Vec<Value>> = BTreeMap::new();
    for node in proposal
        .nodes
        .iter()
        .filter(|node| caller.backends.contains(&node.host))
    {
        for (port, listener) in &node.listeners {
            let name = format!("cds_egress_mesh_{}_{listener}_{port}", node.name);
            clusters.push(cluster(&name, upstreams.of(node.host.as_str())));
            match listener {
                Listener::Http => http.entry(*port).or_default().push(virtual_host(
                    node.host.as_str(),
                    &[node.host.to_string(), format!("{}:{port}", node.host)],
                    "route",
                    &json!({"cluster": name}),
                )),
                Listener::Tcp => chains.push(app_mesh_chain(*port, vec![tcp_proxy(&name)])),
            }
        }
    }
    chains.extend(
        http.into_iter()
            .map(|(port, hosts)| app_mesh_chain(port, vec![connection_manager(&format!("http_{port}"), &hosts)])),
    );
    Configured::with_one_listener(chains, None, clusters)
}

/// A chain of App Mesh: any address, one port.
pub(super) fn app_mesh_chain(port: u16, filters: Vec<Value>) -> Value {
    let any = json!([{"address_prefix": "0.0.0.0", "prefix_len": 0}]);
    json!({"filter_chain_match": {"prefix_ranges": any, "destination_port": port}, "filters": filters})
}

/// What the target `envoy` writes for the one caller of a proposal, with the servers on loopback for its clusters and the
/// log of the test. What goes on by address is a server of its own, so that the log tells it from the rest.
pub(super) fn default_deny(proposal: &Proposal, upstreams: &Upstreams) -> Configured {
    let files = target_named("envoy").unwrap().render(proposal).files;
    let written = files.iter().find(|file| file.path == "shop.yaml").unwrap();
    let mut written: Value = serde_saphyr::from_str(&written.text).unwrap();
    let resources = &mut written["static_resources"];
    let mut clusters: Vec<Value> = resources["clusters"].as_array().unwrap().clone();
    for given in &mut clusters {
        let name = given["name"].as_str().unwrap().to_owned();
        let endpoint = &given["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let host = endpoint["address"]["socket_address"]["address"].as_str();
        match given["type"].as_str().unwrap() {
            "ORIGINAL_DST" => *given = cluster(&name, upstreams.of(ORIGINAL)),
            "LOGICAL_DNS" => *given = cluster(&name, upstreams.of(host.unwrap())),
            _ => assert_eq!(name, "BlackHoleCluster"),
        }
    }
    clusters.push(cluster("by_address", upstreams.of(ORIGINAL_BY_ADDRESS)));
    let listener = &mut resources["listeners"][0];
    for chain in listener["filter_chains"].as_array_mut().unwrap() {
        log_here(&mut chain["filters"][0]);
        if chain["filter_chain_match"].get("prefix_ranges").is_some() {
            chain["filters"][0]["typed_config"]["cluster"] = json!("by_address");
        }
    }
    let rest = &mut listener["default_filter_chain"]["filters"][0];
    log_here(rest);
    let rest = rest.take();
    let chains = listener["filter_chains"].as_array().unwrap().clone();
    Configured::with_one_listener(chains, Some(rest), clusters)
}

fn log_here(filter: &mut Value) {
    filter["typed_config"]["access_log"] = json!(["ACCESS_LOG"]);
}

/// A cluster of one server.
pub(super) fn cluster(name: &str, at: SocketAddr) -> Value {
    let address = json!({"socket_address": {"address": at.ip().to_string(), "port_value": at.port()}});
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]},
    })
}

/// A filter that hands a connection on.
pub(super) fn tcp_proxy(cluster: &str) -> Value {
    json!({
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "tcp",
            "cluster": cluster,
            "access_log": ["ACCESS_LOG"],
        },
    })
}

/// Hosts, and what becomes of requests to them.
pub(super) fn virtual_host(name: &str, domains: &[String], action: &str, how: &Value) -> Value {
    json!({"name": name, "domains": domains, "routes": [{"match": {"prefix": "/"}, action: how}]})
}

/// A filter that speaks HTTP.
pub(super) fn connection_manager(name: &str, hosts: &[Value]) -> Value {
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "route_config": {"name": name, "virtual_hosts": hosts},
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }],
            "access_log": ["ACCESS_LOG"],
        },
    })
}

fn access_log(path: &Path) -> Value {
    let keys = [
        ("start_time", "%START_TIME%"),
        ("method", "%REQ(:METHOD)%"),
        ("authority", "%REQ(:AUTHORITY)%"),
        ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
        ("protocol", "%PROTOCOL%"),
        ("response_code", "%RESPONSE_CODE%"),
        ("response_flags", "%RESPONSE_FLAGS%"),
        ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
        ("upstream_cluster", "%UPSTREAM_CLUSTER%"),
        ("upstream_host", "%UPSTREAM_HOST%"),
        ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("bytes_received", "%BYTES_RECEIVED%"),
        ("bytes_sent", "%BYTES_SENT%"),
    ];
    let format: serde_json::Map<String, Value> = keys
        .map(|(key, value)| (key.to_owned(), value.into()))
        .into_iter()
        .collect();
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": {"json_format": format},
        },
    })
}
