//! What istiod makes of the rendered files for the sidecar of one caller: its outbound listeners and their clusters.
//!
//! istiod does not run in the tests, so this follows its documentation and, where that says nothing, its source:
//! - <https://istio.io/latest/docs/reference/config/networking/service-entry/>: hosts are matched by `Host` and SNI, addresses
//!   by where a connection goes, a TCP port without addresses takes whatever goes there; `exportTo`;
//! - <https://istio.io/latest/docs/reference/config/networking/sidecar/>: `egress.hosts` and `egress.port`, `REGISTRY_ONLY`;
//! - `pilot/pkg/networking/core/listener.go` and `tls.go`: HTTP shares a listener on `0.0.0.0` a port and is told from the rest
//!   by inspection; TLS and TCP have a listener of their own on an address, else chains by SNI or range on `0.0.0.0`; and
//!   what no chain of a listener matches goes where `virtualOutbound` sends what meets no listener: `BlackHoleCluster`.

use std::collections::BTreeMap;

use egressmap_generator::{Proposal, RenderedFile, target_named};
use serde_json::{Value, json};

use super::config::{self, Configured};
use super::{ORIGINAL, ORIGINAL_BY_ADDRESS, Upstreams};

const BLACK_HOLE: &str = "BlackHoleCluster";
const ANY: &str = "0.0.0.0";

/// The sidecar of the pods with the label `app: shop`.
pub(super) fn sidecar(proposal: &Proposal, upstreams: &Upstreams) -> Configured {
    let documents: Vec<Value> = target_named("istio")
        .unwrap()
        .render(proposal)
        .iter()
        .flat_map(documents)
        .collect();
    let selector = json!({"labels": {"app": "shop"}});
    let sidecar = documents
        .iter()
        .find(|document| document["kind"] == "Sidecar" && document["spec"]["workloadSelector"] == selector)
        .unwrap();
    assert_eq!(sidecar["spec"]["outboundTrafficPolicy"]["mode"], "REGISTRY_ONLY");

    let mut listeners = BTreeMap::new();
    let mut clusters = vec![json!({"name": BLACK_HOLE, "type": "STATIC"})];
    let mut claimed = Vec::new();
    for egress in sidecar["spec"]["egress"].as_array().unwrap() {
        let port = egress.get("port").map(|port| port["number"].clone());
        claimed.extend(port.clone());
        for entry in documents.iter().filter(|entry| imports(sidecar, egress, entry)) {
            for offered in entry["spec"]["ports"].as_array().unwrap() {
                let number = &offered["number"];
                let fits = match &port {
                    Some(port) => port == number,
                    None => !claimed.contains(number),
                };
                if fits {
                    clusters.push(cluster(entry, number, upstreams));
                    open(&mut listeners, entry, number, &offered["protocol"]);
                }
            }
        }
    }
    let mut all = vec![virtual_outbound()];
    all.extend(
        listeners
            .into_iter()
            .map(|((address, port), opened)| opened.listener(&address, port)),
    );
    Configured {
        listeners: all,
        clusters,
    }
}

fn documents(file: &RenderedFile) -> Vec<Value> {
    if !file.path.ends_with(".yaml") {
        return Vec::new();
    }
    let parts = file.text.split("\n---\n");
    parts.map(|part| serde_saphyr::from_str(part).unwrap()).collect()
}

fn host(entry: &Value) -> &str {
    let [host] = entry["spec"]["hosts"].as_array().unwrap().as_slice() else {
        panic!("one host an entry: {entry}")
    };
    host.as_str().unwrap()
}

/// Whether an egress listener of a Sidecar shows a service entry to the pods.
fn imports(sidecar: &Value, egress: &Value, entry: &Value) -> bool {
    if entry["kind"] != "ServiceEntry" {
        return false;
    }
    let (here, there) = (&sidecar["metadata"]["namespace"], &entry["metadata"]["namespace"]);
    let mut exported = entry["spec"]["exportTo"].as_array().unwrap().iter();
    let visible = exported.any(|to| to == "*" || to == there || (to == "." && here == there));
    let host = host(entry);
    let mut patterns = egress["hosts"].as_array().unwrap().iter();
    visible
        && patterns.any(|pattern| {
            let (namespace, name) = pattern.as_str().unwrap().split_once('/').unwrap();
            let from = match namespace {
                "." => here == there,
                "*" => true,
                other => there == other,
            };
            from && (name == host || name.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix)))
        })
}

