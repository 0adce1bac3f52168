//! Whose address it is.

use super::*;

const OUT: &str = "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT";

#[test]
fn one_address_belongs_to_two_services_at_different_hours() {
    let inventory = "service,address,from,until\n\
        morning,10.0.0.1,1970-01-01T00:00:00Z,1970-01-01T12:00:00Z\n\
        evening,10.0.0.1,1970-01-01T12:00:00Z,\n";
    let records = [
        OUT,
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 20 43199 43260 ACCEPT",
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 30 43200 43260 ACCEPT",
    ];
    assert_eq!(
        edges(&observe(inventory, &records)),
        [
            "evening > 203.0.113.7:443/tcp likely initiator 1 30/0",
            "morning > 203.0.113.7:443/tcp likely initiator 2 30/0",
        ]
    );
}

#[test]
fn an_address_wins_over_the_prefix_it_lies_in() {
    let inventory = "service,address\nsubnet,10.0.0.0/24\npinned,10.0.0.1\n";
    let records = [OUT, "e2 10.0.0.2 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT"];
    assert_eq!(
        edges(&observe(inventory, &records)),
        [
            "pinned > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "subnet > 203.0.113.7:443/tcp likely initiator 1 10/0",
        ]
    );
}

#[test]
fn several_addresses_of_one_service_are_one_caller() {
    let inventory = "service,address\nweb,10.0.0.1\nweb,10.0.0.2\n";
    let records = [OUT, "e2 10.0.0.2 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT"];
    assert_eq!(
        edges(&observe(inventory, &records)),
        ["web > 203.0.113.7:443/tcp likely initiator 2 20/0"]
    );
}

#[test]
fn an_inventory_of_interfaces_alone_owns_their_own_addresses_wherever_they_are_seen() {
    let inventory = "service,eni\ncheckout,e1\nledger,e2\n";
    let records = [
        OUT,
        "e1 10.0.0.1 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT",
        "e2 10.0.0.1 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT",
        "e2 10.0.0.7 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT",
        "e1 2001:db8::1 2001:db8:f::7 40000 443 tcp 1 10 0 60 ACCEPT",
        "e1 2001:db8::1 2001:db8:f::8 40000 443 tcp 1 10 0 60 ACCEPT",
        "e2 2001:db8::1 2001:db8::2 40000 5432 tcp 1 10 0 60 REJECT",
        "e2 2001:db8::9 2001:db8::2 40000 5432 tcp 1 10 0 60 ACCEPT",
    ];
    let observed = observe(inventory, &records);
    assert_eq!(
        edges(&observed),
        [
            "checkout > 10.0.0.2 (ledger):5432/tcp likely initiator 1 10/0 responder 1 10/0",
            "checkout > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "checkout > 2001:db8::2 (ledger):5432/tcp likely refused 1",
            "checkout > 2001:db8:f::7:443/tcp likely initiator 1 10/0",
            "checkout > 2001:db8:f::8:443/tcp likely initiator 1 10/0",
            "unattributed/10.0.0.7 > 10.0.0.2 (ledger):5432/tcp likely responder 1 10/0",
        ]
    );
    assert_eq!(observed.inbound, 1);
}

#[test]
fn an_interface_is_its_owners_only_while_the_entry_lasts() {
    let inventory = "service,instance,account,until\nold,i-1,,1970-01-01T01:00:00Z\nteam,,0042,\n";
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT instance=i-1 account=0042",
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 20 3600 3660 ACCEPT instance=i-1 account=0042",
        "e2 10.0.0.2 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT account=42",
    ];
    assert_eq!(
        edges(&observe(inventory, &records)),
        [
            "old > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "team > 203.0.113.7:443/tcp likely initiator 1 20/0",
            "unattributed/10.0.0.2 > 203.0.113.7:443/tcp likely initiator 1 10/0",
        ]
    );
}

#[test]
fn an_entry_by_address_wins_over_the_interfaces_own() {
    let inventory = "service,eni,address\nnode,e1,\npod,,10.0.0.1\n";
    assert_eq!(
        edges(&observe(inventory, &[OUT])),
        ["pod > 203.0.113.7:443/tcp likely initiator 1 10/0"]
    );
}

#[test]
fn a_row_with_interface_and_address_says_which_end_is_the_interface() {
    let inventory = "service,eni,address\nledger,e1,10.0.0.2\n";
    let records = ["e1 10.0.0.1 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT"];
    assert_eq!(
        edges(&observe(inventory, &records)),
        ["unattributed/10.0.0.1 > 10.0.0.2 (ledger):5432/tcp likely responder 1 10/0"]
    );
}

#[test]
fn what_is_ours_and_owned_by_nothing_is_counted_by_its_address() {
    let records = [
        "e1 100.64.0.9 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT",
        "e2 2001:db8::1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT direction=egress",
        "e3 198.51.100.9 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT",
        "e3 198.51.100.9 203.0.113.8 40000 443 tcp 1 10 0 60 ACCEPT",
    ];
    assert_eq!(
        edges(&observe("service,address\n", &records)),
        [
            "unattributed/100.64.0.9 > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "unattributed/198.51.100.9 > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "unattributed/198.51.100.9 > 203.0.113.8:443/tcp likely initiator 1 10/0",
            "unattributed/2001:db8::1 > 203.0.113.7:443/tcp likely initiator 1 10/0",
        ]
    );
}

