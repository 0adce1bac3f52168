//! No text from a log or an inventory, however hostile, changes the structure of any file of any target, or of the ledger.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};
use serde_json::Value;

use super::*;
use crate::ledger::Ledger;

/// What means something in one of the languages that are written.
const WORDS: &[&str] = &[
    "${",
    "%{",
    "$${",
    "}",
    "{{",
    "}}",
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "#",
    "\n# ",
    "\n- ",
    ": ",
    "*",
    "**",
    "&a ",
    "!!",
    "|",
    "\n| a | b |\n|---|---|\n",
    ">",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "`",
    "```",
    "\n~~~\n",
    "[x](y)",
    "![",
    "](",
    "<http://a.example>",
    "http://a.example",
    "www.a.example",
    "\n---\n",
    "\n...\n",
    "_",
    "__",
    ";",
    ")",
    "; sid:1;",
    "\npass ",
    "$HOME_NET",
    "<<EOF",
    "//",
    "/*",
    "..",
    "/",
    "\u{202e}",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\0",
    "=1+1",
    "&lt;",
    "&#42;",
    "~",
    "\n1. ",
    "$(id)",
    "- [ ] ",
    "[^1]",
    "    ",
];

/// What YAML may take for something else than text, though it can be the label of a pod and the name of a namespace.
const LABELS: &[&str] = &[
    "yes",
    "no",
    "on",
    "null",
    "true",
    "1e3",
    "0x1f",
    "007",
    "2026-01-01",
    "1",
];

fn hostile_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        2 => "[a-z]{1,4}",
    ];
    prop::collection::vec(word, 1..8).prop_map(|words| words.concat())
}

/// The texts that come with a caller.
#[derive(Debug, Clone)]
struct Named {
    service: String,
    node: String,
    namespace: String,
    owner: String,
}

/// Callers that are alike but for their texts.
fn world(callers: &[Named], mesh: &str, on_conflict: OnConflict) -> (Proposal, String) {
    let mut map = DependencyMap::default();
    for named in callers {
        let service = named.service.as_str();
        let seen = [
            Seen::http(service, "rates.example", 80),
            Seen::tls(service, "a.example", 443).at(&["203.0.113.1"]),
            Seen::tls(service, "b.example", 443).at(&["203.0.113.2"]),
            Seen::tcp(service, "203.0.113.9", 5432),
            Seen::udp(service, "time.example", 123),
        ];
        map.dependencies.extend(sample::map(seen).dependencies);
        let facts = ServiceFacts {
            virtual_node: Some(named.node.clone()),
            namespace: Some(named.namespace.clone()),
            owner: Some(named.owner.clone()),
        };
        map.manifest.services.insert(sample::service(service), facts);
    }
    let mut merged = merge(None, &map, Acceptance::Observed, None).unwrap();
    for entry in &mut merged.ledger.entries {
        entry.verdict = crate::ledger::Verdict::Allow;
    }
    let settings = Settings {
        on_conflict,
        ..Settings::for_mesh(mesh)
    };
    (propose(&map, &merged.ledger, &settings), merged.text)
}

/// What a file holds without its texts, as the parser of its own language reads it.
fn skeleton(file: &RenderedFile) -> String {
    let text = &file.text;
    let yaml = |text| of_value(&serde_saphyr::from_str(text).unwrap());
    match file.path.rsplit_once('.').unwrap().1 {
        "tf" => of_body(&hcl::parse(text).unwrap()),
        "json" => of_value(&serde_json::from_str(text).unwrap()),
        "yaml" => sorted(text.split("\n---\n").filter(|text| !text.is_empty()).map(yaml)),
        "md" => of_page(text),
        // It names no caller: every byte is the same.
        "rules" => text.clone(),
        other => panic!("no parser for .{other}"),
    }
}

fn sorted(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.collect();
    parts.sort();
    format!("({})", parts.join(" "))
}

