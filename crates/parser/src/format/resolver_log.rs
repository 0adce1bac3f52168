//! Route 53 Resolver query logs: JSON lines with the keys that AWS documents.

use super::dns_lines::{Dialect, DnsLines};
use super::dns_object::Place;
use super::dns_value::Reasons;
use super::{Format, FormatKind, Options, OptionsError};

pub(super) static KIND: FormatKind = FormatKind {
    name: "resolver-log",
    help: "Route 53 Resolver query logs: which addresses a name had for whom",
    example: r#"{"version":"1.100000","account_id":"111122223333","region":"eu-west-1","vpc_id":"vpc-0a1b2c3d4e5f67890","query_timestamp":"2026-11-20T01:58:00Z","query_name":"api.example.test.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"edge.example.test.","Type":"CNAME","Class":"IN"},{"Rdata":"203.0.113.10","Type":"A","Class":"IN"}],"srcaddr":"10.0.1.5","srcport":"41630","transport":"UDP","srcids":{"instance":"i-0a1b2c3d4e5f67890"}}"#,
    start,
};

/// Source: "Values that appear in VPC Resolver query logs", Amazon Route 53 Developer Guide. Answers carry no TTL.
static DIALECT: Dialect = Dialect {
    keys,
    reasons: Reasons {
        time: "malformed:query_timestamp",
        source: "malformed:srcaddr",
        name: "malformed:query_name",
        answers: "malformed:answers",
    },
    // No other log has two of these keys.
    knows: |_| true,
    number: "srcport",
};

fn start(_: &Options) -> Result<Box<dyn Format>, OptionsError> {
    Ok(Box::new(DnsLines::new(&DIALECT)))
}

fn keys(key: &str) -> Option<Place> {
    match key {
        "query_timestamp" => Some(Place::Time),
        "srcaddr" => Some(Place::Source),
        "query_name" => Some(Place::Name),
        "query_type" => Some(Place::Type),
        "rcode" => Some(Place::Rcode),
        "answers" => Some(Place::Answers),
        "vpc_id" => Some(Place::Vpc),
        "srcids" => Some(Place::SourceIds),
        _ => None,
    }
}
