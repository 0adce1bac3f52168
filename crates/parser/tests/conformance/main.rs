//! One suite that every source runs: what a place holds arrives whole and once, or is named as missing.
//!
//! A [`Store`](store::Store) puts objects where its source finds them, and breaks what stands between. The
//! [`Scenario`](scenario::Scenario)s know nothing of any source. What makes no sense for a source its store declares, with the reason.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic, and say what it left out"
)]

mod cloudwatch;
mod law;
mod local;
mod s3;
mod scenario;
mod stdin;
mod store;

use scenario::Scenario;
use store::Store;

/// Plays a scenario in a new store, or checks that the store says why it cannot.
fn play<S: Store>(scenario: Scenario) {
    match S::declines(scenario) {
        // A line that the test harness does not hold back.
        Some(reason) => eprintln!("{} declines {scenario:?}: {reason}", S::NAME),
        None => scenario.play(&mut S::start()),
    }
}

/// A test for each scenario, in a module for each store.
macro_rules! suite {
    ($($test:ident: $scenario:ident,)*) => {
        const ALL: &[Scenario] = &[$(Scenario::$scenario),*];
        suite!(@store on_local: local::Folder, [$($test: $scenario),*]);
        suite!(@store on_stdin: stdin::Pipe, [$($test: $scenario),*]);
        suite!(@store on_s3: s3::Bucket, [$($test: $scenario),*]);
        suite!(@store on_cloudwatch: cloudwatch::Group, [$($test: $scenario),*]);
    };
    (@store $name:ident: $store:ty, $scenarios:tt) => {
        mod $name {
            use super::*;
            suite!(@tests $store, $scenarios);
        }
    };
    (@tests $store:ty, [$($test:ident: $scenario:ident),*]) => {
        $(#[test]
        fn $test() {
            play::<$store>(Scenario::$scenario);
        })*
    };
}

suite! {
    an_empty_place_gives_no_object_and_says_so_where_it_is_a_mistake: EmptyPlace,
    one_object_arrives_byte_for_byte: OneObject,
    an_empty_object_is_an_object: EmptyObject,
    a_large_object_arrives_byte_for_byte: LargeObject,
    more_than_a_thousand_objects_arrive_once_each: ManyObjects,
    names_may_hold_anything: OddNames,
    a_second_reading_gives_the_same: ReadTwice,
    objects_that_were_counted_are_delivered_and_not_read: Counted,
    a_receiver_that_hangs_up_ends_the_delivery_without_error: HangUp,
    a_body_that_nobody_reads_holds_nothing_up: BodyDropped,
    connections_that_are_reset_lose_nothing_silently: Resets,
    answers_that_are_cut_lose_nothing_silently: Cuts,
    a_server_that_falls_silent_loses_nothing_silently: Stalls,
    bytes_that_drip_lose_nothing: Drips,
    refusals_that_pass_lose_nothing_silently: Unavailable,
    credentials_that_expire_lose_nothing_silently: Expired,
    an_object_replaced_after_it_was_found_is_old_or_new_or_named: Replaced,
    an_object_deleted_after_it_was_found_is_whole_or_named: Deleted,
}

#[test]
fn every_store_plays_every_scenario_or_says_why_not() {
    let declined = |declines: fn(Scenario) -> Option<&'static str>| -> Vec<Scenario> {
        ALL.iter()
            .copied()
            .filter(|&scenario| declines(scenario).is_some())
            .collect()
    };
    use Scenario::{
        Counted, Cuts, Deleted, Drips, EmptyPlace, Expired, ManyObjects, OddNames, ReadTwice, Replaced, Resets, Stalls,
        Unavailable,
    };
    let remote = [Resets, Cuts, Stalls, Drips, Unavailable, Expired];
    assert_eq!(declined(local::Folder::declines), [&[Counted][..], &remote].concat());
    let one = [EmptyPlace, ManyObjects, OddNames, ReadTwice, Counted];
    assert_eq!(
        declined(stdin::Pipe::declines),
        [&one[..], &remote, &[Replaced, Deleted]].concat()
    );
    assert_eq!(declined(s3::Bucket::declines), []);
    assert_eq!(declined(cloudwatch::Group::declines), [Replaced]);
}
