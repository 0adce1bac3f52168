//! Callers nobody knows and destinations of our own, one sentence each.
use super::*;

/// A map that saw `shop`, and whose inventory has `till` and `ledger` too.
fn inventory() -> DependencyMap {
    let mut map = sample::map([
        Seen::tls("shop", "a.example", 443),
        Seen::http("shop", "Stock", 8080).class(Class::Internal),
    ]);
    for service in ["till", "ledger"] {
        let facts = ServiceFacts::default();
        map.manifest.services.insert(sample::service(service), facts);
    }
    map
}

#[test]
fn a_caller_that_nobody_knows_gets_nothing_and_its_near_name_is_offered() {
    let entries = "- {service: shpo, destination: a.example, port: 443, application: tls, verdict: allow}";
    let proposal = with_ledger(&inventory(), entries, None);
    assert_eq!((proposal.nodes.len(), proposal.callers.len()), (0, 0));
    assert_eq!(proposal.allowed[0].placement, Placement::NoCaller);
    assert_eq!(proposal.allowed[0].caller, None);
    let unknown = finding(&proposal, Code::UnknownCaller);
    assert_eq!(unknown.severity, Severity::Decision);
    assert_eq!(
        unknown.sentence,
        "nothing in the inventory or the map is called shpo, so nobody gets a.example:443 (tls)"
    );
    assert_eq!(unknown.evidence, ["line 3 of the ledger"]);
    assert_eq!(unknown.ways_out[0], "did you mean shop? Then write that in the ledger");
}

#[test]
fn a_caller_that_the_inventory_knows_is_served_before_it_was_seen() {
    let entries = "- {service: till, destination: a.example, port: 443, application: tls, verdict: allow}";
    let proposal = with_ledger(&inventory(), entries, None);
    assert_eq!(backends(&proposal, "till"), pair(&["a.example"], &[]));
}

#[test]
fn a_service_of_ours_is_never_an_external_node() {
    let entries = "- {service: shop, destination: ledger, port: 5432, application: tcp, verdict: allow}\n\
                   - {service: shop, destination: stock, port: 8080, application: http, verdict: allow}\n\
                   - {service: shop, destination: db.example, port: 5432, application: tcp, verdict: allow}";
    let proposal = with_ledger(&inventory(), entries, None);
    let hosts: Vec<&str> = proposal.nodes.iter().map(|node| node.host.as_str()).collect();
    assert_eq!(hosts, ["db.example"]);
    // Even so, ledger is a TCP backend of the mesh's own on the port.
    assert_eq!(backends(&proposal, "shop"), pair(&[], &["db.example"]));
    let placements: Vec<Placement> = proposal.allowed.iter().map(|allowed| allowed.placement).collect();
    assert_eq!(placements, [Placement::Internal, Placement::Internal, Placement::Waits]);
    let ours: Vec<_> = proposal
        .findings
        .iter()
        .filter(|found| found.code == Code::OurService)
        .map(|found| (found.severity, found.port))
        .collect();
    assert_eq!(ours, [(Severity::Note, Some(5432)), (Severity::Note, Some(8080))]);
}
