//! Inventories as the tools print them, and what is refused.
use std::net::IpAddr;

use crate::inventory::{Inventory, Owned};

const NOON: u64 = 1_790_856_000; // 2026-10-01T12:00:00Z

fn inventory(json: &str) -> Inventory {
    Inventory::from_file("x.json", json.as_bytes()).unwrap()
}

fn owner(inventory: &Inventory, address: &str, at: u64) -> Option<String> {
    let id = match address.parse().unwrap() {
        IpAddr::V4(v4) => v4.to_bits().owner_in(inventory, at),
        IpAddr::V6(v6) => v6.to_bits().owner_in(inventory, at),
    };
    inventory.name(id).map(ToString::to_string)
}

fn says(json: &str) -> String {
    Inventory::from_file("x.json", json.as_bytes()).unwrap_err().to_string()
}

fn remarks(inventory: &Inventory) -> Vec<&str> {
    inventory.remarks().collect()
}

const ENIS: &str = r#"{"NetworkInterfaces": [
  {"NetworkInterfaceId": "eni-1", "InterfaceType": "interface", "Description": "", "PrivateIpAddress": "10.0.0.1",
   "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.1"}, {"Primary": false, "PrivateIpAddress": "10.0.0.2"}],
   "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.16/28"}],
   "TagSet": [{"Key": "Name", "Value": "x"}, {"Key": "Service", "Value": "checkout"}],
   "Attachment": {"AttachTime": "2026-10-01T14:00:00+02:00", "InstanceId": "i-1"}},
  {"NetworkInterfaceId": "eni-2", "InterfaceType": "lambda", "PrivateIpAddress": "10.0.0.3",
   "Description": "AWS Lambda VPC ENI-resize-images-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
  {"NetworkInterfaceId": "eni-3", "InterfaceType": "natGateway", "PrivateIpAddress": "10.0.0.4",
   "Description": "Interface for NAT Gateway nat-0a1b"},
  {"NetworkInterfaceId": "eni-4", "InterfaceType": "interface", "PrivateIpAddress": "10.0.0.5",
   "Description": "ELB app/front/0a1b2c", "TagSet": []}
]}"#;

#[test]
fn an_interface_owns_all_of_its_addresses_from_its_attachment_on() {
    let inventory = inventory(ENIS);
    for address in ["10.0.0.1", "10.0.0.2", "2001:db8::1", "10.0.1.16", "10.0.1.31"] {
        assert_eq!(
            owner(&inventory, address, NOON).as_deref(),
            Some("checkout"),
            "{address}"
        );
        assert_eq!(owner(&inventory, address, NOON - 1), None, "{address}");
    }
    assert_eq!(owner(&inventory, "10.0.1.32", NOON), None);
    assert_eq!(owner(&inventory, "10.0.0.3", 0).as_deref(), Some("resize-images"));
}

#[test]
fn a_gateway_and_a_balancer_are_no_service() {
    let inventory = inventory(ENIS);
    assert_eq!(owner(&inventory, "10.0.0.4", NOON), None);
    assert_eq!(owner(&inventory, "10.0.0.5", NOON), None);
    assert!(inventory.is_gateway(b"eni-3") && !inventory.is_gateway(b"eni-1"));
    assert!(inventory.states(b"eni-3", "10.0.0.4".parse().unwrap()));
    assert!(
        !inventory.states(b"eni-1", "10.0.0.2".parse().unwrap()),
        "the primary address alone is logged"
    );
}

#[test]
fn interfaces_that_share_an_address_are_remarked() {
    let inventory = inventory(
        r#"{"NetworkInterfaces": [
          {"NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.1"},
          {"NetworkInterfaceId": "eni-2", "PrivateIpAddress": "10.0.0.1"}]}"#,
    );
    assert_eq!(
        remarks(&inventory),
        [
            "x.json: 10.0.0.1 is an address of \"eni-1\" and of \"eni-2\": VPCs that share addresses need an inventory and a map each"
        ]
    );
}