fn of_value(value: &Value) -> String {
    match value {
        Value::Object(map) => sorted(map.values().map(of_value)),
        Value::Array(items) => sorted(items.iter().map(of_value)),
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}

fn of_body(body: &hcl::Body) -> String {
    let attributes = body
        .attributes()
        .map(|found| format!("{}={}", found.key(), of_expression(found.expr())));
    let blocks = body.blocks().map(|block| {
        format!(
            "{}/{}{}",
            block.identifier(),
            block.labels().len(),
            of_body(block.body())
        )
    });
    sorted(attributes.chain(blocks))
}

/// A text is one only if every interpolation and directive in it is escaped.
fn of_expression(expression: &hcl::Expression) -> String {
    match expression {
        hcl::Expression::Array(items) => sorted(items.iter().map(of_expression)),
        hcl::Expression::Object(object) => sorted(object.iter().map(|(key, value)| {
            let key = match key {
                hcl::ObjectKey::Expression(key) => of_expression(key),
                other => format!("{other:?}"),
            };
            format!("{key}={}", of_expression(value))
        })),
        hcl::Expression::String(_) => "text".to_owned(),
        hcl::Expression::TemplateExpr(template) => {
            let escaped = template.to_string().replace("$${", "").replace("%%{", "");
            let plain = !escaped.contains("${") && !escaped.contains("%{");
            if plain {
                "text".to_owned()
            } else {
                format!("{template:?}")
            }
        }
        other => format!("{other:?}"),
    }
}

/// The elements of a page as GitHub reads it, in their order, texts and line ends taken together.
fn of_page(page: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    for event in Parser::new_ext(page, extensions) {
        let part = match event {
            Event::Text(_) | Event::SoftBreak => "text".to_owned(),
            Event::Code(_) => "code".to_owned(),
            // A line each, so that a difference is found.
            other => format!("{other:?}\n"),
        };
        if part != "text" || parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join(" ")
}

fn skeletons(target: &dyn Target, proposal: &Proposal) -> Vec<String> {
    let files = target.render(proposal);
    let mut all: Vec<String> = files.iter().map(skeleton).collect();
    all.sort();
    all
}

fn hold(hostile: &[Named], benign: &[Named], mesh: &str, on_conflict: OnConflict) {
    let ((hostile_proposal, ledger), (plain, plain_ledger)) =
        (world(hostile, mesh, on_conflict), world(benign, "mesh", on_conflict));
    for target in REGISTRY {
        let (found, expected) = (skeletons(*target, &hostile_proposal), skeletons(*target, &plain));
        assert_eq!(found.len(), expected.len(), "{}", target.name());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{}", target.name());
        }
    }
    let read = |text: &str| Ledger::parse(text).unwrap().entries;
    let (found, expected) = (read(&ledger), read(&plain_ledger));
    assert_eq!(found.len(), expected.len());
    assert_eq!(ledger.lines().count(), plain_ledger.lines().count());
    let services: BTreeSet<&str> = found.iter().map(|entry| entry.service.as_str()).collect();
    assert!(
        services.into_iter().eq(hostile
            .iter()
            .map(|named| named.service.as_str())
            .collect::<BTreeSet<_>>())
    );
}

fn any_choice() -> impl Strategy<Value = OnConflict> {
    prop::sample::select(vec![OnConflict::Ask, OnConflict::RouterPorts, OnConflict::IgnorePort])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn hostile_texts_leave_the_structure_of_every_file_as_it_is(
        texts in prop::collection::vec(prop::array::uniform4(hostile_text()), 1..4),
        mesh in hostile_text(),
        choice in any_choice(),
    ) {
        // With a space in it, none is by chance the name of a pod's label, of which more can be written.
        let named = |(at, texts): (usize, [String; 4])| {
            let [service, node, namespace, owner] = texts;
            let service: String = service.chars().filter(|c| !c.is_control()).collect();
            Named { service: format!("s{at} {}.", service.trim()), node: format!("{at} {node}"), namespace: format!("{at} {namespace}"), owner }
        };
        let benign = (0..texts.len()).map(|at| Named {
            service: format!("s{at} shop."),
            node: format!("{at} node"),
            namespace: format!("{at} namespace"),
            owner: "team".to_owned(),
        });
        hold(&texts.into_iter().enumerate().map(named).collect::<Vec<_>>(), &benign.collect::<Vec<_>>(), &mesh, choice);
    }

    #[test]
    fn labels_that_look_like_something_else_are_text(labels in prop::sample::subsequence(LABELS.to_vec(), 1..5), choice in any_choice()) {
        let named = |text: &str| Named { service: text.to_owned(), node: text.to_owned(), namespace: text.to_owned(), owner: text.to_owned() };
        let hostile: Vec<Named> = labels.iter().map(|label| named(label)).collect();
        let benign: Vec<Named> = (0..labels.len()).map(|at| named(&format!("shop-{at}"))).collect();
        hold(&hostile, &benign, "null", choice);
    }
}
