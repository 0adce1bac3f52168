//! Maps of any content, with keys that meet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use egressmap_aggregator::identity::{DnsName, ServiceName};
use egressmap_aggregator::map::{
    Application, Certainty, Class, CountedObject, Dependency, DependencyMap, Gaps, Grade, Hours, Key, KnownBy,
    KnownNames, Manifest, Naming, OnlySource, Protocol, ServiceFacts, Sources, Starts, Tally, Used,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A map that counted objects under `prefix`.
pub(crate) fn map(prefix: &'static str) -> impl Strategy<Value = DependencyMap> {
    (manifest(prefix), btree_map(key(), dependency(), 0..8))
        .prop_map(|(manifest, dependencies)| DependencyMap { manifest, dependencies })
}

/// A service, by one of few names.
pub(crate) fn service() -> impl Strategy<Value = ServiceName> {
    select(vec![
        "checkout",
        "ledger",
        "média 东京",
        "unattributed/10.0.0.9",
        "${x} <b>\"'",
    ])
    .prop_map(|name| ServiceName::try_from(name.to_owned()).unwrap())
}

fn key() -> impl Strategy<Value = Key> {
    let destination = select(vec![
        "api.example.test",
        "ledger",
        "203.0.113.7",
        "2001:db8::7",
        "aws/s3/eu-west-1",
        "\u{202e}x,\"y",
    ]);
    let protocol = select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Icmp, Protocol::Other(47)]);
    (service(), destination, select(vec![0, 80, 443, u16::MAX]), protocol).prop_map(
        |(service, destination, port, protocol)| Key {
            service,
            destination: destination.to_owned(),
            port,
            protocol,
        },
    )
}

fn dependency() -> impl Strategy<Value = Dependency> {
    let what = (
        btree_set(address(), 0..4),
        select(Class::ALL.to_vec()),
        select(Application::ALL.to_vec()),
        naming(),
        select(Certainty::ALL.to_vec()),
    );
    let counts = (
        [tally(), tally(), tally(), tally()],
        count(),
        count(),
        hours(),
        only_source(),
        starts(),
    );
    (what, counts).prop_map(|(what, counts)| {
        let (addresses, class, application, name, initiator) = what;
        let ([at_initiator, at_responder, elsewhere, access], refused_flow, refused_access, seen, source, starts) =
            counts;
        Dependency {
            addresses,
            class,
            application,
            name,
            at_initiator,
            at_responder,
            elsewhere,
            access,
            refused_flow,
            refused_access,
            seen,
            initiator,
            source,
            starts,
        }
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    let v4 = (0_u8..8).prop_map(|host| IpAddr::from([203, 0, 113, host]));
    let v6 = (0_u16..8).prop_map(|host| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]));
    prop_oneof![v4, v6]
}

fn naming() -> impl Strategy<Value = Naming> {
    let other = select(vec!["b.example.test", "c.example.test", "\"quoted\"\n"]).prop_map(str::to_owned);
    (
        btree_map(select(Grade::ALL.to_vec()), count(), 0..4),
        btree_map(other, count(), 0..3),
    )
        .prop_map(|(evidence, also)| Naming { evidence, also })
}

/// Mostly small, and at times so great that sums stop at the greatest.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..1_000_u64, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn tally() -> impl Strategy<Value = Tally> {
    [count(), count(), count(), count(), count()].prop_map(|[records, bytes_out, bytes_in, packets_out, packets_in]| {
        Tally {
            records,
            bytes_out,
            bytes_in,
            packets_out,
            packets_in,
        }
    })
}

fn hours() -> impl Strategy<Value = Hours> {
    vec((0..40 * 86_400_u64, 0..600_u64), 0..6).prop_map(|marks| {
        let mut hours = Hours::default();
        for (start, length) in marks {
            hours.mark(1_790_000_000 + start, 1_790_000_000 + start + length);
        }
        hours
    })
}

fn only_source() -> impl Strategy<Value = OnlySource> {
    prop_oneof![
        Just(OnlySource::Unknown),
        address().prop_map(OnlySource::One),
        Just(OnlySource::Several)
    ]
}

