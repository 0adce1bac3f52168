//! Inventories as the platform's tools print them, from the command line to the map.

use std::fs;

use crate::{egressmap, expect, shown};

#[test]
fn two_tasks_that_used_one_address_at_different_hours_are_two_services_in_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // 2026-08-01: one task until 02:00, the other from 02:05.
    let log = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
        2 111122223333 eni-a 10.0.0.1 203.0.113.7 40000 443 6 9 900 1785545400 1785545460 ACCEPT OK\n\
        2 111122223333 eni-b 10.0.0.1 203.0.113.8 40000 443 6 9 900 1785553200 1785553260 ACCEPT OK\n\
        2 111122223333 eni-b 10.0.0.1 10.0.0.2 40001 8080 6 9 900 1785553200 1785553260 ACCEPT OK\n";
    let task = |id: &str, service: &str, times: &str| {
        format!(
            r#"{{"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/shop/{id}", "group": "service:{service}", {times},
              "attachments": [{{"type": "ElasticNetworkInterface", "details": [{{"name": "privateIPv4Address", "value": "10.0.0.1"}}]}}]}}"#
        )
    };
    let tasks = format!(
        r#"{{"tasks": [{}, {}]}}"#,
        task(
            "1",
            "checkout",
            r#""startedAt": "2026-08-01T00:00:00Z", "stoppedAt": "2026-08-01T02:00:00Z""#
        ),
        task("2", "cart", r#""startedAt": "2026-08-01T02:05:00Z""#),
    );
    let pods = r#"{"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "ledger-6d5f9-x2", "namespace": "shop",
        "labels": {"pod-template-hash": "6d5f9"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "ledger-6d5f9"}]},
        "status": {"podIP": "10.0.0.2", "startTime": "2026-08-01T00:00:00Z"}}]}"#;
    fs::write(at("flow.log"), log).unwrap();
    fs::write(at("tasks.json"), tasks).unwrap();
    fs::write(at("pods.json"), pods).unwrap();
    fs::write(at("more.csv"), "service,address,adress\nspare,10.0.0.9,\n").unwrap();
    let mut command = egressmap();
    command
        .arg("discover")
        .arg(at("flow.log"))
        .arg("--out")
        .arg(at("map.parquet"));
    for name in ["tasks.json", "pods.json", "more.csv"] {
        command.arg("--inventory").arg(at(name));
    }
    let (_, said) = expect(0, &mut command);
    assert!(
        !said.contains("did you mean"),
        "the right column is there as well: {said}"
    );
    let map = shown(&at("map.parquet"));
    let dependencies = map["dependencies"].as_array().unwrap().iter();
    let pairs: Vec<String> = dependencies
        .map(|one| {
            format!(
                "{} {}",
                one["service"].as_str().unwrap(),
                one["destination"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(pairs, ["cart 203.0.113.8", "cart ledger", "checkout 203.0.113.7"]);
}

#[test]
fn what_looks_wrong_in_an_inventory_is_said_and_what_is_wrong_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("flow.log"), "").unwrap();
    fs::write(at("a.csv"), "service,eni,adress\na,eni-1,10.0.0.1\n").unwrap();
    fs::write(at("b.json"), r#"{"taskArns": []}"#).unwrap();
    let discover = |inventory: &str| {
        let mut command = egressmap();
        command
            .arg("discover")
            .arg(at("flow.log"))
            .arg("--out")
            .arg(at("map.parquet"));
        command.arg("--inventory").arg(at(inventory));
        command
    };
    let (_, said) = expect(0, &mut discover("a.csv"));
    assert!(
        said.contains("a.csv: line 1: the column \"adress\" is ignored: did you mean \"address\"?"),
        "{said}"
    );
    let (_, said) = expect(1, &mut discover("b.json"));
    assert!(
        said.contains("b.json: its keys: expected one of NetworkInterfaces, tasks, items, Instances"),
        "{said}"
    );
}
