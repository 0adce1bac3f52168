//! A replay as text: for people and for programs.

use egressmap_aggregator::map::{Application, Class, Key, Protocol};
use egressmap_aggregator::show::in_json;
use serde::Serialize;

use super::{Judged, Replay, Standing, Tally, Totals, Verdict};
use crate::text::inert;

/// The name of the JSON document's layout. Another layout has another name.
const SCHEMA: &str = "egressmap/replay/v1";

/// The replay as JSON, with the final line end.
#[must_use]
pub fn json(replay: &Replay<'_>) -> String {
    let services = replay.services();
    let document = Document {
        schema: SCHEMA,
        target: replay.target,
        breaks: replay.breaks(),
        totals: replay.totals(),
        services: services
            .into_iter()
            .map(|(service, totals)| Service { service, totals })
            .collect(),
        dependencies: replay.judged.iter().map(Row::of).collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("every key is text, so the document is JSON");
    in_json(&text) + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    target: &'static str,
    breaks: bool,
    totals: Totals,
    services: Vec<Service<'a>>,
    dependencies: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Service<'a> {
    service: &'a str,
    #[serde(flatten)]
    totals: Totals,
}

#[derive(Serialize)]
struct Row<'a> {
    verdict: Verdict,
    service: &'a str,
    destination: &'a str,
    port: u16,
    protocol: Protocol,
    application: Application,
    class: Class,
    records: u64,
    bytes: u64,
    only_refused: bool,
    rule: &'a str,
    ledger: Option<Entry>,
}

#[derive(Serialize)]
struct Entry {
    line: u64,
    verdict: String,
    expired: bool,
    decided: bool,
}

impl<'a> Row<'a> {
    fn of(judged: &'a Judged<'a>) -> Self {
        let tally = Tally::of(judged);
        Row {
            verdict: judged.judgement.verdict,
            service: judged.key.service.as_str(),
            destination: &judged.key.destination,
            port: judged.key.port,
            protocol: judged.key.protocol,
            application: judged.dependency.application,
            class: judged.dependency.class,
            records: tally.records,
            bytes: tally.bytes,
            only_refused: judged.dependency.only_refused(judged.key.protocol),
            rule: &judged.judgement.rule,
            ledger: judged.entry.map(|entry| Entry {
                line: entry.line,
                verdict: entry.verdict.to_string(),
                expired: entry.expired,
                decided: judged.judgement.line == Some(entry.line),
            }),
        }
    }
}

/// The replay for people: the totals, then what is cut, sent elsewhere or uncertain with its rule, then each service.
#[must_use]
pub fn table(replay: &Replay<'_>) -> String {
    let totals = replay.totals();
    let mut out = format!("{}: {}\n", replay.target, in_words(&totals));
    out.push_str(&volume(&totals));
    for judged in replay
        .judged
        .iter()
        .filter(|judged| judged.judgement.verdict != Verdict::Allow)
    {
        out.push_str(&paragraph(judged));
    }
    if !replay.judged.is_empty() {
        out.push_str(&services(replay));
    }
    out
}

fn in_words(totals: &Totals) -> String {
    let all = totals.all().dependencies;
    if all == 0 {
        return "the map holds no dependency".to_owned();
    }
    let parts = Verdict::ALL.map(|verdict| format!("{} {verdict}", totals.of(verdict).dependencies));
    format!("{} of {}", parts.join(", "), counted(all, "dependency", "dependencies"))
}

/// The records and bytes behind each verdict that has any.
fn volume(totals: &Totals) -> String {
    let some = Verdict::ALL
        .into_iter()
        .filter(|verdict| totals.of(*verdict).dependencies > 0);
    let parts = some.map(|verdict| {
        let tally = totals.of(verdict);
        format!(
            "{verdict} {}, {}",
            counted(tally.records, "record", "records"),
            bytes(tally.bytes)
        )
    });
    let line: Vec<String> = parts.collect();
    if line.is_empty() {
        return String::new();
    }
    format!("{}\n", line.join("; "))
}

fn paragraph(judged: &Judged<'_>) -> String {
    let tally = Tally::of(judged);
    let traffic = if judged.dependency.only_refused(judged.key.protocol) {
        "only ever refused".to_owned()
    } else {
        format!(
            "{}, {}",
            counted(tally.records, "record", "records"),
            bytes(tally.bytes)
        )
    };
    let mut out = format!(
        "\n{:<9}  {} -> {} ({})  {traffic}\n           {}\n",
        judged.judgement.verdict.as_str(),
        inert(judged.key.service.as_str()),
        far_end(judged.key),
        judged.dependency.application,
        judged.judgement.rule
    );
    if let Some(entry) = judged.entry {
        out.push_str(&format!("           ledger: {}\n", standing(&entry)));
    }
    out
}

/// What the ledger says, as a line says it.
pub(super) fn standing(entry: &Standing) -> String {
    let expired = if entry.expired { ", and has expired" } else { "" };
    format!("line {} says {}{expired}", entry.line, entry.verdict)
}

/// `host:443`, `[2001:db8::1]:443`, `host:53/udp`.
pub(super) fn far_end(key: &Key) -> String {
    let host = inert(&key.destination);
    let host = if key.destination.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{host}]")
    } else {
        host
    };
    match key.protocol {
        Protocol::Tcp => format!("{host}:{}", key.port),
        protocol => format!("{host}:{}/{protocol}", key.port),
    }
}

/// One line a service: its verdicts.
fn services(replay: &Replay<'_>) -> String {
    let services: Vec<(String, Totals)> = replay
        .services()
        .into_iter()
        .map(|(service, totals)| (inert(service), totals))
        .collect();
    let widest = services.iter().map(|(service, _)| service.chars().count());
    let width = widest.max().unwrap_or_default().max("SERVICE".len());
    let mut out = format!("\n{:<width$}", "SERVICE");
    for verdict in Verdict::ALL {
        out.push_str(&format!("  {:>9}", verdict.as_str().to_ascii_uppercase()));
    }
    out.push('\n');
    for (service, totals) in services {
        out.push_str(&format!("{service:<width$}"));
        for verdict in Verdict::ALL {
            out.push_str(&format!("  {:>9}", totals.of(verdict).dependencies));
        }
        out.push('\n');
    }
    out
}

pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// So many bytes, in the largest unit that leaves a whole number before the point.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1_000 {
        return counted(count, "byte", "bytes");
    }
    let (mut whole, mut rest, mut unit) = (count, 0, "bytes");
    for next in UNITS {
        if whole < 1_000 {
            break;
        }
        (rest, whole, unit) = (whole % 1_000, whole / 1_000, next);
    }
    format!("{whole}.{} {unit}", rest / 100)
}
