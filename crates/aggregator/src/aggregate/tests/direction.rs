//! Which end opened it, in the order of the rules.

use super::*;

#[test]
fn a_syn_is_certain_whatever_the_ports() {
    check(&[
        Case {
            records: &["e1 10.0.0.1 203.0.113.7 22 50000 tcp 3 300 0 60 ACCEPT flags=2"],
            edges: &["checkout > 203.0.113.7:50000/tcp certain initiator 1 300/0"],
            inbound: 0,
        },
        Case {
            records: &["e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT flags=7"],
            edges: &["checkout > 203.0.113.7:443/tcp certain initiator 1 300/0"],
            inbound: 0,
        },
    ]);
}

#[test]
fn a_syn_ack_comes_from_the_responder() {
    check(&[Case {
        records: &["e1 203.0.113.7 10.0.0.1 50000 22 tcp 3 300 0 60 ACCEPT flags=19"],
        edges: &["checkout > 203.0.113.7:50000/tcp certain initiator 0 0/300"],
        inbound: 0,
    }]);
}

#[test]
fn a_row_from_mid_connection_joins_its_certain_edge() {
    check(&[
        Case {
            records: &[
                "e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT flags=2",
                "e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 50 60 120 ACCEPT flags=0",
                "e1 203.0.113.7 10.0.0.1 443 40000 tcp 3 70 60 120 ACCEPT flags=0",
            ],
            edges: &["checkout > 203.0.113.7:443/tcp certain initiator 2 350/70"],
            inbound: 0,
        },
        Case {
            // Both ports are ephemeral: the SYN made one of them a listener.
            records: &[
                "e1 10.0.0.1 203.0.113.7 40000 50000 tcp 3 300 0 60 ACCEPT flags=2",
                "e1 203.0.113.7 10.0.0.1 50000 40000 tcp 3 70 50 120 ACCEPT flags=0",
                "e1 10.0.0.1 203.0.113.7 40000 50000 tcp 3 50 60 120 ACCEPT flags=0",
            ],
            edges: &["checkout > 203.0.113.7:50000/tcp certain initiator 2 350/70"],
            inbound: 0,
        },
    ]);
}

#[test]
fn a_well_known_port_against_an_ephemeral_one_is_likely() {
    for port in [443, 5432] {
        let out = format!("e1 10.0.0.1 203.0.113.7 40000 {port} tcp 3 300 0 60 ACCEPT");
        let observed = observe(SHOP, &[&out]);
        let edge = format!("checkout > 203.0.113.7:{port}/tcp likely initiator 1 300/0");
        assert_eq!(edges(&observed), [edge]);
    }
}

#[test]
fn a_port_below_the_ephemeral_range_is_likely_once_two_clients_met_it_and_got_answers() {
    let one = "e1 10.0.0.1 203.0.113.7 40000 31000 tcp 3 300 0 60 ACCEPT";
    let two = "e1 10.0.0.1 203.0.113.7 40001 31000 tcp 3 300 0 60 ACCEPT";
    let answer = "e1 203.0.113.7 10.0.0.1 31000 40001 tcp 3 70 0 60 ACCEPT";
    for (records, certainty) in [
        (vec![one], "guess"),
        (vec![one, two], "guess"),
        (vec![two, answer], "guess"),
        (vec![one, two, answer], "likely"),
    ] {
        let observed = observe(SHOP, &records);
        let line = &edges(&observed)[0];
        assert!(line.contains(&format!("203.0.113.7:31000/tcp {certainty}")), "{line}");
    }
}

