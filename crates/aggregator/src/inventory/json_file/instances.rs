//! Cloud Map's `discover-instances` and `list-instances`: the addresses that a service registered.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Entry, Found, Place};
use crate::inventory::error::InventoryError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instance {
    namespace_name: Option<String>,
    service_name: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
}

/// Attributes with an address.
const ADDRESSES: [&str; 2] = ["AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6"];

pub(super) fn read(instances: Vec<Instance>, place: &Place<'_>, found: &mut Found) -> Result<(), InventoryError> {
    for (index, instance) in instances.into_iter().enumerate() {
        let place = place.item("Instances", index);
        let attributes = instance.attributes.unwrap_or_default();
        let attribute = |name: &str| attributes.get(name).filter(|value| !value.is_empty()).cloned();
        let mut addresses = Vec::new();
        for name in ADDRESSES {
            if let Some(text) = attribute(name) {
                addresses.push(place.net(&format!("Attributes.{name}"), &text)?);
            }
        }
        let host = attribute("AWS_EC2_INSTANCE_ID");
        if addresses.is_empty() && host.is_none() {
            // A name of something else: an alias, a CNAME.
            continue;
        }
        let Some(service) = attribute("ECS_SERVICE_NAME").or(instance.service_name) else {
            let mut error = place.fault("Attributes.ECS_SERVICE_NAME", "the name of a service", None);
            error.hint =
                Some("`list-instances` names no service: use `aws servicediscovery discover-instances`".to_owned());
            return Err(error);
        };
        found.entries.push(Entry {
            service,
            scope: attribute("ECS_CLUSTER_NAME").or(instance.namespace_name),
            addresses,
            instance: host,
            ..Entry::default()
        });
    }
    Ok(())
}
