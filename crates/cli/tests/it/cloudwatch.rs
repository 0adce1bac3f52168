//! The same dependencies from CloudWatch Logs as from files, and a map that grows by what is new.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use egressmap_loopback::CloudWatchServer;
use serde_json::Value;

use crate::{by_key, egressmap, expect, shown, workspace_root};

const HOUR: u64 = 3_600_000;

/// `discover` from a source into a map, with credentials for the server.
fn discover(source: &str, map: &Path, server: &CloudWatchServer) -> Command {
    let mut command = egressmap();
    command.args(["discover", source, "--out"]).arg(map);
    command
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_REGION", CloudWatchServer::REGION)
        .env("AWS_ACCESS_KEY_ID", CloudWatchServer::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", CloudWatchServer::SECRET_KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// The services whose proxies log in JSON, which names the client.
const SERVICES: [&str; 5] = ["checkout", "ledger", "media", "payment", "storefront"];

/// Their logs, a stream for each file. They were written in the hours that ended four hours ago.
fn in_a_group(logs: &Path) -> CloudWatchServer {
    let server = CloudWatchServer::start();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = (now.as_secs() / 3600 * HOUR) - 10 * HOUR;
    for service in SERVICES {
        for file in fs::read_dir(logs.join(service))
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            let stream = file.strip_prefix(logs).unwrap().with_extension("");
            for (nth, line) in (0..).zip(fs::read_to_string(&file).unwrap().lines()) {
                server.put("/mesh/envoy", stream.to_str().unwrap(), first + nth * HOUR / 12, line);
            }
        }
    }
    server
}

#[test]
fn a_log_group_gives_the_dependencies_that_its_files_give_and_is_counted_once() {
    let shop = workspace_root().join("examples/shop");
    let logs = shop.join("logs/envoy");
    let server = in_a_group(&logs);
    let dir = tempfile::tempdir().unwrap();
    let addresses = dir.path().join("addresses.csv");
    let inventory = fs::read_to_string(shop.join("inventory.csv")).unwrap();
    let without_origins: Vec<&str> = inventory.lines().filter(|line| !line.contains("*/")).collect();
    fs::write(&addresses, without_origins.join("\n")).unwrap();
    let (files, group) = (dir.path().join("files.parquet"), dir.path().join("group.parquet"));
    let glob = format!("{}/{{{}}}/*.log", logs.display(), SERVICES.join(","));
    expect(0, discover(&glob, &files, &server).arg("--inventory").arg(&addresses));
    let from_group = || {
        let mut command = discover("cloudwatch:///mesh/envoy", &group, &server);
        command.arg("--inventory").arg(&addresses);
        expect(0, &mut command)
    };
    let (_, stderr) = from_group();
    assert!(
        stderr.contains("cloudwatch:///mesh/envoy: events from 20") && stderr.contains("Z on are not read yet"),
        "{stderr}"
    );
    let expected = shown(&files);
    let found = shown(&group);
    assert!(!by_key(&expected["dependencies"]).is_empty());
    assert_eq!(by_key(&found["dependencies"]), by_key(&expected["dependencies"]));
    assert_eq!(found["input"]["used"], expected["input"]["used"]);

    let numbers = |shown: &Value| (shown["dependencies"].clone(), shown["input"]["lines"].clone());
    from_group();
    assert_eq!(numbers(&shown(&group)), numbers(&found));

    let some = "cloudwatch:///mesh/envoy?stream-prefix=payment/";
    let (_, stderr) = expect(1, &mut discover(some, &group, &server));
    let expected = format!("{some} holds events that cloudwatch:///mesh/envoy?account=");
    assert!(stderr.contains(&expected), "{stderr}");
}

#[test]
fn a_group_that_is_not_there_is_explained() {
    let server = CloudWatchServer::start();
    server.create_group("/mesh/envoy");
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    let (_, stderr) = expect(1, &mut discover("cloudwatch://mesh/envoy", &map, &server));
    assert!(
        stderr.contains("hint: did you mean cloudwatch:///mesh/envoy?"),
        "{stderr}"
    );
}
