//! Of a Parquet file no more is fetched than its end and the columns that a record needs.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use egressmap_parser::source::{Object, ObjectId, ReadAt};
use egressmap_parser::{Counters, Options, scan};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::collected::Collected;
use crate::flow_parquet::{Memory, written};
use crate::parquet_writer::Shape;

/// Writes down what is asked for.
struct Watched {
    file: Memory,
    asked: Mutex<Vec<Range<u64>>>,
}

impl ReadAt for Watched {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.asked.lock().unwrap().push(offset..offset + into.len() as u64);
        self.file.read_at(offset, into)
    }
}

/// The columns of a file, where their values are, and whether a record needs them.
fn columns(bytes: &[u8]) -> Vec<(String, Range<u64>, bool)> {
    let file = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).unwrap();
    let groups = file.metadata().row_groups().iter();
    let columns = groups.flat_map(|group| group.columns()).map(|column| {
        let name = column.column_path().string();
        let (start, length) = column.byte_range();
        let needed = !["version", "vpc_id", "subnet_id", "instance_tag", "reject_reason"].contains(&name.as_str());
        (name, start..start + length, needed)
    });
    columns.collect()
}

#[test]
fn columns_that_no_record_needs_are_not_fetched() {
    let mut text =
        "version vpc-id srcaddr dstaddr srcport dstport protocol subnet-id start end instance-tag reject-reason\n"
            .to_owned();
    for row in 0..3000 {
        text += &format!(
            "11 vpc-{row} 10.0.0.1 203.0.113.{} {row} 443 6 subnet-{row} 9 9 tag{row} -\n",
            row % 200
        );
    }
    let shape = Shape {
        rows_per_group: 1000,
        ..Shape::default()
    };
    let bytes = written(&text, &shape);
    let columns = columns(&bytes);
    let watched = Arc::new(Watched {
        file: Memory(bytes.clone()),
        asked: Mutex::default(),
    });
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let mut object = Object::new(id, Box::new(io::Cursor::new(bytes[..4].to_vec())));
    object.at = Some(Arc::clone(&watched) as Arc<dyn ReadAt>);
    let (mut sink, mut counters) = (Collected::default(), Counters::default());
    scan(object, &Options::default(), &mut sink, &mut counters).unwrap();
    assert_eq!(counters.flow, 3000);
    let asked = watched.asked.lock().unwrap();
    let footer = columns.iter().map(|(_, range, _)| range.end).max().unwrap();
    for (name, range, needed) in &columns {
        let fetched = asked
            .iter()
            .filter(|asked| asked.start < range.end && range.start < asked.end);
        let whole = asked.iter().any(|asked| asked == range);
        assert_eq!((fetched.count(), whole), (usize::from(*needed), *needed), "{name}");
    }
    // Beside the columns, the end: its last eight bytes, and what they say is before them.
    let others: Vec<_> = asked.iter().filter(|asked| asked.start >= footer).collect();
    assert_eq!(others.len(), 2, "{others:?}");
    assert_eq!(asked.len(), 2 + columns.iter().filter(|(_, _, needed)| *needed).count());
}
