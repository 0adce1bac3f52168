//! How often honest traffic is called suspicious, and whether somebody who is in already is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use egressmap_world::{Container, FlowVersion, Layout, Scenario, World};
use serde_json::{Value, json};

use crate::{egressmap, expect, shown};

/// A city of five tasks a service and a fortnight, so that every factor could speak.
fn city(seed: u64) -> World {
    let scenario = Scenario {
        tasks: 5,
        days: 14,
        ..Scenario::city(60_000, FlowVersion::V5)
    };
    World::new(scenario, seed).unwrap()
}

fn write(world: &World, dir: &Path) {
    let layout = Layout {
        container: Container::Plain,
    };
    world.write(dir, layout).unwrap();
    fs::write(dir.join("logs/resolver.log"), world.queries()).unwrap();
}

fn discover(dir: &Path, inventories: &[&str]) -> Value {
    let mut command = egressmap();
    command
        .current_dir(dir)
        .args(["discover", "logs", "--quiet", "--out", "map.parquet"]);
    command.args(["--names", "ip-ranges.json"]);
    for inventory in inventories {
        command.args(["--inventory", inventory]);
    }
    expect(0, &mut command);
    shown(&dir.join("map.parquet"))
}

fn factors(dependency: &Value) -> Vec<&str> {
    let all = dependency["suspicion"].as_array().into_iter().flatten();
    all.map(|it| it["factor"].as_str().unwrap()).collect()
}

#[test]
fn fewer_than_one_in_a_hundred_honest_dependencies_are_suspicious() {
    let (mut reached, mut held, mut nameless) = (0, BTreeMap::new(), 0);
    for seed in [7, 8] {
        let dir = tempfile::tempdir().unwrap();
        write(&city(seed), dir.path());
        let map = discover(dir.path(), &["inventory.csv"]);
        for it in map["dependencies"].as_array().unwrap() {
            let was_let_through =
                it["records"]["flow"].as_u64().unwrap() + it["records"]["access"].as_u64().unwrap() > 0;
            if it["class"] != "external" || !was_let_through {
                assert_eq!(factors(it), [""; 0], "{it}");
                continue;
            }
            reached += 1;
            nameless += i32::from(it["name"]["grade"] == "address");
            for factor in factors(it) {
                *held.entry(factor.to_owned()).or_insert(0) += 1;
            }
        }
    }
    assert!(reached > 500 && nameless > 20, "{reached}, {nameless}");
    assert!(
        held.values().all(|held| held * 100 < reached),
        "the factors hold {held:?} of {reached}"
    );
}

/// 2026-08-01T00:00:00Z, when cities begin.
const BEGIN: u64 = 1_785_542_400;
const DAY: u64 = 86_400;

/// Logs of what somebody does who is in: flows, and the queries before them.
#[derive(Default)]
struct Intruder {
    flows: String,
    queries: String,
    port: u16,
}

impl Intruder {
    fn connects(&mut self, from: &str, to: &str, start: u64, [sent, received]: [u64; 2]) {
        self.port = 33_000 + (self.port + 1) % 20_000;
        let (port, end) = (self.port, start + 2);
        for (source, destination, ports, bytes) in [
            (from, to, format!("{port} 443"), sent),
            (to, from, format!("443 {port}"), received),
        ] {
            writeln!(
                self.flows,
                "2 001234567890 eni-{from} {source} {destination} {ports} 6 10 {bytes} {start} {end} ACCEPT OK"
            )
            .unwrap();
        }
    }

