//! What `propose` takes beside the map: choices for conflicts, what exists, owners, layouts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
