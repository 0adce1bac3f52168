//! Credentials that expire in mid-run are fetched anew once; a request says who pays; a bucket elsewhere is followed.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::future::ProvideCredentials as Provided;

use super::*;

/// Gives another access key each time it is asked.
#[derive(Debug, Clone, Default)]
struct Rotating(Arc<AtomicUsize>);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        let key = format!("{}{}", S3Server::ACCESS_KEY, self.0.fetch_add(1, Ordering::Relaxed));
        Provided::ready(Ok(Credentials::new(key, S3Server::SECRET_KEY, None, None, "test")))
    }
}

fn rotating(server: &S3Server) -> (Rotating, S3Source) {
    let provider = Rotating::default();
    let config = config(&server.url())
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider.clone()))
        .build();
    (provider, source(&server.url(), "s3://logs").with_config(config))
}

fn access_key(n: usize) -> String {
    format!("{}{n}", S3Server::ACCESS_KEY)
}

fn server_with(objects: usize) -> S3Server {
    let server = S3Server::start();
    for n in 0..objects {
        server.put("logs", &format!("{n:03}"), format!("object {n}"));
    }
    server
}

#[test]
fn credentials_that_expire_in_mid_run_are_fetched_anew() {
    let server = server_with(100);
    for (key, answers) in [(0, 30), (1, 40)] {
        server.expire_after("logs", &access_key(key), answers);
    }
    let (provider, source) = rotating(&server);
    let bytes = read_well(source);
    assert_eq!(bytes.len(), 100);
    assert!(bytes.values().all(|reads| reads.len() == 1));
    assert_eq!(provider.0.load(Ordering::Relaxed), 3);
}

#[test]
fn credentials_that_stay_expired_are_fetched_anew_once_and_named() {
    let server = server_with(20);
    server.expire_after("logs", &access_key(0), 5);
    for key in 1..10 {
        server.expire_after("logs", &access_key(key), 0);
    }
    let (provider, source) = rotating(&server);
    let (bytes, outcome) = read(source);
    assert_eq!(
        (bytes.len(), texts(&outcome).len()),
        (4, 16),
        "one answer was the listing"
    );
    for text in texts(&outcome) {
        assert!(text.starts_with("cannot read s3://logs/0"), "{text}");
        assert!(
            text.ends_with(
                "the credentials have expired (ExpiredToken)\n  hint: renew them: aws sso login, or a new session token"
            ),
            "{text}"
        );
    }
    assert_eq!(provider.0.load(Ordering::Relaxed), 2);
}

#[test]
fn a_bucket_whose_reader_pays_is_read_by_who_says_so() {
    let server = server_with(3);
    server.requester_pays("logs");
    let text = fault(&read(source(&server.url(), "s3://logs")).1);
    assert!(
        text.starts_with("cannot list s3://logs/: access denied (needs s3:ListBucket)"),
        "{text}"
    );
    assert!(
        text.contains("; --requester-pays where whoever reads the bucket pays for it"),
        "{text}"
    );
    let wanted = Wanted {
        requester_pays: true,
        ..Wanted::default()
    };
    let small = S3Options {
        large: 2,
        part: 2,
        ..options()
    };
    let paid = source(&server.url(), "s3://logs")
        .with_wanted(wanted.clone())
        .with_options(small);
    assert_eq!(read_well(paid).len(), 3);
    server.refuse("logs", "GetObject", "AccessDenied");
    let denied = read(source(&server.url(), "s3://logs").with_wanted(wanted)).1;
    assert!(texts(&denied).iter().all(|text| !text.contains("--requester-pays")));
}

#[test]
fn a_bucket_in_another_region_is_followed_there_however_it_says_so() {
    for in_words in [false, true] {
        let server = server_with(3);
        server.move_bucket("logs", "ap-southeast-2");
        if in_words {
            server.redirect_in_words("logs");
        }
        let bytes = read_well(source(&server.url(), "s3://logs"));
        assert_eq!(bytes["s3://logs/002"], [b"object 2"]);
        let lists = server
            .requests()
            .iter()
            .filter(|request| request.starts_with("List"))
            .count();
        assert_eq!((lists, server.requests().len()), (2, 5), "the region is learnt once");
    }
}

#[test]
fn a_bucket_that_moves_in_mid_run_is_followed_with_its_objects() {
    let server = server_with(200);
    let (to, objects) = std::sync::mpsc::sync_channel(0);
    let source = source(&server.url(), "s3://logs");
    let mut read = 0;
    std::thread::scope(|threads| {
        threads.spawn(move || source.deliver(&to).unwrap());
        while let Ok(delivery) = objects.recv() {
            let egressmap_parser::source::Delivery::Object(mut object) = delivery else {
                panic!("an object did not open")
            };
            let mut text = String::new();
            std::io::Read::read_to_string(&mut object.body, &mut text).unwrap();
            assert!(text.starts_with("object "));
            read += 1;
            if read == 10 {
                server.move_bucket("logs", "eu-west-3");
            }
        }
    });
    assert_eq!(read, 200);
}
