//! `aws ec2 describe-network-interfaces`: whose interface it is, by its tags and its description.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::{Entry, Found, Moment, Place};
use crate::inventory::error::InventoryError;
use crate::inventory::row::Net;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Interface {
    network_interface_id: String,
    interface_type: Option<String>,
    description: Option<String>,
    private_ip_address: Option<String>,
    private_ip_addresses: Option<Vec<Private>>,
    ipv6_addresses: Option<Vec<Ipv6>>,
    ipv4_prefixes: Option<Vec<Ipv4Prefix>>,
    ipv6_prefixes: Option<Vec<Ipv6Prefix>>,
    tag_set: Option<Vec<Tag>>,
    attachment: Option<Attachment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Private {
    private_ip_address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipv6 {
    ipv6_address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipv4Prefix {
    ipv4_prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipv6Prefix {
    ipv6_prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    attach_time: Option<Moment>,
}

/// Tags that name a service, the first that is there counts; `-`, `_` and case do not.
const TAGS: [&str; 6] = [
    "service",
    "aws:ecs:servicename",
    "app.kubernetes.io/name",
    "application",
    "app",
    "name",
];

pub(super) fn read(interfaces: Vec<Interface>, place: &Place<'_>, found: &mut Found) -> Result<(), InventoryError> {
    let mut holders: BTreeMap<IpAddr, String> = BTreeMap::new();
    let mut overlap = None;
    for (index, interface) in interfaces.into_iter().enumerate() {
        let place = place.item("NetworkInterfaces", index);
        let addresses = interface.addresses(&place)?;
        let gateway = interface.is_nat_gateway();
        if gateway {
            found.gateways.push(interface.network_interface_id.clone());
        }
        let primary = interface.private_ip_address.as_deref();
        for address in addresses.iter().filter(|address| address.length.is_none()) {
            let own = address.network;
            // An interface logs its primary address for the others of IPv4.
            if gateway || own.is_ipv6() || primary.is_none_or(|primary| primary.parse() == Ok(own)) {
                found.stated.push((interface.network_interface_id.clone(), own));
            }
        }
        for address in addresses.iter().filter(|address| address.length.is_none()) {
            let eni = interface.network_interface_id.clone();
            if let Some(other) = holders.insert(address.network, eni.clone()) {
                overlap.get_or_insert((address.network, other, eni));
            }
        }
        found.entries.push(Entry {
            service: interface.service().unwrap_or_default(),
            addresses,
            from: interface.attached(&place)?,
            ..Entry::default()
        });
    }
    if let Some((address, one, other)) = overlap {
        let [one, other] = [one, other].map(|eni| super::printable(&eni));
        found.remarks.push(format!(
            "{address} is an address of {one} and of {other}: VPCs that share addresses need an inventory and a map each"
        ));
    }
    Ok(())
}

impl Interface {
    fn is_nat_gateway(&self) -> bool {
        let kind = self.interface_type.as_deref().unwrap_or_default();
        kind.eq_ignore_ascii_case("natGateway") || kind == "nat_gateway"
    }

    /// Every address and prefix, each once.
    fn addresses(&self, place: &Place<'_>) -> Result<Vec<Net>, InventoryError> {
        let private = self
            .private_ip_addresses
            .iter()
            .flatten()
            .map(|one| &one.private_ip_address);
        let ipv6 = self.ipv6_addresses.iter().flatten().map(|one| &one.ipv6_address);
        let prefixes = self.ipv4_prefixes.iter().flatten().map(|one| &one.ipv4_prefix);
        let ipv6_prefixes = self.ipv6_prefixes.iter().flatten().map(|one| &one.ipv6_prefix);
        let lists: [(&str, Vec<&String>); 5] = [
            ("PrivateIpAddress", self.private_ip_address.iter().collect()),
            ("PrivateIpAddresses", private.collect()),
            ("Ipv6Addresses", ipv6.collect()),
            ("Ipv4Prefixes", prefixes.collect()),
            ("Ipv6Prefixes", ipv6_prefixes.collect()),
        ];
        let mut addresses = Vec::new();
        for (key, texts) in lists {
            for text in texts {
                let net = place.net(key, text)?;
                if !addresses.contains(&net) {
                    addresses.push(net);
                }
            }
        }
        Ok(addresses)
    }

    /// The service, by a tag, or by the description that Lambda writes. Balancers, gateways, endpoints and databases have
    /// none: what is dialled there keeps the name that its callers know.
    fn service(&self) -> Option<String> {
        let tag = |wanted: &str| {
            let tags = self.tag_set.iter().flatten();
            let mut tags = tags.filter(|tag| tag.key.eq_ignore_ascii_case(wanted) && !tag.value.trim().is_empty());
            tags.next().map(|tag| tag.value.clone())
        };
        let by_tag = TAGS.into_iter().find_map(tag);
        by_tag.or_else(|| lambda(self.description.as_deref()?).map(str::to_owned))
    }

    /// What the addresses were before belongs to others.
    fn attached(&self, place: &Place<'_>) -> Result<Option<u64>, InventoryError> {
        let attachment = self.attachment.as_ref();
        place.moment(
            "Attachment.AttachTime",
            attachment.and_then(|at| at.attach_time.as_ref()),
        )
    }
}

/// The function in `AWS Lambda VPC ENI-<function>-<uuid>`.
fn lambda(description: &str) -> Option<&str> {
    const UUID: usize = "-01234567-89ab-cdef-0123-456789abcdef".len();
    let named = description.strip_prefix("AWS Lambda VPC ENI-")?;
    let (function, id) = named.split_at_checked(named.len().checked_sub(UUID)?)?;
    let is_uuid = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') && id.starts_with('-');
    (is_uuid && !function.is_empty()).then_some(function)
}
