//! A sink that keeps everything as JSON, and one call that reads bytes into it.

use std::io::{Cursor, Read};
use std::net::SocketAddr;

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{
    AccessRecord, Action, Counters, DnsRecord, FlowDirection, FlowRecord, Gap, GapStatus, Options, Sink, Verdict, scan,
};
use serde_json::{Map, Value, json};

/// What came of one object.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) error: Option<String>,
    pub(crate) counters: Counters,
    pub(crate) objects: Vec<String>,
    pub(crate) records: Vec<Value>,
    /// Where the record at hand comes from, as its envelope says.
    origin: String,
    pub(crate) gaps: Vec<Value>,
}

/// Reads bytes as one object.
pub(crate) fn collect(bytes: &[u8], options: &Options) -> Collected {
    collect_from(Cursor::new(bytes.to_vec()), options)
}

/// Reads a body as one object.
pub(crate) fn collect_from(body: impl Read + Send + 'static, options: &Options) -> Collected {
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let mut collected = Collected::default();
    let mut counters = Counters::default();
    let result = scan(Object::new(id, Box::new(body)), options, &mut collected, &mut counters);
    assert!(counters.balanced(), "{counters:?}");
    collected.error = result.err().map(|error| error.to_string());
    collected.counters = counters;
    // Records come in batches, the unusual ones between them.
    collected.records.sort_by_key(|record| record["line"].as_u64());
    collected
}

impl Collected {
    /// As it stands in `expected.json`.
    pub(crate) fn to_json(&self) -> Value {
        let counters = &self.counters;
        let samples: Map<_, _> = counters
            .samples
            .iter()
            .map(|(reason, samples)| {
                let samples = samples.iter().map(|sample| {
                    let mut shown = json!({"line": sample.line, "message": sample.message});
                    if let Some(event) = sample.event {
                        shown["event"] = json!(event);
                    }
                    shown
                });
                ((*reason).to_owned(), samples.collect())
            })
            .collect();
        let mut counted = json!({
            "bytes": counters.bytes,
            "lines": counters.lines,
            "flow": counters.flow,
            "access": counters.access,
            "set_aside": counters.set_aside,
        });
        if counters.dns > 0 {
            counted["dns"] = json!(counters.dns);
        }
        let mut json = json!({
            "error": self.error,
            "counters": counted,
            "samples": samples,
            "records": self.records,
        });
        if !self.gaps.is_empty() {
            json["gaps"] = json!(self.gaps);
        }
        json
    }

    fn keep(&mut self, mut record: Value) {
        if !self.origin.is_empty() {
            record["origin"] = json!(self.origin);
        }
        self.records.push(record);
    }

    /// How many lines were set aside for a reason.
    pub(crate) fn set_aside(&self, reason: &str) -> u64 {
        self.counters.set_aside.get(reason).copied().unwrap_or_default()
    }
}

impl Sink for Collected {
    fn object(&mut self, id: &ObjectId) {
        self.objects.push(id.uri.clone());
    }

    fn origin(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    fn flow(&mut self, line: u64, record: &FlowRecord<'_>) -> Verdict {
        self.keep(flow(line, record));
        Verdict::Used
    }

    fn access(&mut self, line: u64, record: &AccessRecord<'_>) -> Verdict {
        self.keep(access(line, record));
        Verdict::Used
    }

    fn dns(&mut self, line: u64, record: &DnsRecord<'_>) -> Verdict {
        self.keep(dns(line, record));
        Verdict::Used
    }

    fn gap(&mut self, line: u64, gap: &Gap<'_>) {
        let status = match gap.status {
            GapStatus::NoData => "NODATA",
            GapStatus::SkipData => "SKIPDATA",
        };
        let eni = std::str::from_utf8(gap.eni).unwrap();
        self.gaps
            .push(json!({"line": line, "eni": eni, "start": gap.start, "end": gap.end, "status": status}));
    }
}

fn flow(line: u64, record: &FlowRecord<'_>) -> Value {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
    let mut json = json!({
        "line": line,
        "account": text(record.account),
        "eni": text(record.eni),
        "instance": text(record.instance),
        "srcaddr": record.srcaddr.to_string(),
        "dstaddr": record.dstaddr.to_string(),
        "pkt_srcaddr": record.pkt_srcaddr.map(|address| address.to_string()),
        "pkt_dstaddr": record.pkt_dstaddr.map(|address| address.to_string()),
        "srcport": record.srcport,
        "dstport": record.dstport,
        "protocol": record.protocol,
        "packets": record.packets,
        "bytes": record.bytes,
        "start": record.start,
        "end": record.end,
        "action": match record.action { Action::Accept => "ACCEPT", Action::Reject => "REJECT" },
        "tcp_flags": record.tcp_flags,
        "flow_direction": record.flow_direction.map(|direction| match direction {
            FlowDirection::Ingress => "ingress",
            FlowDirection::Egress => "egress",
        }),
        "src_aws_service": text(record.src_aws_service),
        "dst_aws_service": text(record.dst_aws_service),
        "interface_type": text(record.interface_type),
    });
    if record.on_the_way {
        json["on_the_way"] = json!(true);
    }
    for (key, name) in [("ecs_cluster", record.ecs_cluster), ("ecs_service", record.ecs_service)] {
        if !name.is_empty() {
            json[key] = json!(text(name));
        }
    }
    json
}

fn access(line: u64, record: &AccessRecord<'_>) -> Value {
    let socket = |address: Option<SocketAddr>| address.map(|address| address.to_string());
    json!({
        "line": line,
        "start": record.start,
        "method": record.method,
        "authority": record.authority,
        "sni": record.sni,
        "protocol": record.protocol,
        "response_code": record.response_code,
        "response_flags": record.response_flags,
        "response_code_details": record.response_code_details,
        "route_name": record.route_name,
        "upstream_cluster": record.upstream_cluster,
        "upstream_host": socket(record.upstream_host),
        "downstream_local": socket(record.downstream_local),
        "downstream_remote": socket(record.downstream_remote),
        "downstream_direct_remote": socket(record.downstream_direct_remote),
        "bytes_received": record.bytes_received,
        "bytes_sent": record.bytes_sent,
    })
}

fn dns(line: u64, record: &DnsRecord<'_>) -> Value {
    json!({
        "line": line,
        "time": record.time,
        "source": record.source.to_string(),
        "vpc": record.vpc,
        "instance": record.instance,
        "name": record.name,
        "query_type": record.query_type,
        "rcode": record.rcode,
        "addresses": record.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "aliases": record.aliases,
    })
}
