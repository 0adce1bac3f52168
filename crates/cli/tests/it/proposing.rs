//! What `propose` takes beside the map: choices for conflicts, what exists, owners, layouts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{egressmap, expect, workspace_root};

/// The map of the example, and a folder for what is made of it.
fn shop() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (map, shop) = (dir.path().join("map.parquet"), workspace_root().join("examples/shop"));
    let mut discover = egressmap();
    discover.arg("discover").arg(shop.join("logs")).arg("--out").arg(&map);
    expect(0, discover.arg("--inventory").arg(shop.join("inventory.csv")));
    (dir, map)
}

fn propose(map: &Path, out: &Path) -> Command {
    let mut command = egressmap();
    command
        .arg("propose")
        .arg(map)
        .arg("--accept-observed")
        .arg("--out")
        .arg(out);
    command.args(["--mesh", "shop", "--target", "appmesh-api"]);
    command
}

#[test]
fn routers_owners_and_what_exists_reach_the_definitions() {
    let (dir, map) = shop();
    let (out, ledger) = (dir.path().join("out"), dir.path().join("dependencies.yaml"));
    let [owners, current] = ["OWNERS", "current.json"].map(|name| dir.path().join(name));
    fs::write(&owners, "# who\n* platform\nmed* team-video\n").unwrap();
    let node = "{\"virtualNodes\": [{\"meshName\": \"shop\", \"virtualNodeName\": \"ext-api-creditbureau-example\"}]}";
    fs::write(&current, node).unwrap();
    let mut command = propose(&map, &out);
    command
        .arg("--ledger")
        .arg(&ledger)
        .arg("--owners")
        .arg(&owners)
        .arg("--current")
        .arg(&current);
    let (_, said) = expect(2, command.args(["--on-conflict", "router-ports"]));
    assert!(said.contains("EGR0026 media-vn must dial another port"), "{said}");
    let folder = out.join("appmesh-api");
    assert!(folder.join("create-virtual-router").is_dir() && folder.join("CUTOVER.md").is_file());
    assert!(
        !folder
            .join("create-virtual-node/ext-api-creditbureau-example.json")
            .exists()
    );
    assert!(
        folder
            .join("create-virtual-service/ext-api-creditbureau-example.json")
            .exists()
    );
    let ledger = fs::read_to_string(&ledger).unwrap();
    assert!(
        ledger.contains("owner: team-video") && ledger.contains("owner: platform"),
        "{ledger}"
    );
}

/// Verdict and rule of App Mesh on each dependency, as `service destination:port`.
fn replayed(map: &Path, ledger: &Path, choice: &[&str]) -> BTreeMap<String, (String, String)> {
    let mut replay = egressmap();
    replay.arg("replay").arg(map).arg("--ledger").arg(ledger).args(choice);
    let (stdout, _) = expect(2, replay.args(["-o", "json", "--target", "appmesh-api"]));
    let replay: Value = serde_json::from_str(&stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = replay["dependencies"].as_array().unwrap().iter();
    rows.map(|row| {
        let key = format!(
            "{} {}:{}",
            text(&row["service"]),
            text(&row["destination"]),
            row["port"]
        );
        (key, (text(&row["verdict"]), text(&row["rule"])))
    })
    .collect()
}

#[test]
fn an_ignored_port_is_enforced_by_the_companion_and_replay_judges_both_together() {
    let (dir, map) = shop();
    let (out, ledger) = (dir.path().join("out"), dir.path().join("dependencies.yaml"));
    fs::copy(workspace_root().join("examples/shop/dependencies.yaml"), &ledger).unwrap();
    let ignore = ["--on-conflict", "ignore-port", "--companion", "cilium"];
    let (_, said) = expect(2, propose(&map, &out).arg("--ledger").arg(&ledger).args(ignore));
    assert!(
        said.contains("the proxy of media-vn must ignore port 443, which cilium then enforces"),
        "{said}"
    );
    // What the companion loses is said as well.
    assert!(said.contains("EGR0046"), "{said}");
    // It stands before the whole of a caller, so it has its other ports too; a caller that has no conflict needs none.
    let policy = fs::read_to_string(out.join("cilium/default/egress-media.yaml")).unwrap();
    assert!(
        policy.contains("api.transcode.example") && policy.contains("feeds.dailynews.example"),
        "{policy}"
    );
    assert!(!out.join("cilium/default/egress-payment.yaml").exists());

    let (asked, beside) = (replayed(&map, &ledger, &[]), replayed(&map, &ledger, &ignore));
    let transcode = "media api.transcode.example:443";
    assert_eq!(asked[transcode].0, "drop");
    assert_eq!(
        beside[transcode],
        (
            "allow".to_owned(),
            "port 443 bypasses the proxy; cilium: api.transcode.example is allowed by DNS query".to_owned()
        )
    );
    // Denied, on a port that no proxy looks at: the companion alone cuts it.
    let (verdict, rule) = &beside["media paste.example:443"];
    assert!(verdict == "drop" && rule.starts_with("cilium: "), "{rule}");
    // Through the proxy, and then past the companion.
    let (verdict, rule) = &beside["media feeds.dailynews.example:80"];
    assert!(
        verdict == "allow" && rule.contains("HTTP backend") && rule.contains("; cilium: "),
        "{rule}"
    );
    assert_eq!(
        beside["payment api.creditbureau.example:443"],
        asked["payment api.creditbureau.example:443"]
    );

    let mut replay = egressmap();
    replay
        .arg("replay")
        .arg(&map)
        .arg("--ledger")
        .arg(&ledger)
        .args(["--target", "appmesh-api"]);
    let (_, said) = expect(1, replay.args(["--on-conflict", "router-ports"]));
    assert!(said.contains("expected ask or ignore-port"), "{said}");
}

#[test]
fn a_choice_that_makes_no_sense_is_refused_before_anything_is_written() {
    let (dir, map) = shop();
    let out = dir.path().join("out");
    for (arguments, message) in [
        (&["--on-conflict", "router-port"][..], "did you mean \"router-ports\"?"),
        (&["--companion", "appmesh-api"], "give it with on-conflict ignore-port"),
        (
            &["--on-conflict", "ignore-port", "--companion", "appmesh-api"],
            "expected a target that enforces without App Mesh",
        ),
        (
            &["--on-conflict", "ignore-port", "--companion", "appmesh-apy"],
            "did you mean \"appmesh-api\"?",
        ),
        (&["--current", "Cargo.toml"], "expected JSON"),
    ] {
        let (_, said) = expect(1, propose(&map, &out).args(arguments).current_dir(workspace_root()));
        assert!(said.contains(message), "{said}");
    }
    assert!(!out.exists());
}

#[test]
fn a_file_that_would_not_change_is_left_as_it_stands_and_one_that_somebody_changed_is_written_again() {
    let (dir, map) = shop();
    let out = dir.path().join("out");
    expect(2, &mut propose(&map, &out));
    let [kept, changed] = ["PROPOSAL.md", "backends.json"].map(|name| out.join("appmesh-api").join(name));
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = fs::File::options().append(true).open(&kept).unwrap();
    file.set_modified(long_ago).unwrap();
    let written = fs::read(&changed).unwrap();
    fs::write(&changed, "{}\n").unwrap();
    expect(2, &mut propose(&map, &out));
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), long_ago);
    assert_eq!(fs::read(&changed).unwrap(), written);
}
