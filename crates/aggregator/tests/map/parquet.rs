//! The map on disk: what goes in comes out, byte for byte, and nothing else is taken for a map.

use std::fs;
use std::path::Path;

use egressmap_aggregator::TableError;
use egressmap_aggregator::map::DependencyMap;
use polars::prelude::{ParquetWriter, df};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::maps::map;

/// Some map with dependencies in it.
fn some_map() -> DependencyMap {
    let mut runner = TestRunner::deterministic();
    let full = map("a").prop_filter("dependencies", |map| map.dependencies.len() > 3);
    full.new_tree(&mut runner).unwrap().current()
}

fn round_trip(map: &DependencyMap) -> DependencyMap {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.parquet");
    map.write_parquet(&path).unwrap();
    DependencyMap::read_parquet(&path).unwrap()
}

fn reading(path: &Path) -> String {
    let error = DependencyMap::read_parquet(path).unwrap_err();
    error.to_string().replace(&path.display().to_string(), "M")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_map_comes_back_as_it_was(map in map("a")) {
        prop_assert_eq!(round_trip(&map), map);
    }
}

#[test]
fn an_empty_map_comes_back_empty() {
    assert_eq!(round_trip(&DependencyMap::default()), DependencyMap::default());
}

#[test]
fn the_same_map_gives_the_same_bytes_however_it_came_about() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    let map = some_map();
    map.write_parquet(&first).unwrap();
    DependencyMap::read_parquet(&first)
        .unwrap()
        .write_parquet(&second)
        .unwrap();
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn a_new_map_replaces_the_old_one_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.parquet");
    some_map().write_parquet(&path).unwrap();
    DependencyMap::default().write_parquet(&path).unwrap();
    assert_eq!(DependencyMap::read_parquet(&path).unwrap(), DependencyMap::default());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_map_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("full")).unwrap();
    let error = some_map().write_parquet(&taken).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot write {}", taken.display()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = some_map().write_parquet(&folder.path().join("missing/m.parquet"));
    assert!(matches!(nowhere, Err(TableError::Write { .. })));
}

#[test]
fn what_is_no_map_is_named_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    assert_eq!(reading(&path), "cannot read M");
    fs::write(&path, "version account-id interface-id\n").unwrap();
    assert_eq!(
        reading(&path),
        "M: expected a map, as `discover --out` writes it: this is no Parquet file"
    );
    fs::write(&path, "").unwrap();
    assert_eq!(
        reading(&path),
        "M: expected a map, as `discover --out` writes it: this is no Parquet file"
    );
    let foreign = ParquetWriter::new(fs::File::create(&path).unwrap());
    foreign.finish(&mut df!("a" => [1_u32]).unwrap()).unwrap();
    assert_eq!(
        reading(&path),
        "M: expected a map, as `discover --out` writes it: this Parquet file is something else"
    );
}

#[test]
fn a_truncated_map_is_an_error_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    some_map().write_parquet(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in (4..whole.len()).step_by(97) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(
            reading(&path).starts_with("M: damaged map: "),
            "{length}: {}",
            reading(&path)
        );
    }
}

#[test]
fn a_flipped_byte_is_an_error_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    some_map().write_parquet(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(29) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        assert!(DependencyMap::read_parquet(&path).is_err(), "byte {at}");
    }
}
