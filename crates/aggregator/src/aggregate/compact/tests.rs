//! The small counters against whole flows, which count whatever comes.

use proptest::prelude::*;

use super::*;
use crate::map::Hours;

/// One record of a flow, whatever it may hold.
fn packets() -> impl Strategy<Value = Packets> {
    let count = prop_oneof![0..2_000_u64, Just(u64::from(u32::MAX)), Just(1 << 40)];
    let start = prop_oneof![1_790_000_000..1_790_200_000_u64, Just(5_000_000_000_u64)];
    (
        (count.clone(), count, start, 0..4_000_u64),
        (
            0..3_u32,
            any::<u16>(),
            any::<bool>(),
            prop::bool::weighted(0.1),
            0..32_u8,
        ),
    )
        .prop_map(
            |((packets, bytes, start, long), (aws, client_port, sender, rejected, signs))| Packets {
                packets,
                bytes,
                start,
                end: start + long,
                aws: aws.saturating_sub(1),
                client_port,
                opened: if sender { Side::Sender } else { Side::Receiver },
                rejected,
                signs: Signs::from_bits(signs),
            },
        )
}

fn words() -> Words {
    let mut words = Words::default();
    words.intern(b"S3");
    words
}

/// Everything of a flow, so that two can be compared.
fn shown(flow: Flow) -> (crate::map::Tally, [u64; 2], u32, ClientPorts, Signs, Hours) {
    let tally = flow.tally();
    (
        tally,
        [flow.refused, flow.lines],
        flow.aws,
        flow.client_ports,
        flow.signs,
        flow.seen.into_hours(),
    )
}

proptest! {
    #[test]
    fn small_counters_say_what_whole_flows_say(records in prop::collection::vec(packets(), 0..60), split in 0..60_usize) {
        let words = words();
        let mut expected = Flow::default();
        let (mut here, mut there) = (([0; 10], Vec::new()), ([0; 10], Vec::new()));
        for (index, record) in records.iter().enumerate() {
            expected.count(record, &words);
            let (counts, aside) = if index < split { &mut here } else { &mut there };
            count(counts, record, aside, &words);
        }
        let (mut counts, mut aside) = here;
        add(&mut counts, &there.0, &there.1, &mut aside, &words);
        prop_assert_eq!(shown(flow(&counts, &aside)), shown(expected));
    }

    #[test]
    fn a_record_more_than_sixteen_bits_of_them_is_counted(record in packets()) {
        let words = words();
        let (mut counts, mut aside, mut expected) = ([0; 10], Vec::new(), Flow::default());
        for _ in 0..=HALF + 1 {
            expected.count(&record, &words);
            count(&mut counts, &record, &mut aside, &words);
        }
        prop_assert_eq!(shown(flow(&counts, &aside)), shown(expected));
    }
}
