//! A large object comes over several connections, and any of its bytes can be had in any order.

use std::io::{self, Read};
use std::sync::mpsc::sync_channel;

use egressmap_loopback::{Break, Proxy};
use egressmap_parser::source::{Delivery, ReadAt};

use super::*;

/// Parts of half a megabyte.
fn small_parts() -> S3Options {
    S3Options {
        large: 1_000_000,
        part: 500_000,
        ahead: 3,
        room: 4,
        ..options()
    }
}

/// The ranges that were asked for, from and until.
pub(super) fn ranges(server: &S3Server) -> Vec<(usize, usize)> {
    let range = |request: &String| {
        let (from, last) = request.split_once("bytes=")?.1.split_once('-')?;
        Some((from.parse().ok()?, last.parse::<usize>().ok()? + 1))
    };
    server.requests().iter().filter_map(range).collect()
}

#[test]
fn every_byte_of_a_large_object_is_asked_for_once() {
    let server = S3Server::start();
    let sent = noise(7_654_321);
    for key in ["a", "b", "c"] {
        server.put("logs", key, sent.clone());
    }
    server.put("logs", "small", noise(1_000_000));
    let bytes = read_well(source(&server.url(), "s3://logs").with_options(small_parts()));
    for key in ["a", "b", "c"] {
        assert_same(&bytes[&format!("s3://logs/{key}")][0], &sent);
    }
    let ranges = ranges(&server);
    assert_eq!(ranges.len(), 3 * 16);
    assert_eq!(
        ranges.iter().map(|(from, until)| until - from).sum::<usize>(),
        3 * sent.len()
    );
}

#[test]
fn parts_that_break_are_resumed_to_the_exact_byte() {
    let server = S3Server::start();
    let sent = noise(6_000_001);
    server.put("logs", "x", sent.clone());
    // Each lets a listing pass.
    let breaks: Vec<Break> = (1..13)
        .flat_map(|n| [Break::Reset(n * 40_000), Break::Fin(n * 60_000 + 1)])
        .collect();
    let proxy = Proxy::start(server.address(), &breaks);
    let patient = S3Options {
        resumes: 30,
        ..small_parts()
    };
    let bytes = read_well(source(&proxy.url(), "s3://logs").with_options(patient));
    assert_same(&bytes["s3://logs/x"][0], &sent);
    assert!(proxy.broken().len() > 10, "{:?}", proxy.broken());
}

#[test]
fn a_large_object_replaced_while_it_is_read_is_an_error_and_not_a_mixture() {
    let server = S3Server::start();
    let sent = noise(40_000_000);
    server.put("logs", "x", sent.clone());
    let (had, error) = with_object(
        source(&server.url(), "s3://logs").with_options(small_parts()),
        |mut object| {
            let mut had = vec![0; 100_000];
            object.body.read_exact(&mut had).unwrap();
            server.put("logs", "x", vec![0; 40_000_000]);
            let error = object.body.read_to_end(&mut had).unwrap_err();
            (had, error.to_string())
        },
    );
    assert!(
        error.starts_with("the object was replaced while it was read (after "),
        "{error}"
    );
    assert_same(&had, &sent[..had.len()]);
    assert!(had.len() < 5_000_000, "what is read ahead is bounded: {}", had.len());
}

#[test]
fn of_an_object_with_an_index_only_what_is_asked_for_is_fetched() {
    let server = S3Server::start();
    let sent = noise(5_000_000);
    server.put("logs", "x.log.parquet", sent.clone());
    with_object(source(&server.url(), "s3://logs"), |object| {
        let at = object.at.unwrap();
        drop(object.body);
        assert_eq!(at.size(), 5_000_000);
        for (offset, length) in [(4_999_992, 8), (1_000_000, 250_000), (0, 4), (5_000_000, 0)] {
            assert_same(&bytes_at(&*at, offset, length).unwrap(), &sent[offset..offset + length]);
        }
        for (offset, length) in [(4_999_999, 2), (usize::MAX, 1)] {
            let error = bytes_at(&*at, offset, length).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
        assert_eq!(
            ranges(&server),
            [(4_999_992, 5_000_000), (1_000_000, 1_250_000), (0, 4)]
        );
        server.delete("logs", "x.log.parquet");
        let error = bytes_at(&*at, 10, 10).unwrap_err().to_string();
        assert_eq!(
            error,
            "the object was deleted while it was read (after 10 of 5000000 bytes)"
        );
    });
}

#[test]
fn ranges_outlive_breaks_and_the_body_of_the_same_object() {
    let server = S3Server::start();
    let mut sent = b"PAR1".to_vec();
    sent.extend(noise(3_000_000));
    server.put("logs", "no-ending", sent.clone());
    let proxy = Proxy::start(server.address(), &[Break::Reset(2_500_000); 3]);
    with_object(source(&proxy.url(), "s3://logs"), |mut object| {
        let mut magic = [0; 4];
        object.body.read_exact(&mut magic).unwrap();
        assert_eq!(&magic, b"PAR1");
        let at = object.at.unwrap();
        assert_same(&bytes_at(&*at, 100, 2_900_000).unwrap(), &sent[100..2_900_100]);
        let mut rest = Vec::new();
        object.body.read_to_end(&mut rest).unwrap();
        assert_same(&rest, &sent[4..]);
    });
}

fn bytes_at(at: &dyn ReadAt, offset: usize, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    at.read_at(offset as u64, &mut bytes)?;
    Ok(bytes)
}

/// Does something with the one object of a source.
pub(super) fn with_object<T>(source: S3Source, what: impl FnOnce(Object) -> T) -> T {
    let (to, objects) = sync_channel(1);
    std::thread::scope(|threads| {
        threads.spawn(move || source.deliver(&to).unwrap());
        let Delivery::Object(object) = objects.recv().unwrap() else {
            panic!("the object did not open")
        };
        what(object)
    })
}
