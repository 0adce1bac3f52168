//! Files that are sealed and are no map of this schema all the same.

use std::io::Cursor;
use std::path::Path;

use polars::prelude::{DataFrame, KeyValueMetadata, ParquetReader, ParquetWriter, SerReader, df};

use super::{METADATA_KEY, Rows, Sealing, TableError, decode, encode, rows, sampled, seal};
use crate::map::{OnlySource, Starts};
use crate::suspicion::tests::{honest, key};

fn error(mut frame: DataFrame, envelope: &str) -> String {
    let metadata = [(METADATA_KEY, envelope), (seal::KEY, seal::BLANK)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut frame)
        .unwrap();
    let mut sealed = Vec::new();
    Sealing::new(&mut sealed).finish(bytes).unwrap();
    decode(Path::new("M"), sealed).unwrap_err().to_string()
}

fn encoded(rows: &impl Rows, envelope: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(rows, envelope, None, &mut bytes).unwrap();
    bytes
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
    let file = encoded(&Vec::new(), r#"{"schema": "egressmap/map/v1"}"#);
    let frame = ParquetReader::new(Cursor::new(file)).finish().unwrap();
    assert_eq!(frame.shape(), (0, 46));
    assert!(matches!(
        decode(Path::new("M"), b"PAR1".to_vec()),
        Err(TableError::Damaged { .. })
    ));
}

#[test]
fn a_map_of_before_has_neither_sources_nor_starts_and_opens() {
    let mut known = honest(0..3);
    known.source = OnlySource::One([10, 0, 0, 1].into());
    known.starts.mark(5 * 3_600, 40_000);
    let of = key("checkout", "a.example");
    let file = encoded(&vec![(&of, &known)], "{}");
    let all = [(of, known.clone())].into();
    let frame = ParquetReader::new(Cursor::new(file)).finish().unwrap();
    assert_eq!(rows::dependencies(&frame).unwrap(), all);
    let before = rows::dependencies(&frame.drop_many([sampled::SOURCE, sampled::STARTS])).unwrap();
    (known.source, known.starts) = (OnlySource::Unknown, Starts::default());
    assert_eq!(before, [(key("checkout", "a.example"), known)].into());
    let halved = rows::dependencies(&frame.drop(sampled::STARTS).unwrap()).unwrap_err();
    assert!(halved.to_string().starts_with("column starts_unix: "), "{halved}");
}
