//! What the targets render, read back with the parsers of their languages.

mod hostile;
mod properties;
mod successors;

use std::collections::BTreeSet;

use egressmap_aggregator::map::{DependencyMap, ServiceFacts};
use hcl::eval::{Context, Evaluate as _};
use serde_json::Value;

use super::*;
use crate::ledger::{Acceptance, merge};
use crate::proposal::{Layout, OnConflict, Settings, propose};
use crate::sample::{self, Seen};

fn shop() -> DependencyMap {
    let mut map = sample::map([
        Seen::tls("checkout", "api.stripe.com", 443),
        Seen::http("checkout", "rates.example", 80),
        Seen::http("media", "rates.example", 80),
        Seen::tls("media", "a.cdn.example", 443),
        Seen::tls("media", "b.cdn.example", 443),
    ]);
    let facts = ServiceFacts {
        virtual_node: Some("checkout-vn_shop".to_owned()),
        namespace: Some("shop".to_owned()),
        ..ServiceFacts::default()
    };
    map.manifest.services.insert(sample::service("checkout"), facts);
    map
}

fn proposal(map: &DependencyMap, mesh: &str) -> Proposal {
    let ledger = merge(None, map, Acceptance::Observed, None).unwrap().ledger;
    propose(map, &ledger, &Settings::for_mesh(mesh))
}

/// The shop with routers before the hosts that give way.
fn routed() -> Proposal {
    let ledger = merge(None, &shop(), Acceptance::Observed, None).unwrap().ledger;
    let settings = Settings {
        on_conflict: OnConflict::RouterPorts,
        ..Settings::for_mesh("shop")
    };
    propose(&shop(), &ledger, &settings)
}

#[test]
fn every_target_has_words_for_a_router() {
    let mut shown = String::new();
    for (target, paths) in [
        ("appmesh-terraform", &["virtual_routers.tf"][..]),
        ("appmesh-kubernetes", &["virtual-routers.yaml"]),
        (
            "appmesh-api",
            &[
                "create-route/ext-b-cdn-example-444.json",
                "create-virtual-router/ext-b-cdn-example.json",
                "create-virtual-service/ext-b-cdn-example.json",
            ],
        ),
    ] {
        let files = rendered(target, &routed());
        for path in paths {
            shown.push_str(&format!("=== {target}/{path}\n{}", text(&files, path)));
        }
    }
    insta::assert_snapshot!(shown);
}

fn rendered(target: &str, proposal: &Proposal) -> Vec<RenderedFile> {
    target_named(target).unwrap().render(proposal).files
}

fn text<'a>(files: &'a [RenderedFile], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("no {path} in {files:#?}")).text
}

fn snapshot(target: &str) -> String {
    let files = rendered(target, &proposal(&shop(), "shop"));
    let definitions = files.iter().filter(|file| !file.path.ends_with(".md"));
    definitions
        .map(|file| format!("=== {}\n{}", file.path, file.text))
        .collect()
}

#[test]
fn terraform_is_a_module_of_nodes_services_and_backends() {
    insta::assert_snapshot!(snapshot("appmesh-terraform"));
}

#[test]
fn cloudformation_is_one_template() {
    insta::assert_snapshot!(snapshot("appmesh-cloudformation"));
}

#[test]
fn kubernetes_is_two_lists_of_resources_and_a_patch_a_caller() {
    insta::assert_snapshot!(snapshot("appmesh-kubernetes"));
}

#[test]
fn the_api_gets_one_file_a_call() {
    insta::assert_snapshot!(snapshot("appmesh-api"));
}

#[test]
fn the_other_layouts_hold_the_same_as_values_and_as_groups() {
    let mut proposal = routed();
    proposal.layout = Layout {
        tfvars: true,
        backend_groups: true,
    };
    let files = rendered("appmesh-terraform", &proposal);
    let values: Value = serde_json::from_str(text(&files, "egress.auto.tfvars.json")).unwrap();
    let node = &values["egress_nodes"]["ext_b_cdn_example"];
    assert_eq!(node["hostname"], "b.cdn.example");
    assert_eq!(node["routes"][0]["dialled"], 444);
    assert_eq!(values["egress_backends"]["media"].as_array().unwrap().len(), 3);
    assert!(files.iter().all(|file| !file.path.ends_with(".tf")));

    let files = rendered("appmesh-kubernetes", &proposal);
    insta::assert_snapshot!(text(&files, "backend-groups.yaml"));
    let patch: Value = serde_saphyr::from_str(text(&files, "backends/default/media.yaml")).unwrap();
    assert_eq!(patch[0]["path"], "/spec/backendGroups");
    assert_eq!(patch[0]["value"][0]["name"], "egress-media");
}

