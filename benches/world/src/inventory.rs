//! The inventory of a world, as `inventory.csv`.

use crate::clock::rfc3339;
use crate::service::{Attribution, Listing, Proxy, Service, Task};

const HEADER: &str = "service,address,eni,origin,from,until,virtual_node,namespace,owner\n";

/// What one row says besides whose it is.
#[derive(Default)]
struct Row<'a> {
    address: &'a str,
    eni: &'a str,
    origin: &'a str,
    task: Option<&'a Task>,
}

/// The inventory of all services that are in one.
pub(crate) fn csv<'a>(services: impl IntoIterator<Item = &'a Service>) -> String {
    let mut csv = HEADER.to_owned();
    for service in services {
        let mut push = |row: Row<'_>| csv.push_str(&line(service, &row));
        match &service.listing {
            Listing::Nowhere => continue,
            Listing::Network(network) => push(Row {
                address: network,
                ..Row::default()
            }),
            Listing::Enis => {
                for task in &service.tasks {
                    push(Row {
                        eni: &task.eni,
                        task: Some(task),
                        ..Row::default()
                    });
                }
            }
            Listing::Addresses => {
                for task in &service.tasks {
                    push(Row {
                        address: &task.v4.to_string(),
                        task: Some(task),
                        ..Row::default()
                    });
                    if let Some(v6) = task.v6 {
                        push(Row {
                            address: &v6.to_string(),
                            task: Some(task),
                            ..Row::default()
                        });
                    }
                }
            }
        }
        if service.proxy != Proxy::None && service.attribution == Attribution::Origin {
            push(Row {
                origin: &format!("*/envoy/{}/*", service.name),
                ..Row::default()
            });
        }
    }
    csv
}

fn line(service: &Service, row: &Row<'_>) -> String {
    let time = |time: Option<u64>| time.map(rfc3339).unwrap_or_default();
    let (from, until) = row.task.map_or((None, None), |task| (task.from, task.until));
    format!(
        "{},{},{},{},{},{},{},{},{}\n",
        service.name,
        row.address,
        row.eni,
        row.origin,
        time(from),
        time(until),
        service.virtual_node,
        service.namespace,
        service.team
    )
}
