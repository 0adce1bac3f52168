//! A listing does not run away from whoever reads what it found.

use std::sync::mpsc::sync_channel;
use std::thread;

use egressmap_parser::source::Delivery;

use super::*;

/// Folders, and keys in each.
const FOLDERS: usize = 30;
const KEYS: usize = 20;

#[test]
fn a_slow_reader_holds_the_listing_back() {
    let server = S3Server::start();
    for (folder, key) in (0..FOLDERS).flat_map(|folder| (0..KEYS).map(move |key| (folder, key))) {
        server.put("logs", &format!("flow/{folder:02}/{key:02}"), "x");
    }
    let (listings, waiting, parallel) = (2, 10, 1);
    let source = source(&server.url(), "s3://logs/flow/").with_options(S3Options {
        parallel,
        listings,
        waiting,
        ..options()
    });
    let (to, objects) = sync_channel(0);
    let listed = || {
        let requests = server.requests();
        requests
            .iter()
            .filter(|request| request.starts_with("ListObjectsV2"))
            .count()
    };
    thread::scope(|scope| {
        // Gone when this panics, so that the source ends.
        let objects = objects;
        scope.spawn(|| source.deliver(&to));
        for taken in 1..=FOLDERS * KEYS {
            assert!(matches!(objects.recv().unwrap(), Delivery::Object(_)));
            // One key or two are in the hands of each that hands them on, and a page in those of each that lists.
            let held = taken + parallel + waiting + 6;
            let most = 1 + held.div_ceil(KEYS) + listings;
            assert!(listed() <= most, "{} pages for {taken} objects", listed());
        }
    });
    assert_eq!(listed(), 1 + FOLDERS);
}
