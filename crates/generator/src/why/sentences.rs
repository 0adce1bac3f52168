//! The story in plain sentences, from what is surest to what is to be done.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use egressmap_aggregator::identity::DnsName;
use egressmap_aggregator::map::{
    Certainty, Class, Dependency, DependencyMap, Grade, Key, KnownBy, Manifest, OnlySource, Protocol,
};
use egressmap_aggregator::show::{bytes, counted, utc};
use egressmap_aggregator::suspicion::Suspicion;

use super::{Ruling, Told};
use crate::ledger::Entry;
use crate::text::inert;

/// How many of a long list are named.
const NAMED: usize = 6;
/// A sample of sources is full with so many.
const SAMPLE: usize = 32;

/// All there is to tell.
pub(super) fn all(
    map: &DependencyMap,
    (key, it): (&Key, &Dependency),
    suspicion: &[Suspicion],
    ruled: Option<&(Ruling, Option<Entry>)>,
) -> Vec<Told> {
    let mut told = Vec::new();
    let mut tell = |about, sentence: String| {
        told.push(Told {
            about,
            sentence: inert(&sentence),
        });
    };
    tell("what", what(key, it));
    tell("when", when(it));
    tell("who", who(map, key, it));
    tell("name", name(&map.manifest, it));
    if let Some(chain) = chain(&map.manifest, key) {
        tell("cname", chain);
    }
    if let Some(also) = also(it) {
        tell("also", also);
    }
    tell("opened", opened(it).to_owned());
    tell("volume", volume(it));
    if let Some(refused) = refused(key, it) {
        tell("refused", refused);
    }
    for reason in suspicion {
        tell("suspicious", format!("{}: {}", reason.factor, reason.evidence));
    }
    if let Some((ruling, entry)) = ruled {
        tell("ledger", ledger(ruling, entry.as_ref()));
    }
    if let Some(gaps) = gaps(&map.manifest, it) {
        tell("gaps", gaps);
    }
    told
}

/// `host:443`, `[2001:db8::1]:443`, `host:53/udp`, `host/icmp`.
pub(super) fn place(key: &Key) -> String {
    let host = if key.destination.parse::<Ipv6Addr>().is_ok() {
        format!("[{}]", key.destination)
    } else {
        inert(&key.destination)
    };
    match (key.protocol, key.port) {
        (Protocol::Tcp, port) => format!("{host}:{port}"),
        (protocol, 0) => format!("{host}/{protocol}"),
        (protocol, port) => format!("{host}:{port}/{protocol}"),
    }
}

fn what(key: &Key, it: &Dependency) -> String {
    let class = match it.class {
        Class::Infrastructure => "infrastructure: DNS, time or instance metadata",
        Class::Internal => "a service of ours",
        Class::Aws => "an endpoint of an AWS service",
        Class::Private => "a private address that nothing in the inventory owns",
        Class::External => "outside",
    };
    let addresses: Vec<_> = it.addresses.iter().map(ToString::to_string).collect();
    let at = if addresses.is_empty() || addresses == [key.destination.as_str()] {
        String::new()
    } else {
        format!(", at {}", listed(&addresses))
    };
    format!(
        "{} reaches {} ({}), {class}{at}",
        key.service,
        place(key),
        it.application
    )
}

fn when(it: &Dependency) -> String {
    let hours: u32 = it.seen.days.iter().map(|(_, hours)| hours.count_ones()).sum();
    format!(
        "on {} and in {}, from {} to {}",
        counted(it.seen.days_seen() as u64, "day", "days"),
        counted(hours.into(), "hour", "hours"),
        utc(it.seen.first),
        utc(it.seen.last)
    )
}

fn who(map: &DependencyMap, key: &Key, it: &Dependency) -> String {
    let source = match it.source {
        OnlySource::Unknown => "no flow record tells from which address".to_owned(),
        OnlySource::One(address) => format!("from {address} alone"),
        OnlySource::Several => "from several addresses".to_owned(),
    };
    let sources = map
        .manifest
        .sources
        .get(&key.service)
        .map_or(0, |all| all.iter().count());
    let or_more = if sources >= SAMPLE { " or more" } else { "" };
    let seen_at = if sources == 0 {
        String::new()
    } else {
        let addresses = if sources == 1 { "address" } else { "addresses" };
        format!("; the service was seen at {sources}{or_more} {addresses}")
    };
    let facts = map.manifest.services.get(&key.service);
    let told: Vec<_> = facts
        .into_iter()
        .flat_map(|facts| &facts.known_by)
        .map(told_by)
        .collect();
    let told = if told.is_empty() {
        String::new()
    } else {
        format!("; no inventory has the service, it is known by {}", told.join(" and "))
    };
    source + &seen_at + &told
}

fn told_by(by: &KnownBy) -> &'static str {
    match by {
        KnownBy::EcsFields => "the ECS service in its flow records",
        KnownBy::Proxy => "what its proxy says of itself in the access log",
        KnownBy::LogName => "the name of the log that its proxy writes",
    }
}

fn name(manifest: &Manifest, it: &Dependency) -> String {
    if it.class == Class::Internal {
        return "its address is one of that service, by the inventory".to_owned();
    }
    if it.name.evidence.is_empty() {
        return "nothing names it: it goes by its address".to_owned();
    }
    let evidence: Vec<_> = it
        .name
        .evidence
        .iter()
        .map(|(grade, count)| rests_on(manifest, *grade, *count))
        .collect();
    format!("grade {}: {}", it.name.grade(), evidence.join("; "))
}

