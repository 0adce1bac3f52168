//! The generator at 2,000 services with 50 dependencies each, all allowed: reading, proposing, rendering and replaying them.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{
    Application, Certainty, Dependency, DependencyMap, Grade, Hours, Key, Naming, Protocol, ServiceFacts, Tally,
};
use egressmap_generator::replay::SEMANTICS;
use egressmap_generator::{Acceptance, Ledger, REGISTRY, Settings, merge, outline, propose, replay};

const SERVICES: u32 = 2_000;
const EACH: u32 = 50;

/// The map, the same for the same seed: every host is reached by two services on average.
fn fleet(seed: u64) -> DependencyMap {
    let mut draws = seed;
    let mut draw = |below: u32| {
        // A linear congruential generator; its high bits are the better ones.
        draws = draws
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(draws >> 33).expect("31 bits are left") % below
    };
    let mut map = DependencyMap::default();
    for number in 0..SERVICES {
        let service = ServiceName::try_from(format!("service-{number}")).expect("it is a name");
        let facts = ServiceFacts {
            namespace: Some(format!("team-{}", number % 20)),
            ..ServiceFacts::default()
        };
        map.manifest.services.insert(service.clone(), facts);
        let full = map.dependencies.len() + EACH as usize;
        while map.dependencies.len() < full {
            let host = draw(SERVICES * EACH / 2);
            let (port, application, grade) = match host % 10 {
                0..6 => (443, Application::Tls, Grade::Sni),
                6..9 => (80, Application::Http, Grade::Authority),
                _ => (5671, Application::Tcp, Grade::Dns),
            };
            let key = Key {
                service: service.clone(),
                destination: format!("host{host}.provider{}.example", host % 100),
                port,
                protocol: Protocol::Tcp,
            };
            map.dependencies.insert(key, dependency(host, application, grade));
        }
    }
    map
}

fn dependency(host: u32, application: Application, grade: Grade) -> Dependency {
    let mut seen = Hours::default();
    seen.mark(1_790_000_000, 1_790_000_060);
    Dependency {
        addresses: BTreeSet::from([IpAddr::V4(Ipv4Addr::from(0xcb00_7100 + host % 256))]),
        application,
        name: Naming {
            evidence: BTreeMap::from([(grade, 1)]),
            also: BTreeMap::new(),
        },
        at_initiator: Tally {
            records: 1,
            ..Tally::default()
        },
        seen,
        initiator: Certainty::Certain,
        ..Dependency::default()
    }
}

fn generator(criterion: &mut Criterion) {
    let map = fleet(1);
    let merged = merge(None, &map, Acceptance::Observed, None).expect("there is no ledger to be wrong");
    assert!(
        merged.added.iter().all(|added| added.held.is_none()),
        "all of it is allowed"
    );
    let (text, ledger, settings) = (merged.text, merged.ledger, Settings::for_mesh("mesh"));
    let mut group = criterion.benchmark_group("generator");
    group.sample_size(10);
    group.bench_function("ledger", |bencher| {
        bencher.iter(|| Ledger::parse(black_box(&text)));
    });
    group.bench_function("merge", |bencher| {
        bencher.iter(|| merge(Some(&text), black_box(&map), Acceptance::Observed, None));
    });
    group.bench_function("propose", |bencher| {
        bencher.iter(|| propose(black_box(&map), &ledger, &settings));
    });
    let proposal = propose(&map, &ledger, &settings);
    for target in REGISTRY {
        group.bench_function(format!("render/{}", target.name()), |bencher| {
            bencher.iter(|| target.render(black_box(&proposal)));
        });
    }
    for semantics in SEMANTICS {
        group.bench_function(format!("replay/{}", semantics.name), |bencher| {
            bencher.iter(|| {
                let proposal = outline(black_box(&map), &ledger, &settings);
                replay(&map, &ledger, &proposal, semantics, None).totals()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, generator);
criterion_main!(benches);
