//! The estimators against published results, and at the edges of their formulas.

use proptest::prelude::{ProptestConfig, prop_assert, proptest};

use super::Frequencies;

const fn frequencies(units: usize, seen: usize, incidences: u64, once: usize, twice: usize) -> Frequencies {
    Frequencies {
        units,
        seen,
        incidences,
        once,
        twice,
    }
}

fn near(found: f64, published: f64, by: f64) {
    assert!((found - published).abs() <= by, "{found} is not {published}");
}

/// Ants of Costa Rica at five heights (Longino and Colwell 2011), as iNEXT 3 prints its own data set `ant`: T, S, U, Q1,
/// Q2; then Chao2, coverage, coverage and species at 2T.
const ANTS: [(Frequencies, [f64; 4]); 5] = [
    (
        frequencies(599, 227, 5_976, 49, 23),
        [279.108_514, 0.9918, 0.996_800_8, 258.745_498],
    ),
    (
        frequencies(230, 241, 2_943, 71, 34),
        [314.810_038, 0.9760, 0.990_800_5, 286.546_519],
    ),
    (
        frequencies(150, 122, 1_730, 28, 16),
        [146.336_667, 0.9839, 0.994_894_6, 138.600_961],
    ),
    (
        frequencies(200, 56, 1_170, 13, 4),
        [77.019_375, 0.9889, 0.994_026_5, 65.684_073],
    ),
    (
        frequencies(200, 14, 271, 1, 2),
        [14.248_750, 0.9964, 0.999_932_4, 14.244_103],
    ),
];

#[test]
fn the_ants_of_costa_rica_come_out_as_published() {
    for (ants, [total, coverage, doubled, species]) in ANTS {
        let seen = ants.seen as f64;
        near(seen + ants.unseen(), total, 1e-6);
        near(ants.coverage(0).unwrap(), coverage, 5e-5);
        near(ants.coverage(ants.units).unwrap(), doubled, 2e-7);
        near(seen + ants.new_within(ants.units), species, 1e-6);
    }
}

#[test]
fn coverage_halfway_to_double_is_as_published_too() {
    let ants = frequencies(230, 241, 2_943, 71, 34);
    near(ants.coverage(109).unwrap(), 0.984_756_4, 1e-7);
    near(241.0 + ants.new_within(109), 267.977_661, 1e-6);
    assert_eq!(ants.units_to(0.984_756), Some(109));
}

#[test]
fn the_interval_is_the_one_of_the_formula_worked_by_hand() {
    // T = 10, Q1 = 6, Q2 = 3: k = 0.9, r = 2, Q0 = 5.4, v = 3 (1.8 + 6.48 + 3.24) = 34.56,
    // R = exp(1.96 sqrt(ln(1 + 34.56 / 29.16))) = 5.657.
    let some = frequencies(10, 20, 60, 6, 3);
    near(some.unseen(), 5.4, 1e-12);
    near(some.variance(), 34.56, 1e-9);
    let (low, high) = some.unseen_interval();
    near(low, 5.4 / 5.657, 1e-4);
    near(high, 5.4 * 5.657, 1e-2);
}

#[test]
fn without_doubletons_the_corrected_form_stands() {
    // T = 10, Q1 = 4, Q2 = 0: Q0 = 0.9 * 4 * 3 / 2 = 5.4.
    let some = frequencies(10, 20, 60, 4, 0);
    near(some.unseen(), 5.4, 1e-12);
    // v = 0.9 * 6 + 0.81 * 4 * 49 / 4 - 0.81 * 256 / (4 * 25.4) = 5.4 + 39.69 - 2.0409...
    near(some.variance(), 43.049_055, 1e-5);
    // A = 54 / 58, C = 1 - 4 / 60 * 54 / 58.
    near(some.coverage(0).unwrap(), 1.0 - 4.0 / 60.0 * 54.0 / 58.0, 1e-12);
}

#[test]
fn what_was_seen_every_day_leaves_nothing_to_expect_and_still_a_range() {
    let steady = frequencies(30, 5, 150, 0, 0);
    assert_eq!(steady.unseen(), 0.0);
    assert_eq!(steady.coverage(0), Some(1.0));
    assert_eq!(steady.units_to(0.999), Some(0));
    let (low, high) = steady.unseen_interval();
    assert!(low == 0.0 && (0.0..0.01).contains(&high));
    let thin = frequencies(30, 5, 10, 0, 5);
    assert!(thin.unseen_interval().1 > 1.0);
}

#[test]
fn one_singleton_and_no_doubleton_is_not_full_coverage() {
    let lone = frequencies(30, 1, 1, 1, 0);
    assert_eq!(lone.coverage(0), Some(0.0));
    let among = frequencies(30, 3, 61, 1, 0);
    near(among.coverage(0).unwrap(), 1.0 - 1.0 / 61.0, 1e-12);
    assert!(among.coverage(30) > among.coverage(0));
    assert_eq!(among.units_to(0.99), Some(20));
}

#[test]
fn one_unit_or_no_species_says_nothing() {
    assert_eq!(frequencies(1, 9, 9, 9, 0).coverage(0), None);
    assert_eq!(frequencies(0, 0, 0, 0, 0).coverage(5), None);
    let none = frequencies(30, 0, 0, 0, 0);
    assert_eq!((none.coverage(0), none.unseen_interval()), (None, (0.0, 0.0)));
    assert_eq!(none.new_within(30), 0.0);
    assert_eq!(frequencies(1, 9, 9, 9, 0).unseen(), 0.0);
}

#[test]
fn counts_become_frequencies() {
    let of = Frequencies::of(10, [0, 1, 1, 2, 10].into_iter());
    assert_eq!(of, frequencies(10, 4, 14, 2, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn coverage_is_a_share_that_only_grows_and_what_is_new_is_part_of_the_unseen(
        units in 2_usize..400,
        counts in proptest::collection::vec(0_usize..400, 0..60),
    ) {
        let all = Frequencies::of(units, counts.into_iter().map(|count| count.min(units)));
        let (low, high) = all.unseen_interval();
        let unseen = all.unseen();
        prop_assert!(unseen >= 0.0 && low <= unseen + 1e-9 && unseen <= high + 1e-9, "{low} {unseen} {high}");
        let mut before = 0.0;
        for more in [0, 1, 7, 30, 365] {
            if let Some(coverage) = all.coverage(more) {
                prop_assert!((before..=1.0).contains(&coverage), "{coverage} after {before}");
                before = coverage;
            }
            prop_assert!(all.new_within(more) <= unseen + 1e-9);
            prop_assert!(all.new_within(more) <= all.new_within(more + 1) + 1e-12);
        }
    }

    #[test]
    fn the_units_to_a_target_reach_it_and_one_less_does_not(
        units in 2_usize..200,
        counts in proptest::collection::vec(1_usize..200, 1..40),
        target in 0.5_f64..0.999,
    ) {
        let all = Frequencies::of(units, counts.into_iter().map(|count| count.min(units)));
        match all.units_to(target) {
            Some(more) => {
                prop_assert!(all.coverage(more).unwrap() >= target);
                prop_assert!(more == 0 || all.coverage(more - 1).unwrap() < target);
            }
            None => prop_assert!(all.coverage(units).unwrap() < target),
        }
    }
}
