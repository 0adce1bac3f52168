//! Reads what `kubectl get … -o json` prints of the App Mesh controller's resources.

use serde_json::Value;

use super::{Current, Node, Provider, text};

/// Whether the value is a resource of the controller, or a list.
pub(super) fn read(current: &mut Current, value: &Value) -> bool {
    if let (Some("List"), Some(items)) = (text(value, "kind"), value.get("items").and_then(Value::as_array)) {
        // References lead to resources that may stand later in the list.
        for wanted in ["VirtualService", ""] {
            for item in items
                .iter()
                .filter(|item| (text(item, "kind") == Some("VirtualService")) != wanted.is_empty())
            {
                take(current, item);
            }
        }
        return true;
    }
    let ours = text(value, "apiVersion").is_some_and(|version| version.starts_with("appmesh.k8s.aws/"));
    if ours {
        take(current, value);
    }
    ours
}

fn take(current: &mut Current, item: &Value) {
    let (Some(kind), Some(metadata), Some(spec)) = (text(item, "kind"), item.get("metadata"), item.get("spec")) else {
        return;
    };
    let Some(name) = text(metadata, "name") else { return };
    let namespace = text(metadata, "namespace").unwrap_or("default");
    // Without a name of its own the controller makes one.
    let called =
        |between: char| text(spec, "awsName").map_or_else(|| format!("{name}{between}{namespace}"), str::to_owned);
    match kind {
        "VirtualNode" => {
            let backends = spec.get("backends").and_then(Value::as_array).into_iter().flatten();
            let refs = backends.filter_map(|backend| backend.get("virtualService")?.get("virtualServiceRef"));
            let names: Vec<String> = refs.filter_map(|found| service_of(current, found, namespace)).collect();
            let node = current.node(&called('_'));
            listeners(node, spec);
            node.backends.extend(names);
            node.manifest = Some(item.clone());
        }
        "VirtualService" => {
            let provider = spec.get("provider");
            let inside = |kind: &str, reference: &str| {
                let found = provider?.get(kind)?.get(reference)?;
                let namespace = text(found, "namespace").unwrap_or(namespace);
                Some((text(found, "name")?.to_owned(), namespace.to_owned()))
            };
            let node = inside("virtualNode", "virtualNodeRef");
            let router = inside("virtualRouter", "virtualRouterRef");
            let node = node.map(|(name, namespace)| Provider::Node(aws_name(current, &name, &namespace)));
            let service = current.service(&called('.'));
            service.provider = node.or(router.map(|(name, _)| Provider::Router(name)));
            service.resource = Some((namespace.to_owned(), name.to_owned()));
        }
        "VirtualRouter" => {
            let router = called('_');
            let routes = spec.get("routes").and_then(Value::as_array).into_iter().flatten();
            let routes = routes.filter_map(|route| Some((router.clone(), text(route, "name")?.to_owned())));
            for route in routes {
                current.routes.entry(route).or_default();
            }
            current.routers.entry(router).or_default();
        }
        _ => {}
    }
}

/// The virtual service behind a reference.
fn service_of(current: &Current, reference: &Value, namespace: &str) -> Option<String> {
    let name = text(reference, "name")?;
    let namespace = text(reference, "namespace").unwrap_or(namespace);
    let place = Some((namespace.to_owned(), name.to_owned()));
    let mut services = current.services.iter();
    let known = services.find(|(_, service)| service.resource == place);
    Some(known.map_or_else(|| format!("{name}.{namespace}"), |(name, _)| name.clone()))
}

/// The name in the mesh of the node that a reference names; one that no file has shown is taken to be named as this program does.
fn aws_name(current: &Current, name: &str, namespace: &str) -> String {
    let default = format!("{name}_{namespace}");
    if current.nodes.contains_key(&default) {
        default
    } else {
        name.to_owned()
    }
}

/// The listeners and the host of a spec: the API and the controller write them alike.
pub(super) fn listeners(node: &mut Node, spec: &Value) {
    let found = spec.get("listeners").and_then(Value::as_array).into_iter().flatten();
    let mappings = found.filter_map(|listener| {
        let mapping = listener.get("portMapping")?;
        Some((mapping.get("port")?.as_u64()?, text(mapping, "protocol")?.to_owned()))
    });
    node.listeners.extend(mappings);
    let dns = spec.get("serviceDiscovery").and_then(|discovery| discovery.get("dns"));
    let host = dns.and_then(|dns| text(dns, "hostname"));
    node.host = host.map(str::to_owned).or(node.host.take());
}
