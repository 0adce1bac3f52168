//! What must hold for any records: neither their order nor their split over threads matters, and none is lost.

use std::io::Read as _;

use proptest::prelude::*;

use super::*;

const INVENTORY: &str = "service,address,eni,until\n\
    checkout,10.0.0.1,,1970-01-01T02:00:00Z\n\
    renamed,10.0.0.1,,\n\
    ledger,,e2,\n\
    vpc,10.0.0.0/30,,1970-01-01T01:00:00Z\n";

pub(super) fn record() -> impl Strategy<Value = String> {
    let family = |addresses: &'static [&'static str]| {
        let address = prop::sample::select(addresses);
        (address.clone(), address)
    };
    let addresses = prop_oneof![
        6 => family(&["10.0.0.1", "10.0.0.2", "10.0.0.3", "198.51.100.1", "198.51.100.2", "203.0.113.7"]),
        3 => family(&["2001:db8::1", "2001:db8::2", "2001:db8:1000::1", "2001:db8:2000::1", "fd00::1"]),
        1 => family(&["10.0.0.1", "203.0.113.7", "2001:db8::1"]),
    ];
    let port = prop::sample::select(vec![22_u16, 443, 5432, 20_000, 40_000, 50_000]);
    let eni = prop::sample::select(vec!["e1", "e2", "e3", "-"]);
    let protocol = prop::sample::select(vec!["tcp", "tcp", "udp", "icmp"]);
    let extra = prop::sample::select(vec![
        "",
        "",
        "flags=0",
        "flags=2",
        "flags=18",
        "direction=egress",
        "direction=ingress",
        "pkt-src=10.0.0.3",
        "pkt-dst=203.0.113.7",
        "dst-aws=S3",
        "dst-aws=EC2",
        "src-aws=EC2",
        "type=nat_gateway",
        "service=web",
        "cluster=blue service=web",
        // No words: as if nothing told.
        "service=é",
        "cluster=è service=ü",
    ]);
    let action = prop::sample::select(vec!["ACCEPT", "ACCEPT", "ACCEPT", "REJECT"]);
    (
        (eni, addresses, port.clone(), port),
        (
            protocol,
            0..3_u64,
            prop::sample::select(vec![0, 10, 3_600, 7_199, 7_200, 18_000, 18_060]),
            action,
            extra,
        ),
    )
        .prop_map(
            |((eni, (src, dst), srcport, dstport), (protocol, packets, start, action, extra))| {
                let (bytes, end) = (packets * 40, start + packets * 30);
                format!(
                    "{eni} {src} {dst} {srcport} {dstport} {protocol} {packets} {bytes} {start} {end} {action} {extra}"
                )
            },
        )
}

fn counted<'i>(inventory: &'i Inventory, records: impl IntoIterator<Item = impl AsRef<str>>) -> (Aggregator<'i>, u64) {
    let mut aggregator = Aggregator::new(inventory, &Settings::default());
    let used = records
        .into_iter()
        .filter(|text| aggregator.flow(1, &Literal::read(text.as_ref()).record()) == Verdict::Used)
        .count();
    (aggregator, u64::try_from(used).unwrap())
}