fn rests_on(manifest: &Manifest, grade: Grade, count: u64) -> String {
    match grade {
        Grade::Authority => format!(
            "{} through the proxy asked for it",
            counted(count, "request", "requests")
        ),
        Grade::Sni => format!(
            "{} through the proxy named it",
            counted(count, "TLS hello", "TLS hellos")
        ),
        Grade::Dns => format!(
            "{} told it to this service",
            counted(count, "DNS answer", "DNS answers")
        ),
        Grade::DnsVpc => format!(
            "{} told it to another source",
            counted(count, "DNS answer", "DNS answers")
        ),
        Grade::Aws => {
            let days: Vec<_> = manifest.aws_ranges.iter().cloned().collect();
            let ranges = if days.is_empty() {
                String::new()
            } else {
                format!(" (its published ranges: {})", listed(&days))
            };
            format!(
                "AWS says whose the address is, in {}{ranges}",
                counted(count, "record", "records")
            )
        }
        Grade::Fcrdns => format!(
            "reverse DNS says it and it points back, for {}",
            counted(count, "record", "records")
        ),
        Grade::Ptr => format!(
            "reverse DNS says it and nothing confirms it, for {}",
            counted(count, "record", "records")
        ),
        Grade::Address => counted(count, "record", "records"),
    }
}

/// The names that CNAMEs lead to, the nearest first.
fn chain(manifest: &Manifest, key: &Key) -> Option<String> {
    let asked = DnsName::try_from(key.destination.clone()).ok()?;
    let (mut met, mut at) = (BTreeSet::from([&asked]), 0);
    let mut chain = vec![&asked];
    while let Some(name) = chain.get(at) {
        let targets = manifest.aliases.get(*name).into_iter().flatten();
        chain.extend(targets.filter(|target| met.insert(*target)));
        at += 1;
    }
    let others: Vec<_> = chain[1..].iter().map(|name| name.as_str().to_owned()).collect();
    (!others.is_empty()).then(|| format!("DNS answers led from it to {}", listed(&others)))
}

fn also(it: &Dependency) -> Option<String> {
    let mut others: Vec<(&String, u64)> = it.name.also.iter().map(|(name, weight)| (name, *weight)).collect();
    others.sort_by_key(|(_, weight)| Reverse(*weight));
    let others: Vec<_> = others
        .iter()
        .map(|(name, weight)| format!("{name} ({weight})"))
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "the same addresses go by {}: lines and answers for each in parentheses; flow records cannot tell them apart",
            listed(&others)
        )
    })
}

fn opened(it: &Dependency) -> &'static str {
    match it.initiator {
        Certainty::Certain if it.access.records > 0 => "by the service, certain: its proxy took the connection from it",
        Certainty::Certain => "by the service, certain: it sent the SYN, or was sent the SYN-ACK",
        Certainty::Likely => "by the service, likely: the ports tell, and no SYN was logged",
        Certainty::Guess => "by the service, a guess: neither flags nor ports tell",
    }
}

fn volume(it: &Dependency) -> String {
    let place = if !it.at_initiator.is_empty() {
        " at its own interface"
    } else if !it.at_responder.is_empty() {
        " at the far end's interface"
    } else if it.elsewhere.is_empty() {
        ""
    } else {
        " on the way"
    };
    let volume = it.volume();
    format!(
        "{}{place} and {}; sent {} and received {}",
        counted(it.flow().records, "flow record", "flow records"),
        counted(it.access.records, "access line", "access lines"),
        bytes(volume.bytes_out),
        bytes(volume.bytes_in)
    )
}

fn refused(key: &Key, it: &Dependency) -> Option<String> {
    if it.refused_flow == 0 && it.refused_access == 0 {
        return None;
    }
    let only = if it.only_refused(key.protocol) {
        "it was never let through: "
    } else {
        ""
    };
    Some(format!(
        "{only}{} rejected, {} refused by the proxy",
        counted(it.refused_flow, "flow record", "flow records"),
        counted(it.refused_access, "access line", "access lines")
    ))
}

fn ledger(ruling: &Ruling, entry: Option<&Entry>) -> String {
    let Some(entry) = entry else {
        return "no entry speaks for it: not allowed".to_owned();
    };
    let expired = match entry.expires {
        Some(day) if ruling.expired => format!(", expired after {day}"),
        Some(day) => format!(", until {day}"),
        None => String::new(),
    };
    let owner = entry
        .owner
        .as_ref()
        .map_or_else(String::new, |owner| format!(", owner {owner}"));
    let reason = entry
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    format!(
        "{} by line {}, for {}{expired}{owner}{reason}",
        entry.verdict, entry.line, entry.destination
    )
}

/// Rows that say that records are missing, from the hour of its first record to that of its last.
fn gaps(manifest: &Manifest, it: &Dependency) -> Option<String> {
    let (first, last) = (it.seen.first / 3_600, it.seen.last / 3_600);
    let mut hours = BTreeSet::new();
    let mut rows = 0_u64;
    for (hour, count) in manifest.gaps.skipdata.values().flatten() {
        if (first..=last).contains(&u64::from(*hour)) {
            hours.insert(*hour);
            rows = rows.saturating_add(u64::from(*count));
        }
    }
    let lost = (rows > 0).then(|| {
        format!(
            "{} in {} between its first and last record: records of any service may be missing there",
            counted(rows, "SKIPDATA row", "SKIPDATA rows"),
            counted(hours.len() as u64, "hour", "hours")
        )
    });
    let cut = (!manifest.incomplete.is_empty()).then(|| {
        let objects = counted(manifest.incomplete.len() as u64, "object", "objects");
        format!("{objects} could not be read to the end")
    });
    let all: Vec<String> = lost.into_iter().chain(cut).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn listed(all: &[String]) -> String {
    let named = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
