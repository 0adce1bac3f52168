//! The case that every judge hears: a small shop with every kind of decision in it, rendered to a folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use egressmap_aggregator::map::{Class, ServiceFacts};
use egressmap_generator::{Acceptance, Current, Ledger, OnConflict, Proposal, Settings, merge, propose, target_named};
use tempfile::TempDir;

use crate::sample::{self, Seen};

/// `checkout` is what a judge reads about; the other callers are names that try to be something else.
pub(crate) fn proposal(on_conflict: OnConflict) -> Proposal {
    proposal_over(Current::default(), on_conflict)
}

/// The same for a mesh that holds something already.
pub(crate) fn proposal_over(current: Current, on_conflict: OnConflict) -> Proposal {
    let seen = [
        Seen::tls("checkout", "api.stripe.com", 443),
        Seen::http("checkout", "rates.example", 80),
        Seen::tcp("checkout", "queue.partner.example", 5671),
        Seen::tls("checkout", "s3.eu-west-1.amazonaws.com", 443).class(Class::Aws),
        Seen::tcp("checkout", "ledger", 5432).class(Class::Internal),
        Seen::udp("checkout", "10.0.0.2", 53).class(Class::Infrastructure),
        Seen::http("${path.module}", "rates.example", 80),
        Seen::http("%{for x in y}\"", "rates.example", 80),
        Seen::tls("media", "a-b.cdn.example", 443).records(3),
        Seen::tls("media", "a.b.cdn.example", 443),
        Seen::http("media", "_acme.cdn_.example", 8080),
    ];
    let mut map = sample::map(seen);
    let facts = ServiceFacts {
        namespace: Some("shop".to_owned()),
        ..ServiceFacts::default()
    };
    map.manifest.services.insert(sample::service("checkout"), facts);
    let ledger = merge(None, &map, Acceptance::Observed, None).unwrap().ledger;
    let settings = Settings {
        on_conflict,
        current,
        ..Settings::for_mesh("shop")
    };
    propose(&map, &ledger, &settings)
}

/// More than one CloudFormation template may hold.
pub(crate) fn large_mesh() -> Proposal {
    let seen = (0..251).map(|n| Seen::http(&format!("shop{}", n % 5), &format!("h{n}.example"), 80));
    let map = sample::map(seen);
    let ledger = merge(None, &map, Acceptance::Observed, None).unwrap().ledger;
    propose(&map, &ledger, &Settings::for_mesh("shop"))
}

/// Callers whose names try to be something else, beside every form of destination.
pub(crate) fn every_form() -> Proposal {
    const CALLERS: [&str; 3] = ["${path.module}", "%{for x in y}", "a; b\\c: {d} #e"];
    let mut map = sample::every_form();
    let mut text = sample::EVERY_FORM.to_owned();
    for caller in CALLERS {
        map.dependencies
            .extend(sample::map([Seen::tls(caller, "203.0.113.9", 443)]).dependencies);
        text.push_str(&format!(
            "  - {{service: '{caller}', destination: 203.0.113.9, port: 443, application: tls, verdict: allow}}\n"
        ));
    }
    propose(&map, &Ledger::parse(&text).unwrap(), &Settings::for_mesh("shop"))
}

/// The files of a target, in a folder of its name.
pub(crate) fn written(target: &str, on_conflict: OnConflict) -> (TempDir, PathBuf) {
    let root = TempDir::new().unwrap();
    let folder = root.path().join(target);
    write(root.path(), target, &proposal(on_conflict));
    (root, folder)
}

/// Writes the files of a target to a folder of its name below `root`, and takes away those of an earlier choice.
pub(crate) fn write(root: &Path, target: &str, proposal: &Proposal) -> PathBuf {
    let folder = root.join(target);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for file in target_named(target).unwrap().render(proposal).files {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    folder
}

/// Says that a judge is missing, past the capture of test output; where `CI` is set, that is a failure.
pub(crate) fn skip(judge: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{judge} is missing: {why}");
    let line = format!("SKIPPED: {judge}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
