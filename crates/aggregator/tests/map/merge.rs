//! The laws of merging, as properties.

use egressmap_aggregator::map::{CountedObject, DependencyMap};
use proptest::prelude::*;

use crate::maps::map;

fn of_objects(objects: &[(&str, Option<&str>, Option<u64>)]) -> DependencyMap {
    let mut map = DependencyMap::default();
    map.manifest.objects = objects
        .iter()
        .map(|(uri, version, size)| CountedObject {
            uri: (*uri).to_owned(),
            version: version.map(str::to_owned),
            size: *size,
        })
        .collect();
    map
}

proptest! {
    #[test]
    fn merging_is_commutative(a in map("a"), b in map("b")) {
        prop_assert_eq!(a.clone().merge(b.clone()).unwrap(), b.merge(a).unwrap());
    }

    #[test]
    fn merging_is_associative(a in map("a"), b in map("b"), c in map("c")) {
        let left = a.clone().merge(b.clone()).unwrap().merge(c.clone()).unwrap();
        let right = a.merge(b.merge(c).unwrap()).unwrap();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn the_empty_map_changes_nothing(a in map("a")) {
        prop_assert_eq!(a.clone().merge(DependencyMap::default()).unwrap(), a.clone());
        prop_assert_eq!(DependencyMap::default().merge(a.clone()).unwrap(), a);
    }

    #[test]
    fn maps_merge_exactly_if_they_share_no_version_of_an_object(a in map("same"), b in map("same")) {
        let shared = a.manifest.objects.iter().any(|mine| {
            b.manifest.objects.iter().any(|theirs| (&mine.uri, &mine.version) == (&theirs.uri, &theirs.version))
        });
        prop_assert_eq!(a.clone().merge(b.clone()).is_err(), shared);
        prop_assert_eq!(a.clone().merge(b.clone()).err(), b.merge(a).err());
    }
}

#[test]
fn a_map_is_not_added_to_itself_and_the_object_is_named() {
    let one = of_objects(&[("s3://logs/a.gz", Some("\"e1\""), Some(10))]);
    let error = one.clone().merge(one).unwrap_err();
    assert_eq!(
        error.to_string(),
        "both maps have counted s3://logs/a.gz (version \"e1\")"
    );
}

#[test]
fn an_object_is_the_same_whatever_is_known_of_its_size() {
    let known = of_objects(&[("a.log", None, Some(10)), ("b.log", None, None), ("c.log", None, None)]);
    let unknown = of_objects(&[("a.log", None, None), ("b.log", None, Some(7)), ("d.log", None, None)]);
    let error = known.merge(unknown).unwrap_err();
    assert_eq!(error.to_string(), "both maps have counted a.log and 1 more object");
}

#[test]
fn another_version_of_an_object_is_another_object() {
    let old = of_objects(&[("s3://logs/a.gz", Some("\"e1\""), None)]);
    let new = of_objects(&[("s3://logs/a.gz", Some("\"e2\""), None)]);
    assert_eq!(old.merge(new).unwrap().manifest.objects.len(), 2);
}
