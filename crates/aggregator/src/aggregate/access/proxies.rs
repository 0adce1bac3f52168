//! The identities of proxies that were met, and whom each of them is.

use std::collections::HashMap;
use std::sync::Arc;

use super::told::{Identity, Kind, Told};
use crate::inventory::{Inventory, ObjectOwners, ServiceId};

/// How many identities are remembered at once.
const REMEMBERED: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Proxies(HashMap<Box<str>, Option<Proxy>>);

#[derive(Debug)]
struct Proxy {
    /// What the inventory has of its pod.
    pod: ObjectOwners,
    /// The service that the inventory has for its virtual node.
    node: ServiceId,
    told: Arc<Told>,
}

/// Who a proxy works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// A service that the inventory has.
    Service(ServiceId),
    /// One that only the log names.
    Told(Arc<Told>),
}

impl Proxies {
    /// Whose proxy it is that has this identity, at a moment; `None` where the text tells nobody.
    pub(super) fn who(&mut self, identity: &str, at: u64, inventory: &Inventory) -> Option<Who> {
        if !self.0.contains_key(identity) {
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
            self.0.insert(identity.into(), Proxy::read(identity, inventory));
        }
        let proxy = self.0.get(identity)?.as_ref()?;
        let service = [proxy.pod.at(at), proxy.node];
        let service = service.into_iter().find(|service| service.is_somebody());
        Some(service.map_or_else(|| Who::Told(Arc::clone(&proxy.told)), Who::Service))
    }
}

impl Proxy {
    fn read(identity: &str, inventory: &Inventory) -> Option<Self> {
        let Identity { told, pod } = Identity::read(identity)?;
        let pod = pod.map(|(namespace, pod)| inventory.owners_of_object(&format!("{namespace}/{pod}")));
        let node = match told.kind {
            Kind::VirtualNode => inventory.of_virtual_node(&told.name),
            Kind::Workload | Kind::Word => ServiceId::NOBODY,
        };
        Some(Proxy {
            pod: pod.unwrap_or_default(),
            node,
            told: Arc::new(told),
        })
    }
}
