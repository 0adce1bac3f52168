//! Selections, and hostile names in the languages of spreadsheets and graphs.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::{Order, Selection, csv, dot, json, mermaid, table};
use crate::identity::ServiceName;
use crate::map::{
    Application, Certainty, Class, Dependency, DependencyMap, Grade, Hours, Key, Naming, Protocol, Tally,
};

mod dot_reader;

fn add(map: &mut DependencyMap, service: &str, destination: &str, class: Class, days: u64) {
    let mut seen = Hours::default();
    for day in 0..days {
        seen.mark(86_400 * (20_700 + day), 86_400 * (20_700 + day) + 60);
    }
    let dependency = Dependency {
        addresses: ["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()].into(),
        class,
        application: Application::Tls,
        name: Naming {
            evidence: if class == Class::External {
                [(Grade::Sni, 3)].into()
            } else {
                Default::default()
            },
            also: [("other.test".to_owned(), 2)].into(),
        },
        at_initiator: Tally {
            records: 100 - days,
            bytes_out: 10 * days,
            ..Tally::default()
        },
        seen,
        initiator: Certainty::Certain,
        ..Dependency::default()
    };
    let key = Key {
        service: ServiceName::try_from(service.to_owned()).unwrap(),
        destination: destination.to_owned(),
        port: 443,
        protocol: Protocol::Tcp,
    };
    map.dependencies.insert(key, dependency);
}

fn shop() -> DependencyMap {
    let mut map = DependencyMap::default();
    add(&mut map, "checkout", "api.test", Class::External, 9);
    add(&mut map, "checkout", "ledger", Class::Internal, 2);
    add(&mut map, "media", "cdn.test", Class::External, 5);
    add(&mut map, "media", "10.9.9.9", Class::Private, 1);
    map
}

fn names(map: &DependencyMap, selection: Selection<'_>) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(&json(map, selection)).unwrap();
    let rows = document["dependencies"].as_array().unwrap();
    rows.iter()
        .map(|row| row["destination"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn filters_narrow_and_all_of_them_have_to_match() {
    let map = shop();
    let select = |selection| names(&map, selection);
    let all = Selection::default();
    assert_eq!(select(all), ["api.test", "ledger", "10.9.9.9", "cdn.test"]);
    assert_eq!(
        select(Selection {
            classes: &[Class::External, Class::Private],
            ..all
        }),
        ["api.test", "10.9.9.9", "cdn.test"]
    );
    assert_eq!(
        select(Selection {
            grades: &[Grade::Address],
            ..all
        }),
        ["ledger", "10.9.9.9"]
    );
    assert_eq!(select(Selection { min_days: 5, ..all }), ["api.test", "cdn.test"]);
    assert_eq!(
        select(Selection {
            since: Some(86_400 * 20_703),
            ..all
        }),
        ["api.test", "cdn.test"]
    );
    let both = Selection {
        service: Some("media"),
        grades: &[Grade::Sni],
        ..all
    };
    assert_eq!(select(both), ["cdn.test"]);
    let none = Selection {
        service: Some("media"),
        min_days: 50,
        ..all
    };
    assert!(table(&map, none, 120).ends_with("nothing of it is what was asked for\n"));
}

#[test]
fn orders_put_the_greatest_first_and_names_in_theirs() {
    let map = shop();
    let sorted = |order| {
        names(
            &map,
            Selection {
                order,
                ..Selection::default()
            },
        )
    };
    assert_eq!(
        sorted(Order::Destination),
        ["10.9.9.9", "api.test", "cdn.test", "ledger"]
    );
    assert_eq!(sorted(Order::Records), ["10.9.9.9", "ledger", "cdn.test", "api.test"]);
    for order in [Order::Bytes, Order::Days, Order::LastSeen] {
        assert_eq!(
            sorted(order),
            ["api.test", "cdn.test", "ledger", "10.9.9.9"],
            "{order:?}"
        );
    }
    assert_eq!(sorted(Order::FirstSeen), sorted(Order::Service));
}

/// Texts that each mean something to some reader of these outputs.
const HOSTILE: [&str; 22] = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(1)",
    " =1",
    "＝1",
    "a\",b",
    "\";evil->x;\"",
    "a\\",
    "\\G\\N\\n",
    "a\"] ; evil [x=\"",
    "<b>x</b>",
    "&lt;script&gt;",
    "\"]-->evil",
    "a#quot;b",
    "a;b%%c",
    "`**md**`",
    "1. a",
    "a\u{1b}[2J",
    "a\u{202e}b",
    "end",
    "é東京",
];

fn hostile() -> DependencyMap {
    let mut map = DependencyMap::default();
    for text in HOSTILE {
        // A service's name comes from the inventory, and holds no control characters.
        add(
            &mut map,
            text.replace(char::is_control, "").trim(),
            text,
            Class::External,
            1,
        );
    }
    map
}

#[test]
fn a_spreadsheet_finds_no_formula_and_a_reader_the_same_cells() {
    let map = hostile();
    let text = csv(&map, None);
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let width = reader.headers().unwrap().len();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), map.dependencies.len());
    for (row, key) in rows.iter().zip(map.dependencies.keys()) {
        assert_eq!(row.len(), width);
        for cell in row {
            let begins = cell.trim_start().chars().next();
            assert!(!begins.is_some_and(|c| "=+-@＝＋－＠\t\r".contains(c)), "{cell}");
        }
        let plain = super::escape::for_terminal(&key.destination);
        assert_eq!(row[1].strip_prefix('\'').unwrap_or(&row[1]), plain);
    }
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn csv_has_the_columns_that_spreadsheets_are_built_on() {
    let mut map = shop();
    map.dependencies.retain(|key, _| key.destination == "api.test");
    let text = csv(&map, None);
    let row = text.lines().nth(1).unwrap();
    assert_eq!(
        row,
        "\"checkout\",\"api.test\",443,\"tcp\",\"tls\",\"external\",\"sni\",\"certain\",\"203.0.113.7 2001:db8::7\",\"other.test\",\
         91,0,0,0,90,0,0,0,\"2026-09-04T00:00:00Z\",\"2026-09-12T00:01:00Z\",9"
    );
}

#[test]
fn a_graph_joins_services_and_what_they_reach() {
    let map = shop();
    let graph = dot_reader::read(&dot(&map, None)).unwrap();
    assert_eq!(graph.labels["s0"], "checkout");
    assert_eq!(graph.labels["s1"], "ledger");
    let edges: Vec<_> = graph
        .edges
        .iter()
        .map(|(from, to, label)| format!("{} {label} {}", graph.labels[from], graph.labels[to]))
        .collect();
    assert_eq!(
        edges,
        [
            "checkout 443 tls api.test\nexternal",
            "checkout 443 tls ledger",
            "media 443 tls 10.9.9.9\nprivate",
            "media 443 tls cdn.test\nexternal"
        ]
    );
    let expected = "\
flowchart LR
  s0[\"checkout\"]
  s1[\"ledger\"]
  s2[\"media\"]
  d1([\"10.9.9.9<br/>private\"])
  d0([\"api.test<br/>external\"])
  d2([\"cdn.test<br/>external\"])
  s0 -->|\"443 tls\"| d0
  s0 -->|\"443 tls\"| s1
  s2 -->|\"443 tls\"| d1
  s2 -->|\"443 tls\"| d2
";
    assert_eq!(mermaid(&map, None), expected);
}

#[test]
fn hostile_names_stay_labels_of_their_own_nodes() {
    let map = hostile();
    let graph = dot_reader::read(&dot(&map, None)).unwrap();
    assert_eq!(
        (graph.edges.len(), graph.labels.len()),
        (HOSTILE.len(), graph.services().len() + HOSTILE.len())
    );
    for (key, (from, to, _)) in map.dependencies.keys().zip(&graph.edges) {
        assert_eq!(graph.labels[from], super::escape::for_terminal(key.service.as_str()));
        assert_eq!(
            graph.labels[to],
            super::escape::for_terminal(&key.destination) + "\nexternal"
        );
    }
    assert_eq!(
        mermaid(&map, None).lines().count(),
        1 + graph.labels.len() + graph.edges.len()
    );
}

/// The text of a Mermaid label as a viewer shows it; `None` where it holds a sign that Mermaid would obey.
fn mermaid_text(label: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = label;
    while let Some(c) = rest.chars().next() {
        rest = rest.strip_prefix(c)?;
        if c != '#' {
            (c.is_alphanumeric() || ".-:/".contains(c)).then_some(())?;
            text.push(c);
            continue;
        }
        let (code, after) = rest.split_once(';')?;
        text.push(char::from_u32(code.parse().ok()?)?);
        rest = after;
    }
    Some(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_name_reads_back_from_a_graph(name in "[!-~é東\u{202e}\u{e0041}]{1,40}") {
        let mut map = DependencyMap::default();
        add(&mut map, &name, "a.test", Class::External, 1);
        let plain = super::escape::for_terminal(&name);
        let graph = dot_reader::read(&dot(&map, None)).unwrap();
        prop_assert_eq!(&graph.labels["s0"], &plain);
        let text = mermaid(&map, None);
        let node = text.lines().nth(1).unwrap();
        let label = node.strip_prefix("  s0[\"").and_then(|rest| rest.strip_suffix("\"]"));
        prop_assert_eq!(label.and_then(mermaid_text), Some(plain));
        prop_assert!(text.lines().count() == 4);
    }
}
