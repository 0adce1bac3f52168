//! The services of a city: a crowd, and a few who are there for what is odd about them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::places;
use crate::party::{Protocol, Speaks};
use crate::scenario::{FlowVersion, NatRecords, Scenario};
use crate::scene::Actor;
use crate::service::{Attribution, Listener, Listing, Proxy, Service, Task};

/// Listed by interface, by network, behind the NAT gateway although logged, pinging, and refused at the mail port.
const BY_ENI: usize = 2;
const BY_NETWORK: usize = 5;
const BEHIND_NAT: usize = 7;
pub(super) const PINGS: usize = 3;
pub(super) const REFUSED: usize = 4;

/// Everybody, the crowd first.
pub(super) struct People {
    pub(super) services: Vec<Service>,
    crowd: usize,
}

impl People {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut services: Vec<Service> = (0..scenario.services).map(|index| member(scenario, index)).collect();
        replace_tasks(&mut services, scenario);
        services.push(database());
        services.push(legacy());
        services.push(unlisted("bastion", 241, Proxy::None));
        services.push(unlisted("stray", 242, Proxy::AppMesh));
        services.push(six());
        if scenario.flow_version == FlowVersion::V5 {
            services.push(pods());
        }
        if scenario.nat != NatRecords::None {
            services.push(worker());
        }
        People {
            services,
            crowd: scenario.services,
        }
    }

    /// The index of one of those who are not of the crowd.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|service| &*service.name == name)
    }

    pub(super) fn crowd(&self) -> usize {
        self.crowd
    }

    pub(super) fn is_public(&self, actor: &Actor) -> bool {
        actor.service.listener.is_some_and(|listener| listener.port == 8080) && actor.task().logged
    }

    pub(super) fn is_behind_nat(&self, service: usize) -> bool {
        service == BEHIND_NAT || &*self.services[service].name == "worker"
    }

    /// Whether a service has more than its IPv6 address.
    pub(super) fn speaks_ipv4(&self, service: usize) -> bool {
        &*self.services[service].name != "six"
    }

    /// Whether a service asks the database that is in no inventory.
    pub(super) fn has_old_data(&self, service: usize) -> bool {
        service < self.crowd && service.is_multiple_of(4)
    }

    pub(super) fn clock_of(&self, service: usize) -> IpAddr {
        match &*self.services[service].name {
            "bastion" => places::LONELY_CLOCK,
            _ => places::CLOCKS[service % places::CLOCKS.len()],
        }
    }
}

fn member(scenario: &Scenario, index: usize) -> Service {
    let third = u8::try_from(index + 1).unwrap_or(u8::MAX);
    let proxied = (u64::try_from(index).unwrap_or(0) * 37 + 11) % 100 < scenario.proxied;
    let proxy = match index % 5 {
        _ if !proxied => Proxy::None,
        0 | 1 => Proxy::AppMesh,
        2 | 3 => Proxy::Istio,
        _ => Proxy::Text,
    };
    let tasks = (0..scenario.tasks).map(|number| {
        let last = 10 + u8::try_from(number).unwrap_or(0);
        let mut task = task(third, last);
        task.v6 = index.is_multiple_of(3).then(|| v6(third, last));
        task
    });
    Service {
        proxy,
        attribution: match proxy {
            Proxy::AppMesh | Proxy::Istio if index % 4 == 1 => Attribution::Downstream,
            _ => Attribution::Origin,
        },
        listing: match index {
            BY_ENI => Listing::Enis,
            BY_NETWORK => Listing::Network(format!("10.40.{third}.0/24")),
            _ => Listing::Addresses,
        },
        listener: listener(index),
        ..service(&format!("svc-{index:02}"), tasks.collect())
    }
}

fn listener(index: usize) -> Option<Listener> {
    let (port, speaks) = match index % 6 {
        0 | 4 => (8080, Speaks::Http),
        1 => (8443, Speaks::Tcp),
        2 => (9090, Speaks::Http),
        // In the ephemeral range, where ports tell nothing.
        3 => (50_051, Speaks::Http),
        _ => return None,
    };
    Some(Listener {
        port,
        protocol: Protocol::Tcp,
        speaks,
    })
}

