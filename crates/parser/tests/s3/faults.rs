//! A network that breaks costs time, never a byte; a change of the object is an error, never a mixture.

use std::io::Read;
use std::sync::mpsc::sync_channel;

use egressmap_loopback::{Break, Proxy};
use egressmap_parser::source::Delivery;

use super::*;

const LARGE: usize = 50_000_000;

/// Large objects as one answer.
fn whole() -> S3Options {
    S3Options {
        large: u64::MAX,
        ..options()
    }
}

#[test]
fn a_body_that_is_reset_cut_and_stalled_is_resumed_to_the_exact_byte() {
    let server = S3Server::start();
    let sent = noise(LARGE);
    server.put("logs", "large", sent.clone());
    let mut breaks = [
        Break::Reset(7_000_001),
        Break::Fin(5_000_000),
        Break::Stall(3_000_000),
        Break::Reset(100),
        Break::Fin(0),
        Break::Stall(9_000_000),
    ];
    let proxy = Proxy::start(server.address(), &breaks);
    let patience = S3Options {
        idle: Duration::from_secs(2),
        ..whole()
    };
    let bytes = read_well(source(&proxy.url(), "s3://logs").with_options(patience));
    assert_same(&bytes["s3://logs/large"][0], &sent);
    // Which connection the client takes from its pool is chance; that all of them broke is not.
    let mut broken = proxy.broken();
    broken.sort_unstable();
    breaks.sort_unstable();
    assert_eq!(broken, breaks);
    let gets = server
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("GetObject"));
    let ranges: Vec<u64> = gets
        .filter_map(|get| get.split_once("bytes=")?.1.split_once('-')?.0.parse().ok())
        .collect();
    assert!(ranges.len() >= 4 && ranges.is_sorted(), "{ranges:?}");
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_tried_again() {
    let server = S3Server::start();
    server.put("logs", "x", "whole");
    let proxy = Proxy::start(server.address(), &[Break::Reset(0)]);
    assert_eq!(read_well(source(&proxy.url(), "s3://logs"))["s3://logs/x"], [b"whole"]);
    assert_eq!(proxy.broken().len(), 1);
}

#[test]
fn a_body_that_comes_in_drips_is_read_whole() {
    let server = S3Server::start();
    let sent = noise(300_000);
    server.put("logs", "x", sent.clone());
    let proxy = Proxy::start(server.address(), &[Break::Drip(1000), Break::Drip(100_000)]);
    let impatient = S3Options {
        idle: Duration::from_secs(2),
        ..whole()
    };
    let bytes = read_well(source(&proxy.url(), "s3://logs").with_options(impatient));
    assert_same(&bytes["s3://logs/x"][0], &sent);
    assert_eq!(proxy.broken().len(), 1);
}

#[test]
fn a_storm_of_slow_down_costs_time_and_no_object() {
    let server = S3Server::start();
    for n in 0..50 {
        server.put("logs", &format!("{n}"), format!("object {n}"));
    }
    server.refuse_times("logs", "ListObjectsV2", "SlowDown", 5);
    server.refuse_times("logs", "GetObject", "SlowDown", 60);
    let bytes = read_well(source(&server.url(), "s3://logs").with_options(S3Options { resumes: 40, ..whole() }));
    assert_eq!(bytes.len(), 50);
    assert!(bytes.iter().all(|(uri, reads)| {
        let key = uri.strip_prefix("s3://logs/").unwrap();
        reads == &[format!("object {key}").into_bytes()]
    }));
}

#[test]
fn a_body_that_breaks_for_good_costs_no_other_object() {
    let server = S3Server::start();
    for key in ["a", "z"] {
        server.put("logs", key, "small");
    }
    server.put("logs", "large", noise(LARGE));
    let proxy = Proxy::start(server.address(), &[Break::Reset(2_000_000); 50]);
    let never_resumed = S3Options { resumes: 0, ..whole() };
    let (bytes, outcome) = read(source(&proxy.url(), "s3://logs").with_options(never_resumed));
    let fault = fault(&outcome);
    assert!(
        fault.starts_with("s3://logs/large: the transfer broke off after "),
        "{fault}"
    );
    assert!(fault.contains(" of 50000000 bytes: "), "{fault}");
    assert_eq!(
        (&bytes["s3://logs/a"], &bytes["s3://logs/z"]),
        (&vec![b"small".to_vec()], &vec![b"small".to_vec()])
    );
    let had = &bytes["s3://logs/large"][0];
    assert_same(had, &noise(LARGE)[..had.len()]);
}

#[test]
fn a_body_that_cannot_be_resumed_is_given_up_after_the_stated_attempts() {
    let (had, error, resumes) = change_while_reading(|server| server.refuse("logs", "GetObject", "InternalError"));
    let expected = format!("the transfer broke off after {} of 50000000 bytes: ", had.len());
    assert!(
        error.starts_with(&expected) && error.contains("answered InternalError to every attempt"),
        "{error}"
    );
    assert_eq!(resumes, 4 * 2, "each of the four is tried twice by the SDK");
    assert_same(&had, &noise(LARGE)[..had.len()]);
}

#[test]
fn bytes_that_do_not_match_the_stored_checksum_are_an_error() {
    let server = S3Server::start();
    server.put("logs", "x", "not what was stored");
    server.claim_checksum("logs", "x", "AAAAAA==");
    let fault = fault(&read(source(&server.url(), "s3://logs")).1);
    let expected = "s3://logs/x: all 19 bytes came, and not those that were stored: body checksum";
    assert!(fault.starts_with(expected), "{fault}");
}

#[test]
fn an_object_replaced_while_it_is_read_is_an_error_and_not_a_mixture() {
    let change = |server: &S3Server| server.put("logs", "large", vec![0; LARGE]);
    let (had, error, _) = change_while_reading(change);
    assert!(
        error.starts_with("the object was replaced while it was read"),
        "{error}"
    );
    assert_same(&had, &noise(LARGE)[..had.len()]);
}

#[test]
fn an_object_deleted_while_it_is_read_is_an_error() {
    let (had, error, _) = change_while_reading(|server| server.delete("logs", "large"));
    assert!(error.starts_with("the object was deleted while it was read"), "{error}");
    assert_same(&had, &noise(LARGE)[..had.len()]);
}

/// Reads a byte, lets the object change, and reads on over a connection that breaks late.
///
/// What was had, the error, and how many requests asked for the rest.
fn change_while_reading(change: impl Fn(&S3Server)) -> (Vec<u8>, String, usize) {
    let server = S3Server::start();
    server.put("logs", "large", noise(LARGE));
    // Later than all buffers on the way could hold while nobody reads.
    let proxy = Proxy::start(server.address(), &[Break::Reset(45_000_000); 3]);
    let source = source(&proxy.url(), "s3://logs").with_options(whole());
    let (to, objects) = sync_channel(1);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let to = to;
            source.deliver(&to).unwrap();
        });
        let Delivery::Object(mut object) = objects.recv().unwrap() else {
            panic!("the object did not open")
        };
        let mut had = vec![0; 1];
        object.body.read_exact(&mut had).unwrap();
        assert_eq!(proxy.broken(), [], "the bounded bridge holds the rest back");
        change(&server);
        let error = object.body.read_to_end(&mut had).unwrap_err();
        let resumes = server
            .requests()
            .iter()
            .filter(|request| request.contains(" bytes="))
            .count();
        (had, error.to_string(), resumes)
    })
}
