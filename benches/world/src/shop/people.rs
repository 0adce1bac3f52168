//! The services of the shop and their tasks.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::clock::DAY;
use crate::party::{Protocol, Speaks};
use crate::scenario::Scenario;
use crate::service::{Attribution, Listener, Listing, Proxy, Service, Task};

pub(super) const STOREFRONT: usize = 0;
pub(super) const CATALOG: usize = 1;
pub(super) const CHECKOUT: usize = 2;
pub(super) const PAYMENT: usize = 3;
pub(super) const LEDGER: usize = 4;
pub(super) const MEDIA: usize = 5;
pub(super) const ORDERS_DB: usize = 6;
pub(super) const LEDGER_DB: usize = 7;

/// Everybody, in the order of the constants above.
pub(super) fn services(scenario: &Scenario) -> Vec<Service> {
    let http = |port| {
        Some(Listener {
            port,
            protocol: Protocol::Tcp,
            speaks: Speaks::Http,
        })
    };
    let postgres = Some(Listener {
        port: 5432,
        protocol: Protocol::Tcp,
        speaks: Speaks::Tcp,
    });
    let mut services = vec![
        service("storefront", "web", 1, http(443)),
        service("catalog", "web", 2, http(8080)),
        service("checkout", "orders", 3, http(8080)),
        service("payment", "payments", 4, http(8080)),
        service("ledger", "payments", 5, http(8080)),
        service("media", "content", 6, http(8080)),
        service("orders-db", "orders", 7, postgres),
        service("ledger-db", "payments", 8, postgres),
    ];
    services[CATALOG].proxy = Proxy::Text;
    for database in [ORDERS_DB, LEDGER_DB] {
        services[database].proxy = Proxy::None;
        services[database].virtual_node.clear();
        services[database].tasks.truncate(1);
    }
    for dual_stack in [STOREFRONT, MEDIA] {
        for (task, number) in services[dual_stack].tasks.iter_mut().zip(1..) {
            let network = u16::try_from(dual_stack + 1).unwrap_or(0);
            task.v6 = Some(Ipv6Addr::new(0x2001, 0xdb8, 0x20, network, 0, 0, 0, number));
        }
    }
    replace_a_payment_task(&mut services, scenario);
    services
}

/// In the middle of the month a payment task is replaced; days later its address is a media task's. Without `until` in
/// the inventory, media's destinations would be payment's.
fn replace_a_payment_task(services: &mut [Service], scenario: &Scenario) {
    let leaves = scenario.start + 14 * DAY + 43_200;
    let address = services[PAYMENT].tasks[0].v4;
    services[PAYMENT].tasks[0].until = Some(leaves);
    let mut successor = task("payment", 4, 3);
    successor.from = Some(leaves - 600);
    services[PAYMENT].tasks.push(successor);
    let mut heir = Task::new("media-3".to_owned(), "eni-0e06f1b2c3d4e5f03".to_owned(), address);
    heir.from = Some(scenario.start + 17 * DAY);
    services[MEDIA].tasks.push(heir);
}

fn service(name: &str, team: &str, network: u8, listener: Option<Listener>) -> Service {
    Service {
        name: name.into(),
        proxy: Proxy::AppMesh,
        attribution: Attribution::Origin,
        listing: Listing::Addresses,
        virtual_node: format!("{name}-vn"),
        namespace: String::new(),
        team: team.to_owned(),
        listener,
        tasks: vec![task(name, network, 1), task(name, network, 2)],
    }
}

fn task(service: &str, network: u8, number: u8) -> Task {
    let address = Ipv4Addr::new(10, 20, network, 10 + number);
    Task::new(
        format!("{service}-{number}"),
        format!("eni-0{network:x}7c41d9e8b6a5f{number:02x}"),
        address,
    )
}