/// Some tasks go in the middle of the window, and two hours later another service has their address.
fn replace_tasks(services: &mut [Service], scenario: &Scenario) {
    let middle = scenario.start + scenario.days * crate::clock::DAY / 2 + 4_321;
    for index in (0..services.len().saturating_sub(1)).step_by(4) {
        if services[index].listing != Listing::Addresses || services[index + 1].listing != Listing::Addresses {
            continue;
        }
        let third = u8::try_from(index + 1).unwrap_or(u8::MAX);
        let mut next = task(third, 90);
        next.from = Some(middle - 600);
        services[index].tasks[0].until = Some(middle);
        let mut heir = Task::new(
            format!("heir-{third}"),
            format!("eni-0e{third:013x}"),
            services[index].tasks[0].v4,
        );
        heir.from = Some(middle + 7_200);
        services[index].tasks.push(next);
        services[index + 1].tasks.push(heir);
    }
    // An address within the network of another service: the more specific entry wins.
    if let Some(neighbour) = services.get_mut(BY_NETWORK + 1) {
        neighbour
            .tasks
            .push(task(u8::try_from(BY_NETWORK + 1).unwrap_or(0), 77));
    }
}

fn database() -> Service {
    let listener = Some(Listener {
        port: 5432,
        protocol: Protocol::Tcp,
        speaks: Speaks::Tcp,
    });
    Service {
        listener,
        proxy: Proxy::None,
        ..service("orders-db", vec![task(230, 5)])
    }
}

/// No flow logs on its interfaces: what it calls shows at the other end, or in its proxy's log alone.
fn legacy() -> Service {
    let mut tasks = vec![task(231, 5), task(231, 6)];
    for task in &mut tasks {
        task.logged = false;
    }
    service("legacy", tasks)
}

/// No flow logs on its interfaces, and a NAT gateway that logs what passes.
fn worker() -> Service {
    Service {
        proxy: Proxy::None,
        ..Service {
            ..renamed(legacy(), "worker", 232)
        }
    }
}

fn renamed(mut service: Service, name: &str, third: u8) -> Service {
    for (task, last) in service.tasks.iter_mut().zip(5..) {
        let logged = task.logged;
        *task = Task {
            logged,
            ..self::task(third, last)
        };
    }
    Service {
        name: name.into(),
        virtual_node: format!("{name}-vn"),
        ..service
    }
}

/// A task that is in no inventory.
fn unlisted(name: &str, third: u8, proxy: Proxy) -> Service {
    let attribution = Attribution::Downstream;
    Service {
        proxy,
        attribution,
        listing: Listing::Nowhere,
        ..service(name, vec![task(third, 9)])
    }
}

/// An interface in no inventory that has IPv6 alone: ours because all of its records have it.
fn six() -> Service {
    let mut task = task(243, 9);
    task.v6 = Some(v6(243, 9));
    Service {
        proxy: Proxy::None,
        listing: Listing::Nowhere,
        ..service("six", vec![task])
    }
}

/// Two pods behind one node: the interface is the node's, the packets are theirs.
fn pods() -> Service {
    let node = Ipv4Addr::new(10, 40, 240, 10);
    let pod = |last: u8| Task {
        eni: "eni-0c0de000000000240".into(),
        node: Some(node),
        ..Task::new(format!("pod-{last}"), String::new(), Ipv4Addr::new(10, 40, 240, last))
    };
    let listener = Some(Listener {
        port: 8080,
        protocol: Protocol::Tcp,
        speaks: Speaks::Http,
    });
    Service {
        proxy: Proxy::Istio,
        listener,
        ..service("pods", vec![pod(101), pod(102)])
    }
}

fn service(name: &str, tasks: Vec<Task>) -> Service {
    Service {
        name: name.into(),
        proxy: Proxy::AppMesh,
        attribution: Attribution::Origin,
        listing: Listing::Addresses,
        virtual_node: format!("{name}-vn"),
        namespace: "city".to_owned(),
        team: format!("team-{}", name.len() % 4),
        listener: None,
        tasks,
    }
}

fn task(third: u8, last: u8) -> Task {
    Task::new(
        format!("{third}-{last}"),
        format!("eni-0{third:02x}{last:014x}"),
        Ipv4Addr::new(10, 40, third, last),
    )
}

fn v6(third: u8, last: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0x40, u16::from(third), 0, 0, 0, u16::from(last))
}
