//! Rows without a record.

use egressmap_parser::{Gap, GapStatus};

use super::*;

#[test]
fn rows_without_a_record_are_counted_by_interface_and_hour_in_any_split() {
    let rows = [
        (&b"e1"[..], 0, GapStatus::SkipData),
        (b"e1", 3_599, GapStatus::SkipData),
        (b"e1", 3_600, GapStatus::NoData),
        (b"e2", 7_200, GapStatus::NoData),
        (b"", 7_200, GapStatus::SkipData),
        (b"e1", 99_999, GapStatus::SkipData),
    ];
    let settings = Settings {
        since: None,
        until: Some(90_000),
    };
    let inventory = Inventory::default();
    let count = |rows: &[(&'static [u8], u64, GapStatus)]| {
        let mut aggregator = Aggregator::new(&inventory, &settings);
        for &(eni, start, status) in rows {
            let end = start + 60;
            aggregator.gap(
                1,
                &Gap {
                    eni,
                    start,
                    end,
                    status,
                },
            );
        }
        aggregator
    };
    let gaps = count(&rows).finish().unwrap().gaps;
    assert_eq!(
        serde_json::to_string(&gaps).unwrap(),
        r#"{"nodata":{"e1":{"1":1},"e2":{"2":1}},"skipdata":{"-":{"2":1},"e1":{"0":2}}}"#
    );
    for at in 0..=rows.len() {
        let (left, right) = rows.split_at(at);
        assert_eq!(count(right).merge(count(left)).finish().unwrap().gaps, gaps);
    }
}

#[test]
fn a_transit_gateway_repeats_what_the_interfaces_logged() {
    let records = [
        "e1 10.0.0.1 10.0.0.2 40000 5432 tcp 1 1000 0 60 ACCEPT flags=2",
        "- 10.0.0.1 10.0.0.2 40000 5432 tcp 1 1000 0 60 ACCEPT flags=2 on-the-way=yes",
        "- 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT flags=2 on-the-way=yes",
    ];
    assert_eq!(
        edges(&observe(SHOP, &records)),
        [
            "checkout > 10.0.0.2 (ledger):5432/tcp certain initiator 1 1000/0 elsewhere 1 1000/0",
            "checkout > 203.0.113.7:443/tcp certain elsewhere 1 10/0",
        ]
    );
}
