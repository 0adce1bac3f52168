//! Credentials, region and endpoint come from where every AWS tool looks for them.
//!
//! A process cannot change its own environment safely, so each case runs this binary once more as a child.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use egressmap_loopback::{Break, Proxy, Tls};

use super::*;

const REPORT: &str = "EGRESSMAP_TEST_REPORT";
const CHILD: &str = "environment::the_environment_alone_is_enough";

/// What a child that has nothing but these variables reads from `s3://logs/flow/`, or the fault it meets.
fn report(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let output = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact"])
        .env_clear()
        .env("HOME", folder.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(REPORT, &report)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(report).unwrap()
}

/// The child's part: no configuration of its own.
fn write_report(to: &Path) {
    let (bytes, outcome) = read(S3Source::new("s3://logs/flow/").unwrap());
    let mut lines = texts(&outcome);
    lines.extend(
        bytes
            .into_iter()
            .map(|(uri, reads)| format!("{uri} {}", String::from_utf8_lossy(&reads[0]))),
    );
    fs::write(to, lines.join("\n")).unwrap();
}

fn server() -> S3Server {
    let server = S3Server::start();
    server.put("logs", "flow/1", "one");
    server
}

#[test]
fn the_environment_alone_is_enough() {
    if let Some(to) = std::env::var_os(REPORT) {
        return write_report(Path::new(&to));
    }
    let server = server();
    let found = report(&[
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
        ("AWS_REGION", S3Server::REGION),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_S3", &server.url()),
    ]);
    assert_eq!(found, "s3://logs/flow/1 one");
}

#[test]
fn the_proxy_of_the_environment_is_asked_but_not_for_the_own_machine() {
    let server = server();
    let proxy = Proxy::start(server.address(), &[Break::Stall(u64::MAX)]);
    let keys = [
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
        ("AWS_REGION", S3Server::REGION),
    ];
    let through = [("AWS_ENDPOINT_URL", "http://s3.test"), ("HTTP_PROXY", &proxy.url())];
    assert_eq!(report(&[keys.as_slice(), &through].concat()), "s3://logs/flow/1 one");
    let beside = [
        ("AWS_ENDPOINT_URL", server.url()),
        ("HTTP_PROXY", "http://127.0.0.1:1".to_owned()),
    ];
    let beside = beside.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(report(&[keys.as_slice(), &beside].concat()), "s3://logs/flow/1 one");
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_it_is_named_and_nowhere_else() {
    let server = server();
    let tls = Tls::start(server.address());
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own.pem"), folder.path().join("other.pem"));
    fs::write(&own, tls.authority()).unwrap();
    fs::write(&other, Tls::start(server.address()).authority()).unwrap();
    let trusting = |bundle: &Path| {
        report(&[
            ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
            ("AWS_REGION", S3Server::REGION),
            ("AWS_ENDPOINT_URL", &tls.url()),
            ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
        ])
    };
    assert_eq!(trusting(&own), "s3://logs/flow/1 one");
    let refused = trusting(&other);
    assert!(
        refused.starts_with("cannot list s3://logs/flow/: ") && refused.contains("certificate"),
        "{refused}"
    );
}

#[test]
fn a_bundle_of_certificates_that_is_none_is_an_error_with_a_hint() {
    let found = report(&[
        ("AWS_REGION", S3Server::REGION),
        ("AWS_CA_BUNDLE", "/no/such/bundle.pem"),
    ]);
    assert!(found.starts_with("cannot trust /no/such/bundle.pem: "), "{found}");
    assert!(
        found.contains("\n  hint: AWS_CA_BUNDLE names a file of PEM certificates"),
        "{found}"
    );
}

#[test]
fn a_profile_is_enough() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (folder.path().join("config"), folder.path().join("credentials"));
    let region = S3Server::REGION;
    let url = server.url();
    let text = format!(
        "[profile audit]\nregion = {region}\nservices = local\n[services local]\ns3 =\n  endpoint_url = {url}\n"
    );
    fs::write(&config, text).unwrap();
    let (key, secret) = (S3Server::ACCESS_KEY, S3Server::SECRET_KEY);
    fs::write(
        &credentials,
        format!("[audit]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"),
    )
    .unwrap();
    let found = report(&[
        ("AWS_PROFILE", "audit"),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
    ]);
    assert_eq!(found, "s3://logs/flow/1 one");
}

#[test]
fn without_a_region_the_error_says_where_to_set_one() {
    let found = report(&[
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
        ("AWS_ENDPOINT_URL", &server().url()),
    ]);
    assert!(
        found.starts_with("cannot read s3://logs: no AWS region is set\n  hint: set AWS_REGION"),
        "{found}"
    );
}

#[test]
fn without_credentials_the_error_says_where_to_set_them() {
    let server = server();
    let found = report(&[("AWS_REGION", S3Server::REGION), ("AWS_ENDPOINT_URL", &server.url())]);
    let expected =
        "cannot list s3://logs/flow/: no AWS credentials were found\n  hint: set AWS_PROFILE, or AWS_ACCESS_KEY_ID";
    assert!(found.starts_with(expected), "{found}");
    assert_eq!(server.requests().len(), 0, "nothing is asked without a signature");
}

#[test]
fn a_profile_that_does_not_exist_is_an_error_with_a_hint() {
    let server = server();
    let found = report(&[
        ("AWS_PROFILE", "nobody"),
        ("AWS_REGION", S3Server::REGION),
        ("AWS_ENDPOINT_URL", &server.url()),
    ]);
    assert!(
        found.starts_with("cannot list s3://logs/flow/: ") && found.contains("\n  hint: "),
        "{found}"
    );
    assert!(found.contains("nobody"), "{found}");
}

#[test]
fn an_endpoint_that_nobody_serves_is_named_within_seconds() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let found = report(&[
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
        ("AWS_REGION", S3Server::REGION),
        ("AWS_ENDPOINT_URL", &format!("http://{free}")),
    ]);
    let expected =
        format!("cannot list s3://logs/flow/: connection refused by http://{free}\n  hint: check AWS_ENDPOINT");
    assert!(found.starts_with(&expected), "{found}");
    assert!(started.elapsed() < Duration::from_secs(10));
}
