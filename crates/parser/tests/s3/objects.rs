//! What is in the bucket arrives, whole and once.

use std::sync::mpsc::sync_channel;
use std::time::Instant;

use egressmap_parser::source::{Delivery, Extent, REGISTRY, Wanted};

use super::*;

#[test]
fn two_thousand_five_hundred_keys_are_listed_in_pages_and_read_exactly_once() {
    let server = S3Server::start();
    for n in 0..2500 {
        server.put("logs", &format!("flow/{n:05}.log"), format!("object {n}"));
    }
    server.put("logs", "flows-of-another-prefix", "x");
    let bytes = read_well(source(&server.url(), "s3://logs/flow/"));
    assert_eq!(bytes.len(), 2500);
    for (n, (uri, reads)) in bytes.iter().enumerate() {
        assert_eq!(uri, &format!("s3://logs/flow/{n:05}.log"));
        assert_eq!(reads, &[format!("object {n}").into_bytes()]);
    }
    let (lists, gets): (Vec<String>, Vec<String>) = server
        .requests()
        .into_iter()
        .partition(|request| request.starts_with("ListObjectsV2"));
    assert_eq!((lists.len(), gets.len()), (3, 2500));
}

#[test]
fn a_large_object_arrives_byte_for_byte() {
    let server = S3Server::start();
    let sent = noise(50_000_000);
    server.put("logs", "large.parquet", sent.clone());
    server.put("logs", "small", "x");
    let (bytes, outcome) = read(source(&server.url(), "s3://logs"));
    assert!(outcome.faults.is_empty());
    assert_same(&bytes["s3://logs/large.parquet"][0], &sent);
    let large = outcome.objects.first().unwrap();
    assert_eq!(large.size, Some(50_000_000));
    let version = large.version.as_deref().unwrap();
    assert!(!version.is_empty() && !version.contains('"'), "{version}");
}

#[test]
fn keys_may_hold_anything() {
    let keys = [
        "a b+c%20d",
        "a//b/../c",
        "tab\tnewline\n",
        "€/ü",
        "&<>\"'",
        "?q=1#f",
        "*",
        ".",
    ];
    let server = S3Server::start();
    for key in keys {
        server.put("logs", key, key);
    }
    let bytes = read_well(source(&server.url(), "s3://logs"));
    let found: Vec<&str> = bytes
        .keys()
        .map(|uri| uri.strip_prefix("s3://logs/").unwrap())
        .collect();
    let mut expected = keys;
    expected.sort_unstable();
    assert_eq!(found, expected);
    for (uri, reads) in &bytes {
        assert_eq!(format!("s3://logs/{}", String::from_utf8_lossy(&reads[0])), *uri);
    }
}

#[test]
fn empty_folder_markers_are_skipped_and_empty_objects_are_not() {
    let server = S3Server::start();
    server.put("logs", "folder/", "");
    server.put("logs", "folder/empty", "");
    server.put("logs", "odd/", "not empty");
    let bytes = read_well(source(&server.url(), "s3://logs"));
    let found: Vec<(&str, usize)> = bytes
        .iter()
        .map(|(uri, reads)| (uri.as_str(), reads[0].len()))
        .collect();
    assert_eq!(found, [("s3://logs/folder/empty", 0), ("s3://logs/odd/", 9)]);
}

#[test]
fn a_prefix_without_objects_is_no_fault() {
    let server = S3Server::start();
    server.create_bucket("empty");
    server.put("logs", "elsewhere", "x");
    for uri in ["s3://empty", "s3://logs/flow/"] {
        assert!(read_well(source(&server.url(), uri)).is_empty());
    }
}

#[test]
fn what_there_is_to_read_is_known_as_soon_as_all_is_listed() {
    let server = S3Server::start();
    for n in 0..1_500 {
        server.put("logs", &format!("flow/{n:04}"), "xyz");
    }
    let source = source(&server.url(), "s3://logs/flow/").with_wanted(Wanted {
        counted: Some(Arc::new(|id| id.uri.ends_with("/0000"))),
        ..Wanted::default()
    });
    assert_eq!(source.extent(), None);
    let (to, deliveries) = sync_channel(0);
    std::thread::scope(|threads| {
        threads.spawn(|| source.deliver(&{ to }));
        // Nobody takes an object meanwhile.
        let give_up = Instant::now() + Duration::from_secs(20);
        while source.extent().is_none() && Instant::now() < give_up {
            std::thread::yield_now();
        }
        let expected = Extent {
            objects: 1_500,
            counted: 1,
            bytes: Some(3 * 1_499),
        };
        assert_eq!(source.extent(), Some(expected));
        drop(deliveries);
    });
}

#[test]
fn the_same_prefix_twice_is_read_once() {
    let server = S3Server::start();
    for n in 0..20 {
        server.put("logs", &format!("flow/{n}"), "x");
    }
    let sources = ["s3://logs", "s3://logs/flow/"].map(|uri| Box::new(source(&server.url(), uri)) as Box<dyn Source>);
    let read = |_: Object, reads: &mut u32, _: &mut Counters| -> Result<(), String> {
        *reads += 1;
        Ok(())
    };
    let outcome = drive(
        &sources,
        NonZeroUsize::new(2).unwrap(),
        || 0,
        read,
        &Progress::default(),
    );
    assert_eq!(
        (
            outcome.sinks.iter().sum::<u32>(),
            outcome.duplicates,
            outcome.faults.len()
        ),
        (20, 20, 0)
    );
}

#[test]
fn a_bucket_in_another_region_is_followed_there() {
    let server = S3Server::start();
    server.put("logs", "x", "far away");
    server.move_bucket("logs", "ap-southeast-2");
    assert_eq!(
        read_well(source(&server.url(), "s3://logs"))["s3://logs/x"],
        [b"far away"]
    );
}

#[test]
fn the_source_stops_when_nobody_takes_its_objects() {
    let server = S3Server::start();
    for n in 0..2500 {
        server.put("logs", &format!("{n:05}"), vec![b'x'; 10_000]);
    }
    let (to, objects) = sync_channel(1);
    let source = source(&server.url(), "s3://logs");
    std::thread::scope(|threads| {
        let delivering = threads.spawn(|| {
            let to = to;
            source.deliver(&to)
        });
        assert!(matches!(objects.recv().unwrap(), Delivery::Object(_)));
        drop(objects);
        delivering.join().unwrap().unwrap();
    });
    let requests = server.requests().len();
    assert!(requests < 100, "{requests} requests for one object");
}

#[test]
fn the_registry_knows_the_source_by_its_scheme() {
    let kind = REGISTRY
        .iter()
        .find(|kind| (kind.recognises)("s3://logs/flow/"))
        .unwrap();
    assert_eq!(
        (
            kind.name,
            (kind.open)("s3://logs/flow/", &Wanted::default()).unwrap().uri()
        ),
        ("s3", "s3://logs/flow/")
    );
    assert!((kind.open)("s3://", &Wanted::default()).is_err());
}
