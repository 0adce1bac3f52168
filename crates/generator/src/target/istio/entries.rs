//! The service entries of each namespace: one a host, with the ports that any caller of the namespace uses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::door::{Door, Found, Protocol};
use crate::object::object;
use crate::proposal::Code;
use crate::target::losses::Losses;
use crate::target::pods::{Pods, host_object_name};
use crate::yaml;

/// Hosts by namespace.
#[derive(Debug, Default)]
pub(super) struct Entries<'a>(BTreeMap<&'a str, BTreeMap<String, Host>>);

#[derive(Debug)]
struct Host {
    found: Found,
    ports: BTreeMap<u16, Protocol>,
}

impl<'a> Entries<'a> {
    /// Adds the doors of a caller and gives back those that fit: a port of a host speaks one protocol to its whole
    /// namespace, that of the caller that comes first by name.
    pub(super) fn take<'d>(&mut self, pods: &Pods<'a>, doors: Vec<Door<'d>>, losses: &mut Losses) -> Vec<Door<'d>> {
        let hosts = self.0.entry(pods.namespace).or_default();
        let mut kept = Vec::new();
        for door in doors {
            let host = hosts.entry(door.host.clone()).or_insert_with(|| Host {
                found: door.found.clone(),
                ports: BTreeMap::new(),
            });
            if *host.ports.entry(door.port).or_insert(door.protocol) == door.protocol {
                kept.push(door);
            } else {
                losses.add(Code::HostsAlike, door.allowed);
            }
        }
        kept
    }

    /// The documents of each namespace.
    pub(super) fn into_documents(self) -> impl Iterator<Item = (&'a str, String)> {
        self.0.into_iter().map(|(namespace, hosts)| {
            let documents: Vec<String> = hosts
                .iter()
                .map(|(name, host)| yaml::document(&entry(namespace, name, host)))
                .collect();
            (namespace, documents.join("---\n"))
        })
    }
}

fn entry(namespace: &str, name: &str, host: &Host) -> Value {
    let ports: Vec<Value> = host
        .ports
        .iter()
        .map(|(number, protocol)| number_and_name(*number, *protocol))
        .collect();
    let mut spec = json!({"hosts": [name]});
    if let Found::At(address) = &host.found {
        spec["addresses"] = json!([address]);
    }
    spec["location"] = json!("MESH_EXTERNAL");
    spec["ports"] = Value::Array(ports);
    spec["resolution"] = json!(match host.found {
        Found::ByName => "DNS",
        Found::Anywhere | Found::At(_) => "NONE",
    });
    spec["exportTo"] = json!(["."]);
    object! {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": object! {"name": host_object_name("ext-", name), "namespace": namespace},
        "spec": spec,
    }
}

/// A port as service entries and sidecars write it.
pub(super) fn port(door: &Door<'_>) -> Value {
    number_and_name(door.port, door.protocol)
}

fn number_and_name(number: u16, protocol: Protocol) -> Value {
    let protocol = match protocol {
        Protocol::Http => "HTTP",
        Protocol::Tls => "TLS",
        Protocol::Tcp => "TCP",
    };
    json!({"number": number, "name": format!("{}-{number}", protocol.to_ascii_lowercase()), "protocol": protocol})
}
