//! What is counted, where, and when.

use super::*;

const HOUR: u64 = 3_600;

#[test]
fn a_flow_logged_at_both_ends_is_kept_in_two_tallies() {
    check(&[Case {
        records: &[
            "e1 10.0.0.1 10.0.0.2 40000 8080 tcp 3 300 0 60 ACCEPT",
            "e1 10.0.0.2 10.0.0.1 8080 40000 tcp 3 900 0 60 ACCEPT",
            "e1 10.0.0.1 203.0.113.7 40001 443 tcp 1 1 0 60 ACCEPT",
            "e2 10.0.0.1 10.0.0.2 40000 8080 tcp 3 290 2 59 ACCEPT",
            "e2 10.0.0.2 10.0.0.1 8080 40000 tcp 3 890 2 59 ACCEPT",
            "e2 10.0.0.2 203.0.113.7 40001 443 tcp 1 1 0 60 ACCEPT",
        ],
        edges: &[
            "checkout > 10.0.0.2 (ledger):8080/tcp likely initiator 1 300/900 responder 1 290/890",
            "checkout > 203.0.113.7:443/tcp likely initiator 1 1/0",
            "ledger > 203.0.113.7:443/tcp likely initiator 1 1/0",
        ],
        inbound: 0,
    }]);
}

#[test]
fn logs_of_the_responder_alone_fill_its_tally() {
    check(&[Case {
        records: &[
            "e2 10.0.0.1 10.0.0.2 40000 8080 tcp 3 290 2 59 ACCEPT",
            "e2 10.0.1.1 10.0.0.2 40000 8080 tcp 3 1 2 59 ACCEPT",
        ],
        edges: &[
            "cart > 10.0.0.2 (ledger):8080/tcp likely responder 1 1/0",
            "checkout > 10.0.0.2 (ledger):8080/tcp likely responder 1 290/0",
        ],
        inbound: 0,
    }]);
}

#[test]
fn two_interfaces_that_met_only_each_other_are_not_added_together() {
    check(&[Case {
        records: &[
            "e2 10.0.0.1 10.0.0.2 40000 8080 tcp 3 300 0 60 ACCEPT",
            "e1 10.0.0.1 10.0.0.2 40000 8080 tcp 3 300 0 60 ACCEPT",
        ],
        edges: &["checkout > 10.0.0.2 (ledger):8080/tcp likely initiator 1 300/0 responder 1 300/0"],
        inbound: 0,
    }]);
}

#[test]
fn a_format_without_interfaces_counts_as_the_initiators() {
    check(&[Case {
        records: &["- 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT"],
        edges: &["checkout > 203.0.113.7:443/tcp likely initiator 1 300/0"],
        inbound: 0,
    }]);
}

#[test]
fn traffic_through_a_nat_gateway_belongs_to_its_sender() {
    let gateway = "10.0.9.9";
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT".to_owned(),
        "e1 10.0.0.1 203.0.113.8 40000 443 tcp 3 300 0 60 ACCEPT".to_owned(),
        // The gateway's four rows of the first flow: to it and on, back to it and on.
        format!("nat 10.0.0.1 {gateway} 40000 443 tcp 3 300 0 60 ACCEPT pkt-dst=203.0.113.7 type=nat_gateway"),
        format!("nat {gateway} 203.0.113.7 2000 443 tcp 3 300 0 60 ACCEPT type=nat_gateway"),
        format!("nat 203.0.113.7 {gateway} 443 2000 tcp 3 900 0 60 ACCEPT type=nat_gateway"),
        format!("nat {gateway} 10.0.0.1 443 40000 tcp 3 900 0 60 ACCEPT pkt-src=203.0.113.7 type=nat_gateway"),
    ];
    let observed = observe(SHOP, &records.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        edges(&observed),
        [
            "checkout > 203.0.113.7:443/tcp likely initiator 1 300/0 elsewhere 1 300/900",
            "checkout > 203.0.113.8:443/tcp likely initiator 1 300/0",
        ]
    );
}

#[test]
fn rows_of_a_gateway_that_name_nobody_of_ours_are_set_aside() {
    let inventory = Inventory::from_csv("x", SHOP.as_bytes()).unwrap();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    let verdict = |aggregator: &mut Aggregator<'_>, text: &str| aggregator.flow(1, &Literal::read(text).record());
    let repeated = "nat 10.0.9.9 203.0.113.7 2000 443 tcp 3 300 0 60 ACCEPT type=nat_gateway";
    let regional = "- 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT type=regional_nat_gateway";
    assert_eq!(verdict(&mut aggregator, repeated), Verdict::SetAside("nat-gateway"));
    assert_eq!(verdict(&mut aggregator, regional), Verdict::Used);
    assert_eq!(
        edges(&aggregator.finish().unwrap()),
        ["checkout > 203.0.113.7:443/tcp likely elsewhere 1 300/0"]
    );
}

#[test]
fn a_node_stands_for_its_pods() {
    // The interface shows the node's address in place of the pod's, on both nodes.
    check(&[Case {
        records: &[
            "n1 10.9.0.1 10.0.1.5 40000 8080 tcp 1 10 0 60 ACCEPT pkt-src=10.0.0.1",
            "n1 10.9.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT pkt-src=10.0.0.1",
            "n2 10.0.0.1 10.9.0.2 40000 8080 tcp 1 10 0 60 ACCEPT pkt-dst=10.0.1.5",
            "n2 10.0.0.2 10.9.0.2 40000 8080 tcp 1 10 0 60 ACCEPT pkt-dst=10.0.1.5",
        ],
        edges: &[
            "checkout > 10.0.1.5 (cart):8080/tcp likely initiator 1 10/0 responder 1 10/0",
            "checkout > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "ledger > 10.0.1.5 (cart):8080/tcp likely responder 1 10/0",
        ],
        inbound: 0,
    }]);
}