/// A task as the CLI prints it, with its service, address and time.
fn task(id: &str, service: &str, address: &str, times: &str) -> String {
    format!(
        r#"{{"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/shop/{id}", "group": "service:{service}",
          "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", {times} "lastStatus": "RUNNING",
          "attachments": [{{"id": "a", "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": [
            {{"name": "subnetId", "value": "subnet-1"}}, {{"name": "networkInterfaceId", "value": "eni-{id}"}},
            {{"name": "privateIPv4Address", "value": "{address}"}}]}}],
          "containers": [{{"networkInterfaces": [{{"attachmentId": "a", "privateIpv4Address": "{address}", "ipv6Address": "2001:db8::7"}}]}}]}}"#
    )
}

#[test]
fn two_tasks_that_used_one_address_at_different_hours_are_two_services() {
    let morning = task(
        "a1",
        "checkout",
        "10.0.0.1",
        r#""connectivityAt": "2026-10-01T08:00:00+00:00", "startedAt": "2026-10-01T08:00:30Z", "stoppedAt": "2026-10-01T11:00:00Z","#,
    );
    // Seconds, as older versions of the AWS CLI print times.
    let noon = task("b2", "cart", "10.0.0.1", r#""startedAt": 1790855999.4,"#);
    for tasks in [[&morning, &noon], [&noon, &morning]] {
        let inventory = inventory(&format!(r#"{{"tasks": [{}, {}], "failures": []}}"#, tasks[0], tasks[1]));
        let at = |at| owner(&inventory, "10.0.0.1", at);
        assert_eq!(at(NOON - 4 * 3600 - 1), None);
        assert_eq!(at(NOON - 4 * 3600).as_deref(), Some("checkout"));
        assert_eq!(at(NOON - 3600), None);
        assert_eq!(at(NOON).as_deref(), Some("cart"));
        assert_eq!(owner(&inventory, "2001:db8::7", NOON).as_deref(), Some("cart"));
        assert!(inventory.states(b"eni-b2", "10.0.0.1".parse().unwrap()));
    }
}

#[test]
fn a_log_stream_that_ends_in_a_task_is_that_of_its_service_while_it_runs() {
    let task = task(
        "0123abcd",
        "cart",
        "10.0.0.1",
        r#""startedAt": "2026-10-01T12:00:00Z","#,
    );
    let inventory = inventory(&format!(r#"{{"tasks": [{task}]}}"#));
    for origin in [
        "/ecs/shop/envoy/envoy/0123abcd",
        "cloudwatch://logs/shop:ecs/envoy/0123abcd",
    ] {
        let owners = inventory.owners_of_object(origin);
        assert_eq!(inventory.name(owners.at(NOON)).unwrap().as_str(), "cart", "{origin}");
        assert!(!owners.at(NOON - 1).is_somebody());
    }
    assert!(!inventory.owners_of_object("ecs/envoy/0123abce").at(NOON).is_somebody());
}

#[test]
fn tasks_without_a_service_are_called_after_their_family_and_those_without_an_address_are_counted() {
    let inventory = inventory(
        r#"{"tasks": [
          {"taskArn": "arn:aws:ecs:eu-west-1:1:task/shop/1", "group": "family:nightly", "startedAt": 1,
           "containers": [{"networkInterfaces": [{"privateIpv4Address": "10.0.0.1"}]}]},
          {"taskArn": "arn:aws:ecs:eu-west-1:1:task/shop/2", "group": "mine",
           "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/backfill:12",
           "attachments": [{"details": [{"name": "privateIPv4Address", "value": "10.0.0.2"}]}]},
          {"taskArn": "arn:aws:ecs:eu-west-1:1:task/shop/3", "group": "service:bridged", "attachments": [], "containers": [{}]}]}"#,
    );
    assert_eq!(owner(&inventory, "10.0.0.1", 1).as_deref(), Some("nightly"));
    assert_eq!(owner(&inventory, "10.0.0.2", 1).as_deref(), Some("backfill"));
    assert!(remarks(&inventory)[0].starts_with("x.json: 1 of the tasks have no address of their own"));
}

/// A pod with its owner, labels and address.
fn pod(namespace: &str, name: &str, owner: &str, labels: &str, ip: &str) -> String {
    let owners = match owner.split_once('/') {
        Some((kind, owner)) => {
            format!(r#""ownerReferences": [{{"kind": "{kind}", "name": "{owner}", "controller": true, "uid": "u"}}],"#)
        }
        None => String::new(),
    };
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}", {owners} "namespace": "{namespace}",
          "labels": {{{labels}}}}}, "spec": {{"nodeName": "ip-10-0-9-9.test", "containers": []}},
          "status": {{"phase": "Running", "podIP": "{ip}", "podIPs": [{{"ip": "{ip}"}}, {{"ip": "2001:db8::{name}"}}],
          "startTime": "2026-10-01T12:00:00Z"}}}}"#
    )
}

