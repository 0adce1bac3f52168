//! The table as people see it.

use std::collections::BTreeMap;

use super::table;
use crate::identity::ServiceName;
use crate::map::{
    Application, Certainty, Dependency, DependencyMap, Grade, Hours, Key, Manifest, Naming, Protocol, Tally, Used,
};
use crate::show::{far_end, json};

const START: u64 = 1_790_000_000;

/// What `show -o json` prints of the first dependency of the shop.
const JSON: &str = r#"{
  "schema": "egressmap/map/v1",
  "window": {
    "from": "2026-09-21T14:13:20Z",
    "until": "2026-09-22T14:14:20Z"
  },
  "input": {
    "objects": 0,
    "bytes": 0,
    "lines": 1000,
    "used": {
      "flow": 900,
      "access": 60,
      "dns": 0
    },
    "set_aside": {
      "nodata": 40
    }
  },
  "dependencies": [
    {
      "service": "checkout",
      "destination": "api.example.test",
      "addresses": [
        "203.0.113.7"
      ],
      "class": "external",
      "port": 443,
      "protocol": "tcp",
      "application": "tls",
      "name": {
        "grade": "sni",
        "evidence": {
          "sni": 12
        },
        "also": [
          {
            "name": "b.test",
            "records": 7
          },
          {
            "name": "a.test",
            "records": 2
          },
          {
            "name": "c.test",
            "records": 2
          }
        ]
      },
      "records": {
        "flow": 1204,
        "access": 12
      },
      "refused": {
        "flow": 0,
        "access": 0
      },
      "bytes_out": 1485736,
      "bytes_in": 118913060,
      "packets_out": 0,
      "packets_in": 0,
      "first_seen": "2026-09-21T14:13:20Z",
      "last_seen": "2026-09-22T14:14:20Z",
      "days_seen": 2,
      "initiator": "certain"
    }
  ]
}
"#;

#[test]
fn what_stands_above_the_table_fits_as_well() {
    let mut map = shop();
    map.manifest.gaps.skipdata.insert("eni-1".to_owned(), [(1, 3)].into());
    for width in [60, 80, 120] {
        let text = table(&map, None, width);
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{width}: {text}");
    }
}

fn add(map: &mut DependencyMap, service: &str, destination: &str, port: u16, records: u64) {
    let mut seen = Hours::default();
    seen.mark(START, START + 60);
    seen.mark(START + 86_400, START + 86_460);
    let dependency = Dependency {
        addresses: ["203.0.113.7".parse().unwrap()].into(),
        application: Application::Tls,
        name: Naming {
            evidence: [(Grade::Sni, 12)].into(),
            also: [
                ("a.test".to_owned(), 2),
                ("b.test".to_owned(), 7),
                ("c.test".to_owned(), 2),
            ]
            .into(),
        },
        at_initiator: Tally {
            records,
            bytes_out: records * 1_234,
            bytes_in: records * 98_765,
            ..Tally::default()
        },
        at_responder: Tally {
            records: 77,
            ..Tally::default()
        },
        access: Tally {
            records: 12,
            bytes_out: 1,
            ..Tally::default()
        },
        seen,
        initiator: Certainty::Certain,
        ..Dependency::default()
    };
    let key = Key {
        service: ServiceName::try_from(service.to_owned()).unwrap(),
        destination: destination.to_owned(),
        port,
        protocol: Protocol::Tcp,
    };
    map.dependencies.insert(key, dependency);
}

fn shop() -> DependencyMap {
    let mut map = DependencyMap {
        manifest: Manifest {
            window: Some((START, START + 86_460)),
            lines: 1_000,
            used: Used {
                flow: 900,
                access: 60,
                dns: 0,
            },
            set_aside: BTreeMap::from([("nodata".to_owned(), 40)]),
            inbound: 3,
            ..Manifest::default()
        },
        ..DependencyMap::default()
    };
    add(&mut map, "checkout", "api.example.test", 443, 1_204);
    add(&mut map, "checkout", "ledger", 8_080, 7);
    add(
        &mut map,
        "media",
        "a-very-long-name-of-a-content-delivery-network.region-12.example.test",
        443,
        3,
    );
    map
}

#[test]
fn where_records_were_lost_is_said_above_the_table() {
    let mut map = shop();
    let hours = |hours: &[(u32, u32)]| hours.iter().copied().collect();
    map.manifest.gaps.nodata = BTreeMap::from([("eni-9".to_owned(), hours(&[(497_222, 7)]))]);
    map.manifest.gaps.skipdata = BTreeMap::from([
        ("eni-1".to_owned(), hours(&[(497_222, 3), (497_223, 8)])),
        ("eni-2".to_owned(), hours(&[(497_222, 1)])),
    ]);
    let text = table(&map, None, 120);
    let line = text.lines().nth(2).unwrap();
    assert_eq!(
        line,
        "SKIPDATA: 12 rows of 2 interfaces in 2 hours: records are missing there"
    );
    let document: serde_json::Value = serde_json::from_str(&json(&map, None)).unwrap();
    assert_eq!(
        document["gaps"],
        serde_json::json!({
            "nodata": {"eni-9": {"2026-09-21T14:00:00Z": 7}},
            "skipdata": {
                "eni-1": {"2026-09-21T14:00:00Z": 3, "2026-09-21T15:00:00Z": 8},
                "eni-2": {"2026-09-21T14:00:00Z": 1},
            },
        })
    );
}

