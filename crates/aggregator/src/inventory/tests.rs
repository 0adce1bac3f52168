//! Inventories as people write them, and what is refused.
use super::*;

fn inventory(csv: &str) -> Inventory {
    Inventory::from_csv("inventory.csv", csv.as_bytes()).unwrap()
}

fn owner(inventory: &Inventory, address: &str, at: u64) -> Option<String> {
    let id = match address.parse().unwrap() {
        IpAddr::V4(v4) => inventory.owner(v4.to_bits(), at),
        IpAddr::V6(v6) => inventory.owner(v6.to_bits(), at),
    };
    inventory.name(id).map(ToString::to_string)
}

fn says(csv: &[u8]) -> String {
    Inventory::from_csv("inventory.csv", csv).unwrap_err().to_string()
}

const NOON: u64 = 1_790_856_000; // 2026-10-01T12:00:00Z

#[test]
fn columns_stand_in_any_order_and_unknown_ones_are_ignored() {
    let inventory = inventory("cost-center,Address,SERVICE\r\n42,10.0.0.1,\"checkout, eu\"\r\n");
    assert_eq!(owner(&inventory, "10.0.0.1", 0).unwrap(), "checkout, eu");
    assert_eq!(owner(&inventory, "10.0.0.2", 0), None);
}

#[test]
fn a_byte_order_mark_and_blank_lines_are_no_part_of_the_table() {
    let text = b"\xef\xbb\xbfservice,address\n\n  cart , 10.0.0.1 \n\n";
    let inventory = Inventory::from_csv("x", text).unwrap();
    assert_eq!(owner(&inventory, "10.0.0.1", 0).unwrap(), "cart");
}

#[test]
fn the_most_specific_entry_that_covers_the_moment_wins() {
    let inventory = inventory(
        "service,address,from,until\n\
         vpc,10.0.0.0/8,,\n\
         subnet,10.1.2.0/24,,\n\
         pinned,10.1.2.9/32,,\n\
         morning,10.1.2.9,2026-10-01T06:00:00Z,2026-10-01T12:00:00Z\n\
         all6,2001:db8::/32,,\n\
         one6,2001:db8::1,,\n",
    );
    let cases = [
        ("10.1.2.9", NOON - 1, "morning"),
        ("10.1.2.9", NOON, "pinned"),
        ("10.1.2.8", NOON, "subnet"),
        ("10.9.9.9", NOON, "vpc"),
        ("2001:db8::1", NOON, "one6"),
        ("2001:db8::2", NOON, "all6"),
        ("::ffff:10.1.2.8", NOON, "subnet"),
    ];
    for (address, at, service) in cases {
        assert_eq!(owner(&inventory, address, at).as_deref(), Some(service), "{address}");
    }
}

#[test]
fn among_equals_the_latest_start_wins_then_the_name_that_sorts_first() {
    let rows = [
        "old,10.0.0.1,2026-09-01T00:00:00Z",
        "b,10.0.0.1,2026-10-01T00:00:00Z",
        "a,10.0.0.1,2026-10-01T02:00:00+02:00",
        "always,10.0.0.1,",
    ];
    let first = format!("service,address,from\n{}\n", rows.join("\n"));
    let last = format!(
        "service,address,from\n{}\n",
        rows.iter().rev().copied().collect::<Vec<_>>().join("\n")
    );
    for csv in [first, last] {
        let inventory = inventory(&csv);
        assert_eq!(owner(&inventory, "10.0.0.1", NOON).unwrap(), "a");
        assert_eq!(owner(&inventory, "10.0.0.1", 0).unwrap(), "always");
    }
}

#[test]
fn times_are_half_open_and_whole_seconds() {
    let inventory =
        inventory("service,address,from,until\na,10.0.0.1,2026-10-01T12:00:00.5Z,2026-10-01T14:00:02+02:00\n");
    let owned: Vec<bool> = (NOON..NOON + 4)
        .map(|at| owner(&inventory, "10.0.0.1", at).is_some())
        .collect();
    assert_eq!(owned, [false, true, false, false]);
}