#[test]
fn a_rejected_attempt_counts_as_refused_and_nowhere_else() {
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 REJECT",
        "e1 10.0.0.1 203.0.113.7 40001 443 tcp 3 300 0 60 REJECT",
        "e1 10.0.0.1 203.0.113.8 123 123 udp 1 76 7200 7260 REJECT",
    ];
    let observed = observe(SHOP, &records);
    assert_eq!(
        edges(&observed),
        [
            "checkout > 203.0.113.7:443/tcp likely refused 2",
            "checkout > 203.0.113.8:123/udp guess refused 1",
        ]
    );
    assert_eq!(observed.flows[1].seen.days, [(0, 1 << 2)]);
}

#[test]
fn days_and_hours_are_those_of_the_start() {
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 1 3599 3700 ACCEPT".to_owned(),
        format!(
            "e1 203.0.113.7 10.0.0.1 443 40000 tcp 1 1 {} {} ACCEPT",
            49 * HOUR,
            49 * HOUR + 5
        ),
        format!(
            "e1 203.0.113.7 10.0.0.1 443 40000 tcp 1 1 {} {} REJECT",
            99 * HOUR,
            99 * HOUR
        ),
        format!(
            "e1 10.0.0.1 203.0.113.7 40001 443 tcp 1 1 {} {} ACCEPT",
            23 * HOUR,
            23 * HOUR - 1
        ),
    ];
    let observed = observe(SHOP, &records.iter().map(String::as_str).collect::<Vec<_>>());
    let seen = &observed.flows[0].seen;
    assert_eq!(seen.days, [(0, 1 | 1 << 23), (2, 1 << 1)]);
    assert_eq!((seen.first, seen.last), (3_599, 49 * HOUR + 5));
    assert_eq!(observed.window, Some((3_599, 99 * HOUR)));
}

#[test]
fn a_record_outside_the_window_is_set_aside() {
    let settings = Settings {
        since: Some(100),
        until: Some(200),
    };
    let inventory = Inventory::from_csv("x", SHOP.as_bytes()).unwrap();
    let mut aggregator = Aggregator::new(&inventory, &settings);
    let verdicts = [99, 100, 199, 200].map(|start| {
        let text = format!("e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 1 {start} 300 ACCEPT");
        aggregator.flow(1, &Literal::read(&text).record())
    });
    let outside = Verdict::SetAside("outside-window");
    assert_eq!(verdicts, [outside, Verdict::Used, Verdict::Used, outside]);
    let observed = aggregator.finish().unwrap();
    assert_eq!(observed.window, Some((100, 300)));
    assert_eq!(observed.flows[0].at_initiator.records, 2);
}

#[test]
fn sums_stop_at_the_greatest_number() {
    let most = u64::MAX;
    let records = [
        format!("e1 10.0.0.1 203.0.113.7 40000 443 tcp {most} {most} 5 {most} ACCEPT"),
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 1 0 0 ACCEPT".to_owned(),
        format!("e2 10.0.0.1 203.0.113.7 123 123 udp {most} {most} 5 0 ACCEPT"),
        "e2 10.0.0.1 203.0.113.7 123 123 udp 1 1 0 0 ACCEPT".to_owned(),
    ];
    let observed = observe(SHOP, &records.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(observed.flows[0].at_initiator.bytes_out, most);
    assert_eq!(observed.flows[1].at_initiator.packets_out, most);
}

#[test]
fn the_aws_service_is_that_of_the_far_end_in_either_direction() {
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 1 0 60 ACCEPT",
        "e1 203.0.113.7 10.0.0.1 443 40000 tcp 1 1 0 60 ACCEPT src-aws=S3",
        "e1 10.0.0.1 203.0.113.8 40000 443 tcp 1 1 0 60 ACCEPT dst-aws=DYNAMODB",
        "e1 10.0.0.1 203.0.113.9 40000 443 tcp 1 1 0 60 ACCEPT dst-aws=${path}",
        "e1 10.0.0.1 203.0.113.10 123 123 udp 1 1 0 60 ACCEPT dst-aws=EC2",
    ];
    let observed = observe(SHOP, &records);
    let services: Vec<_> = observed.flows.iter().map(|edge| edge.aws_service.as_deref()).collect();
    assert_eq!(services, [Some("S3"), Some("DYNAMODB"), None, Some("EC2")]);
}

#[test]
fn an_interface_on_the_way_does_not_count_what_both_ends_counted() {
    let inventory = "service,address,eni\nweb,10.0.1.5,e1\nweb,10.0.1.6,e3\napi,10.0.2.6,e2\n";
    let records = [
        "e1 10.0.1.5 10.0.2.6 40000 5432 tcp 1 1000 0 60 ACCEPT",
        "e1 10.0.1.5 10.0.2.9 40000 443 tcp 1 10 0 60 ACCEPT",
        "e2 10.0.1.5 10.0.2.6 40000 5432 tcp 1 1000 0 60 ACCEPT",
        "e2 10.0.3.3 10.0.2.6 40000 5432 tcp 1 10 0 60 ACCEPT",
        "e9 10.0.1.5 10.0.2.6 40000 5432 tcp 1 1000 0 60 ACCEPT",
    ];
    assert_eq!(
        edges(&observe(inventory, &records)),
        [
            "unattributed/10.0.3.3 > 10.0.2.6 (api):5432/tcp likely responder 1 10/0",
            "web > 10.0.2.6 (api):5432/tcp likely initiator 1 1000/0 responder 1 1000/0 elsewhere 1 1000/0",
            "web > 10.0.2.9:443/tcp likely initiator 1 10/0",
        ]
    );
}