fn bytes(kept: &Kept) -> Vec<u8> {
    let mut bytes = Vec::new();
    kept.reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn order_and_split_of_records_do_not_matter(
        mut dealt in prop::collection::vec((record(), 0..4_usize, any::<u16>()), 0..60),
    ) {
        let inventory = Inventory::from_csv("x", INVENTORY.as_bytes()).unwrap();
        let whole = counted(&inventory, dealt.iter().map(|(text, ..)| text)).0.finish().unwrap();
        dealt.sort_by_key(|(.., place)| *place);
        let parts = (0..4).map(|thread| {
            let mine = dealt.iter().filter(|(_, of, _)| *of == thread).map(|(text, ..)| text);
            counted(&inventory, mine).0
        });
        let merged = parts.reduce(Aggregator::merge).unwrap().finish().unwrap();
        prop_assert_eq!(edges(&merged), edges(&whole));
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn every_used_record_is_inbound_or_in_an_edge_or_from_a_responder(
        records in prop::collection::vec(record(), 0..60),
    ) {
        let inventory = Inventory::from_csv("x", INVENTORY.as_bytes()).unwrap();
        let (aggregator, used) = counted(&inventory, &records);
        let observed = aggregator.finish().unwrap();
        let from_initiators: u64 = observed
            .flows
            .iter()
            .map(|edge| edge.at_initiator.records + edge.at_responder.records + edge.elsewhere.records + edge.refused)
            .sum();
        prop_assert!(observed.inbound + from_initiators <= used);
        prop_assert!(observed.flows.iter().all(|edge| !edge.seen.days.is_empty()));
    }
}

proptest! {
    // Each case writes and reads several files.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_runs_kept_grows_into_what_one_run_keeps(
        dealt in prop::collection::vec((record(), 0..3_usize, 0..4_u8), 0..60),
    ) {
        let inventory = Inventory::from_csv("x", INVENTORY.as_bytes()).unwrap();
        let whole = counted(&inventory, dealt.iter().map(|(text, ..)| text)).0.finish().unwrap();
        let (observed, kept) = counted(&inventory, dealt.iter().map(|(text, ..)| text)).0.finish_with(&[]).unwrap();
        prop_assert_eq!(&observed, &whole);

        let of_run = |run: usize| dealt.iter().filter(move |(_, of, _)| *of == run);
        let mut grown: Vec<Kept> = Vec::new();
        for run in 0..3 {
            let (aggregator, _) = counted(&inventory, of_run(run).map(|(text, ..)| text));
            let (observed, kept) = aggregator.finish_with(&grown).unwrap();
            grown = vec![kept];
            if run == 2 {
                prop_assert_eq!(&observed, &whole, "grown run by run");
            }
        }
        prop_assert!(bytes(&grown[0]) == bytes(&kept), "grown run by run");

        // Added up by somebody who has no inventory.
        let runs = (0..3).map(|run| counted(&inventory, of_run(run).map(|(text, ..)| text)).0.finish_with(&[]));
        let runs: Vec<Kept> = runs.map(|run| run.unwrap().1).collect();
        let mut names = Inventory::default();
        Kept::remember(&runs, &mut names).unwrap();
        let (observed, merged) = Aggregator::new(&names, &Settings::default()).finish_with(&runs).unwrap();
        prop_assert_eq!(&observed, &whole, "merged");
        prop_assert!(bytes(&merged) == bytes(&kept), "merged");
    }

    #[test]
    fn what_is_put_aside_at_any_moment_changes_nothing(
        dealt in prop::collection::vec((record(), 0..2_usize, 0..4_u8), 0..60),
    ) {
        let inventory = Inventory::from_csv("x", INVENTORY.as_bytes()).unwrap();
        let (whole, kept) = counted(&inventory, dealt.iter().map(|(text, ..)| text)).0.finish_with(&[]).unwrap();
        let thread = |thread: usize| {
            let budget = Budget::new(usize::MAX, std::env::temp_dir());
            let mut aggregator = Aggregator::new(&inventory, &Settings::default()).within(Some(budget));
            for (text, _, moment) in dealt.iter().filter(|(_, of, _)| *of == thread) {
                aggregator.flow(1, &Literal::read(text).record());
                if *moment == 0 {
                    aggregator.put_aside();
                }
            }
            aggregator
        };
        let threads = || thread(0).merge(thread(1));
        prop_assert_eq!(&threads().finish().unwrap(), &whole);
        let (observed, put_aside) = threads().finish_with(&[]).unwrap();
        prop_assert_eq!(observed, whole);
        prop_assert!(bytes(&put_aside) == bytes(&kept));
    }
}

#[test]
fn what_two_runs_say_of_a_service_does_not_depend_on_which_is_named_first() {
    let runs = ["payments", "billing"].map(|owner| {
        let csv = format!("service,address,owner\ncheckout,10.0.0.1,{owner}\n");
        let inventory = Inventory::from_csv("x", csv.as_bytes()).unwrap();
        let record = "e1 10.0.0.1 203.0.113.7 40000 443 tcp 2 80 0 60 ACCEPT";
        counted(&inventory, [record]).0.finish_with(&[]).unwrap().1
    });
    let together = |runs: [&Kept; 2]| {
        let runs = runs.map(Kept::clone);
        let mut names = Inventory::default();
        Kept::remember(&runs, &mut names).unwrap();
        let (observed, kept) = Aggregator::new(&names, &Settings::default())
            .finish_with(&runs)
            .unwrap();
        (observed, bytes(&kept))
    };
    let [one, other] = &runs;
    let (observed, kept) = together([one, other]);
    assert!((observed.clone(), kept) == together([other, one]));
    let facts = observed.services.into_values().next().unwrap();
    assert_eq!(facts.owner.as_deref(), Some("billing"));
}