#[test]
fn an_interface_is_asked_for_before_its_instance_and_its_account() {
    let inventory = inventory("service,eni,instance,account\nby-eni,eni-1,,\nby-instance,,i-1,\nby-account,,,001\n");
    let name = |eni: &[u8], instance: &[u8], account: &[u8]| {
        let id = inventory.interface_owner(eni, instance, account, NOON);
        inventory.name(id).map(ToString::to_string)
    };
    assert_eq!(name(b"eni-1", b"i-1", b"001").unwrap(), "by-eni");
    assert_eq!(name(b"eni-2", b"i-1", b"001").unwrap(), "by-instance");
    assert_eq!(name(b"eni-2", b"i-2", b"001").unwrap(), "by-account");
    assert_eq!(name(b"eni-2", b"", b"1"), None);
}

#[test]
fn one_row_may_fill_several_columns() {
    let inventory = inventory("service,address,eni,origin\ncart,10.0.0.1,eni-1,*/cart/*\n");
    assert_eq!(owner(&inventory, "10.0.0.1", NOON).unwrap(), "cart");
    assert!(inventory.lists_interface(b"eni-1"));
    assert!(inventory.states(b"eni-1", "10.0.0.1".parse().unwrap()));
    assert!(
        inventory
            .owners_of_object("s3://logs/cart/1.log")
            .at(NOON)
            .is_somebody()
    );
}

#[test]
fn the_longest_glob_over_the_uri_or_its_key_wins() {
    let inventory = inventory(
        "service,origin,until\n\
         any,*.log,\n\
         cart,envoy/cart/*,\n\
         cart-canary,envoy/cart/canary-*,2026-10-01T12:00:00Z\n\
         pay,s3://logs/envoy/pay/**,\n",
    );
    let cases = [
        ("s3://logs/envoy/cart/a/b.log", NOON, Some("cart")),
        ("s3://logs/envoy/cart/canary-1.log", NOON - 1, Some("cart-canary")),
        ("s3://logs/envoy/cart/canary-1.log", NOON, Some("cart")),
        ("s3://logs/envoy/pay/1.json", NOON, Some("pay")),
        ("/var/tmp/envoy/cart/1.txt", NOON, Some("cart")),
        ("envoy/cart/1.txt", NOON, Some("cart")),
        ("x.log", NOON, Some("any")),
        ("s3://logs/not-envoy/cart/1.txt", NOON, None),
    ];
    for (uri, at, service) in cases {
        let id = inventory.owners_of_object(uri).at(at);
        let name = inventory.name(id).map(ServiceName::as_str);
        assert_eq!(name, service, "{uri}");
    }
}

#[test]
fn two_inventories_add_up_in_any_order() {
    let one = "service,address,from,owner\na,10.0.0.1,,team-a\nb,10.0.0.0/24,,\n";
    let two =
        "service,address,eni,origin,from,virtual_node\nb,10.0.0.1,,,2026-01-01T00:00:00Z,b-node\nc,,eni-1,c/*,,\n";
    for (first, second) in [(one, two), (two, one)] {
        let mut both = inventory(first);
        both.extend(inventory(second));
        assert_eq!(owner(&both, "10.0.0.1", NOON).unwrap(), "b");
        assert_eq!(owner(&both, "10.0.0.1", 0).unwrap(), "a");
        assert_eq!(owner(&both, "10.0.0.2", 0).unwrap(), "b");
        let by_eni = both.interface_owner(b"eni-1", b"", b"", 0);
        assert_eq!(both.name(by_eni).unwrap().as_str(), "c");
        assert_eq!(both.owners_of_object("c/1").at(0), by_eni);
        let facts: Vec<_> = both
            .services()
            .into_iter()
            .map(|(name, facts)| (name.to_string(), facts))
            .collect();
        assert_eq!(facts[0].1.owner.as_deref(), Some("team-a"));
        assert_eq!(facts[1].1.virtual_node.as_deref(), Some("b-node"));
    }
}

