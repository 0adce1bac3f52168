//! What is told, and what is said where there is nothing to tell.

use egressmap_aggregator::identity::DnsName;

use super::*;
use crate::sample::{self, Seen};

fn map() -> DependencyMap {
    let mut paste = Seen::tls("checkout", "paste.example", 443);
    paste.dependency.addresses.insert("203.0.113.9".parse().unwrap());
    paste.dependency.at_initiator.bytes_out = 52_000_000;
    paste.dependency.name.also.insert("b.example".to_owned(), 2);
    let mut map = sample::map([
        paste,
        Seen::tls("checkout", "api.cardpay.example", 443),
        Seen::http("checkout", "api.cardpay.example", 80),
        Seen::tls("media", "2001:db8::1", 8443),
    ]);
    let name = |name: &str| DnsName::try_from(name.to_owned()).unwrap();
    // Whoever answers may lead in a circle.
    map.manifest.aliases = [
        (name("paste.example"), [name("edge.test")].into()),
        (name("edge.test"), [name("paste.example"), name("pop.test")].into()),
    ]
    .into();
    map.manifest.window = Some((1_790_000_000, 1_790_000_060));
    map.manifest
        .gaps
        .skipdata
        .insert("eni-1".to_owned(), [(1_790_000_000 / 3_600, 3)].into());
    map
}

fn story(wanted: &str, ledger: Option<&str>) -> Story {
    let (map, ledger) = (map(), ledger.map(|text| Ledger::parse(text).unwrap()));
    let found = find(&map, "checkout", wanted).unwrap();
    Story::of(&map, found, ledger.as_ref(), Some(jiff::civil::date(2026, 9, 21)))
}

fn text(story: &Story) -> String {
    let told = story
        .told
        .iter()
        .map(|told| format!("{}: {}\n", told.about, told.sentence));
    told.chain(
        story
            .calendar
            .iter()
            .map(|row| format!("{} {}\n", row.label, row.marks)),
    )
    .collect()
}

fn entry(destination: &str, verdict: &str) -> String {
    format!(
        "schema: egressmap/ledger/v1\ndependencies:\n- service: checkout\n  destination: '{destination}'\n  port: 443\n  \
         application: tls\n  {verdict}\n"
    )
}

#[test]
fn a_story_tells_what_is_known_and_how() {
    let story = story("203.0.113.9", Some(&entry("*.example", "verdict: deny")));
    insta::assert_snapshot!(text(&story), @r#"
    what: checkout reaches paste.example:443 (tls), outside, at 203.0.113.9
    when: on 1 day and in 1 hour, from 2026-09-21T14:13:20Z to 2026-09-21T14:14:20Z
    who: no flow record tells from which address
    name: grade sni: 1 TLS hello through the proxy named it
    cname: DNS answers led from it to edge.test, pop.test
    also: the same addresses go by b.example (2): lines and answers for each in parentheses; flow records cannot tell them apart
    opened: by the service, certain: it sent the SYN, or was sent the SYN-ACK
    volume: 1 flow record at its own interface and 0 access lines; sent 52 MB and received 0 B
    suspicious: upload-heavy: sent 52 MB and received 0 B
    ledger: deny by line 3, for *.example
    gaps: 3 SKIPDATA rows in 1 hour between its first and last record: records of any service may be missing there
    2026-09                     #
    hours ··············#·········
    "#);
    assert!(story.is_to_be_looked_at());
}

#[test]
fn the_ledger_decides_whether_it_is_to_be_looked_at() {
    let looked_at = |ledger: Option<&str>| story("api.cardpay.example:443", ledger).is_to_be_looked_at();
    assert!(!looked_at(None));
    assert!(!looked_at(Some(&entry("api.cardpay.example", "verdict: allow"))));
    assert!(!looked_at(Some(&entry("*.cardpay.example", "verdict: allow"))));
    assert!(looked_at(Some(&entry("api.cardpay.example", "verdict: review"))));
    assert!(looked_at(Some(&entry("other.example", "verdict: allow"))));
    assert!(looked_at(Some(&entry(
        "api.cardpay.example",
        "verdict: allow\n  expires: 2026-09-20"
    ))));
}

#[test]
fn what_is_not_there_is_answered_with_what_is_near() {
    let map = map();
    let error = |service: &str, wanted: &str| find(&map, service, wanted).unwrap_err().to_string();
    assert_eq!(
        error("chekout", "x"),
        "no service chekout in the map, did you mean \"checkout\"?"
    );
    assert_eq!(error("q", "x"), "no service q in the map; there are checkout, media");
    assert_eq!(
        error("checkout", "api.cardpai.example:443"),
        "checkout reaches no api.cardpai.example:443 in the map, did you mean \"api.cardpay.example\"?"
    );
    assert_eq!(
        error("checkout", "api.cardpay.example"),
        "checkout reaches api.cardpay.example on several ports: ask for one of api.cardpay.example:80, api.cardpay.example:443"
    );
    assert_eq!(
        error("checkout", "\u{1b}[2J"),
        "checkout reaches no \\u{1b}[2J in the map; there are api.cardpay.example, paste.example"
    );
    for spelt in ["[2001:db8::1]:8443", "2001:db8::1", "2001:db8::1/tcp"] {
        assert_eq!(find(&map, "media", spelt).unwrap().0.port, 8443, "{spelt}");
    }
}