#[test]
fn a_server_on_an_ephemeral_port_shows_by_its_fan_in() {
    check(&[Case {
        records: &[
            "e1 10.0.0.1 10.0.1.9 40000 50000 tcp 1 10 10 60 ACCEPT",
            "e1 10.0.1.9 10.0.0.1 50000 40000 tcp 1 20 5 60 ACCEPT",
            "e1 10.0.0.1 10.0.1.9 40001 50000 tcp 1 10 10 60 ACCEPT",
            "e1 10.0.1.9 10.0.0.1 50000 40001 tcp 1 20 5 60 ACCEPT",
        ],
        edges: &["checkout > 10.0.1.9 (cart):50000/tcp likely initiator 2 20/40"],
        inbound: 0,
    }]);
}

#[test]
fn between_equal_ports_the_one_that_answered_later_serves() {
    check(&[
        Case {
            records: &[
                "e1 10.0.0.1 203.0.113.7 123 123 udp 1 76 100 100 ACCEPT",
                "e1 203.0.113.7 10.0.0.1 123 123 udp 1 76 101 101 ACCEPT",
            ],
            edges: &["checkout > 203.0.113.7:123/udp guess initiator 1 76/76"],
            inbound: 0,
        },
        Case {
            records: &[
                "e1 203.0.113.7 10.0.0.1 123 123 udp 1 76 100 100 ACCEPT",
                "e1 10.0.0.1 203.0.113.7 123 123 udp 1 76 101 101 ACCEPT",
            ],
            edges: &[],
            inbound: 2,
        },
    ]);
}

#[test]
fn where_nothing_tells_our_end_opened_or_the_lower_one() {
    check(&[
        Case {
            records: &[
                "e1 203.0.113.7 10.0.0.1 123 123 udp 1 76 100 100 ACCEPT",
                "e1 10.0.0.1 203.0.113.7 123 123 udp 1 76 100 100 ACCEPT",
            ],
            edges: &["checkout > 203.0.113.7:123/udp guess initiator 1 76/76"],
            inbound: 0,
        },
        Case {
            records: &[
                "e1 10.0.0.2 10.0.0.1 123 123 udp 1 70 100 100 ACCEPT",
                "e1 10.0.0.1 10.0.0.2 123 123 udp 1 76 100 100 ACCEPT",
            ],
            edges: &["checkout > 10.0.0.2 (ledger):123/udp guess initiator 1 76/70"],
            inbound: 0,
        },
    ]);
}

#[test]
fn of_one_direction_alone_the_sender_opened() {
    check(&[
        Case {
            records: &["e1 10.0.0.1 203.0.113.7 514 514 udp 1 76 100 100 ACCEPT"],
            edges: &["checkout > 203.0.113.7:514/udp guess initiator 1 76/0"],
            inbound: 0,
        },
        Case {
            records: &["e1 203.0.113.7 10.0.0.1 514 514 udp 1 76 100 100 ACCEPT"],
            edges: &[],
            inbound: 1,
        },
    ]);
}

#[test]
fn a_rejected_reply_does_not_flip_the_roles() {
    check(&[
        Case {
            records: &[
                "e1 203.0.113.9 10.0.0.1 0 0 icmp 4 336 100 160 ACCEPT",
                "e1 10.0.0.1 203.0.113.9 0 0 icmp 4 336 101 160 REJECT",
            ],
            edges: &[],
            inbound: 2,
        },
        Case {
            records: &[
                "e1 10.0.0.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT",
                "e1 203.0.113.7 10.0.0.1 443 40000 tcp 1 40 70 70 REJECT",
            ],
            edges: &["checkout > 203.0.113.7:443/tcp likely initiator 1 300/0"],
            inbound: 0,
        },
        Case {
            // All that is left of a connection is a packet after its end: no dependency.
            records: &["e1 203.0.113.7 10.0.0.1 443 40000 tcp 1 40 70 70 REJECT"],
            edges: &[],
            inbound: 0,
        },
    ]);
}

