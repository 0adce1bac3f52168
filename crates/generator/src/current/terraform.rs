//! Reads what `terraform show -json` prints of a state.

use serde_json::Value;

use super::{Current, Provider, text};

/// Whether the value is a state.
pub(super) fn read(current: &mut Current, value: &Value, mesh: &str) -> bool {
    let Some(root) = value.get("values").and_then(|values| values.get("root_module")) else {
        // An empty state has a version and no values.
        return value.get("format_version").is_some() && value.get("terraform_version").is_some();
    };
    let mut modules = vec![root];
    while let Some(module) = modules.pop() {
        let list = |key: &str| module.get(key).and_then(Value::as_array).into_iter().flatten();
        for resource in list("resources") {
            take(current, resource, mesh);
        }
        modules.extend(list("child_modules"));
    }
    true
}

fn take(current: &mut Current, resource: &Value, mesh: &str) {
    let (Some(kind), Some(address), Some(values)) = (
        text(resource, "type"),
        text(resource, "address"),
        resource.get("values"),
    ) else {
        return;
    };
    let (Some(name), Some(true)) = (text(values, "name"), text(values, "mesh_name").map(|of| of == mesh)) else {
        return;
    };
    let spec = first(values, "spec");
    match kind {
        "aws_appmesh_virtual_node" => {
            let node = current.node(name);
            node.terraform = Some(address.to_owned());
            let list = |key: &str| spec.and_then(|spec| spec.get(key)?.as_array()).into_iter().flatten();
            let mappings = list("listener").filter_map(|listener| {
                let mapping = first(listener, "port_mapping")?;
                Some((mapping.get("port")?.as_u64()?, text(mapping, "protocol")?.to_owned()))
            });
            node.listeners.extend(mappings);
            let backends =
                list("backend").filter_map(|backend| text(first(backend, "virtual_service")?, "virtual_service_name"));
            node.backends.extend(backends.map(str::to_owned));
            let discovery = spec.and_then(|spec| first(first(spec, "service_discovery")?, "dns"));
            let host = discovery.and_then(|dns| text(dns, "hostname"));
            node.host = host.map(str::to_owned).or(node.host.take());
        }
        "aws_appmesh_virtual_service" => {
            let service = current.service(name);
            service.terraform = Some(address.to_owned());
            let provider = spec.and_then(|spec| first(spec, "provider"));
            let inside = |kind: &str, key: &str| Some(text(first(provider?, kind)?, key)?.to_owned());
            let node = inside("virtual_node", "virtual_node_name").map(Provider::Node);
            service.provider = node.or_else(|| inside("virtual_router", "virtual_router_name").map(Provider::Router));
        }
        "aws_appmesh_virtual_router" => {
            current.routers.insert(name.to_owned(), Some(address.to_owned()));
        }
        "aws_appmesh_route" => {
            let router = text(values, "virtual_router_name").unwrap_or_default();
            let route = (router.to_owned(), name.to_owned());
            current.routes.insert(route, Some(address.to_owned()));
        }
        _ => {}
    }
}

/// A block that stands once is a list of one in the state.
fn first<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key)?.as_array()?.first()
}
