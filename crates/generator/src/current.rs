//! What the mesh holds already, read from what the tools that keep it print.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::text::inert;

mod api;
mod kubernetes;
mod terraform;

/// Virtual nodes and services of one mesh, by name, as far as the files show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    /// The virtual nodes.
    pub(crate) nodes: BTreeMap<String, Node>,
    /// The virtual services.
    pub(crate) services: BTreeMap<String, Service>,
    /// The virtual routers, each with its address in Terraform's state.
    pub(crate) routers: BTreeMap<String, Option<String>>,
    /// The routes, by router and name, likewise.
    pub(crate) routes: BTreeMap<(String, String), Option<String>>,
}

/// A virtual node that exists. What no file shows is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// The host that it discovers by DNS.
    pub(crate) host: Option<String>,
    /// Its listeners: what is spoken by port.
    pub(crate) listeners: BTreeMap<u64, String>,
    /// The virtual services that are its backends.
    pub(crate) backends: BTreeSet<String>,
    /// Its whole spec, as the API has it.
    pub(crate) spec: Option<Value>,
    /// Its resource in Kubernetes.
    pub(crate) manifest: Option<Value>,
    /// Its address in Terraform's state.
    pub(crate) terraform: Option<String>,
}

/// A virtual service that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Service {
    /// The virtual node or the virtual router that it leads to.
    pub(crate) provider: Option<Provider>,
    /// Its namespace and name in Kubernetes.
    pub(crate) resource: Option<(String, String)>,
    /// Its address in Terraform's state.
    pub(crate) terraform: Option<String>,
}

/// What a virtual service leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provider {
    /// A virtual node of this name.
    Node(String),
    /// A virtual router of this name.
    Router(String),
}

/// Why a file tells nothing of a mesh.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrentError {
    /// It is no JSON.
    #[error("expected JSON: {0}")]
    Json(String),
    /// It is none of the kinds.
    #[error(
        "expected the JSON of `aws appmesh describe-…` or `list-…`, of `kubectl get … -o json`, or of `terraform show -json`, \
         found {0}"
    )]
    Kind(String),
}

impl Current {
    /// Adds what a file shows of a mesh; objects of other meshes are left out. The kind is told by content. A file may hold
    /// several JSON values one after the other.
    ///
    /// # Errors
    /// The file is no JSON, or none of the kinds.
    pub fn read(&mut self, text: &str, mesh: &str) -> Result<(), CurrentError> {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut any = false;
        for value in values {
            let value = value.map_err(|error| CurrentError::Json(error.to_string()))?;
            any = true;
            let known =
                api::read(self, &value, mesh) || kubernetes::read(self, &value) || terraform::read(self, &value, mesh);
            if !known {
                return Err(CurrentError::Kind(shown(&value)));
            }
        }
        any.then_some(())
            .ok_or_else(|| CurrentError::Kind("nothing".to_owned()))
    }

    /// Whether nothing is known to exist.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Current::default()
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.nodes.entry(name.to_owned()).or_default()
    }

    fn service(&mut self, name: &str) -> &mut Service {
        self.services.entry(name.to_owned()).or_default()
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(keys) => {
            let keys: Vec<String> = keys.keys().take(5).map(|key| inert(key)).collect();
            format!("an object with {}", keys.join(", "))
        }
        Value::Array(_) => "a list".to_owned(),
        _ => "a single value".to_owned(),
    }
}

/// The text of a member.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

#[cfg(test)]
mod tests;
