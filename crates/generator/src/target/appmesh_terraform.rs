//! Writes a proposal as a Terraform module: external nodes and services, and the backends each caller gets.

use serde_json::{Map, Value, json};

use crate::hcl::{Body, Expression, reference};
use crate::proposal::{ExternalNode, Keeper, Listener, NextSteps, Proposal, Standing, cut_over_page, summary};
use crate::target::{Rendered, RenderedFile, Target, file};

/// `appmesh-terraform`.
#[derive(Debug)]
pub(super) struct AppmeshTerraform;

const STEPS: NextSteps = NextSteps {
    create: "Use this folder as a module: `module \"egress\" { source = \"./appmesh-terraform\", mesh_name = \"…\" }`, each \
             argument on its own line, and apply. Where there is `import/imports.tf`, copy it beside that block first (Terraform 1.5 \
             or later).",
    attach: "In the `spec` of the caller's own `aws_appmesh_virtual_node` add a `dynamic \"backend\"` block with \
             `for_each = lookup(module.egress.backends, \"<caller>\", [])` and in its `content` a `virtual_service` block with \
             `virtual_service_name = backend.value`, and apply that caller.",
    check_created: "`terraform plan -detailed-exitcode` ends with 0: nothing is left to do.",
    remove: "take the module out, and apply, before any caller reads its `backends`.",
    check_attached: "`terraform plan -detailed-exitcode` ends with 0, and `terraform state show` of the caller's node lists the backends.",
    detach: "take the `dynamic \"backend\"` block out of the caller's node, and apply that caller.",
    flip: "Set `egress_filter { type = \"DROP_ALL\" }` in the `spec` of the `aws_appmesh_mesh`, and apply.",
    unflip: "set it to `ALLOW_ALL`, and apply.",
};

const TFVARS: NextSteps = NextSteps {
    create: "copy `egress.auto.tfvars.json` beside your own configuration, which declares the variables `egress_nodes` and \
             `egress_backends` and makes the resources with `for_each = var.egress_nodes`, and apply.",
    remove: "take the file away, and apply, once no caller has these backends.",
    attach: "in the `spec` of the caller's own `aws_appmesh_virtual_node`, a `dynamic \"backend\"` block with `for_each = \
             lookup(var.egress_backends, \"<caller>\", [])`; apply that caller.",
    ..STEPS
};

/// Values for resources of the reader's own. Terraform takes texts in such a file as they are.
fn tfvars(proposal: &Proposal) -> String {
    let nodes: Map<String, Value> = proposal
        .nodes
        .iter()
        .map(|node| {
            let listeners: Vec<Value> = node
                .listeners
                .iter()
                .map(|(port, listener)| json!({"port": port, "protocol": listener.to_string()}))
                .collect();
            let routes: Vec<Value> = node
                .routes
                .iter()
                .map(|(dialled, port)| json!({"dialled": dialled, "port": port}))
                .collect();
            let value = json!({
                "name": node.name,
                "hostname": node.host.as_str(),
                "listeners": listeners,
                "routes": routes,
            });
            (label(node), value)
        })
        .collect();
    let callers = proposal.callers.iter().filter(|caller| !caller.backends.is_empty());
    let backends: Map<String, Value> = callers
        .map(|caller| {
            let hosts: Vec<&str> = caller.backends.iter().map(|host| host.as_str()).collect();
            (caller.virtual_node.clone(), json!(hosts))
        })
        .collect();
    let values = json!({"egress_backends": backends, "egress_nodes": nodes});
    format!("{values:#}\n")
}

impl Target for AppmeshTerraform {
    fn name(&self) -> &'static str {
        "appmesh-terraform"
    }

    fn help(&self) -> &'static str {
        "AWS App Mesh as a Terraform module, with a map of backends for each caller"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        Rendered::of_mesh(proposal, files(proposal))
    }
}

fn files(proposal: &Proposal) -> Vec<RenderedFile> {
    if proposal.layout.tfvars {
        return vec![
            file("CUTOVER.md", cut_over_page(proposal, &TFVARS)),
            file("PROPOSAL.md", summary(proposal)),
            file("egress.auto.tfvars.json", tfvars(proposal)),
        ];
    }
    let mut files = vec![
        file("CUTOVER.md", cut_over_page(proposal, &STEPS)),
        file("PROPOSAL.md", summary(proposal)),
        file("outputs.tf", outputs(proposal)),
        file("variables.tf", variables(proposal)),
        file("versions.tf", versions()),
        file("virtual_nodes.tf", nodes(proposal)),
    ];
    if proposal.nodes.iter().any(|node| !node.routes.is_empty()) {
        files.push(file("virtual_routers.tf", routers(proposal)));
    }
    files.push(file("virtual_services.tf", services(proposal)));
    let imports = imports(proposal);
    if !imports.is_empty() {
        files.insert(2, file("import/imports.tf", imports));
    }
    files
}