#[test]
fn errors_name_file_line_column_expected_and_found() {
    let cases: [(&str, &str); 9] = [
        (
            "service,address\na,10.0.0.1\nb,10.0.0.300\n",
            "inventory.csv: line 3: address: expected an IP address or a CIDR, found \"10.0.0.300\"",
        ),
        (
            "service,address\n,10.0.0.1\n",
            "inventory.csv: line 2: service: expected a service name of 1 to 255 bytes without control characters, found nothing",
        ),
        (
            "service,address,from\na,10.0.0.1,yesterday\n",
            "inventory.csv: line 2: from: expected a time as in RFC 3339, such as 2026-10-01T00:00:00Z, found \"yesterday\"",
        ),
        (
            "service,address,from,until\na,10.0.0.1,2026-10-01T00:00:00Z,2026-10-01T00:00:00Z\n",
            "inventory.csv: line 2: until: expected a time after \"from\", found \"2026-10-01T00:00:00Z\"",
        ),
        (
            "service,address\na,10.0.0.1,x\n",
            "inventory.csv: line 2: expected 2 columns as in the header, found 3",
        ),
        (
            "service,address,eni\na,,\n",
            "inventory.csv: line 2: expected one of address, eni, instance, account, origin to be filled, found none",
        ),
        (
            "servcie,address\na,10.0.0.1\n",
            "inventory.csv: line 1: expected a column \"service\", found \"servcie\", \"address\"\n  hint: rename the column \"servcie\" to \"service\"",
        ),
        (
            "service,adress\na,10.0.0.1\n",
            "inventory.csv: line 1: expected a column address, eni, instance, account or origin, found \"service\", \"adress\"\n  hint: rename the column \"adress\" to \"address\"",
        ),
        (
            "service,address,service\n",
            "inventory.csv: line 1: service: expected each column once, found it twice",
        ),
    ];
    for (csv, message) in cases {
        assert_eq!(says(csv.as_bytes()), message);
    }
    assert!(says(b"").contains("found an empty file"));
    assert!(says(b"service,address\na\xff,10.0.0.1\n").starts_with("inventory.csv: line 2: service: expected UTF-8"));
    assert!(says(b"service,origin\na,[x\n").starts_with("inventory.csv: line 2: origin: expected a glob ("));
    assert!(says(b"service,address\nunattributed/x,10.0.0.1\n").contains("not reserved"));
}

#[test]
fn a_range_with_host_bits_is_refused_with_both_things_it_may_have_meant() {
    let error = says(b"service,address\ncart,10.0.1.5/24\n");
    assert!(
        error.contains("10.0.1.0/24 for the whole range or 10.0.1.5 for one address"),
        "{error}"
    );
}

#[test]
fn a_column_that_looks_misspelt_is_ignored_and_remarked() {
    let inventory = inventory("service,address,adress,orign,cost-center\na,10.0.0.1,x,y,z\n");
    assert_eq!(
        inventory.remarks().collect::<Vec<_>>(),
        ["inventory.csv: line 1: the column \"orign\" is ignored: did you mean \"origin\"?"]
    );
}

#[test]
fn a_service_with_two_virtual_nodes_is_remarked_also_across_files() {
    let one = "service,address,virtual_node\ncheckout,10.0.0.1,a\n";
    let two = "service,address,virtual_node\ncheckout,10.0.0.2,b\n";
    let remark = "the service \"checkout\" has two virtual nodes, \"a\" and \"b\": the first is used for all of it";
    let mut both = inventory(one);
    assert_eq!(both.remarks().count(), 0);
    both.extend(inventory(two));
    assert_eq!(both.remarks().collect::<Vec<_>>(), [remark]);
    let whole = inventory(&format!("{one}checkout,10.0.0.2,b\n"));
    assert_eq!(whole.remarks().collect::<Vec<_>>(), [remark]);
}