#[test]
fn what_is_called_after_a_host_does_not_change_when_a_similar_host_appears() {
    let hosts = [
        "a-b.example",
        "a.b.example",
        "a1.b.example",
        "a.1b.example",
        "a.1.b.example",
        "a_b.example",
    ];
    let resources = |hosts: &[&str]| -> BTreeSet<String> {
        let map = sample::map(hosts.iter().map(|host| Seen::http("shop", host, 80)));
        let files = rendered("appmesh-cloudformation", &proposal(&map, "shop"));
        let template: Value = serde_saphyr::from_str(text(&files, "template.yaml")).unwrap();
        template["Resources"].as_object().unwrap().keys().cloned().collect()
    };
    let alone: BTreeSet<String> = hosts.iter().flat_map(|host| resources(&[host])).collect();
    assert_eq!(alone.len(), 2 * hosts.len());
    assert_eq!(resources(&hosts), alone);
}

#[test]
fn what_one_template_may_not_hold_is_several_that_hold_all_of_it_and_the_page_says_so() {
    let of = |hosts: u32| {
        let seen = (0..hosts).map(|n| Seen::http(&format!("shop{n}"), &format!("h{n}.example"), 80));
        let proposal = proposal(&sample::map(seen), "shop");
        target_named("appmesh-cloudformation").unwrap().render(&proposal)
    };
    let quota = |rendered: &Rendered| {
        let mut findings = rendered.findings.iter();
        findings.any(|finding| finding.code == crate::proposal::Code::TemplateQuota)
    };
    let one = of(200);
    assert!(!quota(&one) && text(&one.files, "template.yaml").contains("Shop199Backends"));
    let several = of(251);
    assert!(quota(&several));
    assert!(text(&several.files, "PROPOSAL.md").contains("for a stack of its own"));
    assert!(text(&several.files, "CUTOVER.md").contains("every `template-….yaml`"));
    let (mut resources, mut outputs) = (BTreeSet::new(), BTreeSet::new());
    for file in several.files.iter().filter(|file| file.path.ends_with(".yaml")) {
        let template: Value = serde_saphyr::from_str(&file.text).unwrap();
        let keys = |section: &str| -> Vec<String> { template[section].as_object().unwrap().keys().cloned().collect() };
        assert!(keys("Resources").len() <= 500 && keys("Outputs").len() <= 200 && file.text.len() <= 1_000_000);
        resources.extend(keys("Resources"));
        outputs.extend(keys("Outputs"));
    }
    assert_eq!((resources.len(), outputs.len()), (502, 251));
}

#[test]
fn the_page_of_each_target_says_how_a_later_run_differs() {
    for (target, hint) in [
        (
            "appmesh-kubernetes",
            "remove the operations whose service the node already has",
        ),
        ("appmesh-api", "takes the same file through `update-…`"),
        (
            "appmesh-cloudformation",
            "above 51,200 bytes needs `--s3-bucket BUCKET`",
        ),
    ] {
        let files = rendered(target, &proposal(&shop(), "shop"));
        assert!(text(&files, "CUTOVER.md").contains(hint), "{target}");
    }
}

#[test]
fn an_unknown_target_is_answered_with_the_nearest() {
    let error = target_named("appmesh-teraform").err().unwrap().to_string();
    assert!(
        error.ends_with("found \"appmesh-teraform\", did you mean \"appmesh-terraform\"?"),
        "{error}"
    );
    assert!(
        target_named("zebra")
            .err()
            .unwrap()
            .to_string()
            .ends_with("found \"zebra\"")
    );
}

#[test]
fn the_names_of_targets_are_unique_and_are_folder_names() {
    let names: BTreeSet<&str> = REGISTRY.iter().map(|target| target.name()).collect();
    assert_eq!(names.len(), REGISTRY.len());
    for name in names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
    }
}

#[test]
fn an_empty_proposal_renders_everywhere() {
    let empty = proposal(&DependencyMap::default(), "shop");
    let terraform = rendered("appmesh-terraform", &empty);
    assert!(hcl::parse(text(&terraform, "outputs.tf")).is_ok());
    let template: Value =
        serde_saphyr::from_str(text(&rendered("appmesh-cloudformation", &empty), "template.yaml")).unwrap();
    assert_eq!(template["Resources"].as_object().unwrap().len(), 1);
    assert_eq!(text(&rendered("appmesh-kubernetes", &empty), "virtual-nodes.yaml"), "");
}

const LONG: usize = 4096;

/// Names that try to be something else. None contains what an inventory refuses in a service's name.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "${path.module}",
        "$${x} $$${y} %%{z}",
        "%{for x in y}%{endfor}",
        "\"]\n}\nresource \"x\" \"y\" {",
        "\\\"${1}\\",
        "a: b #c\n- d",
        "*alias &anchor !!tag",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "..",
        "| x |\n# heading\n```",
        "{{resolve:ssm:secret}}",
        "\u{202e}evil\u{feff}\u{85}\u{2028}",
        "yes",
        "$(id) `id`",
        "💥 ü",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(LONG));
    names
}