/// The label of a node's resources: its name, which is unique and has no underscore of its own.
fn label(node: &ExternalNode) -> String {
    node.name.replace('-', "_")
}

fn versions() -> String {
    // The provider refused more than 50 backends before 5.31, even where the quota was raised.
    let aws = "{\n      source  = \"hashicorp/aws\"\n      version = \">= 5.31, < 7\"\n    }";
    let providers = Body::default().attribute("aws", reference(aws));
    let terraform = Body::default()
        .attribute("required_version", ">= 1.3")
        .block("required_providers", &[], providers);
    Body::default().block("terraform", &[], terraform).into_text()
}

fn variables(proposal: &Proposal) -> String {
    let mesh = Body::default()
        .attribute(
            "description",
            "The mesh that the external nodes and services belong to.",
        )
        .attribute("type", reference("string"))
        .attribute("default", proposal.mesh.as_str());
    let preference = Body::default()
        .attribute(
            "description",
            "Which addresses the proxies resolve, such as IPv4_ONLY in a VPC without IPv6; null leaves it to the mesh.",
        )
        .attribute("type", reference("string"))
        .attribute("default", reference("null"));
    Body::default()
        .block("variable", &["mesh_name"], mesh)
        .block("variable", &["ip_preference"], preference)
        .into_text()
}

/// Whether the module declares a resource: not where another part of the configuration keeps it.
fn declares(standing: Standing) -> bool {
    standing.keeper() != Some(Keeper::Elsewhere)
}

/// Import blocks for what exists outside Terraform. They belong into the root module, which calls this one `egress`.
fn imports(proposal: &Proposal) -> String {
    let mut out = Body::default();
    for node in &proposal.nodes {
        let (label, name) = (label(node), &node.name);
        let mut kept = vec![
            (node.node_is.keeper(), format!("virtual_node.{label}"), name.clone()),
            (
                node.service_is.keeper(),
                format!("virtual_service.{label}"),
                node.host.to_string(),
            ),
        ];
        if !node.routes.is_empty() {
            kept.push((
                router_keeper(proposal, node),
                format!("virtual_router.{label}"),
                name.clone(),
            ));
        }
        kept.extend(node.routes.keys().map(|port| {
            let keeper = route_keeper(proposal, node, *port);
            (keeper, format!("route.{label}_{port}"), format!("{name}/{name}-{port}"))
        }));
        for (keeper, resource, id) in kept {
            if keeper == Some(Keeper::Nobody) {
                let import = Body::default()
                    .attribute("to", reference(format!("module.egress.aws_appmesh_{resource}")))
                    .attribute("id", format!("{}/{id}", proposal.mesh).as_str());
                out = out.block("import", &[], import);
            }
        }
    }
    out.into_text()
}

/// Who keeps the router of a host, where there is one already.
fn router_keeper(proposal: &Proposal, node: &ExternalNode) -> Option<Keeper> {
    let address = proposal.current.routers.get(&node.name)?;
    let resource = format!("aws_appmesh_virtual_router.{}", label(node));
    Some(Keeper::of(address.as_ref(), &resource))
}

/// Who keeps one of its routes, where there is one already.
fn route_keeper(proposal: &Proposal, node: &ExternalNode, port: u16) -> Option<Keeper> {
    let route = (node.name.clone(), format!("{}-{port}", node.name));
    let address = proposal.current.routes.get(&route)?;
    let resource = format!("aws_appmesh_route.{}_{port}", label(node));
    Some(Keeper::of(address.as_ref(), &resource))
}

/// The name of a host's router, by reference where the module declares it.
fn router_name(proposal: &Proposal, node: &ExternalNode) -> Expression {
    match router_keeper(proposal, node) {
        Some(Keeper::Elsewhere) => node.name.as_str().into(),
        _ => reference(format!("aws_appmesh_virtual_router.{}.name", label(node))),
    }
}

/// The name of a node, by reference where the module declares it.
fn node_name(node: &ExternalNode) -> Expression {
    if declares(node.node_is) {
        reference(format!("aws_appmesh_virtual_node.{}.name", label(node)))
    } else {
        node.name.as_str().into()
    }
}