fn list(items: &[String]) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#,
        items.join(",")
    )
}

#[test]
fn a_pod_is_its_workloads_whatever_stands_between_them() {
    let object = |kind: &str, name: &str, owner: &str| {
        let (of, owner) = owner.split_once('/').unwrap();
        format!(
            r#"{{"kind": "{kind}", "metadata": {{"name": "{name}", "namespace": "shop",
              "ownerReferences": [{{"kind": "{of}", "name": "{owner}", "controller": true}}]}}, "spec": {{}}, "status": {{}}}}"#
        )
    };
    let hash = r#""pod-template-hash": "6d5f9", "app.kubernetes.io/name": "shop-suite""#;
    let cases = [
        (
            "1",
            "ReplicaSet/checkout-7c4",
            r#""pod-template-hash": "7c4""#,
            "checkout-v2",
        ),
        ("2", "ReplicaSet/cart-6d5f9", hash, "cart"),
        (
            "3",
            "ReplicaSet/bare",
            r#""app.kubernetes.io/name": "labelled", "app": "other""#,
            "labelled",
        ),
        ("4", "ReplicaSet/bare", "", "bare"),
        ("5", "StatefulSet/ledger", hash, "ledger"),
        ("6", "DaemonSet/agent", "", "agent"),
        ("7", "Job/nightly-29012345", "", "nightly"),
        ("8", "Job/report-1", "", "report"),
        ("9", "Job/migrate-v2", "", "migrate-v2"),
        ("a", "Workflow/etl-x1", r#""app": "etl""#, "etl"),
        ("b", "Workflow/etl-x1", "", "etl-x1"),
        ("c", "", r#""app": "tool""#, "tool"),
        ("d", "", "", "d"),
    ];
    let mut items: Vec<String> = cases
        .iter()
        .map(|(name, owner, labels, _)| {
            pod(
                "shop",
                name,
                owner,
                labels,
                &format!("10.0.0.{}", u8::from_str_radix(name, 16).unwrap()),
            )
        })
        .collect();
    items.push(object("ReplicaSet", "checkout-7c4", "Deployment/checkout-v2"));
    items.push(object("Job", "report-1", "CronJob/report"));
    let inventory = inventory(&list(&items));
    for (name, _, _, service) in cases {
        let found = owner(&inventory, &format!("2001:db8::{name}"), NOON);
        assert_eq!(found.as_deref(), Some(service), "{name}");
        assert_eq!(owner(&inventory, &format!("2001:db8::{name}"), NOON - 1), None);
        let v4 = format!("10.0.0.{}", u8::from_str_radix(name, 16).unwrap());
        assert_eq!(owner(&inventory, &v4, NOON), found);
    }
    let namespaces = inventory.services().into_values().map(|facts| facts.namespace);
    assert!(
        namespaces
            .into_iter()
            .all(|namespace| namespace.as_deref() == Some("shop"))
    );
}

#[test]
fn owners_that_go_in_circles_end() {
    let mut items = vec![pod("shop", "1", "A/x", "", "10.0.0.1")];
    for (kind, next) in [("A", "B"), ("B", "A")] {
        items.push(format!(
            r#"{{"kind": "{kind}", "metadata": {{"name": "x", "namespace": "shop", "ownerReferences": [{{"kind": "{next}", "name": "x"}}]}}}}"#
        ));
    }
    assert_eq!(owner(&inventory(&list(&items)), "10.0.0.1", NOON).as_deref(), Some("x"));
}

#[test]
fn a_pod_on_its_nodes_network_owns_no_address_and_one_that_ended_owns_none_any_more() {
    let on_host = pod("kube-system", "1", "DaemonSet/proxy", "", "10.0.9.9")
        .replace(r#""containers""#, r#""hostNetwork": true, "containers""#);
    let ended = r#""phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"finishedAt": "2026-10-01T12:30:00Z"}}}]"#;
    let done = pod("shop", "2", "Job/a", "", "10.0.0.2").replace(r#""phase": "Running""#, ended);
    let evicted = pod("shop", "3", "Job/b", "", "10.0.0.3").replace("Running", "Failed");
    let inventory = inventory(&list(&[on_host, done, evicted]));
    assert_eq!(owner(&inventory, "10.0.9.9", NOON), None);
    assert_eq!(owner(&inventory, "10.0.0.2", NOON + 1799).as_deref(), Some("a"));
    assert_eq!(owner(&inventory, "10.0.0.2", NOON + 1800), None);
    assert_eq!(owner(&inventory, "10.0.0.3", NOON), None);
    assert!(remarks(&inventory)[0].starts_with("x.json: 1 of the pods run on their node's network"));
}

#[test]
fn a_log_of_a_pod_is_that_of_its_workload_where_its_namespace_is_named_too() {
    let items = [pod("shop", "web-0", "StatefulSet/web", "", "10.0.0.1").replace("2001:db8::web-0", "2001:db8::1")];
    let inventory = inventory(&list(&items));
    let owned = |origin: &str| inventory.owners_of_object(origin).at(NOON).is_somebody();
    assert!(owned("/var/log/pods/shop_web-0_0a1b/envoy/0.log"));
    assert!(owned("/var/log/containers/web-0_shop_envoy-0a1b.log"));
    assert!(owned("shop/web-0/istio-proxy"));
    assert!(!owned("blog/web-0/istio-proxy") && !owned("web-0"));
}

#[test]
fn one_name_in_two_namespaces_is_two_services() {
    let items = [
        pod("shop", "1", "Deployment/web", "", "10.0.0.1"),
        pod("blog", "2", "Deployment/web", "", "10.0.0.2"),
        pod("blog", "3", "Deployment/feed", "", "10.0.0.3"),
    ];
    let inventory = inventory(&list(&items));
    assert_eq!(owner(&inventory, "10.0.0.1", NOON).as_deref(), Some("shop/web"));
    assert_eq!(owner(&inventory, "10.0.0.2", NOON).as_deref(), Some("blog/web"));
    assert_eq!(owner(&inventory, "10.0.0.3", NOON).as_deref(), Some("feed"));
    assert!(remarks(&inventory)[0].contains(r#""web" runs in several namespaces or clusters"#));
}

#[test]
fn an_instance_of_cloud_map_is_its_services() {
    let inventory = inventory(
        r#"{"Instances": [
          {"InstanceId": "a", "NamespaceName": "shop.test", "ServiceName": "cart-svc", "HealthStatus": "HEALTHY",
           "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80", "ECS_SERVICE_NAME": "cart"}},
          {"InstanceId": "b", "NamespaceName": "shop.test", "ServiceName": "ledger",
           "Attributes": {"AWS_INSTANCE_IPV6": "2001:db8::1", "AWS_EC2_INSTANCE_ID": "i-1"}},
          {"InstanceId": "c", "ServiceName": "alias", "Attributes": {"AWS_INSTANCE_CNAME": "db.shop.test"}}]}"#,
    );
    assert_eq!(owner(&inventory, "10.0.0.1", 0).as_deref(), Some("cart"));
    assert_eq!(owner(&inventory, "2001:db8::1", 0).as_deref(), Some("ledger"));
    let by_instance = inventory.interface_owner(b"", b"i-1", b"", 0);
    assert_eq!(inventory.name(by_instance).unwrap().as_str(), "ledger");
    assert_eq!(inventory.services().len(), 2);
}

#[test]
fn answers_that_were_printed_one_after_the_other_are_one_inventory() {
    let two = format!(
        "\u{feff}{}\n{}",
        list(&[pod("shop", "1", "ReplicaSet/a-1", "", "10.0.0.1")]),
        r#"{"kind": "ReplicaSetList", "items": [{"metadata": {"name": "a-1", "namespace": "shop",
            "ownerReferences": [{"kind": "Deployment", "name": "a"}]}}]}"#
    );
    assert_eq!(owner(&inventory(&two), "10.0.0.1", NOON).as_deref(), Some("a"));
    let mut both = inventory(ENIS);
    both.extend(inventory(&two));
    assert_eq!(
        owner(&both, "10.0.0.1", NOON).as_deref(),
        Some("a"),
        "the name that sorts first of one start"
    );
    assert_eq!(owner(&both, "10.0.0.3", NOON).as_deref(), Some("resize-images"));
    assert!(both.is_gateway(b"eni-3"));
}

