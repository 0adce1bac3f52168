//! Callers that no inventory names, known by what the logs say of them.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::{egressmap, expect, shown};

const FLOW: &str = "version interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags\n";
const CART_POD: &str = "cart-7d9c5b8f6d-x2x4z";

/// A line of a sidecar to `pay.example.test`, with more keys.
fn line(more: &serde_json::Value) -> String {
    let mut line = json!({
        "start_time": "2026-10-01T09:00:00.000Z", "authority": null, "requested_server_name": "pay.example.test",
        "bytes_received": 10, "bytes_sent": 20, "response_code": 0, "response_flags": "-", "protocol": null,
        "upstream_host": "203.0.113.10:443", "upstream_cluster": "PassthroughCluster",
        "downstream_remote_address": "10.0.1.5:40000", "downstream_local_address": "203.0.113.10:443",
    });
    let (whole, more) = (line.as_object_mut().unwrap(), more.as_object().unwrap());
    whole.extend(more.clone());
    format!("{line}\n")
}

fn discover(dir: &Path, more: &[&str]) -> String {
    let mut command = egressmap();
    command
        .current_dir(dir)
        .args(["discover", "logs", "--out", "map.parquet"]);
    expect(0, command.args(more)).1
}

/// `service destination flow+access` of each dependency.
fn pairs(dir: &Path) -> Vec<String> {
    let map = shown(&dir.join("map.parquet"));
    let all = map["dependencies"].as_array().unwrap().iter();
    all.map(|it| {
        let text = |key: &str| it[key].as_str().unwrap().to_owned();
        let (flow, access) = (&it["records"]["flow"], &it["records"]["access"]);
        format!("{} {} {flow}+{access}", text("service"), text("destination"))
    })
    .collect()
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    dir
}

#[test]
fn a_sidecars_node_id_names_its_service_in_both_planes_and_why_says_so() {
    let dir = folder();
    let node =
        json!({"id": format!("sidecar~10.0.1.5~{CART_POD}.shop~shop.svc.cluster.local"), "cluster": "cart.shop"});
    fs::write(dir.path().join("logs/envoy.log"), line(&json!({"node": node}))).unwrap();
    let flow = "2 eni-1 10.0.1.5 203.0.113.10 40000 443 6 9 900 1790845200 1790845260 ACCEPT OK 2\n\
                2 eni-1 10.0.1.5 203.0.113.11 40001 443 6 9 900 1790845200 1790845260 ACCEPT OK 2\n";
    fs::write(dir.path().join("logs/flow.log"), format!("{FLOW}{flow}")).unwrap();
    let said = discover(dir.path(), &[]);
    assert!(
        said.contains("unlisted  known by the logs alone: cart\n") && !said.contains("unowned"),
        "{said}"
    );
    assert_eq!(
        pairs(dir.path()),
        ["cart 203.0.113.11 1+0", "cart pay.example.test 1+1"]
    );
    let mut why = egressmap();
    why.current_dir(dir.path())
        .args(["why", "map.parquet", "cart", "pay.example.test"]);
    let (told, _) = expect(0, &mut why);
    let told: Vec<&str> = told.split_whitespace().collect();
    assert!(
        told.join(" ")
            .contains("it is known by what its proxy says of itself in the access log"),
        "{told:?}"
    );
}

#[test]
fn an_inventory_that_knows_the_caller_is_believed_before_what_its_proxy_says() {
    let dir = folder();
    let of = |node: &str| line(&json!({"node_id": node, "connection_id": node.len()}));
    let pod = format!("sidecar~10.0.1.5~{CART_POD}.shop~shop.svc.cluster.local");
    let lines = of(&pod) + &of("mesh/shop/virtualNode/ledger-vn");
    fs::write(dir.path().join("logs/envoy.log"), lines).unwrap();
    fs::write(dir.path().join("by-address.csv"), "service,address\nbasket,10.0.1.5\n").unwrap();
    discover(dir.path(), &["--inventory", "by-address.csv"]);
    assert_eq!(pairs(dir.path()), ["basket pay.example.test 0+2"]);
    fs::remove_file(dir.path().join("map.parquet")).unwrap();
    fs::write(
        dir.path().join("nodes.csv"),
        "service,address,virtual_node\nledger,10.9.9.9,ledger-vn\n",
    )
    .unwrap();
    let pods = json!({"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": CART_POD, "namespace": "shop",
        "ownerReferences": [{"kind": "Rollout", "name": "cart-rollout"}]}, "status": {}}]});
    fs::write(dir.path().join("pods.json"), pods.to_string()).unwrap();
    discover(dir.path(), &["--inventory", "nodes.csv", "--inventory", "pods.json"]);
    assert_eq!(
        pairs(dir.path()),
        ["cart-rollout pay.example.test 0+1", "ledger pay.example.test 0+1"]
    );
}