#[test]
fn icmp_is_always_a_guess_on_port_0() {
    check(&[
        Case {
            records: &[
                "e1 10.0.0.1 10.0.0.2 0 0 icmp 4 336 100 160 ACCEPT",
                "e1 10.0.0.2 10.0.0.1 0 0 icmp 4 336 101 160 ACCEPT",
            ],
            edges: &["checkout > 10.0.0.2 (ledger):0/icmp guess initiator 1 336/336"],
            inbound: 0,
        },
        Case {
            // Nothing tells who pinged whom: the end that is not ours.
            records: &[
                "e1 10.0.0.1 203.0.113.9 0 0 icmp 4 336 100 160 ACCEPT",
                "e1 203.0.113.9 10.0.0.1 0 0 icmp 4 336 100 160 ACCEPT",
            ],
            edges: &[],
            inbound: 2,
        },
        Case {
            records: &["e1 2001:db8:9::1 2001:db8::7 0 0 58 4 336 100 160 ACCEPT direction=egress"],
            edges: &["unattributed/2001:db8:9::1 > 2001:db8::7:0/icmp guess initiator 1 336/0"],
            inbound: 0,
        },
    ]);
}

#[test]
fn clients_on_the_internet_and_our_answers_to_them_are_inbound() {
    check(&[
        Case {
            records: &[
                "e1 198.51.100.1 10.0.0.1 40000 443 tcp 3 300 0 60 ACCEPT flags=2",
                "e1 10.0.0.1 198.51.100.1 443 40000 tcp 3 900 0 60 ACCEPT flags=18",
                "e1 198.51.100.2 10.0.0.1 40000 443 tcp 3 300 0 60 ACCEPT",
                "e1 10.0.0.1 198.51.100.2 443 40000 tcp 3 900 0 60 ACCEPT",
                "e1 2001:db8::1 fd00::1 40000 443 tcp 3 300 0 60 ACCEPT",
            ],
            edges: &[],
            inbound: 5,
        },
        Case {
            // Mid-connection rows of a client on an ephemeral port of ours that dropped rows showed to listen.
            records: &[
                "e1 198.51.100.1 10.0.0.1 40000 50000 tcp 3 300 0 60 ACCEPT flags=2",
                "e1 10.0.0.1 198.51.100.1 50000 40000 tcp 3 900 0 60 ACCEPT flags=18",
                "e1 198.51.100.2 10.0.0.1 443 50000 tcp 3 300 0 60 ACCEPT flags=2",
                "e1 198.51.100.3 10.0.0.1 40000 50000 tcp 3 300 70 80 ACCEPT flags=0",
                "e1 10.0.0.1 198.51.100.3 50000 40000 tcp 3 900 60 80 ACCEPT flags=0",
            ],
            edges: &[],
            inbound: 5,
        },
    ]);
}

#[test]
fn clients_on_the_internet_cost_no_memory() {
    let inventory = Inventory::from_csv("x", SHOP.as_bytes()).unwrap();
    let mut aggregator = Aggregator::new(&inventory, &Settings::default());
    for client in 0..20_000_u32 {
        let client = std::net::Ipv4Addr::from_bits(0xc633_0000 + client);
        for text in [
            format!("e1 {client} 10.0.0.1 40000 443 tcp 3 300 0 60 ACCEPT"),
            format!("e1 10.0.0.1 {client} 443 40000 tcp 3 900 0 60 ACCEPT"),
        ] {
            aggregator.flow(1, &Literal::read(&text).record());
        }
    }
    aggregator.settle();
    assert!(
        aggregator.weight() <= 1,
        "the first client might have been the interface itself"
    );
    assert_eq!(aggregator.finish().unwrap().inbound, 40_000);
}

