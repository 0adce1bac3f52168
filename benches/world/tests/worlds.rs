//! What can be asked of a world without reading its logs the way the product does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use egressmap_world::{Bulk, Container, Dependency, FlowVersion, Layout, NatRecords, Scenario, World};
use flate2::read::MultiGzDecoder;

const GZIP: Layout = Layout {
    container: Container::Gzip,
};

/// A city, made once for all tests.
fn city(version: FlowVersion) -> &'static World {
    static V2: LazyLock<World> = LazyLock::new(|| World::new(Scenario::city(40_000, FlowVersion::V2), 3).unwrap());
    static V5: LazyLock<World> = LazyLock::new(|| World::new(Scenario::city(40_000, FlowVersion::V5), 3).unwrap());
    match version {
        FlowVersion::V2 => &V2,
        FlowVersion::V5 => &V5,
    }
}

fn has(world: &World, like: impl Fn(&Dependency) -> bool) -> bool {
    world.truth().dependencies.iter().any(like)
}

/// All files below a folder, by their path in it.
fn files_below(dir: &Path, within: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(within).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(dir, &path, found);
        } else {
            found.insert(path.strip_prefix(dir).unwrap().to_owned());
        }
    }
}

#[test]
fn the_example_is_what_the_shop_makes_byte_for_byte() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let made = World::new(Scenario::shop(), 1).unwrap().files(GZIP).unwrap();
    for (path, bytes) in &made {
        let committed = fs::read(example.join(path)).unwrap_or_default();
        assert!(
            committed == *bytes,
            "examples/shop/{} is not what `egressmap-world shop` makes",
            path.display()
        );
    }
    let mut committed = BTreeSet::new();
    files_below(&example, &example.join("logs"), &mut committed);
    let logs = made
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("logs"));
    assert_eq!(committed, logs.collect(), "a log that no world made");
}

#[test]
fn the_example_tells_its_story() {
    let shop = World::new(Scenario::shop(), 1).unwrap();
    let of = |service: &str, like: &dyn Fn(&Dependency) -> bool| {
        let all = shop
            .truth()
            .dependencies
            .iter()
            .filter(|dependency| dependency.service == service);
        all.filter(|dependency| like(dependency)).count()
    };
    let opened = |dependency: &Dependency| dependency.records.flow + dependency.records.access > 0;
    let tls = |dependency: &Dependency| dependency.application == "tls" && dependency.class == "external";
    let http = |dependency: &Dependency| dependency.port == 80 && dependency.class == "external";
    assert_eq!(
        of("payment", &|_| true),
        2,
        "the ledger, the credit bureau, and nothing else"
    );
    assert_eq!(of("payment", &tls), 1, "one TLS host");
    assert!(
        of("checkout", &tls) > 1 && of("media", &tls) > 1,
        "several TLS hosts on one port"
    );
    assert!(
        of("media", &http) > 1 && of("catalog", &http) > 1,
        "several HTTP hosts on one port"
    );
    assert!(of("media", &|known| known.destination == "s3.eu-west-1.amazonaws.com") == 1);
    assert!(
        of("media", &|known| known.class == "external"
            && known.name.grade == "address"
            && opened(known))
            == 1
    );
    assert!(
        of("media", &|known| known.refused.flow > 0 && !opened(known)) == 1,
        "an attempt"
    );
    assert!(
        of("media", &|known| known
            .addresses
            .iter()
            .any(|address| address.contains(':')))
            >= 1,
        "IPv6"
    );
    assert!(
        of("media", &|known| known.bytes_out > 100 * known.bytes_in
            && known.days_seen < 6)
            == 1,
        "paste.example"
    );
    assert_eq!(
        of("storefront", &|known| known.class != "internal"),
        0,
        "inbound is no egress"
    );
    assert!(shop.truth().inbound > 100);
    let set_aside = &shop.truth().input.set_aside;
    assert!(
        ["nodata", "skipdata", "header", "not-access-log"]
            .iter()
            .all(|reason| set_aside.contains_key(*reason))
    );
}

#[test]
fn a_seed_makes_one_world_and_another_seed_another() {
    let make = |seed| {
        World::new(Scenario::city(0, FlowVersion::V5), seed)
            .unwrap()
            .files(GZIP)
            .unwrap()
    };
    assert!(make(5) == make(5));
    assert!(make(5) != make(6));
}

#[test]
fn every_line_ends_in_one_counter() {
    for world in [FlowVersion::V2, FlowVersion::V5].map(city) {
        let input = &world.truth().input;
        let lines: usize = world.objects().iter().map(|object| object.text.lines().count()).sum();
        assert_eq!(input.lines, u64::try_from(lines).unwrap());
        assert_eq!(
            input.lines,
            input.used.flow + input.used.access + input.set_aside.values().sum::<u64>()
        );
        assert!(input.used.flow + input.used.access >= 40_000);
        let records = world.objects().iter().map(|object| {
            let columns = object.text.lines().next().map_or(0, |header| header.split(' ').count());
            let record = |line: &&str| line.contains(" OK") && line.split(' ').count() == columns;
            object.text.lines().filter(record).count()
        });
        let unread: u64 = input
            .set_aside
            .iter()
            .filter(|(reason, _)| is_a_record_unread(reason))
            .map(|(_, n)| n)
            .sum();
        assert_eq!(u64::try_from(records.sum::<usize>()).unwrap(), input.used.flow + unread);
    }
}