    fn asks(&mut self, from: &str, name: &str, address: &str, hour: u64) {
        let time = format!("2026-08-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
        let query = json!({
            "version": "1.100000", "account_id": "001234567890", "region": "eu-west-1", "vpc_id": "vpc-0a",
            "query_timestamp": time, "query_name": name, "query_type": "A", "query_class": "IN", "rcode": "NOERROR",
            "answers": [{"Rdata": address, "Type": "A", "Class": "IN"}],
            "srcaddr": from, "srcport": "40000", "transport": "UDP", "srcids": {},
        });
        writeln!(self.queries, "{query}").unwrap();
    }

    fn write(&self, dir: &Path) {
        let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                      action log-status\n";
        fs::write(dir.join("logs/intruder.log"), format!("{header}{}", self.flows)).unwrap();
        fs::write(dir.join("logs/queries.log"), &self.queries).unwrap();
    }
}

/// A service of the crowd, and the address of one of its five tasks.
fn somebody(inventory: &str) -> (String, String) {
    let mut tasks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in inventory
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
    {
        if row[0].starts_with("svc-") && row[1].starts_with("10.") && !row[1].contains('/') {
            tasks.entry(row[0]).or_default().push(row[1]);
        }
    }
    let (service, addresses) = tasks.iter().find(|(_, addresses)| addresses.len() == 5).unwrap();
    ((*service).to_owned(), addresses[2].to_owned())
}

#[test]
#[expect(clippy::too_many_lines, reason = "an intrusion is told in one go")]
fn each_thing_that_an_intruder_does_is_held_for_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let world = city(7);
    write(&world, dir.path());
    let (service, task) = somebody(world.inventory());
    let mut intruder = Intruder::default();
    // A beacon once a minute, with jitter, on the fourth day.
    intruder.asks(&task, "status.quietbeat.example", "203.0.113.66", 3 * 24);
    let mut start = BEGIN + 3 * DAY;
    for beat in 0..1_430 {
        start += 54 + beat * 7 % 13;
        intruder.connects(&task, "203.0.113.66", start, [600, 900]);
    }
    // Files go out.
    intruder.asks(&task, "drop.fileshare.example", "203.0.113.67", 5 * 24);
    for file in 0..4 {
        intruder.connects(
            &task,
            "203.0.113.67",
            BEGIN + 5 * DAY + file * 1_000,
            [20_000_000, 9_000],
        );
    }
    // Where its orders come from has a new name each day.
    for (day, label) in (4..).zip(["xq9zkvj2wf7h", "qjvxw8k3hzpt", "zwvkq7xjd4bg"]) {
        let address = format!("203.0.113.{}", 70 + day);
        intruder.asks(&task, &format!("{label}.example"), &address, day * 24);
        intruder.connects(&task, &address, BEGIN + day * DAY + 60, [700, 4_000]);
    }
    // A bare address, late, from one task alone.
    for turn in 0..12 {
        let start = BEGIN + 11 * DAY + turn * 3 * 3_600;
        intruder.connects(&task, "203.0.113.69", start, [5_000, 5_000]);
    }
    // A service whose queries are logged reaches what it never asked for.
    for (hour, name, address) in [
        (50, "a.shop.example", "203.0.113.81"),
        (51, "b.shop.example", "203.0.113.82"),
    ] {
        intruder.asks("10.99.0.1", name, address, hour);
        intruder.connects("10.99.0.1", address, BEGIN + hour * 3_600 + 60, [700, 4_000]);
    }
    intruder.connects("10.99.0.1", "203.0.113.83", BEGIN + 3 * DAY, [700, 4_000]);
    intruder.write(dir.path());
    fs::write(dir.path().join("more.csv"), "service,address\nlogged,10.99.0.1\n").unwrap();

    let map = discover(dir.path(), &["inventory.csv", "more.csv"]);
    let said = |caller: &str, destination: &str| -> Vec<String> {
        let all = map["dependencies"].as_array().unwrap();
        let found = all
            .iter()
            .find(|it| it["service"] == caller && it["destination"] == destination);
        factors(found.unwrap_or_else(|| panic!("{caller} reaches {destination}")))
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        said(&service, "status.quietbeat.example"),
        ["one-of-many", "fixed-period"]
    );
    assert_eq!(said(&service, "drop.fileshare.example"), ["upload-heavy"]);
    for label in ["xq9zkvj2wf7h", "qjvxw8k3hzpt", "zwvkq7xjd4bg"] {
        assert_eq!(said(&service, &format!("{label}.example")), ["generated-name"]);
    }
    assert_eq!(
        said(&service, "203.0.113.69"),
        ["address-without-name", "never-resolved", "one-of-many", "late-start"]
    );
    assert_eq!(
        said("logged", "203.0.113.83"),
        ["address-without-name", "never-resolved"]
    );
    assert_eq!(said("logged", "a.shop.example"), [""; 0]);

    let why = |wanted: &str| {
        let mut command = egressmap();
        command
            .current_dir(dir.path())
            .args(["why", "map.parquet", &service, wanted]);
        command
    };
    let (told, _) = expect(2, &mut why("status.quietbeat.example:443"));
    for sentence in [
        "connections begin every 60 s, give or take 3 s",
        "DNS answer told it to this service",
        "2026-08  ···#··",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    let (document, _) = expect(2, why("203.0.113.69").args(["-o", "json"]));
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["suspicion"][3]["factor"], "late-start");
    let (_, error) = expect(1, &mut why("status.quietbeet.example"));
    assert!(error.contains("did you mean \"status.quietbeat.example\"?"), "{error}");

    expect(
        2,
        egressmap().current_dir(dir.path()).args([
            "propose",
            "map.parquet",
            "--accept-observed",
            "--ledger",
            "dependencies.yaml",
            "--target",
            "appmesh-api",
            "--out",
            "out",
            "--quiet",
        ]),
    );
    let ledger = fs::read_to_string(dir.path().join("dependencies.yaml")).unwrap();
    for (destination, reason) in [
        ("status.quietbeat.example", "one-of-many, fixed-period: opened from"),
        ("drop.fileshare.example", "upload-heavy: sent 80 MB and received 36 kB"),
        ("xq9zkvj2wf7h.example", "generated-name: "),
        (
            "203.0.113.69",
            "address-without-name, never-resolved, one-of-many, late-start: nothing names it",
        ),
    ] {
        let (_, entry) = ledger.split_once(destination).unwrap();
        let entry = entry.split("- service").next().unwrap();
        assert!(entry.contains("verdict: review") && entry.contains(reason), "{entry}");
    }
}
