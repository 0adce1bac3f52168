//! A map is the same bytes however its logs came together: in one run, run by run, map by map, with little memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use egressmap_world::{Container, FlowVersion, Layout, Scenario, World};

use crate::dns::query;
use crate::{by_key, egressmap, expect, shown};

/// A world's logs as single objects, and what else tells something of its far ends.
struct Place {
    dir: tempfile::TempDir,
    objects: Vec<PathBuf>,
}

impl Place {
    fn of(scenario: Scenario, seed: u64) -> Place {
        let dir = tempfile::tempdir().unwrap();
        let container = Container::Gzip;
        let world = World::new(scenario, seed).unwrap();
        world.write(dir.path(), Layout { container }).unwrap();
        let ranges = r#"{"prefixes": [{"ip_prefix": "198.51.100.0/25", "region": "eu-west-1", "service": "S3"},
            {"ip_prefix": "203.0.113.0/26", "region": "eu-west-1", "service": "DYNAMODB"}]}"#;
        fs::write(dir.path().join("ranges.json"), ranges).unwrap();
        fs::create_dir(dir.path().join("logs/dns")).unwrap();
        for (hour, address) in (0..6).zip(addresses(dir.path())) {
            let answers = [("A", address.as_str())];
            let line = query(
                &format!("2026-08-01T{hour:02}:30:00Z"),
                "10.0.0.5",
                "asked.example.test.",
                &answers,
            );
            fs::write(dir.path().join(format!("logs/dns/{hour}.log")), line).unwrap();
        }
        let mut objects = files(&dir.path().join("logs"));
        objects.sort();
        Place { dir, objects }
    }

    fn discover<'a>(&self, out: &str, objects: impl IntoIterator<Item = &'a PathBuf>) -> Command {
        let mut command = egressmap();
        command.arg("discover").args(objects).arg("--out").arg(self.path(out));
        command.arg("--inventory").arg(self.path("inventory.csv"));
        command.arg("--names").arg(self.path("ranges.json"));
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Objects dealt to so many runs, each in an order of its own.
    fn dealt(&self, runs: u64, seed: u64) -> Vec<Vec<&PathBuf>> {
        let mut dealt: Vec<Vec<&PathBuf>> = (0..runs).map(|_| Vec::new()).collect();
        let mut chance = seed;
        for object in &self.objects {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let run = usize::try_from((chance >> 33) % runs).unwrap();
            let middle = dealt[run].len() / 2;
            dealt[run].insert(middle, object);
        }
        dealt.retain(|run| !run.is_empty());
        dealt
    }
}

/// Far ends of the world, from a map that is thrown away.
fn addresses(dir: &Path) -> Vec<String> {
    let map = dir.join("thrown-away.parquet");
    expect(
        0,
        egressmap().arg("discover").arg(dir.join("logs")).arg("--out").arg(&map),
    );
    let dependencies = shown(&map)["dependencies"].clone();
    fs::remove_file(map).unwrap();
    let external = dependencies
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["class"] == "external");
    let first = external.filter_map(|it| it["addresses"][0].as_str());
    first.map(str::to_owned).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn scenarios() -> [Scenario; 3] {
    [
        Scenario::shop(),
        Scenario::city(1_500, FlowVersion::V5),
        Scenario::city(1_500, FlowVersion::V2),
    ]
}

#[test]
fn a_map_that_grew_run_by_run_is_that_of_one_run() {
    for (seed, scenario) in (1..).zip(scenarios()) {
        let place = Place::of(scenario, seed);
        expect(0, &mut place.discover("clean", &place.objects));
        for runs in [2, 3] {
            let grown = format!("grown-{runs}");
            for objects in place.dealt(runs, seed) {
                expect(0, &mut place.discover(&grown, objects));
            }
            assert!(place.bytes(&grown) == place.bytes("clean"), "seed {seed}, {runs} runs");
            expect(0, &mut place.discover(&grown, &place.objects));
            assert!(place.bytes(&grown) == place.bytes("clean"), "nothing is new");
        }
    }
}

#[test]
fn merged_maps_are_that_of_one_run() {
    for (seed, scenario) in (1..).zip(scenarios()) {
        let place = Place::of(scenario, seed);
        expect(0, &mut place.discover("clean", &place.objects));
        let mut merge = egressmap();
        merge.arg("merge").arg("--out").arg(place.path("merged"));
        for (number, objects) in place.dealt(3, seed).into_iter().enumerate() {
            let map = format!("map-{number}");
            expect(0, &mut place.discover(&map, objects));
            merge.arg(place.path(&map));
        }
        expect(0, &mut merge);
        assert!(place.bytes("merged") == place.bytes("clean"), "seed {seed}");
    }
}

#[test]
fn a_run_with_little_memory_gives_the_same_map_and_leaves_nothing_beside_it() {
    for (seed, scenario) in (1..).zip(scenarios()) {
        let place = Place::of(scenario, seed);
        expect(0, &mut place.discover("clean", &place.objects));
        let before = fs::read_dir(place.dir.path()).unwrap().count();
        for threads in ["1", "2", "8"] {
            let mut little = place.discover("little", &place.objects);
            expect(0, little.args(["--memory-budget", "1KiB", "--threads", threads]));
            assert!(
                place.bytes("little") == place.bytes("clean"),
                "seed {seed}, {threads} threads"
            );
            fs::remove_file(place.path("little")).unwrap();
        }
        let [first, second] = &place.dealt(2, seed)[..] else {
            continue;
        };
        expect(0, &mut place.discover("little", first.iter().copied()));
        let mut grow = place.discover("little", second.iter().copied());
        expect(0, grow.args(["--memory-budget", "1KiB"]));
        assert!(place.bytes("little") == place.bytes("clean"), "seed {seed}, grown");
        assert_eq!(fs::read_dir(place.dir.path()).unwrap().count(), before + 1);
    }
}

#[test]
fn query_logs_of_a_later_run_name_what_an_earlier_one_counted() {
    let dir = tempfile::tempdir().unwrap();
    let flow = "2 1 eni-a 10.0.0.5 203.0.113.7 40001 443 6 10 1000 1785549600 1785549660 ACCEPT OK\n";
    let answer = query(
        "2026-08-01T01:59:00Z",
        "10.0.0.5",
        "api.example.test.",
        &[("A", "203.0.113.7")],
    );
    fs::write(dir.path().join("flow.log"), flow).unwrap();
    fs::write(dir.path().join("dns.log"), answer).unwrap();
    let map = dir.path().join("map.parquet");
    for log in ["flow.log", "dns.log"] {
        expect(
            0,
            egressmap()
                .arg("discover")
                .arg(dir.path().join(log))
                .arg("--out")
                .arg(&map),
        );
    }
    let dependencies = by_key(&shown(&map)["dependencies"]);
    let keys: Vec<&String> = dependencies.keys().collect();
    assert_eq!(keys, [r#""unattributed/10.0.0.5" -> "api.example.test":443/"tcp""#]);
}

#[test]
fn a_memory_budget_that_is_no_size_is_refused() {
    let mut command = egressmap();
    command.args(["discover", "-", "--out", "m", "--memory-budget", "much"]);
    let (_, stderr) = expect(1, &mut command);
    assert!(
        stderr.contains(r#"expected a size such as 2GiB or 500MB, found "much""#),
        "{stderr}"
    );
}
