//! The same map from S3 as from files: over a real S3-protocol server, credentials from the environment.

use std::path::Path;
use std::process::Command;

use egressmap_loopback::S3Server;
use egressmap_world::{Bulk, Container, FlowVersion, Layout};

use crate::world::{assert_true, city};
use crate::{egressmap, expect, shown};

/// A command that finds the server and its credentials in its environment.
pub(crate) fn with_credentials<'c>(command: &'c mut Command, server: &S3Server) -> &'c mut Command {
    command
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_REGION", S3Server::REGION)
        .env("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY)
}

#[test]
fn a_city_in_a_bucket_of_more_than_a_thousand_keys_is_mapped_exactly() {
    let world = city(FlowVersion::V5);
    let server = S3Server::start();
    let dir = tempfile::tempdir().unwrap();
    let mut keys = 0;
    for (path, bytes) in world
        .files(Layout {
            container: Container::Gzip,
        })
        .unwrap()
    {
        if let Ok(key) = path.strip_prefix("logs") {
            server.put("city-logs", &format!("shared/{}", key.to_str().unwrap()), bytes);
            keys += 1;
        } else {
            std::fs::write(dir.path().join(path), bytes).unwrap();
        }
    }
    assert!(keys > 1_000, "the listing has pages: {keys}");
    let map = dir.path().join("map.parquet");
    let mut command = egressmap();
    command
        .args([
            "discover",
            "s3://city-logs/shared/",
            "--quiet",
            "--threads",
            "2",
            "--out",
        ])
        .arg(&map);
    command.arg("--inventory").arg(dir.path().join("inventory.csv"));
    command.arg("--names").arg(dir.path().join("ip-ranges.json"));
    expect(0, with_credentials(&mut command, &server));
    assert_true(&world, &map);
}

#[test]
fn an_object_of_50_mb_is_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let bulk = Bulk {
        bytes: 52_428_800,
        edges: 5_000,
        objects: 1,
        container: Container::Plain,
        seed: 3,
    };
    bulk.write(dir.path()).unwrap();
    let server = S3Server::start();
    let file = only_log(dir.path());
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.len() > 50_000_000);
    server.put("bulk", "one/large.log", bytes);

    let from = |source: &str, map: &Path| {
        let mut command = egressmap();
        command.args(["discover", source, "--quiet", "--out"]).arg(map);
        command.arg("--inventory").arg(dir.path().join("inventory.csv"));
        expect(0, with_credentials(&mut command, &server));
        shown(map)
    };
    let (disk, s3) = (dir.path().join("disk.parquet"), dir.path().join("s3.parquet"));
    assert_eq!(from(file.to_str().unwrap(), &disk), from("s3://bulk/one/", &s3));
}

#[test]
fn a_missing_bucket_and_missing_credentials_are_explained() {
    let server = S3Server::start();
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    let discover = |source: &str| {
        let mut command = egressmap();
        command.args(["discover", source, "--out"]).arg(&map);
        command
    };
    let (_, stderr) = expect(1, with_credentials(&mut discover("s3://no-such-bucket/x"), &server));
    assert!(stderr.contains("cannot list s3://no-such-bucket/x"), "{stderr}");
    let mut bare = discover("s3://city-logs/x");
    bare.env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let (_, stderr) = expect(1, &mut bare);
    assert!(stderr.contains("credentials") && stderr.contains("hint:"), "{stderr}");
}

fn only_log(folder: &Path) -> std::path::PathBuf {
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "log") {
                return path;
            }
        }
    }
    panic!("no log below {}", folder.display())
}
