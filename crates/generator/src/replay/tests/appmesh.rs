//! What App Mesh does under `DROP_ALL`.
use super::*;

const MESH: &str = "appmesh-terraform";

fn verdict(seen: Seen, allowed: &[(&str, &str, u16, &str)]) -> Verdict {
    judged(MESH, seen, allowed).verdict
}

#[test]
fn http_hosts_share_a_port_and_another_host_is_refused_there() {
    let map = sample::map(["a.example", "b.example", "c.example"].map(|host| Seen::http("shop", host, 80)));
    let ledger = ledger(&[("shop", "a.example", 80, "http"), ("shop", "b.example", 80, "http")]);
    assert_eq!(
        verdicts(MESH, &map, &ledger),
        ["a.example:80 allow", "b.example:80 allow", "c.example:80 drop"]
    );
}

#[test]
fn a_lone_tcp_backend_gets_all_other_tls_of_its_port() {
    let map = sample::map(["a.example", "b.example"].map(|host| Seen::tls("shop", host, 443)));
    let one = ledger(&[("shop", "a.example", 443, "tls")]);
    assert_eq!(
        verdicts(MESH, &map, &one),
        ["a.example:443 allow", "b.example:443 misroute"]
    );
}

#[test]
fn a_second_tcp_backend_on_one_port_is_a_conflict_and_both_are_cut() {
    let map = sample::map(["a.example", "b.example"].map(|host| Seen::tls("shop", host, 443)));
    let two = ledger(&[("shop", "a.example", 443, "tls"), ("shop", "b.example", 443, "tls")]);
    assert_eq!(verdicts(MESH, &map, &two), ["a.example:443 drop", "b.example:443 drop"]);
    let rule = &replayed(MESH, &map, &two)[0].1.rule;
    assert!(
        rule.starts_with("allowed, but not attached before a decision"),
        "{rule}"
    );
}

#[test]
fn an_address_on_the_port_of_a_lone_tcp_backend_is_uncertain_and_a_name_that_shares_its_address_too() {
    let allowed = [("shop", "a.example", 443, "tls")];
    let unknown = nameless("shop", "203.0.113.7", 443, Application::Tls);
    assert_eq!(verdict(unknown, &allowed), Verdict::Uncertain);
    let mut shared = Seen::tls("shop", "b.example", 443);
    shared.dependency.name.also.insert("a.example".to_owned(), 1);
    assert_eq!(verdict(shared.clone(), &allowed), Verdict::Uncertain);
    assert_eq!(
        verdict(proxied(shared), &allowed),
        Verdict::Misroute,
        "its own proxy saw the name"
    );
}

#[test]
fn the_mesh_lets_tls_to_amazonaws_through_on_443_and_nothing_else_of_it() {
    let aws = "s3.eu-west-1.amazonaws.com";
    assert_eq!(verdict(Seen::tls("shop", aws, 443), &[]), Verdict::Allow);
    assert_eq!(
        verdict(Seen::tls("shop", aws, 443), &[("shop", "a.example", 443, "tls")]),
        Verdict::Allow
    );
    assert_eq!(verdict(Seen::http("shop", aws, 80), &[]), Verdict::Drop);
    assert_eq!(verdict(Seen::tls("shop", aws, 5432), &[]), Verdict::Drop);
    assert_eq!(verdict(Seen::tls("shop", "amazonaws.com", 443), &[]), Verdict::Drop);
    let label = at(Seen::tls("shop", "aws/s3/eu-west-1", 443), "203.0.113.9").class(Class::Aws);
    assert_eq!(verdict(label, &[]), Verdict::Uncertain);
    let ec2 = by_ptr(Seen::tls("shop", "ec2-203-0-113-7.compute.amazonaws.com", 443));
    assert_eq!(
        verdict(ec2, &[]),
        Verdict::Uncertain,
        "nobody dials what reverse DNS says"
    );
}

