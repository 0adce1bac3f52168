//! Cities: every case is there, and every line is counted.

use std::sync::LazyLock;

use egressmap_world::{Dependency, FlowVersion, NatRecords, Scenario, World};

use crate::GZIP;

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