#[test]
fn a_hostile_name_is_made_inert_and_stops_nothing() {
    let tag = |value: &str| {
        let json = format!(
            r#"{{"NetworkInterfaces": [{{"NetworkInterfaceId": "e", "PrivateIpAddress": "10.0.0.1",
              "TagSet": [{{"Key": "service", "Value": {}}}]}}]}}"#,
            serde_json::to_string(value).unwrap()
        );
        owner(&inventory(&json), "10.0.0.1", 0)
    };
    assert_eq!(tag("a\u{1b}[2J\nb").as_deref(), Some("a[2Jb"));
    assert_eq!(tag("unattributed/10.0.0.9").as_deref(), Some("unattributed-10.0.0.9"));
    assert_eq!(tag(&"é".repeat(300)).map(|name| name.len() <= 255), Some(true));
    assert_eq!(tag(" \n "), None);
}

#[test]
fn errors_name_the_file_and_the_place() {
    let cases = [
        (
            r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "e", "PrivateIpAddress": "10.0.0.300"}]}"#.to_owned(),
            "x.json: NetworkInterfaces[0].PrivateIpAddress: expected an IP address or a CIDR, found \"10.0.0.300\"",
        ),
        (
            "{\"NetworkInterfaces\": [{}]}".to_owned(),
            "x.json: line 1 column 25: missing field `NetworkInterfaceId`",
        ),
        (
            "{\"tasks\":\n [{\"taskArn\": 5}]}".to_owned(),
            "x.json: line 2 column 15: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"tasks": [{"taskArn": "a/1", "group": "x"}]}"#.to_owned(),
            "x.json: tasks[0].group: expected service:<name>, or a taskDefinitionArn, found \"x\"",
        ),
        (
            format!(
                "{{\"tasks\": []}}\n{{\"tasks\": [{}]}}",
                task("1", "a", "10.0.0.1", "\"startedAt\": \"today\",")
            ),
            "x.json: answer 2: tasks[0].startedAt: expected a time as in RFC 3339, such as 2026-10-01T00:00:00Z, found \"today\"",
        ),
        (
            list(&[pod("shop", "1", "", "", "10.0.0.x")]),
            "x.json: items[0].status.podIPs: expected an IP address or a CIDR, found \"10.0.0.x\"",
        ),
        (
            r#"{"items": [{"kind": "Service", "metadata": {"name": "a"}}]}"#.to_owned(),
            "x.json: items: expected pods, found \"Service\"\n  hint: put the pods first: kubectl get pods,replicasets,jobs -A -o json",
        ),
        (
            r#"{"Instances": [{"Id": "a", "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.1"}}]}"#.to_owned(),
            "x.json: Instances[0].Attributes.ECS_SERVICE_NAME: expected the name of a service, found nothing\n  \
             hint: `list-instances` names no service: use `aws servicediscovery discover-instances`",
        ),
    ];
    for (json, message) in cases {
        assert_eq!(says(&json), message);
    }
    assert!(says(r#"{"taskArns": []}"#).starts_with(
        "x.json: its keys: expected one of NetworkInterfaces, tasks, items, Instances, found \"taskArns\"\n  hint: give the whole answer (without --query)"
    ));
    assert!(says("{\"tasks\": [").starts_with("x.json: line 1 column 11: EOF"));
    assert!(
        says("[{}]").starts_with(
            "x.json: its keys: expected one of NetworkInterfaces, tasks, items, Instances, found a list\n"
        )
    );
    assert!(
        Inventory::from_file("x", b"\xff\xfe{\0")
            .unwrap_err()
            .to_string()
            .contains("found UTF-16")
    );
}
