//! Bulk runs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;

use egressmap_world::{Bulk, Container};
use flate2::read::MultiGzDecoder;

use crate::files_below;

#[test]
fn bulk_totals_are_what_an_obvious_reader_counts() {
    let dir = tempfile::tempdir().unwrap();
    let bulk = Bulk {
        bytes: 300_000,
        edges: 500,
        objects: 4,
        container: Container::Gzip,
        seed: 1,
    };
    let truth = bulk.write(dir.path()).unwrap();
    let (mut lines, mut bytes, mut out, mut edges) = (0, 0, 0, BTreeSet::new());
    let mut paths = BTreeSet::new();
    files_below(dir.path(), &dir.path().join("logs"), &mut paths);
    for path in &paths {
        let mut text = String::new();
        MultiGzDecoder::new(fs::File::open(dir.path().join(path)).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        bytes += text.len();
        lines += text.lines().count();
        for record in text.lines().skip(1).map(|line| line.split(' ').collect::<Vec<_>>()) {
            assert_eq!(record.len(), 14);
            if record[3].starts_with("10.") {
                out += record[9].parse::<u64>().unwrap();
                let (service, _task) = record[3].rsplit_once('.').unwrap();
                edges.insert((service.to_owned(), record[4].to_owned(), record[6].to_owned()));
            }
        }
    }
    assert_eq!(
        (paths.len(), edges.len()),
        (4, usize::try_from(truth.dependencies).unwrap())
    );
    assert_eq!(
        (lines, bytes),
        (
            usize::try_from(truth.lines).unwrap(),
            usize::try_from(truth.bytes).unwrap()
        )
    );
    assert_eq!((out, truth.records), (truth.bytes_out, truth.lines - 4));
    assert!((300_000..301_000).contains(&bytes));
}
