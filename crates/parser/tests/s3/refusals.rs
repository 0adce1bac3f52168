//! What S3 refuses is said in words that tell what to do.

use super::*;

/// The fault of a source over a bucket with one object, whose server was told to be difficult.
fn refused(difficulty: impl Fn(&S3Server), uri: &str) -> String {
    let server = S3Server::start();
    server.put("logs", "x", "x");
    difficulty(&server);
    fault(&read(source(&server.url(), uri)).1)
}

#[test]
fn a_missing_bucket_is_named_with_the_place_it_was_looked_for() {
    let text = refused(|_| (), "s3://missing/flow/");
    assert!(
        text.starts_with("cannot list s3://missing/flow/: no such bucket\n  hint: check the name \"missing\""),
        "{text}"
    );
    assert!(text.contains("http://127.0.0.1:"), "{text}");
}

#[test]
fn a_denied_listing_names_the_permission() {
    let text = refused(
        |server| server.refuse("logs", "ListObjectsV2", "AccessDenied"),
        "s3://logs/flow/",
    );
    let expected = "cannot list s3://logs/flow/: access denied (needs s3:ListBucket)\n  hint: check AWS_PROFILE";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_denied_object_names_the_permission() {
    let text = refused(|server| server.refuse("logs", "GetObject", "AccessDenied"), "s3://logs");
    assert!(
        text.starts_with("cannot read s3://logs/x: access denied (needs s3:GetObject)\n  hint: "),
        "{text}"
    );
}

#[test]
fn an_archived_object_says_so() {
    let text = refused(
        |server| server.refuse("logs", "GetObject", "InvalidObjectState"),
        "s3://logs",
    );
    assert!(
        text.starts_with("cannot read s3://logs/x: the object is archived"),
        "{text}"
    );
}

#[test]
fn expired_credentials_say_how_to_renew_them() {
    let text = refused(
        |server| server.refuse("logs", "ListObjectsV2", "ExpiredToken"),
        "s3://logs",
    );
    let expected =
        "cannot list s3://logs/: the credentials have expired (ExpiredToken)\n  hint: renew them: aws sso login";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn throttling_that_does_not_end_is_a_fault() {
    let text = refused(|server| server.refuse("logs", "ListObjectsV2", "SlowDown"), "s3://logs");
    assert!(
        text.contains("answered SlowDown to every attempt\n  hint: try again later"),
        "{text}"
    );
}

#[test]
fn a_code_that_nobody_foresaw_is_shown_as_it_came() {
    let text = refused(|server| server.refuse("logs", "ListObjectsV2", "Teapot"), "s3://logs");
    assert!(text.starts_with("cannot list s3://logs/: Teapot"), "{text}");
}

#[test]
fn a_redirect_that_leads_nowhere_is_explained() {
    let text = refused(
        |server| server.refuse("logs", "ListObjectsV2", "PermanentRedirect"),
        "s3://logs",
    );
    assert!(
        text.contains("the bucket is in another region than eu-central-1"),
        "{text}"
    );
    assert!(
        text.ends_with("\n  hint: set AWS_REGION to the bucket's region"),
        "{text}"
    );
}

#[test]
fn a_wrong_secret_and_an_unknown_key_are_told_apart() {
    let server = S3Server::start();
    server.put("logs", "x", "x");
    for (key, secret, expected) in [
        (
            S3Server::ACCESS_KEY,
            "not-the-secret",
            "the secret key does not belong to the access key\n  hint: check AWS_SECRET",
        ),
        (
            "AKIAUNKNOWN",
            S3Server::SECRET_KEY,
            "the access key is not known there\n  hint: check AWS_ACCESS_KEY_ID",
        ),
    ] {
        let source = source(&server.url(), "s3://logs").with_config(config_with(&server.url(), key, secret));
        let text = fault(&read(source).1);
        assert!(
            text.starts_with(&format!("cannot list s3://logs/: {expected}")),
            "{text}"
        );
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn keys_cannot_act_on_a_terminal() {
    let server = S3Server::start();
    server.put("logs", "\u{1b}[2J\u{202e}x", "x");
    server.refuse("logs", "GetObject", "AccessDenied");
    let text = fault(&read(source(&server.url(), "s3://logs")).1);
    assert!(
        text.starts_with("cannot read s3://logs/\\u{1b}[2J\\u{202e}x: access denied"),
        "{text}"
    );
}