#[test]
fn groups_by_service_and_says_what_was_read() {
    let expected = "\
2026-09-21T14:13:20Z to 2026-09-22T14:14:20Z · 3 dependencies of 2 services
0 objects, 1000 lines: 960 used (3 of clients that called us), 40 set aside

SERVICE   DESTINATION                                                                APP  CLASS     GRADE  RECORDS     OUT      IN  DAYS  INITIATOR
checkout  api.example.test:443                                                       tls  external  sni       1204  1.4 MB  118 MB     2  certain
          ledger:8080                                                                tls  external  sni          7  8.6 kB  691 kB     2  certain
media     a-very-long-name-of-a-content-delivery-network.region-12.example.test:443  tls  external  sni          3  3.7 kB  296 kB     2  certain
";
    assert_eq!(table(&shop(), None, 200), expected);
}

#[test]
fn a_narrow_table_cuts_the_middle_of_destinations_and_drops_what_matters_least() {
    let expected = "\
SERVICE   DESTINATION                        APP  GRADE  RECORDS     OUT      IN
checkout  api.example.test:443               tls  sni       1204  1.4 MB  118 MB
          ledger:8080                        tls  sni          7  8.6 kB  691 kB
media     a-very-long-name…example.test:443  tls  sni          3  3.7 kB  296 kB
";
    let shown = table(&shop(), None, 80);
    let rows: String = shown.lines().skip(3).map(|line| line.to_owned() + "\n").collect();
    assert_eq!(rows, expected);
}

#[test]
fn what_is_suspicious_is_marked_on_a_terminal_of_80_columns() {
    let mut map = shop();
    add(&mut map, "media", "paste.example", 443, 16);
    let (_, paste) = map.dependencies.iter_mut().next_back().unwrap();
    paste.refused_flow = 2;
    (paste.at_initiator.bytes_out, paste.at_initiator.bytes_in) = (50_000_000, 12_000);
    let shown = table(&map, None, 80);
    let rows: Vec<&str> = shown.lines().skip(3).collect();
    assert_eq!(
        [rows[0], rows[4]],
        [
            "SERVICE   DESTINATION                        APP  RECORDS  REFUSED  SUSPICIOUS",
            "          paste.example:443                  tls       16        2  upload-heavy",
        ],
        "{shown}"
    );
}

#[test]
fn no_line_is_wider_than_asked_down_to_what_cannot_be_left_out() {
    for width in 46..200 {
        let shown = table(&shop(), None, width);
        let widest = shown.lines().skip(3).map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} > {width}");
    }
}

#[test]
fn one_service_is_shown_alone_and_an_unknown_one_is_said_to_be() {
    let shown = table(&shop(), Some("media"), 200);
    assert!(shown.contains("1 of 3 dependencies of 2 services") && !shown.contains("checkout"));
    let unknown = table(&shop(), Some("medai"), 200);
    assert!(unknown.ends_with("nothing was seen of service medai; services in this map: checkout, media\n"));
}

#[test]
fn an_empty_map_says_why() {
    assert!(table(&DependencyMap::default(), None, 80).ends_with("nothing was read\n"));
    let mut silent = shop();
    silent.dependencies.clear();
    let shown = table(&silent, None, 80);
    assert!(
        shown.ends_with("no line showed a service of ours reaching anything: 40 nodata\n"),
        "{shown}"
    );
}

#[test]
fn refusals_have_a_column_where_there_are_any() {
    let mut map = shop();
    assert!(!table(&map, None, 200).contains("REFUSED"));
    map.dependencies.values_mut().next().unwrap().refused_flow = 5;
    assert!(table(&map, None, 200).contains("REFUSED"));
}

#[test]
fn transports_and_addresses_are_written_so_that_they_cannot_be_mixed_up() {
    let shown = |protocol, port| far_end("2001:db8::7", port, protocol);
    assert_eq!(shown(Protocol::Tcp, 443), "[2001:db8::7]:443");
    assert_eq!(shown(Protocol::Udp, 53), "[2001:db8::7]:53/udp");
    assert_eq!(shown(Protocol::Icmp, 0), "[2001:db8::7]/icmp");
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let mut map = shop();
    add(&mut map, "evil\u{202e}", "x\u{1b}[2J\u{9b}\nfake", 443, 1);
    map.manifest.set_aside.insert("a\u{1b}]0;".to_owned(), 1);
    for shown in [
        table(&map, None, 200),
        table(&map, Some("\u{1b}"), 80),
        json(&map, None),
    ] {
        let unsafe_character = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.contains(unsafe_character), "{shown:?}");
    }
    assert_eq!(table(&map, None, 200).lines().count(), 3 + 1 + 4);
}

#[test]
fn json_has_the_shape_that_programs_rely_on() {
    let mut map = shop();
    map.dependencies.retain(|key, _| key.destination == "api.example.test");
    assert_eq!(json(&map, Some("checkout")), JSON);
}

#[test]
fn an_empty_map_is_a_json_document_too() {
    let document: serde_json::Value = serde_json::from_str(&json(&DependencyMap::default(), None)).unwrap();
    assert!(document["window"].is_null() && document["dependencies"].as_array().unwrap().is_empty());
}
