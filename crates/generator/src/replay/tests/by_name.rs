//! What the targets do that tell names or addresses apart.
use super::*;

fn verdict(target: &str, seen: Seen, allowed: &[(&str, &str, u16, &str)]) -> Verdict {
    judged(target, seen, allowed).verdict
}

const TLS: [(&str, &str, u16, &str); 2] = [("shop", "a.example", 443, "tls"), ("shop", "b.example", 443, "tls")];
const BY_NAME: [&str; 5] = ["istio", "envoy", "cilium", "eks-network-policy", "network-firewall"];

#[test]
fn many_tls_hosts_share_a_port_where_names_are_told_apart_and_another_is_cut() {
    let hosts = ["a.example", "b.example", "c.example"];
    let map = sample::map(hosts.map(|host| at(Seen::tls("shop", host, 443), "203.0.113.7")));
    for target in BY_NAME {
        let expected = ["a.example:443 allow", "b.example:443 allow", "c.example:443 drop"];
        assert_eq!(verdicts(target, &map, &ledger(&TLS)), expected, "{target}");
    }
}

#[test]
fn an_address_without_a_name_is_uncertain_where_names_decide_and_cut_where_none_is_allowed() {
    let unknown = || nameless("shop", "203.0.113.7", 443, Application::Tls);
    for target in BY_NAME {
        assert_eq!(verdict(target, unknown(), &TLS), Verdict::Uncertain, "{target}");
        assert_eq!(verdict(target, unknown(), &[]), Verdict::Drop, "{target}");
        assert_eq!(
            verdict(target, by_ptr(Seen::tls("shop", "a.example", 443)), &TLS),
            Verdict::Uncertain,
            "{target}"
        );
    }
    for target in ["network-policy", "security-group"] {
        assert_eq!(verdict(target, unknown(), &TLS), Verdict::Drop, "{target}");
        let allowed = [("shop", "203.0.113.0/24", 443, "tls")];
        assert_eq!(verdict(target, unknown(), &allowed), Verdict::Allow, "{target}");
    }
}

#[test]
fn a_name_is_cut_where_only_addresses_are_known() {
    let seen = || at(Seen::tls("shop", "a.example", 443), "203.0.113.7");
    for target in ["network-policy", "security-group"] {
        let judgement = judged(target, seen(), &TLS);
        assert_eq!(
            (judgement.verdict, judgement.line),
            (Verdict::Drop, Some(3)),
            "{target}"
        );
        assert_eq!(
            verdict(target, seen(), &[("shop", "203.0.113.7", 443, "tls")]),
            Verdict::Allow,
            "{target}"
        );
        assert_eq!(
            verdict(target, Seen::tls("shop", "a.example", 443), &TLS),
            Verdict::Uncertain,
            "{target}: no address"
        );
    }
}

#[test]
fn an_address_outside_the_range_cuts_part_of_a_dependency() {
    let mut seen = at(Seen::tls("shop", "a.example", 443), "203.0.113.7");
    seen.dependency.addresses.insert("198.51.100.7".parse().unwrap());
    let judgement = judged("security-group", seen, &[("shop", "203.0.113.0/24", 443, "tls")]);
    assert_eq!(judgement.verdict, Verdict::Drop);
    assert!(
        judgement.rule.starts_with("allowed, but 1 of its 2 addresses") || judgement.rule.starts_with("1 of its 2"),
        "{}",
        judgement.rule
    );
}

#[test]
fn a_wildcard_reaches_as_deep_as_the_target_writes_it() {
    let allowed = [("shop", "*.cdn.example", 443, "tls")];
    for (name, shallow, deep) in [
        ("x.cdn.example", true, true),
        ("a.b.c.cdn.example", true, true),
        ("a.b.c.d.cdn.example", false, true),
    ] {
        let seen = || Seen::tls("shop", name, 443);
        assert_eq!(verdict("cilium", seen(), &allowed) == Verdict::Allow, shallow, "{name}");
        for target in [
            "istio",
            "envoy",
            "eks-network-policy",
            "network-firewall",
            "dns-firewall",
        ] {
            assert_eq!(
                verdict(target, seen(), &allowed) == Verdict::Allow,
                deep,
                "{target} {name}"
            );
        }
    }
    assert_eq!(
        verdict("istio", Seen::tls("shop", "cdn.example", 443), &allowed),
        Verdict::Drop,
        "a name is not below itself"
    );
}

#[test]
fn a_name_that_a_target_cannot_write_lets_nothing_through() {
    for (target, unwritable) in [
        ("istio", "_a.cdn.example"),
        ("dns-firewall", "_a.cdn.example"),
        ("eks-network-policy", "_a.cdn.example"),
        ("eks-network-policy", "*.example"),
    ] {
        let name = unwritable.replace("*.", "x.");
        let seen = Seen::tls("shop", &name, 443);
        let allowed = [("shop", unwritable, 443, "tls")];
        assert_eq!(verdict(target, seen, &allowed), Verdict::Drop, "{target} {unwritable}");
    }
}

#[test]
fn a_port_of_istio_speaks_one_protocol_and_that_of_envoy_all() {
    let map = sample::map([
        Seen::http("shop", "a.example", 8080),
        proxied(Seen::tls("shop", "b.example", 8080)),
    ]);
    let both = ledger(&[("shop", "a.example", 8080, "http"), ("shop", "b.example", 8080, "tls")]);
    assert_eq!(
        verdicts("istio", &map, &both),
        ["a.example:8080 drop", "b.example:8080 drop"]
    );
    assert_eq!(
        verdicts("envoy", &map, &both),
        ["a.example:8080 allow", "b.example:8080 allow"]
    );
}

