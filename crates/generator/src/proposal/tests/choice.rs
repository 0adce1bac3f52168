//! The ways out of a conflict, chosen: routers on ports of their own, or ports that the proxy ignores.
use proptest::prelude::*;

use super::*;

fn routed(seen: impl IntoIterator<Item = Seen>) -> Proposal {
    chosen(&sample::map(seen), OnConflict::RouterPorts)
}

fn ignored(seen: impl IntoIterator<Item = Seen>) -> Proposal {
    chosen(&sample::map(seen), OnConflict::IgnorePort)
}

fn node<'a>(proposal: &'a Proposal, host: &str) -> &'a ExternalNode {
    proposal.nodes.iter().find(|node| node.host.as_str() == host).unwrap()
}

fn ports(proposal: &Proposal, caller: &str) -> Vec<u16> {
    let mut callers = proposal.callers.iter();
    let caller = callers.find(|found| found.virtual_node == caller).unwrap();
    caller.ignored_ports.iter().copied().collect()
}

#[test]
fn the_busiest_host_keeps_its_port_and_the_others_get_one_that_nobody_uses() {
    let proposal = routed([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "b.example", 443).records(9),
        Seen::tls("shop", "c.example", 444),
        Seen::tls("till", "a.example", 443),
    ]);
    assert_eq!(
        backends(&proposal, "shop"),
        pair(&["a.example", "b.example", "c.example"], &[])
    );
    assert_eq!(node(&proposal, "a.example").routes, BTreeMap::from([(445, 443)]));
    assert_eq!(node(&proposal, "b.example").routes, BTreeMap::new());
    // The virtual service is one for the mesh, so a caller without a conflict changes too.
    let told: Vec<_> = proposal
        .findings
        .iter()
        .filter(|found| found.code == Code::DialsAnotherPort)
        .map(|found| (found.caller.as_deref().unwrap(), found.evidence.join("; ")))
        .collect();
    let change = "dial a.example:445 instead of a.example:443".to_owned();
    assert_eq!(told, [("shop", change.clone()), ("till", change)]);
    let lone = proposal
        .findings
        .iter()
        .find(|found| found.code == Code::LoneTcpCaptures);
    assert_eq!(
        lone.unwrap().evidence,
        ["seen, and would be misrouted: a.example, until it is dialled on port 445"]
    );
}

#[test]
fn a_router_has_a_route_for_every_other_port_of_its_host() {
    let proposal = routed([
        Seen::tls("shop", "a.example", 443).records(2),
        Seen::tls("shop", "b.example", 443),
        Seen::http("shop", "b.example", 80),
        Seen::tcp("till", "b.example", 9000),
    ]);
    let node = node(&proposal, "b.example");
    assert_eq!(node.routes, BTreeMap::from([(80, 80), (444, 443), (9000, 9000)]));
    let dialled: Vec<_> = node.dialled().collect();
    assert_eq!(
        dialled,
        [(80, Listener::Http), (444, Listener::Tcp), (9000, Listener::Tcp)]
    );
    assert_eq!(backends(&proposal, "till"), pair(&["b.example"], &[]));
}

#[test]
fn a_router_cannot_make_room_for_what_has_no_name() {
    let proposal = routed([
        Seen::tls("shop", "203.0.113.7", 443),
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "b.example", 443),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["a.example", "b.example"]));
    assert_eq!(
        finding(&proposal, Code::UnmodelledNeighbour).severity,
        Severity::Decision
    );
}

#[test]
fn an_ignored_port_takes_all_of_its_entries_out_of_the_mesh_and_no_others() {
    let proposal = ignored([
        Seen::tls("shop", "a.example", 443),
        Seen::tls("shop", "b.example", 443),
        Seen::tls("shop", "s3.eu-west-1.amazonaws.com", 443).class(Class::Aws),
        Seen::http("shop", "a.example", 80),
        Seen::tcp("shop", "ledger", 443).class(Class::Internal),
        Seen::tls("till", "a.example", 443),
    ]);
    // 80 goes with 443: the node of a.example has 443 for till, which Envoy would refuse beside ledger.
    assert_eq!(ports(&proposal, "shop"), [80, 443]);
    assert_eq!(ports(&proposal, "till"), [0_u16; 0]);
    assert_eq!(backends(&proposal, "till"), pair(&["a.example"], &[]));
    // The companion sees all ports of the caller; where it stands before everybody, those of till as well.
    for (is_shared, callers) in [(false, &["shop"][..]), (true, &["shop", "till"])] {
        let beside = proposal.beside(is_shared);
        let wanted = proposal
            .allowed
            .iter()
            .filter(|allowed| callers.contains(&allowed.entry.service.as_str()));
        assert!(beside.allowed.iter().eq(wanted), "{is_shared}");
    }
    let told = finding(&proposal, Code::PortsExempt);
    assert_eq!(
        told.sentence,
        "the proxy of shop must ignore ports 80,443, which network-firewall then enforces"
    );
    assert_eq!(
        told.evidence,
        [
            "on ECS, in proxyConfiguration.properties of the task definition: EgressIgnoredPorts = 80,443",
            "on EC2, in the environment of the redirect script: APPMESH_EGRESS_IGNORED_PORTS=80,443",
            "on Kubernetes, an annotation of the pods, with the 22 that it replaces: appmesh.k8s.aws/egressIgnoredPorts: \
             \"22,80,443\"",
            "network-firewall must allow a.example:80 (http)",
            "network-firewall must allow a.example:443 (tls)",
            "network-firewall must allow b.example:443 (tls)",
            "network-firewall must allow s3.eu-west-1.amazonaws.com:443 (tls)",
            "calls to ledger:443 leave the mesh too: it no longer routes or encrypts them",
        ]
    );
}