#[test]
fn a_scanner_is_invisible() {
    // From one fixed port to many of ours, of every rank, all kept from us.
    let scan: Vec<String> = [22, 3306, 20_000, 40_000, 50_000, 60_000]
        .iter()
        .map(|port| format!("e1 198.51.100.66 10.0.0.1 61000 {port} tcp 1 40 0 60 REJECT"))
        .chain([String::from(
            "e1 198.51.100.66 10.0.0.1 61000 33333 tcp 1 40 0 60 ACCEPT",
        )])
        .collect();
    let observed = observe(SHOP, &scan.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(edges(&observed), [""; 0]);
    assert_eq!(observed.inbound, 7);
}

#[test]
fn what_scanners_send_does_not_turn_a_client_into_a_server() {
    let ours = [
        "e1 10.0.0.1 203.0.113.7 50000 40000 udp 1 10 0 60 ACCEPT",
        "e1 203.0.113.7 10.0.0.1 40000 50000 udp 1 20 1 60 ACCEPT",
    ];
    let scan = (1..9).map(|n| format!("e1 198.51.100.{n} 10.0.0.1 61000 50000 udp 1 40 0 60 REJECT"));
    let records: Vec<String> = ours.into_iter().map(str::to_owned).chain(scan).collect();
    let observed = observe(SHOP, &records.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        edges(&observed),
        ["checkout > 203.0.113.7:40000/udp guess initiator 1 10/20"]
    );
}

#[test]
fn a_flow_between_two_ends_that_are_not_ours_is_no_dependency() {
    check(&[Case {
        records: &[
            "- 198.51.100.1 203.0.113.7 40000 443 tcp 3 300 0 60 ACCEPT",
            "- 198.51.100.1 203.0.113.7 50000 40000 tcp 3 300 0 60 ACCEPT",
            "- 2001:db8::1 2001:db8::2 40000 443 tcp 3 300 0 60 ACCEPT",
        ],
        edges: &[],
        inbound: 3,
    }]);
}

/// Rows of both directions of a connection, without flags.
fn both_ways(client: &str, from: u16, server: &str, to: u16, packets: u64) -> [String; 2] {
    [
        format!("e1 {client} {server} {from} {to} tcp {packets} 100 0 60 ACCEPT"),
        format!("e1 {server} {client} {to} {from} tcp {packets} 200 0 60 ACCEPT"),
    ]
}

fn edges_of(rows: &[String]) -> (Vec<String>, u64) {
    let observed = observe(SHOP, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    (edges(&observed), observed.inbound)
}

#[test]
fn a_server_on_a_high_port_is_not_a_caller_of_its_balancers_ports() {
    let rows: Vec<String> = [2_000, 3_306, 9_999, 40_000]
        .into_iter()
        .flat_map(|from| both_ways("10.0.5.1", from, "10.0.0.1", 49_153, 9))
        .collect();
    let expected = "unattributed/10.0.5.1 > 10.0.0.1 (checkout):49153/tcp likely responder 4 400/800";
    assert_eq!(edges_of(&rows), (vec![expected.to_owned()], 0));
}

#[test]
fn clients_on_the_internet_with_low_ports_are_not_called_by_a_server_on_a_high_port() {
    let rows: Vec<String> = (0..6)
        .flat_map(|number| {
            both_ways(
                &format!("198.51.100.{number}"),
                2_000 + number * 7,
                "10.0.0.1",
                49_153,
                9,
            )
        })
        .collect();
    assert_eq!(edges_of(&rows), (vec![], 12));
}

#[test]
fn a_syn_elsewhere_turns_round_what_ports_said_of_the_same_connection() {
    check(&[Case {
        records: &[
            "e1 10.0.0.1 10.0.1.9 2000 50000 tcp 3 300 0 60 ACCEPT flags=2",
            "e1 10.0.1.9 10.0.0.1 50000 2000 tcp 3 500 0 60 ACCEPT flags=18",
            "e1 10.0.0.1 10.0.1.9 2000 50000 tcp 1 30 60 120 ACCEPT flags=0",
            "e1 10.0.1.9 10.0.0.1 50000 2000 tcp 1 50 60 120 ACCEPT flags=0",
        ],
        edges: &["checkout > 10.0.1.9 (cart):50000/tcp certain initiator 2 330/550"],
        inbound: 0,
    }]);
}

#[test]
fn one_client_port_for_several_services_is_no_server() {
    // A socket that sends to collectors, and what answers a scan from one port.
    let collectors = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"];
    let rows: Vec<String> = collectors
        .iter()
        .flat_map(|to| both_ways("10.0.0.1", 50_000, to, 17_391, 9))
        .collect();
    let (found, inbound) = edges_of(&rows);
    assert!(
        found.len() == 4 && found.iter().all(|edge| edge.contains(":17391/tcp")),
        "{found:?}"
    );
    assert_eq!(inbound, 0);
    let scan: Vec<String> = [1_433, 3_306, 8_080, 20_000]
        .into_iter()
        .flat_map(|to| both_ways("10.0.0.1", 61_000, "10.0.0.2", to, 1))
        .collect();
    let (found, _) = edges_of(&scan);
    assert!(
        found.len() == 4 && found.iter().all(|edge| edge.starts_with("checkout > 10.0.0.2")),
        "{found:?}"
    );
}

#[test]
fn a_scanner_from_one_port_is_told_from_a_server() {
    let rows: Vec<String> = (1..=8)
        .flat_map(|host| [40_000, 50_000].map(|port| both_ways("10.0.0.1", 61_000, &format!("10.0.1.{host}"), port, 1)))
        .flatten()
        .collect();
    let (found, _) = edges_of(&rows);
    assert!(
        found.len() == 16 && found.iter().all(|edge| edge.starts_with("checkout > 10.0.1.")),
        "{found:?}"
    );
}

#[test]
fn a_client_on_the_internet_whose_port_is_as_good_as_the_servers_is_told_by_the_others() {
    // Of the servers' other clients nothing is kept: their ports told that they are inbound.
    for (port, equal_or_better) in [(8_080, [5_044, 9_200]), (9_999, [2_376, 29_582])] {
        let mut rows: Vec<String> = (0..4)
            .flat_map(|number| both_ways(&format!("198.51.100.{number}"), 40_000 + number, "10.0.0.1", port, 9))
            .collect();
        for from in equal_or_better {
            rows.extend(both_ways("198.51.100.9", from, "10.0.0.1", port, 9));
            assert_eq!(edges_of(&rows), (vec![], rows.len() as u64), "{from} to {port}");
            rows.truncate(8);
        }
    }
}

#[test]
fn a_port_of_ours_that_met_one_port_out_there_is_not_taken_for_a_servers() {
    // What calls a server on a high port from a low one reads as if it were called: twice from one port is once.
    let mut rows: Vec<String> = (7..10)
        .flat_map(|host| both_ways("10.0.0.1", 2_000, &format!("203.0.113.{host}"), 50_051, 9))
        .collect();
    rows.extend(both_ways("10.0.0.1", 2_000, "203.0.113.20", 5_432, 9));
    let (found, inbound) = edges_of(&rows);
    assert_eq!(found, ["checkout > 203.0.113.20:5432/tcp likely initiator 1 100/200"]);
    assert_eq!(inbound, 6);
}

#[test]
fn who_asks_in_vain_from_the_internet_is_a_scanner_however_few_it_meets() {
    for hosts in [1, 2] {
        let rows: Vec<String> = (1..=hosts)
            .flat_map(|host| {
                let rows = both_ways("198.51.100.66", 49_063, &format!("10.0.1.{host}"), 50_000, 1);
                rows.map(|row| row.replacen("e1", &format!("e{host}"), 1))
            })
            .collect();
        assert_eq!(edges_of(&rows), (vec![], hosts * 2));
    }
    // What is answered with data is a connection.
    let rows = both_ways("10.0.0.1", 50_000, "203.0.113.7", 49_063, 9);
    let expected = "checkout > 203.0.113.7:49063/tcp guess initiator 1 100/200";
    assert_eq!(edges_of(&rows), (vec![expected.to_owned()], 0));
}
