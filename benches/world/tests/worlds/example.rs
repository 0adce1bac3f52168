//! The shop, and its copy in `examples/shop`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use egressmap_world::{Container, Dependency, Layout, Scenario, World};
use flate2::read::MultiGzDecoder;

use crate::{GZIP, files_below};

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
#[expect(clippy::too_many_lines, reason = "a story is told in one go")]
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
fn a_world_does_not_mix_with_what_another_left() {
    let dir = tempfile::tempdir().unwrap();
    let write = |seed| World::new(Scenario::shop(), seed).unwrap().write(dir.path(), GZIP);
    write(1).unwrap();
    write(1).unwrap();
    let stray = dir.path().join("logs/envoy/payment/old.log");
    fs::write(&stray, "").unwrap();
    let refused = write(1).unwrap_err().to_string();
    assert!(refused.contains("old.log is not of this world"), "{refused}");
}
