//! Whom a proxy works for as the log itself tells it, where no inventory does: by the proxy's identity, or by the name of
//! the stream or file its lines stand in.

use serde::{Deserialize, Serialize};

use crate::map::KnownBy;

/// The longest text that is taken for an identity.
const LONGEST: usize = 512;

/// The letters and digits of the random parts of names in Kubernetes: none that could make a word.
const RANDOM: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A service that the log names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Told {
    /// Its own name.
    pub(super) name: Box<str>,
    /// The namespace or mesh that it is in.
    pub(super) scope: Option<Box<str>>,
    /// What that is.
    pub(super) kind: Kind,
    /// What tells it.
    pub(super) by: KnownBy,
}

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A workload of Kubernetes, in a namespace where one is known.
    Workload,
    /// A virtual node of App Mesh, in a mesh.
    VirtualNode,
    /// Something else.
    Word,
}

/// What an access record's identity says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity<'t> {
    pub(super) told: Told,
    /// The pod and its namespace, where it is that which is named.
    pub(super) pod: Option<(&'t str, &'t str)>,
}

impl<'t> Identity<'t> {
    /// Reads a node id of Istio or App Mesh, a SPIFFE id, or a plain name. `None` of what is none of these, and of gateways:
    /// what they pass on is another's.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let text = text.trim_matches('"');
        if text.len() > LONGEST {
            return None;
        }
        let of = |told| Some(Identity { told, pod: None });
        if text.contains('~') {
            return Self::of_istio(text);
        }
        if let Some(path) = text.strip_prefix("spiffe://") {
            let [_, "ns", namespace, "sa", account] = split(path, '/')? else {
                return None;
            };
            let account = Some(account).filter(|account| *account != "default")?;
            return of(told(account, Some(namespace), Kind::Workload)?);
        }
        if text.contains('/') {
            let path = text.rsplit(':').next()?;
            let ["mesh", mesh, "virtualNode", node] = split(path, '/')? else {
                return None;
            };
            // A mesh that another account shares is `NAME@ACCOUNT`.
            let mesh = mesh.split('@').next();
            return of(told(node, mesh, Kind::VirtualNode)?);
        }
        if is_machine(text) {
            return None;
        }
        of(told(without_template(text), None, Kind::Word)?)
    }

    /// `sidecar~10.0.1.5~cart-7d9c5b8f6d-x2x4z.shop~shop.svc.cluster.local`
    fn of_istio(text: &'t str) -> Option<Self> {
        let ["sidecar", _, pod, _] = split(text, '~')? else {
            return None;
        };
        let (pod, namespace) = pod.rsplit_once('.')?;
        Some(Identity {
            told: told(workload(pod), Some(namespace), Kind::Workload)?,
            pod: Some((namespace, pod)),
        })
    }
}

impl Told {
    /// What the name of a log says: a container's log file in Kubernetes, a pod by its envelope, the stream or the envelope
    /// of a task of ECS.
    pub(super) fn of_origin(origin: &str) -> Option<Self> {
        let parts: Vec<&str> = origin.split('/').collect();
        let told = of_container_log(&parts)
            .or_else(|| of_pod_folder(&parts))
            .or_else(|| of_task(&parts))
            .or_else(|| of_pod(&parts))
            .or_else(|| of_stream(&parts));
        told.map(|told| Told {
            by: KnownBy::LogName,
            ..told
        })
    }
}

/// `[…var.log.containers.]POD_NAMESPACE_CONTAINER-ID.log`, of a file as of a stream; the id has 64 digits.
fn of_container_log(parts: &[&str]) -> Option<Told> {
    let name = parts.last()?;
    let name = name.rsplit_once("var.log.containers.").map_or(*name, |(_, name)| name);
    let name = name.trim_end_matches(".gz").trim_end_matches(".log");
    let [pod, namespace, container] = split(name, '_')?;
    let (_, id) = container.rsplit_once('-')?;
    let is_id = id.len() == 64 && is_hexadecimal(id);
    told(workload(pod), Some(namespace), Kind::Workload).filter(|_| is_id)
}

/// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log`
fn of_pod_folder(parts: &[&str]) -> Option<Told> {
    let folder = parts.iter().skip_while(|part| **part != "pods").nth(1)?;
    let [namespace, pod, _] = split(folder, '_')?;
    told(workload(pod), Some(namespace), Kind::Workload)
}

/// `CLUSTER/FAMILY:REVISION/CONTAINER/arn:aws:ecs:…:task/…`, as the envelope of FireLens says it.
fn of_task(parts: &[&str]) -> Option<Told> {
    let is_task = |part: &&str| part.starts_with("arn:") && part.contains(":ecs:") && part.ends_with(":task");
    let before = parts.get(..parts.iter().position(is_task)?)?;
    let definition = before.iter().find_map(|part| {
        let (family, revision) = part.rsplit_once(':')?;
        revision.bytes().all(|byte| byte.is_ascii_digit()).then_some(family)
    });
    told(definition?, None, Kind::Word)
}

/// `NAMESPACE/POD/CONTAINER`, as Fluent Bit says it, and `pod/POD/CONTAINER`, as `kubectl` does.
fn of_pod(parts: &[&str]) -> Option<Told> {
    let [.., namespace, pod, _] = parts else {
        return None;
    };
    let namespace = Some(*namespace).filter(|namespace| *namespace != "pod");
    let is_pod = without_template(pod).len() < pod.len();
    told(workload(pod), namespace, Kind::Workload).filter(|_| is_pod)
}

/// `GROUP/PREFIX/CONTAINER/TASK`, as the awslogs driver names a stream; a prefix that says nothing leaves it to the group.
fn of_stream(parts: &[&str]) -> Option<Told> {
    let [before @ .., prefix, container, task] = parts else {
        return None;
    };
    let is_task = task.len() == 32 && is_hexadecimal(task);
    let says_nothing =
        |part: &str| part == *container || matches!(part, "ecs" | "aws" | "awslogs" | "logs" | "log" | "");
    let named = [*prefix].into_iter().chain(before.last().copied());
    let name = named.into_iter().find(|part| !says_nothing(part))?;
    told(name, None, Kind::Word).filter(|_| is_task)
}

/// The workload of a pod: its name without what controllers appended.
fn workload(pod: &str) -> &str {
    let shorter = without_template(pod);
    if shorter.len() < pod.len() {
        return shorter;
    }
    match pod.rsplit_once('-') {
        Some((name, last)) if is_random(last, 5..=5) || last.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => pod,
    }
}

/// A pod's name without the hash of its Deployment's template and its own five letters.
fn without_template(pod: &str) -> &str {
    let split = pod.rsplit_once('-').filter(|(_, own)| is_random(own, 5..=5));
    let name = split.and_then(|(rest, _)| rest.rsplit_once('-'));
    match name {
        Some((name, hash)) if is_random(hash, 6..=10) => name,
        _ => pod,
    }
}

fn is_random(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| RANDOM.contains(&byte))
}