#[test]
fn a_tcp_host_gets_the_rest_of_its_port_and_two_cannot_be_told_apart() {
    let map = sample::map(["a.example", "b.example"].map(|host| at(Seen::tcp("shop", host, 5671), "203.0.113.7")));
    let (one, two) = (
        ledger(&[("shop", "a.example", 5671, "tcp")]),
        ledger(&[("shop", "a.example", 5671, "tcp"), ("shop", "b.example", 5671, "tcp")]),
    );
    for target in ["istio", "envoy"] {
        assert_eq!(
            verdicts(target, &map, &one),
            ["a.example:5671 allow", "b.example:5671 misroute"],
            "{target}"
        );
    }
    assert_eq!(
        verdicts("istio", &map, &two),
        ["a.example:5671 drop", "b.example:5671 drop"]
    );
    assert_eq!(
        verdicts("envoy", &map, &two),
        ["a.example:5671 allow", "b.example:5671 allow"],
        "by the addresses seen"
    );
}

#[test]
fn plain_tcp_beside_http_goes_to_the_lone_tcp_host_in_envoy() {
    let map = sample::map([
        Seen::http("shop", "a.example", 8080),
        Seen::tcp("shop", "b.example", 8080),
        Seen::tcp("shop", "c.example", 8080),
        proxied(Seen::http("shop", "d.example", 8080)),
    ]);
    let both = ledger(&[("shop", "a.example", 8080, "http"), ("shop", "b.example", 8080, "tcp")]);
    assert_eq!(
        verdicts("envoy", &map, &both),
        [
            "a.example:8080 allow",
            "b.example:8080 allow",
            "c.example:8080 uncertain",
            "d.example:8080 drop"
        ]
    );
    let one = ledger(&[("shop", "a.example", 8080, "http")]);
    assert_eq!(verdicts("envoy", &map, &one)[2], "c.example:8080 drop");
}

#[test]
fn a_list_for_a_whole_vpc_lets_every_caller_reach_what_one_is_allowed() {
    for (target, expected) in [
        ("network-firewall", Verdict::Allow),
        ("dns-firewall", Verdict::Allow),
        ("istio", Verdict::Drop),
    ] {
        let seen = [
            Seen::tls("shop", "a.example", 443),
            Seen::tls("other", "a.example", 443),
        ];
        let map = sample::map(seen);
        let replayed = replayed(target, &map, &ledger(&TLS));
        assert_eq!(replayed[0].1.verdict, expected, "{target}: other");
    }
}

#[test]
fn dns_firewall_stops_names_and_not_addresses() {
    assert_eq!(
        verdict("dns-firewall", Seen::tls("shop", "c.example", 443), &TLS),
        Verdict::Drop
    );
    assert_eq!(
        verdict("dns-firewall", Seen::tcp("shop", "a.example", 9999), &TLS),
        Verdict::Allow,
        "whatever the port"
    );
    let address = nameless("shop", "203.0.113.7", 443, Application::Tls);
    assert_eq!(verdict("dns-firewall", address, &TLS), Verdict::Uncertain);
}

#[test]
fn cilium_lets_pass_what_shares_an_address_with_an_allowed_name() {
    let mut seen = proxied(Seen::tls("shop", "c.example", 443));
    seen.dependency.name.also.insert("a.example".to_owned(), 1);
    assert_eq!(verdict("cilium", seen.clone(), &TLS), Verdict::Uncertain);
    assert_eq!(
        verdict("istio", seen, &TLS),
        Verdict::Drop,
        "the proxy saw the other name"
    );
}

#[test]
fn services_of_ours_pass_where_the_target_leaves_them_alone() {
    let mut map = sample::map([Seen::http("shop", "orders", 8080).class(Class::Internal)]);
    for (target, expected) in [
        ("istio", "uncertain"),
        ("cilium", "uncertain"),
        ("network-policy", "uncertain"),
        ("envoy", "allow"),
        ("security-group", "allow"),
        ("network-firewall", "uncertain"),
        ("dns-firewall", "uncertain"),
    ] {
        assert_eq!(
            verdicts(target, &map, &ledger(&[])),
            [format!("orders:8080 {expected}")],
            "{target}"
        );
    }
    let facts = ServiceFacts {
        namespace: Some("shop".to_owned()),
        ..ServiceFacts::default()
    };
    map.manifest.services.insert(sample::service("orders"), facts);
    for target in ["istio", "cilium", "network-policy", "eks-network-policy"] {
        assert_eq!(verdicts(target, &map, &ledger(&[])), ["orders:8080 allow"], "{target}");
    }
}

#[test]
fn udp_passes_a_proxy_and_is_judged_by_everything_else() {
    let seen = || at(Seen::udp("shop", "time.example", 123), "203.0.113.7");
    let allowed = [("shop", "203.0.113.7", 123, "udp")];
    for (target, without) in [
        ("istio", Verdict::Allow),
        ("envoy", Verdict::Allow),
        ("cilium", Verdict::Drop),
        ("security-group", Verdict::Drop),
        ("network-firewall", Verdict::Drop),
    ] {
        assert_eq!(verdict(target, seen(), &[]), without, "{target}");
        assert_eq!(verdict(target, seen(), &allowed), Verdict::Allow, "{target}");
    }
}