#[test]
fn what_never_passes_the_proxy_is_allowed_whatever_the_ledger_says() {
    assert_eq!(verdict(Seen::udp("shop", "time.example", 123), &[]), Verdict::Allow);
    assert_eq!(verdict(Seen::tcp("shop", "git.example", 22), &[]), Verdict::Allow);
    let metadata = nameless("shop", "169.254.169.254", 80, Application::Http);
    assert_eq!(verdict(metadata, &[]), Verdict::Allow);
}

#[test]
fn a_server_that_speaks_first_bypasses_the_proxy_with_its_whole_port() {
    let map = sample::map(["db.example", "other.example"].map(|host| Seen::tcp("shop", host, 3306)));
    let bypass = ledger(&[("shop", "db.example", 3306, "tcp")]);
    assert_eq!(
        verdicts(MESH, &map, &bypass),
        ["db.example:3306 allow", "other.example:3306 allow"]
    );
    assert_eq!(
        verdicts(MESH, &map, &ledger(&[])),
        ["db.example:3306 drop", "other.example:3306 drop"]
    );
}

#[test]
fn what_app_mesh_has_no_words_for_is_cut_with_its_entry() {
    for (seen, destination) in [
        (Seen::tls("shop", "x.example", 8443), "*.example"),
        (
            nameless("shop", "203.0.113.7", 8443, Application::Tcp),
            "203.0.113.0/24",
        ),
    ] {
        let application = "tcp";
        let judgement = judged(MESH, seen, &[("shop", destination, 8443, application)]);
        assert_eq!(
            (judgement.verdict, judgement.line),
            (Verdict::Drop, Some(3)),
            "{destination}"
        );
        assert!(judgement.rule.contains("no words"), "{}", judgement.rule);
    }
}

#[test]
fn a_port_with_http_backends_refuses_tls_and_cannot_tell_a_host_from_a_flow_log() {
    let allowed = [("shop", "a.example", 8080, "http")];
    assert_eq!(
        verdict(proxied(Seen::tls("shop", "a.example", 8080)), &allowed),
        Verdict::Drop
    );
    assert_eq!(
        verdict(Seen::tcp("shop", "a.example", 8080), &allowed),
        Verdict::Allow,
        "the ledger knows it is HTTP"
    );
    let unknown = nameless("shop", "203.0.113.7", 8080, Application::Tcp);
    assert_eq!(verdict(unknown, &allowed), Verdict::Uncertain);
    let literal = proxied(nameless("shop", "203.0.113.7", 8080, Application::Http));
    assert_eq!(verdict(literal, &allowed), Verdict::Drop);
}

#[test]
fn services_of_ours_are_backends_of_the_mesh_that_no_log_shows_and_one_of_tcp_takes_its_port() {
    let map = sample::map([
        Seen::tcp("shop", "orders-db", 5432).class(Class::Internal),
        Seen::tcp("shop", "warehouse.example", 5432),
    ]);
    let replayed = verdicts(MESH, &map, &ledger(&[]));
    assert_eq!(
        replayed,
        ["orders-db:5432 uncertain", "warehouse.example:5432 misroute"]
    );
}

#[test]
fn a_caller_without_an_owner_and_ipv6_are_uncertain() {
    assert_eq!(
        verdict(Seen::tls("unattributed/10.0.0.9", "a.example", 443), &[]),
        Verdict::Uncertain
    );
    let six = at(Seen::tls("shop", "a.example", 443), "2001:db8::7");
    assert_eq!(verdict(six, &[]), Verdict::Uncertain);
}

#[test]
fn services_of_one_virtual_node_share_its_backends() {
    let mut map = sample::map([Seen::http("web", "a.example", 80), Seen::http("jobs", "a.example", 80)]);
    for service in ["web", "jobs"] {
        let facts = ServiceFacts {
            virtual_node: Some("shop-vn".to_owned()),
            ..ServiceFacts::default()
        };
        map.manifest.services.insert(sample::service(service), facts);
    }
    let one = ledger(&[("web", "a.example", 80, "http")]);
    assert_eq!(verdicts(MESH, &map, &one), ["a.example:80 allow", "a.example:80 allow"]);
}
