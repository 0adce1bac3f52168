//! What DNS answers become, record by record.

use std::borrow::Cow;

use egressmap_parser::{Action, FlowRecord, Sink};
use proptest::prelude::*;

use super::*;
use crate::aggregate::{Aggregator, Settings};
use crate::observed::Observed;

const SHOP: &str = "service,address,instance,eni,from\n\
    checkout,10.0.0.1,,,\n\
    ledger,10.0.0.1,,,1970-01-02T00:00:00Z\n\
    cart,,i-0a,,\n\
    media,,,eni-0b,\n";

/// One record, given as `time source name address …`, with `instance=` before it where there is one.
struct Literal {
    time: u64,
    source: IpAddr,
    name: String,
    instance: String,
    addresses: Vec<IpAddr>,
}

impl Literal {
    fn read(text: &str) -> Self {
        let (instance, text) = match text.strip_prefix("instance=") {
            Some(rest) => rest.split_once(' ').unwrap(),
            None => ("", text),
        };
        let mut words = text.split(' ');
        Literal {
            instance: instance.to_owned(),
            time: words.next().unwrap().parse().unwrap(),
            source: words.next().unwrap().parse().unwrap(),
            name: words.next().unwrap().to_owned(),
            addresses: words.map(|address| address.parse().unwrap()).collect(),
        }
    }

    fn give(&self, to: &mut Aggregator<'_>) -> Verdict {
        to.dns(
            1,
            &DnsRecord {
                time: self.time,
                source: self.source,
                vpc: Cow::Borrowed("vpc-0a"),
                instance: Cow::Borrowed(&self.instance),
                name: Cow::Borrowed(&self.name),
                query_type: Cow::Borrowed("A"),
                rcode: Cow::Borrowed("NOERROR"),
                addresses: &self.addresses,
                aliases: &[Cow::Borrowed("edge.cdn.test.")],
            },
        )
    }
}

fn inventory() -> Inventory {
    Inventory::from_csv("inventory.csv", SHOP.as_bytes()).unwrap()
}

fn observe(records: &[&str]) -> (Observed, Vec<Verdict>) {
    let inventory = inventory();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    let verdicts = records
        .iter()
        .map(|text| Literal::read(text).give(&mut aggregator))
        .collect();
    (aggregator.finish().unwrap(), verdicts)
}

/// Answers as `service: name at address, answers, hours`.
fn shown(observed: &Observed) -> Vec<String> {
    let line = |it: &Answered| {
        let hours: Vec<u64> = it.seen.hours().collect();
        format!(
            "{}: {} at {}, {}, {hours:?}",
            it.service, it.name, it.address, it.answers
        )
    };
    observed.answers.iter().map(line).collect()
}

#[test]
fn answers_add_up_by_service_name_and_address_and_keep_their_hours() {
    let (observed, _) = observe(&[
        "3600 10.0.0.1 api.test 203.0.113.7 203.0.113.8",
        "7200 10.0.0.1 API.Test. 203.0.113.7",
        "7300 10.0.0.1 other.test ::ffff:203.0.113.7",
    ]);
    assert_eq!(
        shown(&observed),
        [
            "checkout: api.test at 203.0.113.7, 2, [1, 2]",
            "checkout: other.test at 203.0.113.7, 1, [2]",
            "checkout: api.test at 203.0.113.8, 1, [1]",
        ]
    );
    assert_eq!(observed.window, Some((3_600, 7_300)));
}

#[test]
fn who_asked_is_told_by_address_at_that_time_then_by_instance_then_not_at_all() {
    let (observed, _) = observe(&[
        "86399 10.0.0.1 a.test 203.0.113.7",
        "86400 10.0.0.1 b.test 203.0.113.7",
        "instance=i-0a 0 10.0.0.9 c.test 203.0.113.7",
        "instance=i-0z 0 10.0.0.9 d.test 203.0.113.7",
    ]);
    assert_eq!(
        shown(&observed),
        [
            "cart: c.test at 203.0.113.7, 1, [0]",
            "checkout: a.test at 203.0.113.7, 1, [23]",
            "ledger: b.test at 203.0.113.7, 1, [24]",
            "unattributed/10.0.0.9: d.test at 203.0.113.7, 1, [0]",
        ]
    );
}

#[test]
fn who_asked_is_told_by_the_interface_whose_own_address_it_is() {
    let inventory = inventory();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    for peer in ["203.0.113.7", "203.0.113.8"] {
        aggregator.flow(
            1,
            &FlowRecord {
                account: b"",
                eni: b"eni-0b",
                instance: b"",
                srcaddr: "10.0.0.9".parse().unwrap(),
                dstaddr: peer.parse().unwrap(),
                pkt_srcaddr: None,
                pkt_dstaddr: None,
                srcport: 40_000,
                dstport: 443,
                protocol: 6,
                packets: 1,
                bytes: 40,
                start: 0,
                end: 60,
                action: Action::Accept,
                tcp_flags: None,
                flow_direction: None,
                src_aws_service: b"",
                dst_aws_service: b"",
                interface_type: b"",
                ecs_cluster: b"",
                ecs_service: b"",
                on_the_way: false,
            },
        );
    }
    Literal::read("30 10.0.0.9 a.test 203.0.113.7").give(&mut aggregator);
    assert_eq!(
        shown(&aggregator.finish().unwrap()),
        ["media: a.test at 203.0.113.7, 1, [0]"]
    );
}