/// A map in which every hostile text stands as service, virtual node, namespace and owner.
fn hostile_map() -> DependencyMap {
    let mut map = DependencyMap::default();
    for (at, name) in hostile().into_iter().enumerate() {
        let service: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        let service = format!("{}{at}", service.trim());
        let host = format!("h{at}.example");
        let seen = [
            Seen::http(&service, &host, 80),
            Seen::tls(&service, &host, 443),
            Seen::tls(&service, "all.example", 443),
        ];
        map.dependencies.extend(sample::map(seen).dependencies);
        let facts = ServiceFacts {
            virtual_node: Some(name.clone()),
            namespace: Some(name.clone()),
            owner: Some(name),
            ..ServiceFacts::default()
        };
        map.manifest.services.insert(sample::service(&service), facts);
    }
    // The conflict on 443 would leave all callers without backends: keep the hosts that stand alone.
    map.dependencies
        .retain(|key, _| key.port == 80 || key.destination == "all.example");
    map
}

#[test]
fn hostile_names_stay_inside_the_folder_and_in_different_files() {
    let proposal = proposal(&hostile_map(), "${mesh}");
    for target in REGISTRY {
        let files = target.render(&proposal).files;
        let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths.len(), files.len());
        for path in paths {
            for part in path.split('/') {
                let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
                assert!(
                    part.bytes().all(plain) && !part.starts_with('.') && part.len() < 240,
                    "{path}"
                );
            }
        }
    }
}

#[test]
fn hostile_names_are_the_same_text_again_in_terraform() {
    let files = rendered("appmesh-terraform", &proposal(&hostile_map(), "${mesh}"));
    let outputs = hcl::parse(text(&files, "outputs.tf")).unwrap();
    let blocks: Vec<_> = outputs.blocks().collect();
    assert_eq!(blocks.len(), 1);
    let value = blocks[0]
        .body
        .attributes()
        .find(|attribute| attribute.key.as_str() == "value")
        .unwrap();
    let hcl::Expression::Object(callers) = &value.expr else {
        panic!("{value:?}")
    };
    let keys: BTreeSet<String> = callers.keys().map(key).collect();
    assert_eq!(keys, hostile().into_iter().collect());

    let variables = hcl::parse(text(&files, "variables.tf")).unwrap();
    let mesh = variables
        .blocks()
        .next()
        .unwrap()
        .body
        .attributes()
        .find(|attribute| attribute.key.as_str() == "default");
    assert_eq!(literal(&mesh.unwrap().expr), "${mesh}");
}

fn key(key: &hcl::ObjectKey) -> String {
    match key {
        hcl::ObjectKey::Expression(expression) => literal(expression),
        other => panic!("no text: {other:?}"),
    }
}

fn literal(expression: &hcl::Expression) -> String {
    match expression.evaluate(&Context::new()) {
        Ok(hcl::Value::String(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn hostile_names_are_the_same_text_again_in_json_and_yaml() {
    let proposal = proposal(&hostile_map(), "${mesh}");
    let backends: Value = serde_json::from_str(text(&rendered("appmesh-api", &proposal), "backends.json")).unwrap();
    let keys: BTreeSet<&str> = backends.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, hostile().iter().map(String::as_str).collect());

    let files = rendered("appmesh-cloudformation", &proposal);
    let template: Value = serde_saphyr::from_str(text(&files, "template.yaml")).unwrap();
    assert_eq!(template["Parameters"]["MeshName"]["Default"], "${mesh}");
    let outputs = template["Outputs"].as_object().unwrap();
    assert_eq!(outputs.len(), hostile().len());
    assert!(outputs.keys().all(|id| id.bytes().all(|b| b.is_ascii_alphanumeric())));
    for output in outputs.values() {
        assert!(!output["Description"].as_str().unwrap().contains("{{"), "{output}");
    }

    let patches = rendered("appmesh-kubernetes", &proposal);
    let patches: Vec<_> = patches
        .iter()
        .filter(|file| file.path.starts_with("backends/"))
        .collect();
    assert_eq!(patches.len(), hostile().len());
    for patch in patches {
        let operations: Value = serde_saphyr::from_str(&patch.text).unwrap();
        assert_eq!(operations.as_array().unwrap().len(), 2, "{}", patch.text);
    }
}

#[test]
fn hostile_names_are_shown_on_the_page_and_do_nothing() {
    let proposal = proposal(&hostile_map(), "# <script>\n${mesh}");
    for target in REGISTRY {
        let files = target.render(&proposal).files;
        for RenderedFile { text: page, .. } in files.iter().filter(|file| file.path.ends_with(".md")) {
            assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
            assert!(!page.contains("# heading") || page.contains("\\# heading"));
        }
        let page = text(&files, "PROPOSAL.md");
        assert!(
            !page
                .chars()
                .any(|c| c != '\n' && egressmap_parser::printable::is_deceptive(c))
        );
        let headings: BTreeSet<&str> = page
            .lines()
            .filter(|line| line.starts_with("# ") || line.starts_with("## "))
            .collect();
        assert!(
            headings
                .iter()
                .all(|line| line.starts_with("# Egress proposal") || hostile().iter().all(|name| !line.contains(name)))
        );
        assert_eq!(page.lines().filter(|line| line.starts_with("# ")).count(), 1);
    }
}
