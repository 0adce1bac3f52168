//! An object that changes between its listing and its reading is had whole as it is now, or named.

use super::*;

#[test]
fn an_object_replaced_after_its_listing_is_read_whole_as_it_is_now() {
    for size in [10, 3_000_000] {
        let server = S3Server::start();
        server.put("logs", "x", noise(2_000_000));
        let now = noise(size + 1).split_off(1);
        server.change_after_listing("logs", "x", Some(now.clone().into()));
        let (bytes, outcome) = read(source(&server.url(), "s3://logs").with_options(parts()));
        assert_eq!(texts(&outcome), Vec::<String>::new());
        assert_same(&bytes["s3://logs/x"][0], &now);
        let id = outcome.objects.first().unwrap();
        assert_eq!(id.size, Some(now.len() as u64));
        assert!(id.version.as_deref().unwrap().ends_with(&format!("{:x}", now.len())));
    }
}

#[test]
fn an_object_emptied_after_its_listing_is_read_as_empty() {
    let server = S3Server::start();
    server.put("logs", "x", noise(2_000_000));
    server.change_after_listing("logs", "x", Some(Vec::new().into()));
    let bytes = read_well(source(&server.url(), "s3://logs").with_options(parts()));
    assert_eq!(bytes["s3://logs/x"], [b""]);
}

#[test]
fn an_object_deleted_after_its_listing_is_named() {
    let server = S3Server::start();
    server.put("logs", "gone", "x");
    server.put("logs", "there", "x");
    server.change_after_listing("logs", "gone", None);
    let (bytes, outcome) = read(source(&server.url(), "s3://logs"));
    assert_eq!(
        fault(&outcome),
        "cannot read s3://logs/gone: the object is gone since it was listed"
    );
    assert_eq!(bytes.len(), 1);
}

#[test]
fn an_object_read_by_its_index_that_was_replaced_is_named() {
    let server = S3Server::start();
    server.put("logs", "x.parquet", noise(5000));
    server.change_after_listing("logs", "x.parquet", Some(noise(6000).into()));
    let text = fault(&read(source(&server.url(), "s3://logs")).1);
    assert_eq!(
        text,
        "s3://logs/x.parquet: the object was replaced while it was read (after 0 of 5000 bytes)"
    );
}

#[test]
fn an_object_that_an_earlier_run_counted_is_not_fetched_again() {
    let server = S3Server::start();
    server.put("logs", "old", "counted");
    server.put("logs", "changed", "before");
    let all = read(source(&server.url(), "s3://logs")).1.objects;
    server.put("logs", "changed", "after");
    server.put("logs", "new", "x");
    let earlier = server.requests().len();
    let wanted = Wanted {
        counted: Some(Arc::new(move |id| all.contains(id))),
        ..Wanted::default()
    };
    let bytes = read_well(source(&server.url(), "s3://logs").with_wanted(wanted));
    assert_eq!(bytes["s3://logs/old"], [b""]);
    assert_eq!(bytes["s3://logs/changed"], [b"after"]);
    assert_eq!(bytes["s3://logs/new"], [b"x"]);
    let mut requests = server.requests().split_off(earlier);
    requests.sort_unstable();
    assert_eq!(
        requests,
        [
            "GetObject logs changed",
            "GetObject logs new",
            "ListObjectsV2 logs  by folder"
        ]
    );
}

fn parts() -> S3Options {
    S3Options {
        large: 1_000_000,
        part: 300_000,
        ..options()
    }
}
