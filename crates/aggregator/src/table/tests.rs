//! Files that are sealed and are no map of this schema all the same.

use polars::prelude::{DataFrame, df};

use super::{DependencyMap, TableError, decode, encode, rows};
use std::path::Path;

fn error(frame: DataFrame, envelope: &str) -> String {
    let bytes = encode(frame, envelope.to_owned()).unwrap();
    decode(Path::new("M"), bytes).unwrap_err().to_string()
}

#[test]
fn a_map_of_another_schema_is_refused_by_name() {
    assert_eq!(
        error(DataFrame::empty(), r#"{"schema": "egressmap/map/v2", "what": "else"}"#),
        "M: expected a map of schema \"egressmap/map/v1\", found \"egressmap/map/v2\": another version of egressmap \
         wrote it"
    );
}

#[test]
fn a_manifest_that_is_none_is_damage() {
    assert_eq!(
        error(DataFrame::empty(), r#"{"schema": "egressmap/map/v1"}"#),
        "M: damaged map: manifest: missing field `objects` at line 1 column 30"
    );
}

#[test]
fn a_missing_column_and_a_wrong_cell_are_named() {
    let empty = rows::dependencies(&df!("a" => [1_u32]).unwrap()).unwrap_err();
    assert!(empty.to_string().starts_with("column service: "), "{empty}");
    let mistyped = rows::dependencies(&df!("service" => [1_u32]).unwrap()).unwrap_err();
    assert!(mistyped.to_string().starts_with("column service: "), "{mistyped}");
}

#[test]
fn an_empty_map_has_every_column() {
    let frame = super::columns::frame(&DependencyMap::default().dependencies).unwrap();
    assert_eq!(frame.shape(), (0, 47));
    assert!(matches!(
        decode(Path::new("M"), b"PAR1".to_vec()),
        Err(TableError::Damaged { .. })
    ));
}