#[test]
fn every_service_of_the_inventory_is_in_what_was_observed() {
    let observed = observe("service,address,owner\nidle,10.9.9.9,team-a\n", &[]);
    let (name, facts) = observed.services.first_key_value().unwrap();
    assert_eq!((name.as_str(), facts.owner.as_deref()), ("idle", Some("team-a")));
    assert_eq!(observed.window, None);
}

#[test]
fn a_client_on_the_internet_is_never_taken_for_an_owned_interface() {
    let records = [
        "e1 2001:db8::7 2001:db8:f::5 51000 443 tcp 1 10 0 60 ACCEPT",
        "e1 2001:db8:f::5 2001:db8::7 443 51000 tcp 1 10 0 60 ACCEPT",
    ];
    let inventories = [
        "service,address\nweb,2001:db8:f::5\n",
        "service,address\nweb,2001:db8:f::/56\n",
        "service,address,until\nweb,2001:db8:f::5,1970-01-01T00:00:01Z\n",
    ];
    for inventory in inventories {
        let observed = observe(inventory, &records);
        assert_eq!(edges(&observed), [""; 0], "{inventory}");
        assert_eq!(observed.inbound, 2, "{inventory}");
    }
}

#[test]
fn records_that_name_their_ecs_service_need_no_inventory() {
    let records = [
        "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT cluster=shop service=checkout",
        "e1 10.0.0.1 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT cluster=shop service=checkout",
        "e2 10.0.0.1 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT cluster=shop service=ledger",
        "e2 10.0.0.9 10.0.0.2 40000 5432 tcp 1 10 0 60 ACCEPT cluster=shop service=ledger",
        "e3 2001:db8::3 2001:db8:f::7 40000 443 tcp 1 10 0 60 ACCEPT direction=egress cluster=blog service=web",
        "e4 10.0.0.4 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT cluster=shop service=web",
    ];
    let observed = observe("service,address\n", &records);
    assert_eq!(
        edges(&observed),
        [
            "blog/web > 2001:db8:f::7:443/tcp likely initiator 1 10/0",
            "checkout > 10.0.0.2 (ledger):5432/tcp likely initiator 1 10/0 responder 1 10/0",
            "checkout > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "shop/web > 203.0.113.7:443/tcp likely initiator 1 10/0",
            "unattributed/10.0.0.9 > 10.0.0.2 (ledger):5432/tcp likely responder 1 10/0",
        ]
    );
    assert_eq!(observed.services.len(), 4);
}

#[test]
fn an_entry_of_the_inventory_wins_over_what_a_record_names() {
    let records = ["e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT service=checkout-prod"];
    for inventory in ["service,address\ncheckout,10.0.0.1\n", "service,eni\ncheckout,e1\n"] {
        let edges = edges(&observe(inventory, &records));
        assert_eq!(edges, ["checkout > 203.0.113.7:443/tcp likely initiator 1 10/0"]);
    }
    // A service of both is one.
    let inventory = "service,address,owner\ncheckout-prod,10.9.9.9,team-a\n";
    let observed = observe(inventory, &records);
    assert_eq!(
        edges(&observed),
        ["checkout-prod > 203.0.113.7:443/tcp likely initiator 1 10/0"]
    );
    assert_eq!(observed.services.len(), 1);
}

#[test]
fn an_inventory_that_lists_a_nat_gateway_keeps_its_own_packets_out_of_the_map() {
    let inventory = r#"{"NetworkInterfaces": [
        {"NetworkInterfaceId": "nat", "InterfaceType": "nat_gateway", "PrivateIpAddress": "10.0.9.9"},
        {"NetworkInterfaceId": "e1", "PrivateIpAddress": "10.0.0.1", "TagSet": [{"Key": "service", "Value": "checkout"}]}]}"#;
    let client = "e1 10.0.0.1 203.0.113.7 40000 443 tcp 1 10 0 60 ACCEPT";
    // Version 2: nothing but the gateway's own address in the place of the far end or of the client.
    let of_gateway = [
        client,
        "nat 10.0.0.1 10.0.9.9 40000 443 tcp 1 10 0 60 ACCEPT",
        "nat 10.0.9.9 203.0.113.7 2000 443 tcp 1 10 0 60 ACCEPT",
        "nat 203.0.113.7 10.0.9.9 443 2000 tcp 1 10 0 60 ACCEPT",
    ];
    let expected = ["checkout > 203.0.113.7:443/tcp likely initiator 1 10/0"];
    assert_eq!(edges(&observe(inventory, &of_gateway)), expected);
    // With the packet's own addresses the client is known on this side of the gateway too.
    let with_packets = ["nat 10.0.0.1 10.0.9.9 40000 443 tcp 1 10 0 60 ACCEPT pkt-src=10.0.0.1 pkt-dst=203.0.113.7"];
    let expected = ["checkout > 203.0.113.7:443/tcp likely elsewhere 1 10/0"];
    assert_eq!(edges(&observe(inventory, &with_packets)), expected);
}
