//! `replay` and `check` as a user runs them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{egressmap, expect, workspace_root};

const FLOWS: &str = "\
2 123456789012 eni-0a 10.0.0.5 203.0.113.7 40001 443 6 10 1000 1785542400 1785542460 ACCEPT OK
2 123456789012 eni-0a 203.0.113.7 10.0.0.5 443 40001 6 12 5000 1785542400 1785542460 ACCEPT OK
2 123456789012 eni-0a 10.0.0.5 203.0.113.9 40001 8443 6 10 1000 1785542400 1785542460 ACCEPT OK
";

struct Shop(tempfile::TempDir);

impl Shop {
    fn new(allowed: &str) -> Self {
        let shop = Shop(tempfile::tempdir().unwrap());
        fs::write(shop.path("flows.log"), FLOWS).unwrap();
        fs::write(shop.path("inventory.csv"), "service,address\nshop,10.0.0.5\n").unwrap();
        let entry = format!("{{service: shop, destination: {allowed}, port: 443, application: tls, verdict: allow}}");
        let ledger = format!("schema: egressmap/ledger/v1\ndependencies:\n  - {entry}\n");
        fs::write(shop.path("ledger.yaml"), ledger).unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn map(&self) -> PathBuf {
        let map = self.path("map.parquet");
        let mut discover = egressmap();
        discover
            .arg("discover")
            .arg(self.path("flows.log"))
            .arg("--inventory")
            .arg(self.path("inventory.csv"));
        expect(0, discover.arg("--out").arg(&map));
        map
    }

    fn replay(&self, code: i32, sources: &[&Path], target: &str) -> (String, String) {
        let mut replay = egressmap();
        replay
            .arg("replay")
            .args(sources)
            .args(["-o", "json", "--target", target, "--ledger"])
            .arg(self.path("ledger.yaml"));
        expect(code, replay.arg("--inventory").arg(self.path("inventory.csv")))
    }

    fn check(&self, code: i32, service: &str, destination: &str, targets: &[&str]) -> (String, String) {
        let mut check = egressmap();
        check
            .arg("check")
            .arg(self.map())
            .args([service, destination])
            .arg("--ledger")
            .arg(self.path("ledger.yaml"));
        expect(code, check.args(targets.iter().flat_map(|target| ["--target", target])))
    }
}

#[test]
fn logs_replay_as_their_map_does_and_what_is_cut_is_a_finding() {
    let shop = Shop::new("203.0.113.0/24");
    let (of_map, said) = shop.replay(2, &[&shop.map()], "security-group");
    let (of_logs, read) = shop.replay(2, &[&shop.path("flows.log")], "security-group");
    assert_eq!(of_map, of_logs);
    assert!(said.is_empty() && read.starts_with("read "), "{said}{read}");
    let replay: Value = serde_json::from_str(&of_map).unwrap();
    assert_eq!(
        replay["totals"]["allow"],
        serde_json::json!({"dependencies": 1, "records": 1, "bytes": 6000})
    );
    assert_eq!(replay["dependencies"][0]["destination"], "203.0.113.9");
    assert_eq!(
        replay["dependencies"][1]["ledger"],
        serde_json::json!({"line": 3, "verdict": "allow", "expired": false, "decided": true})
    );
}

#[test]
fn nothing_cut_is_nothing_found() {
    let shop = Shop::new("203.0.113.0/24");
    let all = fs::read_to_string(shop.path("flows.log")).unwrap();
    fs::write(
        shop.path("flows.log"),
        all.lines().take(2).map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    shop.replay(0, &[&shop.map()], "security-group");
}

#[test]
fn a_map_is_told_from_a_log_by_its_content() {
    let shop = Shop::new("203.0.113.0/24");
    let disguised = shop.path("flows.txt");
    fs::copy(shop.map(), &disguised).unwrap();
    shop.replay(2, &[&disguised], "istio");
    let log = workspace_root().join("testdata/format/flow-parquet/default-fields/input.parquet");
    let (_, read) = shop.replay(0, &[&log], "dns-firewall");
    assert!(read.starts_with("read "), "{read}");
    let (_, error) = shop.replay(1, &[&shop.map(), &shop.path("flows.log")], "istio");
    assert!(error.contains("expected one map, or logs alone"), "{error}");
}

#[test]
fn a_target_that_is_none_and_a_ledger_that_is_not_there_are_errors() {
    let shop = Shop::new("203.0.113.0/24");
    let (_, error) = shop.replay(1, &[&shop.map()], "cillium");
    assert!(error.contains("did you mean \"cilium\"?"), "{error}");
    fs::remove_file(shop.path("ledger.yaml")).unwrap();
    let (_, error) = shop.replay(1, &[&shop.map()], "cilium");
    assert!(
        error.contains("cannot read") && error.contains("ledger.yaml"),
        "{error}"
    );
}

#[test]
fn check_says_whether_by_which_rule_and_on_what_evidence() {
    let shop = Shop::new("api.example");
    let (said, _) = shop.check(0, "shop", "API.example.", &[]);
    assert_eq!(
        said,
        "shop -> api.example:443 (tls): allowed\n  ledger      line 3 says allow\n  evidence    none: the map does not show it\n"
    );
    let (said, _) = shop.check(0, "shop", "api.example:443", &["istio", "appmesh-api"]);
    assert!(
        said.contains("  istio        allow: api.example is allowed by SNI (line 3)\n"),
        "{said}"
    );
    let (said, _) = shop.check(2, "shop", "203.0.113.9", &["security-group"]);
    assert!(
        said.starts_with("shop -> 203.0.113.9:8443 (tcp): not allowed\n  ledger      no entry"),
        "{said}"
    );
    assert!(
        said.contains("evidence    1 record, 1.0 kB, on 1 day, class external, initiator likely, at 203.0.113.9\n"),
        "{said}"
    );
    let (_, error) = shop.check(1, "shpo", "api.example", &[]);
    assert!(error.contains("did you mean \"shop\"?"), "{error}");
}