fn nodes(proposal: &Proposal) -> String {
    let mut out = Body::default();
    for node in proposal.nodes.iter().filter(|node| declares(node.node_is)) {
        let mut spec = Body::default();
        for (port, listener) in &node.listeners {
            let mapping = Body::default()
                .attribute("port", Expression::Number(u64::from(*port)))
                .attribute("protocol", listener.to_string().as_str());
            spec = spec.block("listener", &[], Body::default().block("port_mapping", &[], mapping));
        }
        let dns = Body::default()
            .attribute("hostname", node.host.as_str())
            .attribute("response_type", "LOADBALANCER")
            .attribute("ip_preference", reference("var.ip_preference"));
        spec = spec.block("service_discovery", &[], Body::default().block("dns", &[], dns));
        let resource = Body::default()
            .attribute("name", node.name.as_str())
            .attribute("mesh_name", reference("var.mesh_name"))
            .block("spec", &[], spec);
        out = out.block("resource", &["aws_appmesh_virtual_node", &label(node)], resource);
    }
    out.into_text()
}

/// A router for each host whose clients dial another port, and a route from each of its ports to one of the node's.
fn routers(proposal: &Proposal) -> String {
    let mut out = Body::default();
    for node in proposal.nodes.iter().filter(|node| !node.routes.is_empty()) {
        let label = label(node);
        let mut spec = Body::default();
        for (port, listener) in node.dialled() {
            let mapping = Body::default()
                .attribute("port", Expression::Number(u64::from(port)))
                .attribute("protocol", listener.to_string().as_str());
            spec = spec.block("listener", &[], Body::default().block("port_mapping", &[], mapping));
        }
        let resource = Body::default()
            .attribute("name", node.name.as_str())
            .attribute("mesh_name", reference("var.mesh_name"))
            .block("spec", &[], spec);
        if router_keeper(proposal, node) != Some(Keeper::Elsewhere) {
            out = out.block("resource", &["aws_appmesh_virtual_router", &label], resource);
        }
        let declared = |(port, _): &(u16, Listener)| route_keeper(proposal, node, *port) != Some(Keeper::Elsewhere);
        for (port, listener) in node.dialled().filter(declared) {
            let resource = Body::default()
                .attribute("name", format!("{}-{port}", node.name).as_str())
                .attribute("mesh_name", reference("var.mesh_name"))
                .attribute("virtual_router_name", router_name(proposal, node))
                .block("spec", &[], route(node, port, listener));
            out = out.block("resource", &["aws_appmesh_route", &format!("{label}_{port}")], resource);
        }
    }
    out.into_text()
}

fn route(node: &ExternalNode, port: u16, listener: Listener) -> Body {
    let behind = node.routes.get(&port).copied().unwrap_or(port);
    let target = Body::default()
        .attribute("virtual_node", node_name(node))
        .attribute("weight", Expression::Number(1))
        .attribute("port", Expression::Number(u64::from(behind)));
    let action = Body::default().block("weighted_target", &[], target);
    let mut matched = Body::default().attribute("port", Expression::Number(u64::from(port)));
    let kind = match listener {
        Listener::Tcp => "tcp_route",
        Listener::Http => {
            matched = matched.attribute("prefix", "/");
            "http_route"
        }
    };
    let route = Body::default()
        .block("action", &[], action)
        .block("match", &[], matched);
    Body::default().block(kind, &[], route)
}

fn services(proposal: &Proposal) -> String {
    let mut out = Body::default();
    for node in proposal.nodes.iter().filter(|node| declares(node.service_is)) {
        let (kind, key, name) = if node.routes.is_empty() {
            ("virtual_node", "virtual_node_name", node_name(node))
        } else {
            ("virtual_router", "virtual_router_name", router_name(proposal, node))
        };
        let provider = Body::default().block(kind, &[], Body::default().attribute(key, name));
        let resource = Body::default()
            .attribute("name", node.host.as_str())
            .attribute("mesh_name", reference("var.mesh_name"))
            .block("spec", &[], Body::default().block("provider", &[], provider));
        out = out.block("resource", &["aws_appmesh_virtual_service", &label(node)], resource);
    }
    out.into_text()
}

fn outputs(proposal: &Proposal) -> String {
    let callers = proposal
        .callers
        .iter()
        .filter(|caller| !caller.backends.is_empty())
        .map(|caller| {
            let services = proposal.attached_to(caller);
            let services = services.map(|node| {
                if declares(node.service_is) {
                    reference(format!("aws_appmesh_virtual_service.{}.name", label(node)))
                } else {
                    node.host.as_str().into()
                }
            });
            (caller.virtual_node.clone(), Expression::List(services.collect()))
        });
    let output = Body::default()
        .attribute(
            "description",
            "The virtual services to attach as backends, by virtual node of the caller.",
        )
        .attribute("value", Expression::Object(callers.collect()));
    Body::default().block("output", &["backends"], output).into_text()
}
