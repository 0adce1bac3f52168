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

fn own(asked: &[(&str, Candidates<u32>)]) -> Vec<Option<u32>> {
    own_stated(asked, |_, _| false)
}

fn own_stated(asked: &[(&str, Candidates<u32>)], states: impl Fn(&[u8], u32) -> bool) -> Vec<Option<u32>> {
    let asked: Vec<_> = asked
        .iter()
        .map(|(name, candidates)| Asked {
            name: name.as_bytes(),
            candidates: *candidates,
        })
        .collect();
    own_addresses(&asked, states)
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
    assert_eq!(own_stated(&[("e", candidates)], |_, address| address == A), [Some(A)]);
    candidates.meet(A, PUBLIC, Some(FlowDirection::Egress));
    assert_eq!(
        own(&[("e", candidates)]),
        [Some(A)],
        "two directions that disagree tell nothing"
    );
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