#[test]
fn the_peer_that_called_a_gateway_is_the_caller_and_the_gateway_is_not() {
    let dir = folder();
    let gateway = "router~10.0.9.9~egress-7d9c5b8f6d-x2x4z.edge~edge.svc.cluster.local";
    let lines = line(&json!({"node_id": gateway, "downstream_peer": {"name": CART_POD, "workload": "cart"}}))
        + &line(&json!({"node_id": gateway, "downstream_remote_address": "10.0.1.6:40000"}));
    fs::write(dir.path().join("logs/envoy.log"), lines).unwrap();
    discover(dir.path(), &[]);
    assert_eq!(
        pairs(dir.path()),
        [
            "cart pay.example.test 0+1",
            "unattributed/10.0.1.6 pay.example.test 0+1"
        ]
    );
}

#[test]
fn a_text_log_names_its_caller_by_an_operator_that_does() {
    let dir = folder();
    let format = "[%START_TIME%] %REQUESTED_SERVER_NAME% %UPSTREAM_HOST% %BYTES_RECEIVED% %BYTES_SENT% \
                  \"%ENVIRONMENT(APPMESH_VIRTUAL_NODE_NAME)%\" %RESPONSE_FLAGS%";
    let of = |node: &str| format!("[2026-10-01T09:00:00.000Z] pay.example.test 203.0.113.10:443 10 20 \"{node}\" -\n");
    let lines = of("mesh/shop/virtualNode/cart") + &of("mesh/shop/virtualGateway/edge") + &of("${path.module}");
    fs::write(dir.path().join("logs/envoy.log"), lines).unwrap();
    discover(dir.path(), &["--envoy-format", format]);
    assert_eq!(
        pairs(dir.path()),
        [
            "cart pay.example.test 0+1",
            "unattributed/logs/envoy.log pay.example.test 0+2"
        ]
    );
}

#[test]
fn the_name_of_a_stream_or_a_file_names_the_caller() {
    let dir = folder();
    let no_client = line(&json!({"downstream_remote_address": null}));
    let task = "0123456789abcdef0123456789abcdef";
    let streams = [format!("cart/envoy/{task}"), format!("ecs/envoy/{task}")];
    let envelopes: String = streams
        .iter()
        .map(|stream| {
            let events = json!([{"id": "1", "timestamp": 1_790_845_200_000_u64, "message": no_client.trim_end()}]);
            let envelope = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/ecs/ledger",
                "logStream": stream, "subscriptionFilters": [], "logEvents": events});
            format!("{envelope}\n")
        })
        .collect();
    fs::write(dir.path().join("logs/subscription.log"), envelopes).unwrap();
    let id = "0123456789abcdef".repeat(4);
    let file = format!("logs/search-7d9c5b8f6d-x2x4z_shop_istio-proxy-{id}.log");
    fs::write(dir.path().join(file), &no_client).unwrap();
    fs::write(dir.path().join("logs/other.log"), &no_client).unwrap();
    discover(dir.path(), &[]);
    assert_eq!(
        pairs(dir.path()),
        [
            "cart pay.example.test 0+1",
            "ledger pay.example.test 0+1",
            "search pay.example.test 0+1",
            "unattributed/logs/other.log pay.example.test 0+1"
        ]
    );
    let mut why = egressmap();
    why.current_dir(dir.path())
        .args(["why", "map.parquet", "search", "pay.example.test"]);
    let (told, _) = expect(0, &mut why);
    assert!(told.contains("the name of the log"), "{told}");
}

#[test]
fn a_name_of_two_namespaces_is_two_services() {
    let dir = folder();
    let of = |namespace: &str, address: &str| {
        let node = format!("sidecar~{address}~{CART_POD}.{namespace}~{namespace}.svc.cluster.local");
        line(&json!({"node_id": node, "downstream_remote_address": format!("{address}:40000")}))
    };
    let lines = of("shop", "10.0.1.5") + &of("billing", "10.0.1.6");
    fs::write(dir.path().join("logs/envoy.log"), lines).unwrap();
    discover(dir.path(), &[]);
    assert_eq!(
        pairs(dir.path()),
        ["billing/cart pay.example.test 0+1", "shop/cart pay.example.test 0+1"]
    );
}

#[test]
fn a_name_in_other_letters_than_ascii_is_asked_for_as_people_write_it() {
    let dir = folder();
    let more = json!({"node_id": "mesh/shop/virtualNode/cart", "requested_server_name": "xn--bcher-kva.example"});
    fs::write(dir.path().join("logs/envoy.log"), line(&more)).unwrap();
    discover(dir.path(), &[]);
    assert_eq!(pairs(dir.path()), ["cart xn--bcher-kva.example 0+1"]);
    let mut why = egressmap();
    why.current_dir(dir.path())
        .args(["why", "map.parquet", "cart", "Bücher.example:443"]);
    expect(0, &mut why);
    let ledger = "schema: egressmap/ledger/v1\ndependencies:\n- service: cart\n  destination: bücher.example\n  port: 443\n  \
                  application: tls\n  verdict: allow\n";
    fs::write(dir.path().join("dependencies.yaml"), ledger).unwrap();
    let mut asked = egressmap();
    asked.current_dir(dir.path()).args(["check", "map.parquet", "cart"]);
    asked.args([
        "bücher.example:443",
        "--target",
        "istio",
        "--ledger",
        "dependencies.yaml",
    ]);
    let (told, _) = expect(0, &mut asked);
    assert!(told.contains("allow"), "{told}");
}