#[test]
fn an_answer_for_what_is_no_host_name_is_set_aside_and_one_without_addresses_is_used() {
    let long = format!("0 10.0.0.1 {}.test 203.0.113.7", "a".repeat(300));
    let hostile = [
        "0 10.0.0.1 ${path.module} 203.0.113.7",
        "0 10.0.0.1 a..b.test 203.0.113.7",
        "0 10.0.0.1 a.test.. 203.0.113.7",
        "0 10.0.0.1 . 203.0.113.7",
        "0 10.0.0.1 203.0.113.7 203.0.113.7",
        "0 10.0.0.1 *.test 203.0.113.7",
        &long,
    ];
    let (observed, verdicts) = observe(&hostile);
    assert!(
        verdicts.iter().all(|verdict| *verdict == MALFORMED_NAME),
        "{verdicts:?}"
    );
    assert_eq!((observed.answers, observed.window), (vec![], None));
    let (observed, verdicts) = observe(&["7 10.0.0.1 ${x} ", "8 10.0.0.1 nothing.test"].map(str::trim));
    assert_eq!(verdicts, [Verdict::Used; 2]);
    assert_eq!((observed.answers, observed.window), (vec![], Some((7, 8))));
}

#[test]
fn a_record_outside_the_window_is_set_aside() {
    let inventory = inventory();
    let settings = Settings {
        since: Some(100),
        until: Some(200),
    };
    let mut aggregator = Aggregator::new(&inventory, &settings);
    let mut give = |text| Literal::read(text).give(&mut aggregator);
    assert_eq!(
        give("99 10.0.0.1 a.test 203.0.113.7"),
        Verdict::SetAside("outside-window")
    );
    assert_eq!(give("100 10.0.0.1 a.test 203.0.113.7"), Verdict::Used);
    assert_eq!(
        give("200 10.0.0.1 a.test 203.0.113.7"),
        Verdict::SetAside("outside-window")
    );
}

fn record() -> impl Strategy<Value = String> {
    let time = prop::sample::select(vec![0_u64, 3_599, 3_600, 86_399, 86_400, 900_000]);
    let source = prop::sample::select(vec!["10.0.0.1", "10.0.0.9", "::ffff:10.0.0.1", "2001:db8::1"]);
    let name = prop::sample::select(vec![
        "a.test",
        "A.test.",
        "b.test",
        "c.test",
        "no name".trim_end_matches(" name"),
    ]);
    let addresses = prop::sample::subsequence(vec!["203.0.113.7", "203.0.113.8", "2001:db8::7"], 0..=3);
    let instance = prop::sample::select(vec!["", "instance=i-0a "]);
    (instance, time, source, name, addresses).prop_map(|(instance, time, source, name, addresses)| {
        format!("{instance}{time} {source} {name} {}", addresses.join(" "))
            .trim_end()
            .to_owned()
    })
}

proptest! {
    #[test]
    fn order_and_split_of_records_do_not_matter(
        mut dealt in prop::collection::vec((record(), 0..3_usize, any::<u16>()), 0..40),
    ) {
        let inventory = inventory();
        let aggregator = || Aggregator::new(&inventory, &Settings::default());
        let mut whole = aggregator();
        for (text, ..) in &dealt {
            Literal::read(text).give(&mut whole);
        }
        let whole = whole.finish().unwrap();
        dealt.sort_by_key(|(.., place)| *place);
        let mut parts = [aggregator(), aggregator(), aggregator()];
        for (text, thread, _) in &dealt {
            Literal::read(text).give(&mut parts[*thread]);
        }
        let [one, two, three] = parts;
        prop_assert_eq!(one.merge(two.merge(three)).finish().unwrap(), whole);
    }
}

#[test]
fn where_cnames_lead_is_kept_from_the_names_of_what_was_reached() {
    let inventory = inventory();
    let tell = |answers: &mut Answers, name: &str, address: &str, aliases: &[&str]| {
        let aliases: Vec<_> = aliases.iter().map(|alias| Cow::Borrowed(*alias)).collect();
        let record = DnsRecord {
            time: 0,
            source: "10.0.0.1".parse().unwrap(),
            vpc: Cow::Borrowed(""),
            instance: Cow::Borrowed(""),
            name: Cow::Borrowed(name),
            query_type: Cow::Borrowed("A"),
            rcode: Cow::Borrowed("NOERROR"),
            addresses: &[address.parse().unwrap()],
            aliases: &aliases,
        };
        assert_eq!(answers.count(&record, &inventory), Verdict::Used);
    };
    let (mut one, mut other) = (Answers::default(), Answers::default());
    tell(&mut one, "other.test", "203.0.113.9", &["else.test"]);
    tell(&mut one, "api.test", "203.0.113.7", &["Edge.Test.", "pop.test"]);
    tell(
        &mut other,
        "pop.test",
        "203.0.113.7",
        &["api.test", "${x}", "never.test"],
    );
    let endless: Vec<String> = (0..40).map(|number| format!("a{number}.test")).collect();
    let endless: Vec<&str> = endless.iter().map(String::as_str).collect();
    tell(&mut other, "a.test", "203.0.113.8", &endless);
    one.absorb(other);
    let chains = |reached: &str| {
        let chains = one.chains(std::iter::once(reached.parse().unwrap()));
        let chain = chains.iter().map(|(name, to)| {
            let to: Vec<_> = to.iter().map(DnsName::as_str).collect();
            format!("{} {}", name.as_str(), to.join(" "))
        });
        chain.collect::<Vec<_>>()
    };
    assert_eq!(
        chains("203.0.113.7"),
        ["api.test edge.test", "edge.test pop.test", "pop.test api.test"]
    );
    assert_eq!(chains("203.0.113.8").len(), LONGEST_CHAIN);
    assert!(chains("203.0.113.10").is_empty());
}