/// Lines that have every column and a `log-status` of OK.
fn is_a_record_unread(reason: &str) -> bool {
    reason == "nat-gateway" || (reason.starts_with("malformed:") && reason != "malformed:columns")
}

#[test]
fn a_city_of_either_version_has_every_hard_case() {
    for version in [FlowVersion::V2, FlowVersion::V5] {
        let city = city(version);
        for class in ["external", "aws", "internal", "private", "infrastructure"] {
            assert!(has(city, |known| known.class == class), "{class}");
        }
        for grade in ["authority", "sni", "aws", "address"] {
            assert!(has(city, |known| known.name.grade == grade), "{grade}");
        }
        for certainty in ["certain", "likely", "guess"] {
            assert!(has(city, |known| known.initiator == certainty), "{certainty}");
        }
        for application in ["http", "tls", "tcp", "udp", "icmp"] {
            assert!(has(city, |known| known.application == application), "{application}");
        }
        assert!(
            has(city, |known| known.port == 50_051),
            "a listener in the ephemeral range"
        );
        assert!(has(city, |known| known.protocol == "udp"
            && known.port == 123
            && known.initiator == "guess"));
        assert!(
            has(city, |known| known.service.starts_with("unattributed/2001:db8:")),
            "an unowned IPv6 interface"
        );
        assert!(has(city, |known| known.service == "legacy"
            && known.records.flow == 0
            && known.records.access > 0));
        assert!(
            has(city, |known| known.service == "legacy" && known.records.flow > 0),
            "seen at the other end"
        );
        assert!(
            has(city, |known| known.refused.access > 0 && known.records.access == 0),
            "refused by a proxy"
        );
        assert!(
            has(city, |known| known.class == "internal" && known.refused.flow > 0),
            "refused where it arrived"
        );
        let reasons = &city.truth().input.set_aside;
        for reason in [
            "blank",
            "header",
            "malformed:columns",
            "malformed:dstport",
            "nodata",
            "skipdata",
            "not-access-log",
        ] {
            assert!(reasons.contains_key(reason), "{reason}");
        }
    }
}

#[test]
fn an_address_that_changed_hands_belongs_to_each_service_in_its_time() {
    let city = city(FlowVersion::V5);
    let rows: Vec<Vec<&str>> = city.inventory().lines().map(|line| line.split(',').collect()).collect();
    let handed_on = rows.iter().filter(|row| !row[5].is_empty()).filter(|before| {
        rows.iter()
            .any(|after| after[1] == before[1] && after[0] != before[0] && after[4] > before[5])
    });
    assert!(handed_on.count() >= 5);
}

#[test]
fn a_nat_gateway_that_nothing_marks_looks_like_a_client() {
    let marked = Scenario::city(0, FlowVersion::V5);
    let is_gateway = |known: &Dependency| known.service == "unattributed/10.40.0.220";
    let plain = World::new(
        Scenario {
            nat: NatRecords::Plain,
            ..marked.clone()
        },
        1,
    )
    .unwrap();
    assert!(has(&plain, is_gateway));
    let marked = World::new(marked, 1).unwrap();
    assert!(!has(&marked, is_gateway) && marked.truth().input.set_aside["nat-gateway"] > 100);
    assert!(has(&marked, |known| known.service == "worker"
        && known.class == "external"
        && known.records.flow > 0));
}

#[test]
fn plain_and_compressed_objects_hold_the_same_text() {
    let world = World::new(Scenario::shop(), 1).unwrap();
    let plain = world
        .files(Layout {
            container: Container::Plain,
        })
        .unwrap();
    for ((path, bytes), (plain_path, text)) in world.files(GZIP).unwrap().into_iter().zip(plain) {
        let mut inflated = Vec::new();
        match path.extension().is_some_and(|ending| ending == "gz") {
            true => drop(MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inflated).unwrap()),
            false => inflated = bytes,
        }
        assert!(inflated == text, "{} and {}", path.display(), plain_path.display());
    }
}

#[test]
fn bulk_totals_are_what_an_obvious_reader_counts() {
    let dir = tempfile::tempdir().unwrap();
    let bulk = Bulk {
        bytes: 300_000,
        edges: 500,
        objects: 4,
        container: Container::Gzip,
        seed: 1,
    };
    let truth = bulk.write(dir.path()).unwrap();
    let (mut lines, mut bytes, mut out, mut edges) = (0, 0, 0, BTreeSet::new());
    let mut paths = BTreeSet::new();
    files_below(dir.path(), &dir.path().join("logs"), &mut paths);
    for path in &paths {
        let mut text = String::new();
        MultiGzDecoder::new(fs::File::open(dir.path().join(path)).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        bytes += text.len();
        lines += text.lines().count();
        for record in text.lines().skip(1).map(|line| line.split(' ').collect::<Vec<_>>()) {
            assert_eq!(record.len(), 14);
            if record[3].starts_with("10.") {
                out += record[9].parse::<u64>().unwrap();
                let (service, _task) = record[3].rsplit_once('.').unwrap();
                edges.insert((service.to_owned(), record[4].to_owned(), record[6].to_owned()));
            }
        }
    }
    assert_eq!(
        (paths.len(), edges.len()),
        (4, usize::try_from(truth.dependencies).unwrap())
    );
    assert_eq!(
        (lines, bytes),
        (
            usize::try_from(truth.lines).unwrap(),
            usize::try_from(truth.bytes).unwrap()
        )
    );
    assert_eq!((out, truth.records), (truth.bytes_out, truth.lines - 4));
    assert!((300_000..301_000).contains(&bytes));
}
