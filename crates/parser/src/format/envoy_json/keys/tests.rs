//! What users may say about their keys, and what is said back.

use std::collections::BTreeMap;

use super::super::memory::Memory;
use super::super::object;
use super::Keys;
use crate::format::envoy_format::values::{Read, Values};
use crate::record::AccessRecord;

fn keys(pairs: &[(&str, &str)]) -> Result<Keys, String> {
    let pairs: BTreeMap<_, _> = pairs
        .iter()
        .map(|(key, operator)| ((*key).to_owned(), (*operator).to_owned()))
        .collect();
    Keys::new(&pairs)
}

/// The authority that a line has under these keys.
fn authority(pairs: &[(&str, &str)], line: &str) -> Option<String> {
    let keys = keys(pairs).unwrap();
    let (_, record) = record(line, &keys);
    record.and_then(|record| record.authority.map(|name| name.into_owned()))
}

/// Whether a line is meant as a record, and the record if its values are right.
fn record<'a>(line: &'a str, keys: &Keys) -> (bool, Option<AccessRecord<'a>>) {
    let (mut found, mut read) = (Values::of(line.as_bytes()), Read::default());
    object::read(line.as_bytes(), keys, &mut Memory::default(), &mut found).unwrap();
    let is_right = found.read(keys.clock(), &mut read).is_ok();
    (keys.are_in(&found), is_right.then_some(read.record))
}

#[test]
fn a_dotted_path_is_nested_keys_or_one_key() {
    let given = [("t", "%START_TIME(%s)%"), ("http.host", "%REQ(:AUTHORITY)%")];
    assert_eq!(
        authority(&given, r#"{"t":1,"http":{"host":"a.test"}}"#).as_deref(),
        Some("a.test")
    );
    assert_eq!(
        authority(&given, r#"{"t":1,"http.host":"a.test"}"#).as_deref(),
        Some("a.test")
    );
    assert_eq!(authority(&given, r#"{"t":1,"http":"a.test"}"#), None);
}

#[test]
fn an_authority_that_may_be_cut_is_no_name() {
    let given = [("t", "START_TIME"), ("a", "REQ(:AUTHORITY):6")];
    assert_eq!(authority(&given, r#"{"t":1,"a":"a.test"}"#), None);
    assert_eq!(authority(&given, r#"{"t":1,"a":"a.tes"}"#).as_deref(), Some("a.tes"));
}

#[test]
fn a_header_that_a_client_may_add_is_not_the_authority() {
    let given = [("t", "START_TIME"), ("a", "%REQ(X-FORWARDED-HOST?:AUTHORITY)%")];
    assert_eq!(authority(&given, r#"{"t":1,"a":"a.test"}"#), None);
}

#[test]
fn values_that_are_not_one_operator_are_passed_over() {
    let given = [
        ("t", "%START_TIME%"),
        ("m", "%PROTOCOL% %RESPONSE_CODE%"),
        ("env", "prod"),
        ("x", "%CEL(a.b)%"),
    ];
    assert!(keys(&given).is_ok());
}

#[test]
fn keys_without_a_time_or_with_a_broken_operator_are_refused() {
    assert_eq!(
        keys(&[("a", "%REQ(:AUTHORITY)%")]).err().as_deref(),
        Some("expected a key for %START_TIME%, without which no record has a time")
    );
    assert_eq!(
        keys(&[("t", "%START_TIME%"), ("a", "%REQ(:AUTHORITY%")])
            .err()
            .as_deref(),
        Some(
            r#""a": column 6: expected a ) that ends the arguments, then the end of the command, found ":AUTHORITY%""#
        )
    );
}

#[test]
fn a_key_without_a_value_gives_way_to_a_lesser_key_with_one() {
    let keys = keys(&[]).unwrap();
    let lines = [
        (
            r#"{"time":1,"upstream_cluster":null,"upstream_cluster_raw":"a","cluster":"b"}"#,
            Some("a"),
        ),
        (
            r#"{"time":1,"cluster":"b","upstream_cluster_raw":"a","upstream_cluster":"-"}"#,
            Some("a"),
        ),
        (
            r#"{"time":1,"upstream_cluster_raw":"a","upstream_cluster":""}"#,
            Some("a"),
        ),
        (
            r#"{"time":1,"upstream_cluster_raw":null,"upstream_cluster":"c"}"#,
            Some("c"),
        ),
        (
            r#"{"time":1,"upstream_cluster":"c","upstream_cluster_raw":"a"}"#,
            Some("c"),
        ),
        (
            r#"{"time":1,"upstream_cluster":null,"upstream_cluster_raw":null}"#,
            None,
        ),
    ];
    for (line, cluster) in lines {
        let (is_meant, record) = record(line, &keys);
        assert!(is_meant, "{line}");
        assert_eq!(record.unwrap().upstream_cluster.as_deref(), cluster, "{line}");
    }
}