/// Whether it is the name of a machine or of a container, which says nothing of what runs there.
fn is_machine(text: &str) -> bool {
    let of_aws = |prefix| {
        text.strip_prefix(prefix)
            .is_some_and(|rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    of_aws("ip-") || text == "localhost" || text.ends_with(".internal") || text.len() >= 12 && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn split<const N: usize>(text: &str, between: char) -> Option<[&str; N]> {
    text.split(between).collect::<Vec<_>>().try_into().ok()
}

/// A name and what it is in, if both are words; a plain name may have dots.
fn told(name: &str, scope: Option<&str>, kind: Kind) -> Option<Told> {
    let is_word = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=255).contains(&text.len()) && text.bytes().all(fits)
    };
    let fits = is_word(name) && scope.is_none_or(is_word) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    fits.then(|| Told {
        name: name.into(),
        scope: scope.map(Into::into),
        kind,
        by: KnownBy::Proxy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(told: Option<Told>) -> String {
        told.map_or("-".to_owned(), |told| {
            let scope = told.scope.map(|scope| format!("{scope}/")).unwrap_or_default();
            format!("{scope}{}", told.name)
        })
    }

    fn identity(text: &str) -> String {
        shown(Identity::read(text).map(|identity| identity.told))
    }

    fn origin(text: &str) -> String {
        shown(Told::of_origin(text))
    }

    #[test]
    fn a_node_id_a_certificate_and_a_pod_tell_the_workload() {
        let cart = "sidecar~10.0.1.5~cart-7d9c5b8f6d-x2x4z.shop~shop.svc.cluster.local";
        assert_eq!(identity(cart), "shop/cart");
        assert_eq!(identity(&format!("\"{cart}\"")), "shop/cart");
        assert_eq!(
            identity("sidecar~10.0.1.6~ledger-0.shop~shop.svc.cluster.local"),
            "shop/ledger"
        );
        assert_eq!(identity("mesh/shop/virtualNode/cart"), "shop/cart");
        assert_eq!(
            identity("arn:aws:appmesh:eu-west-1:111122223333:mesh/shop@111122223333/virtualNode/cart"),
            "shop/cart"
        );
        assert_eq!(identity("spiffe://cluster.local/ns/shop/sa/cart"), "shop/cart");
        assert_eq!(identity("cart-7d9c5b8f6d-x2x4z"), "cart");
        assert_eq!(identity("cart-2"), "cart-2");
        assert_eq!(identity("cart.shop"), "cart.shop");
    }

    #[test]
    fn gateways_machines_and_what_is_no_name_tell_nobody() {
        let long = "a".repeat(4096);
        for nobody in [
            "router~10.0.1.5~gate-7d9c5b8f6d-x2x4z.edge~edge.svc.cluster.local",
            "mesh/shop/virtualGateway/edge",
            "spiffe://cluster.local/ns/shop/sa/default",
            "spiffe://cluster.local/cart",
            "ip-10-0-1-5.eu-west-1.compute.internal",
            "4f2a91c07b3d",
            "10.0.1.5",
            "localhost",
            "",
            "-",
            "${path.module}",
            "a b",
            "{\"workload\":\"cart\"}",
            "../cart",
            &long,
        ] {
            assert_eq!(identity(nobody), "-", "{nobody}");
        }
    }

    #[test]
    fn the_name_of_a_log_tells_its_pod_or_its_task() {
        let id = "0123456789abcdef".repeat(4);
        let of_container = format!("cart-7d9c5b8f6d-x2x4z_shop_istio-proxy-{id}.log");
        assert_eq!(origin(&format!("/var/log/containers/{of_container}")), "shop/cart");
        let stream = format!(
            "/aws/containerinsights/shop/application/ip-10-0-1-5-application.var.log.containers.{of_container}"
        );
        assert_eq!(origin(&stream), "shop/cart");
        assert_eq!(
            origin("logs/var/log/pods/shop_ledger-0_5e1f/istio-proxy/0.log"),
            "shop/ledger"
        );
        assert_eq!(origin("shop/cart-7d9c5b8f6d-x2x4z/istio-proxy"), "shop/cart");
        assert_eq!(origin("pod/cart-7d9c5b8f6d-x2x4z/istio-proxy"), "cart");
        assert_eq!(
            origin("shop/cart:12/envoy/arn:aws:ecs:eu-west-1:111122223333:task/shop/0123456789abcdef0123456789abcdef"),
            "cart"
        );
        let task = "0123456789abcdef0123456789abcdef";
        assert_eq!(origin(&format!("/ecs/shop/cart/envoy/{task}")), "cart");
        assert_eq!(origin(&format!("/ecs/cart/ecs/envoy/{task}")), "cart");
        assert_eq!(origin(&format!("/ecs/ecs/envoy/{task}")), "-");
    }

    #[test]
    fn other_names_of_logs_tell_nothing() {
        for nothing in [
            "",
            "s3://bucket/AWSLogs/111122223333/access.log.gz",
            "logs/cart/access.log",
            "logs/2026/10/01/envoy.log",
            "shop/cart/envoy",
            "cart_shop_envoy-0123.log",
        ] {
            assert_eq!(origin(nothing), "-", "{nothing}");
        }
    }
}
