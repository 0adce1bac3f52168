//! The published ranges: preference, regions, and files that are something else.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::index::Index;
use super::{AwsRanges, Range, naming_word};

const RANGES: &str = r#"{
  "syncToken": "1760000000", "createDate": "2026-10-01-00-00-00",
  "prefixes": [
    {"ip_prefix": "203.0.113.0/24", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "AMAZON"},
    {"ip_prefix": "203.0.113.0/25", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "AMAZON"},
    {"ip_prefix": "203.0.113.0/25", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "S3"},
    {"ip_prefix": "203.0.113.0/25", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "EC2"},
    {"ip_prefix": "203.0.113.64/26", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "EC2"},
    {"ip_prefix": "198.51.100.0/24", "region": "GLOBAL", "network_border_group": "GLOBAL", "service": "CLOUDFRONT"},
    {"ip_prefix": "192.0.2.0/28", "region": "GLOBAL", "network_border_group": "GLOBAL", "service": "ROUTE53"}
  ],
  "ipv6_prefixes": [
    {"ipv6_prefix": "2001:db8:5::/48", "region": "us-east-1", "network_border_group": "us-east-1", "service": "AMAZON"},
    {"ipv6_prefix": "2001:db8:5:1::/64", "region": "us-east-1", "network_border_group": "us-east-1", "service": "DYNAMODB"}
  ]
}"#;

fn ranges() -> AwsRanges {
    AwsRanges::from_json("ip-ranges.json", RANGES.as_bytes()).unwrap()
}

fn label(address: &str, logged: Option<&str>) -> Option<String> {
    let word = logged.and_then(naming_word);
    let ranges = ranges();
    Index::of(&ranges).label(address.parse::<IpAddr>().unwrap(), word.as_deref())
}

fn error(json: &str) -> String {
    AwsRanges::from_json("names.json", json.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn the_longest_prefix_names_and_on_a_tie_a_service_of_its_own_does() {
    assert_eq!(label("203.0.113.5", None).as_deref(), Some("aws/s3/eu-west-1"));
    assert_eq!(label("203.0.113.200", None).as_deref(), Some("aws/amazon/eu-west-1"));
    assert_eq!(label("192.0.2.1", None).as_deref(), Some("aws/route53/global"));
    assert_eq!(
        label("2001:db8:5:1::7", None).as_deref(),
        Some("aws/dynamodb/us-east-1")
    );
    assert_eq!(label("2001:db8:5:2::7", None).as_deref(), Some("aws/amazon/us-east-1"));
    assert_eq!(label("192.0.2.200", None), None);
}

#[test]
fn ranges_that_carry_other_peoples_content_name_nothing() {
    assert_eq!(label("203.0.113.70", None), None);
    assert_eq!(label("198.51.100.9", None), None);
    assert_eq!(label("192.0.2.200", Some("CLOUDFRONT")), None);
}

#[test]
fn a_logged_service_takes_its_region_from_the_ranges_where_they_know_it() {
    assert_eq!(label("203.0.113.70", Some("S3")).as_deref(), Some("aws/s3/eu-west-1"));
    assert_eq!(label("192.0.2.200", Some("DYNAMODB")).as_deref(), Some("aws/dynamodb"));
}

#[test]
fn a_logged_service_that_is_no_word_names_nothing() {
    for hostile in ["", "-", "S3 ", "${path}", "../x", "a\nb", &"S".repeat(65)] {
        assert_eq!(label("192.0.2.200", Some(hostile)), None, "{hostile}");
    }
}

#[test]
fn the_order_of_entries_and_files_does_not_matter() {
    let mut reversed = serde_json::from_str::<serde_json::Value>(RANGES).unwrap();
    reversed["prefixes"].as_array_mut().unwrap().reverse();
    let reversed = AwsRanges::from_json("r.json", reversed.to_string().as_bytes()).unwrap();
    assert_eq!(reversed, ranges());
    let mut both = AwsRanges::default();
    both.extend(reversed);
    both.extend(ranges());
    assert_eq!(both, ranges());
    assert_eq!((both.len(), both.is_empty()), (7, false));
}

#[test]
fn a_file_that_is_something_else_is_named_with_what_is_wrong() {
    assert!(error("{\"syncToken\": \"1\"}").starts_with(
        "names.json: expected ip-ranges.json as AWS publishes it (`prefixes`, `ipv6_prefixes`): missing field `prefixes`"
    ));
    assert!(error("{\"prefixes\": [{\"ipv4Prefix\": \"203.0.113.0/24\"}]}").contains("missing field `ip_prefix`"));
    assert!(error("service,address\n").contains("line 1 column 1"));
    assert_eq!(
        error(r#"{"prefixes": [{"ip_prefix": "203.0.113.0/33", "region": "x", "service": "S3"}]}"#),
        "names.json: prefixes[0]: expected an address prefix, found \"203.0.113.0/33\""
    );
    assert_eq!(
        error(
            r#"{"prefixes": [], "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32", "region": "${x}", "service": "S3"}]}"#
        ),
        "names.json: ipv6_prefixes[0]: expected the name of an AWS region, found \"${x}\""
    );
}

#[test]
fn the_longest_prefix_is_found_as_by_trying_them_all() {
    let mut ranges = AwsRanges::default();
    let mut seed = 7_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 8
    };
    for number in 0..400 {
        let length = u8::try_from(next() % 17).unwrap() + 16;
        let address = Ipv4Addr::from(0xcb00_0000 | (next() % 0x1_0000));
        let prefix = IpNet::new(address.into(), length).unwrap().trunc();
        ranges.insert(prefix, Range::new(format!("s{number:03}"), "r".to_owned()));
    }
    ranges.insert(
        "2001:db8::/32".parse().unwrap(),
        Range::new("six".to_owned(), "r".to_owned()),
    );
    let index = Index::of(&ranges);
    for _ in 0..5_000 {
        let address = IpAddr::from(Ipv4Addr::from(0xcb00_0000 | (next() % 0x1_8000)));
        let holding = ranges.by_prefix.iter().filter(|(prefix, _)| prefix.contains(&address));
        let longest = holding.max_by_key(|(prefix, _)| prefix.prefix_len());
        assert_eq!(index.longest(address), longest, "{address}");
    }
    assert_eq!(index.longest("2001:db7::1".parse().unwrap()), None);
}

#[test]
fn the_day_of_publication_is_kept_where_it_is_one() {
    assert_eq!(ranges().days().iter().collect::<Vec<_>>(), ["2026-10-01"]);
    for no_day in ["", "2026", "2026-1a-01-00", "${x}-12-34-00", "é026-10-01"] {
        let json = format!(r#"{{"createDate": "{no_day}", "prefixes": []}}"#);
        let ranges = AwsRanges::from_json("r.json", json.as_bytes()).unwrap();
        assert!(ranges.days().is_empty(), "{no_day}");
    }
}
