//! What sends an entry to review again, and what could be one entry, one sentence each.
use egressmap_aggregator::map::Grade;

use super::*;

fn seen_by(grade: Grade) -> Seen {
    let mut seen = Seen::tls("shop", "a.example", 443);
    seen.dependency.name.evidence = [(grade, 1)].into();
    seen
}

fn allowed(reason: &str) -> String {
    format!(
        "- {{service: shop, destination: a.example, port: 443, application: tls, verdict: allow, reason: \"{reason}\"}}"
    )
}

#[test]
fn an_entry_whose_name_is_known_less_well_is_to_be_reviewed_again() {
    let map = sample::map([seen_by(Grade::Ptr)]);
    let proposal = with_ledger(
        &map,
        &allowed("accepted as observed on 9 days as sni/external/certain"),
        None,
    );
    let again = finding(&proposal, Code::EvidenceChanged);
    assert_eq!(again.severity, Severity::Warning);
    assert_eq!(
        again.evidence,
        ["line 3 of the ledger", "named by sni when it was allowed, by ptr now"]
    );
    // A person who knew it and gave a reason is not asked again, and neither is one whose evidence got better.
    for reason in ["we know", "review: named by reverse DNS alone as ptr/external/likely"] {
        let proposal = with_ledger(&map, &allowed(reason), None);
        assert!(!codes(&proposal).contains(&Code::EvidenceChanged), "{reason}");
    }
}

#[test]
fn plain_http_where_tls_was_allowed_is_to_be_reviewed_again() {
    let map = sample::map([Seen::http("shop", "a.example", 443)]);
    let proposal = with_ledger(&map, &allowed("we know"), None);
    assert_eq!(
        finding(&proposal, Code::EvidenceChanged).evidence[1],
        "allowed as tls, seen as http"
    );
}

#[test]
fn a_name_that_left_the_addresses_of_its_entry_is_to_be_reviewed_again() {
    let mut seen = Seen::tls("shop", "a.example", 443);
    seen.dependency.addresses = ["203.0.113.7", "198.51.100.9"]
        .map(|address| address.parse().unwrap())
        .into();
    let map = sample::map([seen]);
    for by in ["203.0.113.7", "203.0.113.0/24"] {
        let entry = format!("- {{service: shop, destination: {by}, port: 443, application: tls, verdict: allow}}");
        assert_eq!(
            finding(&with_ledger(&map, &entry, None), Code::EvidenceChanged).evidence,
            [
                "line 3 of the ledger",
                "a.example is reached there, and at 198.51.100.9 too"
            ]
        );
    }
    let entry = "- {service: shop, destination: 203.0.113.7, port: 443, application: tls, verdict: deny}";
    assert!(!codes(&with_ledger(&map, entry, None)).contains(&Code::EvidenceChanged));
}

#[test]
fn many_names_of_one_owner_are_suggested_as_a_wildcard_with_its_price() {
    let names = ["a", "b", "c", "d"].map(|name| Seen::http("shop", &format!("{name}.cdn.example.com"), 80));
    let proposal = of(names.into_iter().chain([Seen::http("shop", "x.example.com", 80)]));
    let wider = finding(&proposal, Code::CouldBeWider);
    assert_eq!(wider.severity, Severity::Note);
    assert_eq!(wider.evidence[0], "*.cdn.example.com: 4 names seen");
    assert!(
        wider.ways_out[0].ends_with(
            "- {service: shop, destination: \"*.cdn.example.com\", port: 80, application: http, verdict: allow}"
        ),
        "{wider:?}"
    );
    // What is to be pasted is a ledger.
    let (_, paste) = wider.ways_out[0].split_once(": -").unwrap();
    let text = format!("schema: egressmap/ledger/v1\ndependencies:\n-{paste}");
    assert_eq!(Ledger::parse(&text).unwrap().entries.len(), 1);
}

#[test]
fn no_wildcard_is_suggested_over_what_somebody_denied_or_anybody_may_have() {
    let under = |domain: &str| -> Vec<Seen> {
        let names = ["a", "b", "c", "d", "e"].into_iter();
        names
            .map(|name| Seen::http("shop", &format!("{name}.{domain}"), 80))
            .collect()
    };
    for domain in [
        "github.io",
        "co.uk",
        "s3.amazonaws.com",
        "x.eu-west-1.amazonaws.com",
        "cloudfront.net",
    ] {
        assert!(!codes(&of(under(domain))).contains(&Code::CouldBeWider), "{domain}");
    }
    let map = sample::map(under("example.com"));
    let mut ledger = merge(None, &map, Acceptance::Observed, None).unwrap().ledger;
    ledger.entries[0].verdict = Verdict::Deny;
    let proposal = propose(&map, &ledger, &Settings::for_mesh("shop"));
    assert!(!codes(&proposal).contains(&Code::CouldBeWider));
}