#[test]
fn what_app_mesh_cannot_say_leaves_the_proxy_too() {
    let proposal = ignored([
        Seen::tcp("shop", "db.example", 3306),
        Seen::tls("shop", "203.0.113.7", 8443),
        Seen::http("shop", "a.example", 80),
        Seen::udp("shop", "ntp.example", 4500),
    ]);
    assert_eq!(ports(&proposal, "shop"), [3306, 8443]);
    assert_eq!(backends(&proposal, "shop"), pair(&["a.example"], &[]));
    assert_eq!(codes(&proposal), [Code::PortsExempt, Code::NotIntercepted]);
}

#[test]
fn a_host_that_is_http_to_some_and_tcp_to_others_leaves_the_others_proxies() {
    let proposal = ignored([
        Seen::http("shop", "a.example", 8443),
        Seen::tls("till", "a.example", 8443),
    ]);
    assert_eq!(backends(&proposal, "shop"), pair(&["a.example"], &[]));
    assert_eq!(ports(&proposal, "till"), [8443]);
}

#[test]
fn more_ports_than_a_task_definition_takes_need_a_decision() {
    let many = (0..16_u16).map(|n| Seen::tcp("shop", "203.0.113.7", 9000 + n));
    let proposal = ignored(many);
    let quota = finding(&proposal, Code::IgnoredPortQuota);
    assert!(
        quota
            .sentence
            .contains("ignore 16 ports, and a task definition takes 15"),
        "{quota:?}"
    );
}

fn any_map() -> impl Strategy<Value = DependencyMap> {
    let ports = prop::sample::select(vec![80_u16, 443, 3306, 8080]);
    prop::collection::vec((0..3_u8, 0..4_u8, ports, 0..5_u8), 0..24).prop_map(|seen| {
        sample::map(seen.into_iter().map(|(caller, host, port, kind)| {
            let (caller, host) = (format!("caller{caller}"), format!("h{host}.example"));
            match kind {
                0 => Seen::http(&caller, &host, port),
                1 => Seen::tls(&caller, &host, port),
                2 => Seen::tcp(&caller, "ledger", port).class(Class::Internal),
                3 => Seen::tls(&caller, "s3.eu-west-1.amazonaws.com", port).class(Class::Aws),
                _ => Seen::tls(&caller, "203.0.113.7", port),
            }
        }))
    })
}

/// Says where the listener of a caller would hold what Envoy refuses.
fn refused(map: &DependencyMap, proposal: &Proposal, caller: &Caller) -> Option<String> {
    let attached = proposal
        .nodes
        .iter()
        .filter(|node| caller.backends.contains(&node.host));
    let mut by_port: BTreeMap<u16, Vec<Listener>> = BTreeMap::new();
    for (port, listener) in attached.flat_map(ExternalNode::dialled) {
        by_port.entry(port).or_default().push(listener);
    }
    for (key, found) in &map.dependencies {
        if found.class == Class::Internal && caller.services.contains(&key.service) {
            let listeners = by_port.get_mut(&key.port);
            listeners
                .into_iter()
                .for_each(|listeners| listeners.push(Listener::of(found.application)));
        }
    }
    by_port.into_iter().find_map(|(port, listeners)| {
        let fine = listeners.len() == 1 || listeners.iter().all(|listener| *listener == Listener::Http);
        (!fine).then(|| format!("{}: {port}: {listeners:?}", caller.virtual_node))
    })
}

proptest! {
    #[test]
    fn no_choice_gives_a_caller_a_listener_that_envoy_would_refuse(map in any_map()) {
        for choice in [OnConflict::RouterPorts, OnConflict::IgnorePort] {
            let proposal = chosen(&map, choice);
            for caller in &proposal.callers {
                prop_assert_eq!(refused(&map, &proposal, caller), None);
            }
        }
    }

    #[test]
    fn ignoring_ports_leaves_nothing_to_wait_for(map in any_map()) {
        let proposal = chosen(&map, OnConflict::IgnorePort);
        prop_assert!(proposal.allowed.iter().all(|allowed| allowed.placement != Placement::Waits));
        // Only conflicts are exempt: without any, the choice changes nothing.
        let asked = proposed(&map);
        if asked.findings.iter().all(|found| found.severity != Severity::Decision && found.code != Code::ServerFirst) {
            prop_assert_eq!(proposal.allowed, asked.allowed);
        }
    }

    #[test]
    fn a_router_never_listens_where_anything_else_does(map in any_map()) {
        let proposal = chosen(&map, OnConflict::RouterPorts);
        let used: BTreeSet<u16> = map.dependencies.keys().map(|key| key.port).collect();
        let moved = proposal.nodes.iter().flat_map(|node| node.routes.iter().filter(|(dialled, port)| dialled != port));
        let moved: Vec<u16> = moved.map(|(dialled, _)| *dialled).collect();
        prop_assert!(moved.iter().all(|port| !used.contains(port)), "{moved:?}");
        prop_assert_eq!(moved.iter().collect::<BTreeSet<_>>().len(), moved.len());
    }
}