/// Of few seconds, so that samples meet, and at times more than are kept.
fn starts() -> impl Strategy<Value = Starts> {
    vec((0..90_u64, 0..3_u16), 0..100).prop_map(|marks| {
        let mut starts = Starts::default();
        for (second, port) in marks {
            starts.mark(1_790_000_000 / 86_400 * 86_400 + 5 * 3_600 + second, port);
        }
        starts
    })
}

/// Of few addresses, and at times more than are kept.
fn sources() -> impl Strategy<Value = Sources> {
    vec((0_u8..60, 0..100_u64, 100..200_u64), 0..60).prop_map(|seen| {
        let mut sources = Sources::default();
        for (host, first, last) in seen {
            sources.see(IpAddr::from([10, 0, 0, host]), first, last);
        }
        sources
    })
}

fn manifest(prefix: &'static str) -> impl Strategy<Value = Manifest> {
    let object = (
        0..20_u8,
        option::of(select(vec!["\"e1\"", "\"e2\""])),
        option::of(count()),
    )
        .prop_map(move |(number, version, size)| CountedObject {
            uri: format!("{prefix}/{number}.log.gz"),
            version: version.map(str::to_owned),
            size,
        });
    let window = option::of((0..1_000_u64, 1_000..2_000_u64));
    let reason = select(vec!["nodata", "malformed:srcaddr"]).prop_map(str::to_owned);
    let counts = (count(), count(), count(), count(), count());
    let facts = btree_map(service(), facts(), 0..4);
    let objects = btree_set(object, 0..4).prop_map(one_size_each);
    (
        window,
        objects,
        counts,
        btree_map(reason, count(), 0..3),
        count(),
        facts,
        gaps(),
        btree_map(service(), sources(), 0..3),
        btree_set(select(vec!["2022-09-01", "2026-10-01"]).prop_map(str::to_owned), 0..3),
        btree_map(alias(), btree_set(alias(), 1..3), 0..3),
    )
        .prop_map(
            |(
                window,
                objects,
                (bytes, lines, flow, access, dns),
                set_aside,
                inbound,
                services,
                gaps,
                sources,
                aws_ranges,
                aliases,
            )| {
                Manifest {
                    window,
                    incomplete: objects.iter().take(1).map(cut_off).collect(),
                    objects,
                    bytes,
                    lines,
                    used: Used { flow, access, dns },
                    set_aside,
                    inbound,
                    gaps,
                    services,
                    sources,
                    aws_ranges,
                    names: KnownNames::default(),
                    aliases,
                }
            },
        )
}

fn cut_off(object: &CountedObject) -> (String, String) {
    (object.uri.clone(), "cut off".to_owned())
}

fn alias() -> impl Strategy<Value = DnsName> {
    select(vec!["api.test", "edge.cdn.test", "cdn.test"]).prop_map(|name| DnsName::try_from(name.to_owned()).unwrap())
}

/// One version of an object has one size.
fn one_size_each(objects: BTreeSet<CountedObject>) -> BTreeSet<CountedObject> {
    let by_identity: BTreeMap<_, _> = objects
        .into_iter()
        .map(|it| ((it.uri.clone(), it.version.clone()), it))
        .collect();
    by_identity.into_values().collect()
}

fn gaps() -> impl Strategy<Value = Gaps> {
    let interface = || select(vec!["-", "eni-1", "eni-2"]).prop_map(str::to_owned);
    let table = || btree_map(interface(), btree_map(0_u32..5, 1_u32..9, 1..4), 0..3);
    (table(), table()).prop_map(|(nodata, skipdata)| Gaps { nodata, skipdata })
}

fn facts() -> impl Strategy<Value = ServiceFacts> {
    let text = || option::of(select(vec!["a", "b", "c"]).prop_map(str::to_owned));
    let known_by = btree_set(select(vec![KnownBy::EcsFields, KnownBy::Proxy, KnownBy::LogName]), 0..3);
    (text(), text(), text(), known_by).prop_map(|(virtual_node, namespace, owner, known_by)| ServiceFacts {
        known_by,
        virtual_node,
        namespace,
        owner,
    })
}
