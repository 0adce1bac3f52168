//! `aws ecs describe-tasks`: which service ran as which task, on which addresses, from when to when.

use serde::Deserialize;

use super::{Entry, Found, Moment, Place};
use crate::inventory::error::InventoryError;
use crate::inventory::row::Net;
use crate::inventory::runners::Runner;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task {
    task_arn: String,
    group: Option<String>,
    cluster_arn: Option<String>,
    task_definition_arn: Option<String>,
    connectivity_at: Option<Moment>,
    pull_started_at: Option<Moment>,
    started_at: Option<Moment>,
    stopped_at: Option<Moment>,
    attachments: Option<Vec<Attachment>>,
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    details: Option<Vec<Detail>>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    network_interfaces: Option<Vec<ContainerInterface>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerInterface {
    private_ipv4_address: Option<String>,
    ipv6_address: Option<String>,
}

pub(super) fn read(tasks: Vec<Task>, place: &Place<'_>, found: &mut Found) -> Result<(), InventoryError> {
    let mut without_address = 0_u64;
    for (index, task) in tasks.into_iter().enumerate() {
        let place = place.item("tasks", index);
        let addresses = task.addresses(&place)?;
        without_address += u64::from(addresses.is_empty());
        let id = last_part(&task.task_arn);
        if let Some(eni) = task.detail("networkInterfaceId") {
            let own = addresses.iter().map(|address| (eni.to_owned(), address.network));
            found.stated.extend(own);
        }
        found.entries.push(Entry {
            service: task.service(&place)?.to_owned(),
            scope: task.cluster_arn.as_deref().map(|arn| last_part(arn).to_owned()),
            from: task.began(&place)?,
            until: place.moment("stoppedAt", task.stopped_at.as_ref())?,
            addresses,
            runner: Some(Runner {
                name: id.to_owned(),
                namespace: None,
            }),
            ..Entry::default()
        });
    }
    if without_address > 0 {
        found.remarks.push(format!(
            "{without_address} of the tasks have no address of their own (they share their host's, or had not started): their \
             flow records stay with the host"
        ));
    }
    Ok(())
}

impl Task {
    /// `service:<name>`; else the family of a task that was started by itself.
    fn service(&self, place: &Place<'_>) -> Result<&str, InventoryError> {
        let group = self.group.as_deref().unwrap_or_default();
        let named = group.strip_prefix("service:").or_else(|| group.strip_prefix("family:"));
        let definition = self.task_definition_arn.as_deref().map(last_part);
        let family = definition.map(|definition| definition.split(':').next().unwrap_or(definition));
        named
            .or(family)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| place.fault("group", "service:<name>, or a taskDefinitionArn", self.group.as_deref()))
    }

    /// The first moment at which the task had its address: images are pulled through it before anything starts.
    fn began(&self, place: &Place<'_>) -> Result<Option<u64>, InventoryError> {
        let moments = [
            ("connectivityAt", &self.connectivity_at),
            ("pullStartedAt", &self.pull_started_at),
            ("startedAt", &self.started_at),
        ];
        let mut first = None;
        for (key, moment) in moments {
            let time = place.moment(key, moment.as_ref())?;
            first = [first, time].into_iter().flatten().min();
        }
        Ok(first)
    }

    fn addresses(&self, place: &Place<'_>) -> Result<Vec<Net>, InventoryError> {
        let of_task =
            ["privateIPv4Address", "ipv6Address"].map(|name| self.detail(name).map(|text| ("attachments", text)));
        let containers = self.containers.iter().flatten();
        let interfaces = containers.flat_map(|container| container.network_interfaces.iter().flatten());
        let of_containers = interfaces
            .flat_map(|interface| [&interface.private_ipv4_address, &interface.ipv6_address])
            .flatten()
            .map(|text| ("containers", text.as_str()));
        let mut addresses = Vec::new();
        for (key, text) in of_task.into_iter().flatten().chain(of_containers) {
            let net = place.net(key, text)?;
            if !addresses.contains(&net) {
                addresses.push(net);
            }
        }
        Ok(addresses)
    }

    /// A detail of the task's interface.
    fn detail(&self, name: &str) -> Option<&str> {
        let attachments = self.attachments.iter().flatten();
        let mut details = attachments.flat_map(|attachment| attachment.details.iter().flatten());
        let detail = details.find(|detail| detail.name.as_deref() == Some(name))?;
        detail.value.as_deref().filter(|value| !value.is_empty())
    }
}

/// The last part of an ARN: an id, a name, or `family:revision`.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
