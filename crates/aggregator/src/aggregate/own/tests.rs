//! Telling an interface's own address from those it meets.

use proptest::prelude::*;

use super::*;

const PUBLIC: u32 = 0xcb00_7107; // 203.0.113.7
const A: u32 = 0x0a00_0001;
const B: u32 = 0x0a00_0002;
const C: u32 = 0x0a00_0003;

fn met(records: &[(u32, u32)]) -> Candidates<u32> {
    let mut candidates = Candidates::default();
    for (source, destination) in records {
        candidates.meet(*source, *destination, None);
    }
    candidates
}

/// An inventory that states one address for every interface, and owns another.
#[derive(Default)]
struct Says {
    stated: Option<u32>,
    owned: Option<u32>,
}

impl Book<u32> for Says {
    fn states(&self, _: &[u8], address: u32) -> bool {
        self.stated == Some(address)
    }

    fn owns(&self, address: u32) -> bool {
        self.owned == Some(address)
    }
}

fn own(asked: &[(&str, Candidates<u32>)]) -> Vec<Option<u32>> {
    own_by(&Says::default(), asked)
}

fn own_by(book: &Says, asked: &[(&str, Candidates<u32>)]) -> Vec<Option<u32>> {
    let asked: Vec<_> = asked
        .iter()
        .map(|(name, candidates)| Asked {
            name: name.as_bytes(),
            candidates: *candidates,
        })
        .collect();
    own_addresses(&asked, book)
}

#[test]
fn it_is_the_address_in_all_records() {
    assert_eq!(own(&[("e", met(&[(A, B), (C, A), (A, B)]))]), [Some(A)]);
    assert_eq!(own(&[("e", met(&[(A, B), (B, C), (C, A)]))]), [None]);
    assert_eq!(own(&[("e", met(&[(A, A)]))]), [Some(A)]);
    assert_eq!(own(&[("e", met(&[]))]), [None]);
}

#[test]
fn against_one_peer_the_inventory_tells_before_the_direction_before_the_range() {
    let mut candidates = met(&[(A, PUBLIC)]);
    assert_eq!(own(&[("e", candidates)]), [Some(A)]);
    candidates.meet(A, PUBLIC, Some(FlowDirection::Ingress));
    assert_eq!(own(&[("e", candidates)]), [Some(PUBLIC)]);
    let book = Says {
        stated: Some(A),
        ..Says::default()
    };
    assert_eq!(own_by(&book, &[("e", candidates)]), [Some(A)]);
    candidates.meet(A, PUBLIC, Some(FlowDirection::Egress));
}

#[test]
fn an_interface_that_received_and_sent_the_same_packets_is_on_the_way() {
    let mut candidates = Candidates::default();
    candidates.meet(A, PUBLIC, Some(FlowDirection::Ingress));
    candidates.meet(A, PUBLIC, Some(FlowDirection::Egress));
    assert_eq!(own(&[("e", candidates)]), [None]);
}

#[test]
fn an_interface_between_two_others_has_no_address_of_theirs() {
    let asked = [
        ("e1", met(&[(A, B), (A, C)])),
        ("e2", met(&[(A, B), (C, B)])),
        ("e0", met(&[(A, B)])),
    ];
    assert_eq!(own(&asked), [Some(A), Some(B), None]);
}

#[test]
fn against_one_peer_it_is_not_the_address_of_another_interface() {
    let asked = [
        ("e1", met(&[(A, B)])),
        ("e2", met(&[(B, C)])),
        ("e3", met(&[(A, PUBLIC), (A, C)])),
    ];
    assert_eq!(own(&asked), [Some(B), Some(C), Some(A)]);
}

#[test]
fn two_interfaces_that_met_only_each_other_do_not_share_an_address() {
    assert_eq!(
        own(&[("e2", met(&[(A, B)])), ("e1", met(&[(B, A)]))]),
        [Some(B), Some(A)]
    );
}

#[test]
fn against_one_peer_the_owned_address_is_the_interfaces_unless_another_has_it() {
    let book = Says {
        owned: Some(B),
        ..Says::default()
    };
    assert_eq!(own_by(&book, &[("e", met(&[(A, B)]))]), [Some(B)]);
    assert_eq!(
        own_by(&book, &[("e1", met(&[(A, B)])), ("e2", met(&[(A, B), (C, B)]))]),
        [Some(A), Some(B)]
    );
}

#[test]
fn of_two_internet_addresses_that_nothing_owns_neither_is_the_interfaces() {
    assert_eq!(own(&[("e", met(&[(PUBLIC, PUBLIC + 1)]))]), [None]);
}

proptest! {
    #[test]
    fn order_and_split_of_records_do_not_matter(
        records in prop::collection::vec((0..4_u32, 0..4_u32, 0..3_u8), 0..8),
        split in 0..8_usize,
    ) {
        let direction = |code| match code {
            0 => None,
            1 => Some(FlowDirection::Egress),
            _ => Some(FlowDirection::Ingress),
        };
        let mut whole = Candidates::default();
        let mut parts = [Candidates::default(); 2];
        for (source, destination, code) in &records {
            whole.meet(*source, *destination, direction(*code));
        }
        for (index, (source, destination, code)) in records.iter().enumerate().rev() {
            parts[usize::from(index < split)].meet(*source, *destination, direction(*code));
        }
        let [mut one, two] = parts;
        one.merge(&two);
        prop_assert_eq!(one, whole);
    }
}