fn cluster_name(entry: &Value, port: &Value) -> String {
    format!("outbound|{port}||{}", host(entry))
}

/// Where Envoy goes: the host as it resolves it, or where the client was going.
fn cluster(entry: &Value, port: &Value, upstreams: &Upstreams) -> Value {
    let at = match (
        entry["spec"]["resolution"].as_str().unwrap(),
        entry["spec"].get("addresses"),
    ) {
        ("DNS", None) => host(entry),
        ("NONE", None) => ORIGINAL,
        ("NONE", Some(_)) => ORIGINAL_BY_ADDRESS,
        other => panic!("no cluster for {other:?}"),
    };
    config::cluster(&cluster_name(entry, port), upstreams.of(at))
}

/// A listener as it grows with the services of its port.
#[derive(Default)]
struct Opened {
    virtual_hosts: Vec<Value>,
    chains: Vec<Value>,
    rest: Option<Value>,
}

/// Adds a port of a service to the listener that it belongs to.
fn open(listeners: &mut BTreeMap<(String, u64), Opened>, entry: &Value, port: &Value, protocol: &Value) {
    let number = port.as_u64().unwrap();
    let cluster = cluster_name(entry, port);
    let address = entry["spec"]["addresses"][0].as_str();
    let range = address.and_then(|address| address.split_once('/'));
    let own = address.filter(|_| range.is_none() && protocol != "HTTP");
    let opened = listeners.entry((own.unwrap_or(ANY).to_owned(), number)).or_default();
    if protocol == "HTTP" {
        let names = [Some(host(entry)), address].into_iter().flatten();
        let domains: Vec<String> = names
            .flat_map(|name| [name.to_owned(), format!("{name}:{number}")])
            .collect();
        opened.virtual_hosts.push(config::virtual_host(
            &cluster,
            &domains,
            "route",
            &json!({"cluster": cluster}),
        ));
        return;
    }
    let mut only = json!({});
    if protocol == "TLS" && own.is_none() {
        only["server_names"] = json!([host(entry)]);
    }
    if let Some((prefix, length)) = range {
        only["prefix_ranges"] = json!([{"address_prefix": prefix, "prefix_len": length.parse::<u8>().unwrap()}]);
    }
    let filters = json!([config::tcp_proxy(&cluster)]);
    if only == json!({}) {
        assert!(opened.rest.is_none(), "two services take all of {own:?}:{number}");
        opened.rest = Some(filters);
    } else {
        opened
            .chains
            .push(json!({"filter_chain_match": only, "filters": filters}));
    }
}

impl Opened {
    fn listener(mut self, address: &str, port: u64) -> Value {
        if !self.virtual_hosts.is_empty() {
            let everybody = ["*".to_owned()];
            let blocked = config::virtual_host("block_all", &everybody, "direct_response", &json!({"status": 502}));
            self.virtual_hosts.push(blocked);
            let only =
                json!({"application_protocols": ["http/1.0", "http/1.1", "h2c"], "transport_protocol": "raw_buffer"});
            let manager = config::connection_manager(&port.to_string(), &self.virtual_hosts);
            self.chains
                .push(json!({"filter_chain_match": only, "filters": [manager]}));
        }
        let inspectors = match (self.virtual_hosts.is_empty(), self.chains.is_empty()) {
            (false, _) => &["tls_inspector.v3.TlsInspector", "http_inspector.v3.HttpInspector"][..],
            (true, false) => &["tls_inspector.v3.TlsInspector"],
            (true, true) => &[],
        };
        let rest = self.rest.unwrap_or_else(|| json!([config::tcp_proxy(BLACK_HOLE)]));
        let mut listener = config::listener(&format!("{address}_{port}"), (address, port), inspectors);
        // Nothing listens there: `virtualOutbound` hands over what was going there.
        listener["bind_to_port"] = json!(false);
        listener["filter_chains"] = json!(self.chains);
        listener["default_filter_chain"] = json!({"filters": rest});
        listener
    }
}

/// What iptables sends everything to.
fn virtual_outbound() -> Value {
    let mut listener = config::listener(
        "virtualOutbound",
        ("127.0.0.1", 0),
        &["proxy_protocol.v3.ProxyProtocol"],
    );
    listener["use_original_dst"] = json!(true);
    listener["filter_chains"] = json!([{"filters": [config::tcp_proxy(BLACK_HOLE)]}]);
    listener
}
