//! Maps that differ in one thing each.

use egressmap_aggregator::map::{Application, Certainty, Class, Dependency, DependencyMap, Grade};

use super::{Change, Diff, diff};
use crate::sample::{Seen, map};

fn sample_map() -> DependencyMap {
    map([
        Seen::tls("checkout", "api.test", 443),
        Seen::http("checkout", "web.test", 80),
        Seen::tls("media", "cdn.test", 443),
    ])
}

/// The sample, and the same with one dependency changed.
fn changed(change: impl Fn(&mut Dependency)) -> Diff {
    let old = sample_map();
    let mut new = old.clone();
    change(new.dependencies.values_mut().next().unwrap());
    diff(&old, &new, 10.0)
}

fn only_change(diff: &Diff) -> &Change {
    assert!(
        diff.came.is_empty() && diff.went.is_empty() && diff.changed.len() == 1,
        "{diff:?}"
    );
    let [change] = diff.changed[0].changes.as_slice() else {
        panic!("{:?}", diff.changed);
    };
    change
}

#[test]
fn a_map_does_not_differ_from_itself() {
    let map = sample_map();
    let same = diff(&map, &map, 1.0);
    assert!(same.is_empty());
    assert_eq!(same.unchanged, map.dependencies.len());
    assert!(diff(&DependencyMap::default(), &DependencyMap::default(), 10.0).is_empty());
}

#[test]
fn what_one_map_lacks_came_or_went() {
    let old = sample_map();
    let mut new = old.clone();
    let (key, _) = new.dependencies.pop_first().unwrap();
    let went = diff(&old, &new, 10.0);
    assert_eq!((went.came.len(), went.went.len(), went.changed.len()), (0, 1, 0));
    assert_eq!(went.went[0].place.destination, key.destination);
    let came = diff(&new, &old, 10.0);
    assert_eq!(came.came, went.went);
}

#[test]
fn each_change_is_named_with_both_sides() {
    let first = sample_map().dependencies.pop_first().unwrap().1;
    let grade = changed(|it| it.name.evidence.clear());
    let expected = Change::Grade {
        old: first.name.grade(),
        new: Grade::Address,
    };
    assert_eq!(*only_change(&grade), expected);
    let class = changed(|it| it.class = Class::Infrastructure);
    assert!(matches!(
        only_change(&class),
        Change::Class {
            new: Class::Infrastructure,
            ..
        }
    ));
    let application = changed(|it| it.application = Application::Icmp);
    assert!(matches!(
        only_change(&application),
        Change::Application {
            new: Application::Icmp,
            ..
        }
    ));
    let initiator = changed(|it| it.initiator = Certainty::Guess);
    assert!(matches!(
        only_change(&initiator),
        Change::Initiator {
            new: Certainty::Guess,
            ..
        }
    ));
    let addresses = changed(|it| it.addresses = ["203.0.113.99".parse().unwrap()].into());
    let Change::Addresses { went, came } = only_change(&addresses) else {
        panic!("{addresses:?}");
    };
    assert_eq!((went, came.len()), (&first.addresses, 1));
}

#[test]
fn volume_is_compared_by_the_day_and_beyond_the_factor_only() {
    let mut old = sample_map();
    old.manifest.window = Some((0, 9 * 86_400));
    let (key, mut it) = old.dependencies.pop_first().unwrap();
    old.dependencies.clear();
    for tally in [
        &mut it.at_initiator,
        &mut it.at_responder,
        &mut it.elsewhere,
        &mut it.access,
    ] {
        (tally.bytes_out, tally.bytes_in) = (0, 0);
    }
    let volume = |bytes: u64, days: u64| {
        let mut map = old.clone();
        map.manifest.window = Some((0, (days - 1) * 86_400));
        let mut it = it.clone();
        it.at_initiator.bytes_out = bytes;
        map.dependencies.insert(key.clone(), it);
        map
    };
    // Ten times the bytes in ten times the days is the same.
    assert!(diff(&volume(1_000, 1), &volume(10_000, 10), 1.0).is_empty());
    assert!(diff(&volume(1_000, 1), &volume(10_000, 1), 10.0).is_empty());
    let more = diff(&volume(1_000, 1), &volume(10_001, 1), 10.0);
    assert_eq!(
        *only_change(&more),
        Change::Volume {
            old: 1_000,
            new: 10_001
        }
    );
    let silent = diff(&volume(1_000, 1), &volume(0, 1), 10.0);
    assert_eq!(*only_change(&silent), Change::Volume { old: 1_000, new: 0 });
    let hostile = diff(&volume(u64::MAX, 1), &volume(u64::MAX, 1), 1.0);
    assert!(hostile.is_empty());
}
