//! Writes rows of text as Parquet, in the many ways in which it can be written, by another's writer.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use serde_json::Value;

/// How a file is written.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) compression: &'static str,
    pub(crate) dictionary: bool,
    /// How values are written that are not in a dictionary: `plain`, `delta`, `lengths` or `split`.
    pub(crate) encoding: &'static str,
    pub(crate) version: u64,
    pub(crate) rows_per_group: usize,
    pub(crate) rows_per_page: usize,
    /// What stands for `-`: `null`, or the text itself.
    pub(crate) unset: String,
    /// Columns whose values are `text`, `int32`, `int64` or `double`; all others are text.
    pub(crate) types: Vec<(String, String)>,
}

impl Default for Shape {
    fn default() -> Self {
        Shape {
            compression: "gzip",
            dictionary: true,
            encoding: "plain",
            version: 1,
            rows_per_group: 1000,
            rows_per_page: 1000,
            unset: "null".to_owned(),
            types: Vec::new(),
        }
    }
}

impl Shape {
    /// As it stands in a case's `shape.json`.
    pub(crate) fn of(json: &Value) -> Self {
        let default = Shape::default();
        let number = |key: &str| json[key].as_u64().map(|number| usize::try_from(number).unwrap());
        let known = ["plain", "gzip", "snappy", "zstd"];
        let compression = json["compression"].as_str().unwrap_or(default.compression);
        Shape {
            compression: known.into_iter().find(|known| *known == compression).unwrap(),
            dictionary: json["dictionary"].as_bool().unwrap_or(default.dictionary),
            encoding: default.encoding,
            version: json["version"].as_u64().unwrap_or(default.version),
            rows_per_group: number("rows_per_group").unwrap_or(default.rows_per_group),
            rows_per_page: number("rows_per_page").unwrap_or(default.rows_per_page),
            unset: json["unset"].as_str().unwrap_or(&default.unset).to_owned(),
            types: json["types"].as_object().map_or_else(Vec::new, |types| {
                let types = types.iter();
                types
                    .map(|(name, kind)| (name.clone(), kind.as_str().unwrap().to_owned()))
                    .collect()
            }),
        }
    }

    fn kind(&self, name: &str) -> &str {
        let known = self.types.iter().find(|(known, _)| known == name);
        known.map_or("text", |(_, kind)| kind)
    }

    /// The encoding of a column, where its kind can be written so.
    fn encoding(&self, name: &str) -> Encoding {
        match (self.encoding, self.kind(name)) {
            ("delta", "text") => Encoding::DELTA_BYTE_ARRAY,
            ("lengths", "text") => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            ("delta" | "lengths", "int32" | "int64") => Encoding::DELTA_BINARY_PACKED,
            ("split", "int32" | "int64" | "double") => Encoding::BYTE_STREAM_SPLIT,
            _ => Encoding::PLAIN,
        }
    }

    fn properties(&self, names: &[&str]) -> WriterProperties {
        let compression = match self.compression {
            "gzip" => Compression::GZIP(GzipLevel::default()),
            "snappy" => Compression::SNAPPY,
            "zstd" => Compression::ZSTD(ZstdLevel::default()),
            "lz4" => Compression::LZ4_RAW,
            "lz4-in-parts" => Compression::LZ4,
            _ => Compression::UNCOMPRESSED,
        };
        let version = match self.version {
            2 => WriterVersion::PARQUET_2_0,
            _ => WriterVersion::PARQUET_1_0,
        };
        let mut properties = WriterProperties::builder();
        for name in names {
            let column = ColumnPath::new(vec![(*name).to_owned()]);
            properties = properties.set_column_encoding(column, self.encoding(name));
        }
        properties
            .set_compression(compression)
            .set_dictionary_enabled(self.dictionary)
            .set_writer_version(version)
            .set_data_page_row_count_limit(self.rows_per_page)
            .set_write_batch_size(self.rows_per_page.min(64))
            .set_created_by("egressmap".to_owned())
            .build()
    }
}

/// A file of these columns and rows; `-` is unset.
pub(crate) fn parquet(names: &[&str], rows: &[Vec<&str>], shape: &Shape) -> Vec<u8> {
    let fields: String = names
        .iter()
        .map(|name| match shape.kind(name) {
            "text" => format!("optional binary {name} (UTF8); "),
            kind => format!("optional {kind} {name}; "),
        })
        .collect();
    let schema = Arc::new(parse_message_type(&format!("message log {{ {fields} }}")).unwrap());
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(shape.properties(names))).unwrap();
    for rows in rows.chunks(shape.rows_per_group) {
        let mut group = file.next_row_group().unwrap();
        let mut at = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            let values: Vec<&str> = rows.iter().map(|row| row[at]).collect();
            write(column.untyped(), &values, &shape.unset);
            column.close().unwrap();
            at += 1;
        }
        group.close().unwrap();
    }
    file.close().unwrap();
    bytes
}

fn write(column: &mut ColumnWriter<'_>, values: &[&str], unset: &str) {
    let is_null = |value: &str| value == "-" && (unset == "null");
    let levels: Vec<i16> = values.iter().map(|value| i16::from(*value != "-")).collect();
    let set = values.iter().filter(|value| **value != "-");
    match column {
        ColumnWriter::ByteArrayColumnWriter(column) => {
            let levels: Vec<i16> = values.iter().map(|value| i16::from(!is_null(value))).collect();
            let values: Vec<ByteArray> = values
                .iter()
                .filter(|value| !is_null(value))
                .map(|value| if *value == "-" { unset } else { value })
                .map(|value| ByteArray::from(Bytes::from(value.to_owned())))
                .collect();
            column.write_batch(&values, Some(&levels), None).unwrap();
        }
        ColumnWriter::Int32ColumnWriter(column) => {
            let values: Vec<i32> = set.map(|value| value.parse().unwrap()).collect();
            column.write_batch(&values, Some(&levels), None).unwrap();
        }
        ColumnWriter::Int64ColumnWriter(column) => {
            let values: Vec<i64> = set.map(|value| value.parse().unwrap()).collect();
            column.write_batch(&values, Some(&levels), None).unwrap();
        }
        ColumnWriter::DoubleColumnWriter(column) => {
            let values: Vec<f64> = set.map(|value| value.parse().unwrap()).collect();
            column.write_batch(&values, Some(&levels), None).unwrap();
        }
        _ => panic!("a kind of column that no test asks for"),
    }
}
