//! Reads what `aws appmesh describe-…` and `list-…` print.

use serde_json::Value;

use super::{Current, Provider, text};

/// Whether the value is one of theirs.
pub(super) fn read(current: &mut Current, value: &Value, mesh: &str) -> bool {
    let mut known = false;
    for (one, many) in [
        ("virtualNode", "virtualNodes"),
        ("virtualService", "virtualServices"),
        ("virtualRouter", "virtualRouters"),
        ("route", "routes"),
        ("mesh", "meshes"),
    ] {
        let listed = value.get(many).and_then(Value::as_array);
        let described = value.get(one).filter(|found| found.is_object());
        known |= listed.is_some() || described.is_some();
        let of_mesh = |object: &&Value| text(object, "meshName") == Some(mesh);
        for object in listed.into_iter().flatten().chain(described).filter(of_mesh) {
            take(current, one, object);
        }
    }
    known
}

fn take(current: &mut Current, kind: &str, object: &Value) {
    match kind {
        "virtualNode" => {
            let Some(name) = text(object, "virtualNodeName") else {
                return;
            };
            let node = current.node(name);
            if let Some(spec) = object.get("spec") {
                super::kubernetes::listeners(node, spec);
                let backends = spec.get("backends").and_then(Value::as_array).into_iter().flatten();
                let names = backends.filter_map(|backend| text(backend.get("virtualService")?, "virtualServiceName"));
                node.backends.extend(names.map(str::to_owned));
                node.spec = Some(spec.clone());
            }
        }
        "virtualService" => {
            let Some(name) = text(object, "virtualServiceName") else {
                return;
            };
            let service = current.service(name);
            if let Some(provider) = object.get("spec").and_then(|spec| spec.get("provider")) {
                let node = provider
                    .get("virtualNode")
                    .and_then(|node| text(node, "virtualNodeName"));
                let router = provider
                    .get("virtualRouter")
                    .and_then(|router| text(router, "virtualRouterName"));
                let node = node.map(|name| Provider::Node(name.to_owned()));
                service.provider = node.or(router.map(|name| Provider::Router(name.to_owned())));
            }
        }
        "virtualRouter" => {
            if let Some(router) = text(object, "virtualRouterName") {
                current.routers.entry(router.to_owned()).or_default();
            }
        }
        "route" => {
            if let (Some(router), Some(route)) = (text(object, "virtualRouterName"), text(object, "routeName")) {
                current.routes.entry((router.to_owned(), route.to_owned())).or_default();
            }
        }
        _ => {}
    }
}
