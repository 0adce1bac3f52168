//! The map as JSON, for programs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::{Selection, escape, utc};
use crate::map::{
    Application, Certainty, Class, Dependency, DependencyMap, Grade, Key, Manifest, Protocol, RowsByHour, SCHEMA, Used,
};
use crate::suspicion::{Suspicion, Suspicions};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    window: Option<Window>,
    input: Input<'a>,
    #[serde(skip_serializing_if = "Gaps::is_empty")]
    gaps: Gaps<'a>,
    dependencies: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Window {
    from: String,
    until: String,
}

#[derive(Serialize)]
struct Input<'a> {
    objects: usize,
    bytes: u64,
    lines: u64,
    used: Used,
    set_aside: &'a BTreeMap<String, u64>,
}

/// Rows of flow logs that are no records, by `log-status`, interface and hour.
#[derive(Serialize)]
struct Gaps<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    nodata: Hourly<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    skipdata: Hourly<'a>,
}

type Hourly<'a> = BTreeMap<&'a str, BTreeMap<String, u32>>;

#[derive(Serialize)]
struct Entry<'a> {
    service: &'a str,
    destination: &'a str,
    addresses: Vec<IpAddr>,
    class: Class,
    port: u16,
    #[serde(serialize_with = "as_text")]
    protocol: Protocol,
    application: Application,
    name: Name<'a>,
    records: Planes,
    refused: Planes,
    bytes_out: u64,
    bytes_in: u64,
    packets_out: u64,
    packets_in: u64,
    first_seen: String,
    last_seen: String,
    days_seen: usize,
    initiator: Certainty,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suspicion: Vec<Suspicion>,
}

#[derive(Serialize)]
struct Name<'a> {
    grade: Grade,
    evidence: &'a BTreeMap<Grade, u64>,
    also: Vec<Other<'a>>,
}

#[derive(Serialize)]
struct Other<'a> {
    name: &'a str,
    records: u64,
}

#[derive(Serialize)]
struct Planes {
    flow: u64,
    access: u64,
}

/// The map, or what is selected of it, as one JSON document of schema `egressmap/map/v1`. `input` is always that of the
/// whole map. Other names stand in `also` by their weight, the heaviest first.
#[must_use]
pub fn json<'a>(map: &DependencyMap, selection: impl Into<Selection<'a>>) -> String {
    let rows = selection.into().of(map);
    let suspicions = Suspicions::of(map);
    let document = Document {
        schema: SCHEMA,
        window: map.manifest.window.map(|(from, until)| Window {
            from: utc(from),
            until: utc(until),
        }),
        input: input(&map.manifest),
        gaps: Gaps {
            nodata: hourly(&map.manifest.gaps.nodata),
            skipdata: hourly(&map.manifest.gaps.skipdata),
        },
        dependencies: rows
            .into_iter()
            .map(|(key, it)| entry(key, it, suspicions.about(key, it)))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("every key is text, so the document is JSON");
    escape::in_json(&text) + "\n"
}

impl Gaps<'_> {
    fn is_empty(&self) -> bool {
        self.nodata.is_empty() && self.skipdata.is_empty()
    }
}

/// With each hour as the time it begins.
fn hourly(rows: &RowsByHour) -> Hourly<'_> {
    rows.iter()
        .map(|(interface, hours)| {
            let hours = hours.iter().map(|(&hour, &rows)| (utc(u64::from(hour) * 3_600), rows));
            (interface.as_str(), hours.collect())
        })
        .collect()
}

fn input(manifest: &Manifest) -> Input<'_> {
    Input {
        objects: manifest.objects.len(),
        bytes: manifest.bytes,
        lines: manifest.lines,
        used: manifest.used,
        set_aside: &manifest.set_aside,
    }
}

fn entry<'a>(key: &'a Key, it: &'a Dependency, suspicion: Vec<Suspicion>) -> Entry<'a> {
    let volume = it.volume();
    Entry {
        service: key.service.as_str(),
        destination: &key.destination,
        addresses: it.addresses.iter().copied().collect(),
        class: it.class,
        port: key.port,
        protocol: key.protocol,
        application: it.application,
        name: name(it),
        records: Planes {
            flow: it.flow().records,
            access: it.access.records,
        },
        refused: Planes {
            flow: it.refused_flow,
            access: it.refused_access,
        },
        bytes_out: volume.bytes_out,
        bytes_in: volume.bytes_in,
        packets_out: volume.packets_out,
        packets_in: volume.packets_in,
        first_seen: utc(it.seen.first),
        last_seen: utc(it.seen.last),
        days_seen: it.seen.days_seen(),
        initiator: it.initiator,
        suspicion,
    }
}

fn name(it: &Dependency) -> Name<'_> {
    let mut also: Vec<_> = it
        .name
        .also
        .iter()
        .map(|(name, &records)| Other { name, records })
        .collect();
    also.sort_by_key(|other| std::cmp::Reverse(other.records));
    Name {
        grade: it.name.grade(),
        evidence: &it.name.evidence,
        also,
    }
}

fn as_text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}
