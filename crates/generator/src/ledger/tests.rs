//! Merging a map into a ledger that people edit.
use egressmap_aggregator::map::{Certainty, Class, DependencyMap, Grade, ServiceFacts};
use proptest::prelude::*;

use super::*;
use crate::sample::{self, Seen};

impl Seen {
    fn grade(mut self, grade: Grade) -> Self {
        self.dependency.name.evidence = [(grade, 1)].into();
        self
    }

    fn initiator(mut self, certainty: Certainty) -> Self {
        self.dependency.initiator = certainty;
        self
    }

    fn only_refused(mut self) -> Self {
        self.dependency.at_initiator.records = 0;
        self.dependency.refused_flow = 1;
        self
    }

    fn address(mut self, address: &str) -> Self {
        self.dependency.addresses.insert(address.parse().unwrap());
        self
    }
}

const HAND_MADE: &str = "\
# reviewed every quarter
schema: egressmap/ledger/v1   # do not touch
dependencies:
    # payments
    - service: checkout
      destination: api.stripe.com
      port: 443
      application: tls   # SNI seen
      verdict: allow
      reason: |
        card payments
        # PAY-1432 is not a comment
    # - service: old

    - {service: checkout, destination: \"*.cdn.example\", port: 443, application: tls, verdict: deny}
    # end of the list

# the end
";

fn merged(existing: &str, map: &DependencyMap) -> Merged {
    merge(Some(existing), map, Acceptance::Observed, None).unwrap()
}

fn only(seen: Seen) -> Added {
    let mut added = merge(None, &sample::map([seen]), Acceptance::Observed, None)
        .unwrap()
        .added;
    assert_eq!(added.len(), 1);
    added.remove(0)
}

fn failure(entry: &str) -> String {
    Ledger::parse(&format!("schema: egressmap/ledger/v1\ndependencies:\n{entry}"))
        .unwrap_err()
        .to_string()
}

#[test]
fn what_people_wrote_survives_a_merge_byte_for_byte() {
    let map = sample::map([
        Seen::tls("checkout", "api.stripe.com", 443),
        Seen::tls("checkout", "a.cdn.example", 443),
        Seen::tls("checkout", "new.example", 443),
    ]);
    let after = merged(HAND_MADE, &map);
    insta::assert_snapshot!(after.text.strip_prefix(HAND_MADE.strip_suffix("\n# the end\n").unwrap()).unwrap(), @r"
        - service: checkout
          destination: new.example
          port: 443
          application: tls
          verdict: allow
          reason: accepted as observed on 1 day as sni/external/certain

    # the end
    ");
    assert_eq!((after.known, after.added.len()), (2, 1));
    assert_eq!(after.added[0].entry.line, 17);
}

#[test]
fn merging_twice_changes_nothing() {
    let map = sample::map([
        Seen::tls("checkout", "new.example", 443),
        Seen::tls("a", "2001:db8:0::1", 443),
    ]);
    let once = merged(HAND_MADE, &map);
    let twice = merged(&once.text, &map);
    assert_eq!(twice.text, once.text);
    assert_eq!(twice.added, []);
}

#[test]
fn a_list_begins_wherever_there_is_none_yet() {
    let map = sample::map([Seen::tls("checkout", "new.example", 443)]);
    let schema = "schema: egressmap/ledger/v1\n";
    for start in [
        String::new(),
        "# nothing yet".to_owned(),
        "---\n".to_owned(),
        schema.to_owned(),
        "dependencies: []".to_owned(),
        format!("{schema}dependencies: []"),
        format!("{schema}dependencies: [ ] # none\n# tail\n"),
        format!("{schema}dependencies:\n"),
        format!("{schema}dependencies: ~\r\n"),
        format!("dependencies: null # none\n{schema}"),
    ] {
        let after = merged(&start, &map);
        assert_eq!(after.ledger.entries.len(), 1, "{start:?}");
        for comment in ["# none", "# tail", "# nothing yet"] {
            assert_eq!(after.text.contains(comment), start.contains(comment), "{start:?}");
        }
        assert_eq!(merged(&after.text, &map).text, after.text, "{start:?}");
    }
}

#[test]
fn the_layout_of_the_list_is_continued() {
    let entry = "service: checkout\n  destination: a.example\n  port: 443\n  application: tls\n  verdict: allow";
    let at_the_margin = format!("dependencies:\n- {entry}\nschema: egressmap/ledger/v1");
    let crlf = format!("schema: egressmap/ledger/v1\ndependencies:\n- {entry}").replace('\n', "\r\n");
    let map = sample::map([Seen::tls("checkout", "new.example", 443)]);

    let after = merged(&at_the_margin, &map).text;
    assert!(
        after.contains("\n- service: checkout\n  destination: new.example\n"),
        "{after}"
    );
    assert!(after.ends_with("schema: egressmap/ledger/v1"), "{after}");
    let after = merged(&crlf, &map).text;
    assert!(
        after.starts_with(&crlf) && !after.replace("\r\n", "").contains('\n'),
        "{after:?}"
    );
}

#[test]
fn a_flow_list_is_refused_and_not_rewritten() {
    let text = "schema: egressmap/ledger/v1\ndependencies: [{service: a, destination: b.example, port: 1, application: tcp, verdict: allow}]\n";
    let map = sample::map([Seen::tls("checkout", "new.example", 443)]);
    let error = merge(Some(text), &map, Acceptance::Review, None).unwrap_err();
    insta::assert_snapshot!(error, @r#"line 2: expected one "- service: …" a dependency, found a list that cannot be added to"#);
}

#[test]
fn a_well_known_name_is_accepted_and_says_so() {
    let added = only(Seen::tls("checkout", "api.stripe.com", 443));
    assert_eq!((added.entry.verdict, added.held), (Verdict::Allow, None));
}

#[test]
fn what_the_evidence_does_not_carry_waits_and_says_why() {
    let seen = || Seen::tls("checkout", "api.stripe.com", 443);
    for (seen, why) in [
        (
            Seen::tls("checkout", "203.0.113.7", 443).grade(Grade::Address),
            Held::AddressOnly,
        ),
        (seen().grade(Grade::Ptr), Held::PtrOnly),
        (seen().grade(Grade::DnsVpc), Held::AnothersQuery),
        (seen().initiator(Certainty::Guess), Held::DirectionGuessed),
        (
            Seen::tls("unattributed/10.0.0.9", "api.stripe.com", 443),
            Held::UnattributedCaller,
        ),
    ] {
        let added = only(seen);
        let reason = added.entry.reason.as_deref().unwrap();
        assert_eq!(reason.split(" as ").next(), Some(why.words().as_str()));
        assert_eq!((added.entry.verdict, added.held), (Verdict::Review, Some(why)));
    }
}

#[test]
fn an_aws_label_and_confirmed_reverse_dns_are_names_enough() {
    let label = Seen::tls("checkout", "aws/s3/eu-west-1", 443)
        .grade(Grade::Aws)
        .class(Class::Aws);
    for seen in [label, Seen::tls("checkout", "a.example", 443).grade(Grade::Fcrdns)] {
        assert_eq!(only(seen).entry.verdict, Verdict::Allow);
    }
}

#[test]
fn without_acceptance_everything_new_waits() {
    let map = sample::map([Seen::tls("checkout", "api.stripe.com", 443)]);
    let added = merge(None, &map, Acceptance::Review, None).unwrap().added;
    assert_eq!(added[0].held, Some(Held::NotAsked));
}

#[test]
fn attempts_and_what_is_ours_stay_out_and_are_counted() {
    let map = sample::map([
        Seen::tls("checkout", "refused.example", 443).only_refused(),
        Seen::tcp("checkout", "ledger", 5432).class(Class::Internal),
        Seen::udp("checkout", "10.0.0.2", 53).class(Class::Infrastructure),
    ]);
    let after = merge(None, &map, Acceptance::Observed, None).unwrap();
    assert_eq!(after.added, []);
    let counts: Vec<_> = after.left_out.into_iter().collect();
    assert_eq!(
        counts,
        [
            (LeftOut::OnlyRefused, 1),
            (LeftOut::Internal, 1),
            (LeftOut::Infrastructure, 1)
        ]
    );
}

#[test]
fn a_range_speaks_for_addresses_in_it_and_for_names_seen_only_there() {
    let range: Destination = "203.0.113.0/24".parse().unwrap();
    let inside = "203.0.113.7".parse().unwrap();
    let outside = "198.51.100.7".parse().unwrap();
    let name: Destination = "a.example".parse().unwrap();
    assert!(range.covers(&Destination::Address(inside), &[inside].into()));
    assert!(range.covers(&name, &[inside].into()));
    assert!(!range.covers(&name, &[inside, outside].into()));
    assert!(!range.covers(&name, &[].into()));
}

#[test]
fn a_wildcard_speaks_for_names_below_it_and_not_for_its_own() {
    let below: Destination = "*.example.com".parse().unwrap();
    let covers = |name: &str| below.covers(&name.parse().unwrap(), &[].into());
    assert!(covers("a.example.com") && covers("a.b.example.com"));
    assert!(!covers("example.com") && !covers("badexample.com"));
}

#[test]
fn a_name_at_a_denied_address_waits() {
    let text = HAND_MADE.replace("\"*.cdn.example\"", "203.0.113.7");
    let map = sample::map([Seen::tls("checkout", "new.example", 443)
        .address("203.0.113.7")
        .address("203.0.113.8")]);
    assert_eq!(
        merged(&text, &map).added[0].held,
        Some(Held::DeniedAddress("203.0.113.7".to_owned()))
    );
}

#[test]
fn an_expired_pattern_no_longer_covers_what_is_new() {
    let text = HAND_MADE.replace("deny}", "allow, expires: 2026-01-31}");
    let map = sample::map([Seen::tls("checkout", "a.cdn.example", 443)]);
    let on = |day: &str| {
        merge(Some(&text), &map, Acceptance::Observed, Some(day.parse().unwrap()))
            .unwrap()
            .added
    };
    assert_eq!(on("2026-01-31"), []);
    assert_eq!(
        on("2026-02-01")[0].held,
        Some(Held::CoverExpired("*.cdn.example".to_owned()))
    );
}

#[test]
fn the_owner_of_the_service_owns_its_new_entries() {
    let mut map = sample::map([Seen::tls("checkout", "new.example", 443)]);
    let facts = ServiceFacts {
        owner: Some("a: \"b\"\n".to_owned()),
        ..ServiceFacts::default()
    };
    map.manifest.services.insert(sample::service("checkout"), facts);
    let after = merged("", &map);
    assert_eq!(after.ledger.entries[0].owner.as_deref(), Some("a: \"b\"\n"));
}

#[test]
fn a_file_of_owners_comes_before_the_inventory() {
    let mut map = sample::map([
        Seen::tls("checkout", "a.example", 443),
        Seen::tls("till", "a.example", 443),
    ]);
    for service in ["checkout", "till"] {
        let facts = ServiceFacts {
            owner: Some("inventory".to_owned()),
            ..ServiceFacts::default()
        };
        map.manifest.services.insert(sample::service(service), facts);
    }
    let terms = Terms {
        acceptance: Acceptance::Observed,
        today: None,
        owners: &Owners::parse("check* payments").unwrap(),
    };
    let owners: Vec<_> = merge_on(None, &map, terms)
        .unwrap()
        .ledger
        .entries
        .into_iter()
        .map(|entry| entry.owner)
        .collect();
    assert_eq!(owners, [Some("payments".to_owned()), Some("inventory".to_owned())]);
}

#[test]
fn a_reason_keeps_what_an_entry_was_made_on_until_a_person_writes_another() {
    let added = only(Seen::tls("a", "a.example", 443).grade(Grade::Ptr));
    let recorded = Evidence::recorded(added.entry.reason.as_deref().unwrap()).unwrap();
    assert_eq!((recorded.grade, recorded.class), (Grade::Ptr, Class::External));
    for other in [
        "card payments, PAY-1432",
        "as sni",
        "known as sni/external",
        "seen as sni/external/certain/no",
    ] {
        assert_eq!(Evidence::recorded(other), None, "{other}");
    }
}

#[test]
fn errors_name_the_line_what_was_expected_and_the_near_word() {
    let fields = "destination: a.example\n  port: 443\n  application: tls\n  verdict: allow\n";
    insta::assert_snapshot!(failure(&format!("- servce: a\n  {fields}")), @r#"line 3: expected one of service, destination, port, application, verdict, owner, reason, expires, found the key "servce", did you mean "service"?"#);
    insta::assert_snapshot!(failure(&format!("- {fields}")), @"line 3: service: expected a value, found none");
    let with = |from: &str, to: &str| failure(&format!("- service: a\n  {fields}").replace(from, to));
    insta::assert_snapshot!(with("443", "70000"), @r#"line 5: port: expected a port from 1 to 65535, found "70000""#);
    insta::assert_snapshot!(with("tls", "tsl"), @r#"line 6: application: expected one of http, tls, tcp, udp, icmp, found "tsl", did you mean "tls"?"#);
    insta::assert_snapshot!(with("a.example", "\"${a}\\n\""), @r#"line 4: destination: expected a host name, *.name, an address, a CIDR range or aws/service/region, found "${a}\u{a}""#);
    insta::assert_snapshot!(with("a.example", "10.0.0.1/8"), @r#"line 4: destination: expected a range whose address ends at its prefix, found "10.0.0.1/8""#);
    insta::assert_snapshot!(with("allow", "allow\n  expires: soon"), @r#"line 8: expires: expected a date such as 2027-03-31, found "soon""#);
    assert!(with("a.example", "*.example").ends_with("hint: put quotes around a name that begins with *"));
    assert!(failure("- 5").starts_with("line 3: expected YAML"));
}

#[test]
fn a_dependency_stands_once_whatever_it_is_said_to_speak() {
    let entry = |application: &str| {
        format!("- {{service: a, destination: a.example, port: 443, application: {application}, verdict: allow}}\n")
    };
    let twice = format!("{}{}", entry("tls"), entry("tcp"));
    assert_eq!(failure(&twice), "line 4: this dependency stands already at line 3");
}

#[test]
fn a_ledger_of_another_schema_is_refused() {
    let error = Ledger::parse("schema: egressmap/ledger/v9\n").unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: schema: expected egressmap/ledger/v1, found \"egressmap/ledger/v9\""
    );
    assert!(
        Ledger::parse("dependencies: [{service: a, destination: a.example, port: 1, application: tcp, verdict: deny}]")
            .is_err()
    );
}

prop_compose! {
    fn any_seen()(
        service in "[ -~äß\u{202e}]{0,20}",
        host in prop_oneof!["[a-z]{1,3}\\.example", "203\\.0\\.113\\.[1-9]", "aws/[a-z]{1,4}"],
        port in 1_u16..600,
        udp in any::<bool>(),
    ) -> Option<Seen> {
        ServiceName::try_from(service.clone()).ok()?;
        Some(if udp { Seen::udp(&service, &host, port) } else { Seen::tls(&service, &host, port) })
    }
}

/// An entry as one person or another would lay it out.
fn any_entry() -> impl Strategy<Value = String> {
    let layout = prop_oneof![
        Just("- {service: S, destination: D, port: P, application: tls, verdict: V}"),
        Just("- service: S\n  destination: D # seen\n  port: P\n\n  application: \"tls\"\n  verdict: V"),
        Just("-\n  verdict: V\n  port: P\n  application: 'tls'\n  service: S\n  destination: D\n  expires: 2031-01-31"),
        Just(
            "- service: S\n  owner: >-\n    a team\n    of two\n  destination: D\n  port: P\n  application: tls\n  verdict: V\n  reason: |\n    - service: no\n    # no comment"
        ),
        Just(
            "# - service: old\n- destination: D\n  service: S\n  application: tls\n  port: P\n  verdict: V # decided\n  # under it"
        ),
    ];
    let destination = prop_oneof![
        "[a-z]{1,2}\\.example",
        Just("\"*.example\"".to_owned()),
        "203\\.0\\.113\\.[1-9]"
    ];
    let verdict = prop::sample::select(vec!["allow", "deny", "review"]);
    (layout, "[ab]", destination, 1_u16..4, verdict).prop_map(|(layout, service, destination, port, verdict)| {
        layout
            .replace('V', verdict)
            .replace('S', &service)
            .replace('D', &destination)
            .replace('P', &port.to_string())
    })
}

prop_compose! {
    /// A ledger that people edited, with its entries indented, separated and ended as it pleased them.
    fn any_ledger()(
        entries in prop::collection::vec(any_entry(), 0..6),
        indent in prop::sample::select(vec![0_usize, 2, 4]),
        between in prop::sample::select(vec!["\n", "\n\n", "\n# between\n"]),
        end in prop::sample::select(vec!["", "\n", "\n\n# end\n"]),
        head in prop::sample::select(vec!["", "---\n", "# ours\n"]),
        windows in any::<bool>(),
    ) -> String {
        let pad = " ".repeat(indent);
        let lines = entries.join(between);
        let lines: Vec<String> = lines.lines().map(|line| format!("{pad}{line}").trim_end().to_owned()).collect();
        let text = format!("{head}schema: egressmap/ledger/v1\ndependencies:\n{}{end}", lines.join("\n"));
        if windows { text.replace('\n', "\r\n") } else { text }
    }
}

proptest! {
    #[test]
    fn whatever_people_made_of_a_ledger_a_merge_adds_to_it_once(
        text in any_ledger(),
        seen in prop::collection::vec(("[ab]", "[a-z]{1,2}\\.example", 1_u16..4), 0..6),
        day in prop::sample::select(vec![None, Some("2030-01-01"), Some("2032-01-01")]),
    ) {
        // The same entry twice is an error of its own.
        if let Ok(before) = Ledger::parse(&text) {
            let map = sample::map(seen.iter().map(|(service, host, port)| Seen::tls(service, host, *port)));
            let day = day.map(|day| day.parse().unwrap());
            let once = merge(Some(&text), &map, Acceptance::Observed, day).unwrap();
            let twice = merge(Some(&once.text), &map, Acceptance::Observed, day).unwrap();
            prop_assert_eq!(&twice.text, &once.text);
            let kept = once.ledger.entries.iter().take(before.entries.len());
            let same = |now: &Entry, then: &Entry| Entry { line: 0, ..now.clone() } == Entry { line: 0, ..then.clone() };
            let all_kept = kept.zip(&before.entries).all(|(now, then)| same(now, then));
            prop_assert!(all_kept);
            // Every line that stood there stands there still, in its order.
            let mut lines = once.text.lines();
            prop_assert!(text.lines().all(|line| lines.any(|now| now == line)), "{}", once.text);
            // What is denied, by itself or below a name, is not proposed again.
            for added in &once.added {
                let denies = |entry: &&Entry| entry.verdict == Verdict::Deny && entry.service == added.entry.service && entry.port == added.entry.port;
                let covers = |entry: &Entry| entry.destination.covers(&added.entry.destination, &std::collections::BTreeSet::new());
                let denied = before.entries.iter().filter(denies).any(|entry| covers(entry) && !entry.expired(day));
                prop_assert!(!denied);
            }
        }
    }

    #[test]
    fn any_merge_keeps_the_old_text_and_a_second_one_adds_nothing(
        first in prop::collection::vec(any_seen(), 0..6),
        second in prop::collection::vec(any_seen(), 0..6),
        owner in any::<Option<String>>(),
    ) {
        let mut map = sample::map(first.into_iter().flatten());
        for service in map.dependencies.keys().map(|key| key.service.clone()).collect::<Vec<_>>() {
            let facts = ServiceFacts { owner: owner.clone(), ..ServiceFacts::default() };
            map.manifest.services.insert(service, facts);
        }
        let start = merge(None, &map, Acceptance::Review, None).unwrap();
        prop_assert_eq!(start.ledger.entries.len(), start.added.len());
        prop_assert_eq!(&merge(Some(&start.text), &map, Acceptance::Observed, None).unwrap().text, &start.text);

        let map = sample::map(second.into_iter().flatten());
        let next = merge(Some(&start.text), &map, Acceptance::Observed, None).unwrap();
        // An empty list gives its `[]` away; everything else stays.
        let kept = start.text.strip_suffix(" []\n").unwrap_or(&start.text);
        prop_assert!(next.text.starts_with(kept));
        prop_assert_eq!(next.ledger.entries.len(), start.ledger.entries.len() + next.added.len());
        prop_assert_eq!(next.known + next.added.len(), map.dependencies.len());
        prop_assert_eq!(&merge(Some(&next.text), &map, Acceptance::Review, None).unwrap().text, &next.text);
    }
}
