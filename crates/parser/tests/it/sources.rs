//! Sources: what is found, in which order, and what is said about what cannot be read.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use egressmap_parser::source::{self, Delivery, SourceError, Wanted};

/// The URIs that a source delivers, and its failures, in order; then how it ended.
fn deliver(spec: &str) -> (Vec<String>, Result<(), SourceError>) {
    let (to, from) = sync_channel(1000);
    let ended = source::open(spec, &Wanted::default()).unwrap().deliver(&to);
    drop(to);
    let deliveries = from.iter().map(|delivery| match delivery {
        Delivery::Object(object) => object.id.uri,
        Delivery::Failed(error) => error.to_string(),
        Delivery::Note(note) => note,
    });
    (deliveries.collect(), ended)
}

/// A folder with files of these names, each with its name in it.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    folder
}

/// Below the folder, without its own path.
fn relative(folder: &Path, uris: &[String]) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    uris.iter().map(|uri| uri.replace(&prefix, "")).collect()
}

#[test]
fn a_file_is_one_object_with_its_size() {
    let folder = folder(&["a.log"]);
    let spec = folder.path().join("a.log").display().to_string();
    let (to, from) = sync_channel(1);
    let source = source::open(&spec, &Wanted::default()).unwrap();
    assert_eq!(source.uri(), spec);
    source.deliver(&to).unwrap();
    let Delivery::Object(mut object) = from.recv().unwrap() else {
        panic!("the file cannot be opened")
    };
    assert_eq!(
        (object.id.uri.as_str(), object.id.size, &object.id.version),
        (spec.as_str(), Some(5), &None)
    );
    let mut text = String::new();
    object.body.read_to_string(&mut text).unwrap();
    assert_eq!(text, "a.log");
}

#[test]
fn a_folder_is_every_file_below_it_in_order_and_no_name_is_special() {
    let folder = folder(&[
        "b/2.gz",
        "b/10.gz",
        "a",
        "c.log",
        ".hidden",
        "AWSLogs/aws-logs-write-test",
    ]);
    let (uris, ended) = deliver(folder.path().to_str().unwrap());
    assert_eq!(ended, Ok(()));
    let expected = [
        ".hidden",
        "AWSLogs/aws-logs-write-test",
        "a",
        "b/10.gz",
        "b/2.gz",
        "c.log",
    ];
    assert_eq!(relative(folder.path(), &uris), expected);
}

#[test]
fn a_glob_is_what_matches_it() {
    let folder = folder(&["x/1.log", "x/2.log.gz", "x/y/3.log", "z/4.log", "x/.5.log"]);
    let root = folder.path().display();
    for (glob, expected) in [
        ("x/*.log", &["x/.5.log", "x/1.log"][..]),
        ("**/*.log", &["x/.5.log", "x/1.log", "x/y/3.log", "z/4.log"]),
        ("{x,z}/[14].log", &["x/1.log", "z/4.log"]),
        ("x/?.log*", &["x/1.log", "x/2.log.gz"]),
    ] {
        let (uris, ended) = deliver(&format!("{root}/{glob}"));
        assert_eq!(
            (relative(folder.path(), &uris), ended),
            (expected.iter().map(|it| (*it).to_owned()).collect(), Ok(()))
        );
    }
}

#[test]
fn a_file_whose_name_looks_like_a_glob_is_that_file() {
    let folder = folder(&["a[1].log", "a1.log"]);
    let (uris, _) = deliver(&folder.path().join("a[1].log").display().to_string());
    assert_eq!(relative(folder.path(), &uris), ["a[1].log"]);
}

#[test]
fn what_cannot_be_opened_is_reported_and_the_rest_is_read() {
    let folder = folder(&["a.log", "z.log"]);
    symlink("nowhere", folder.path().join("gone.log")).unwrap();
    symlink(".", folder.path().join("loop")).unwrap();
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    let (deliveries, ended) = deliver(folder.path().to_str().unwrap());
    assert_eq!(ended, Ok(()));
    let found = relative(folder.path(), &deliveries);
    assert_eq!(
        (found.len(), found[0].as_str(), found[4].as_str()),
        (5, "a.log", "z.log")
    );
    assert!(
        found[1].starts_with("cannot list gone.log: ") && found[1].contains("No such file"),
        "{}",
        found[1]
    );
    assert!(
        found[2].starts_with("cannot list loop: ") && found[2].contains("loop"),
        "{}",
        found[2]
    );
    assert_eq!(found[3], "cannot open socket: it is not a regular file");
}

#[test]
fn a_source_without_any_object_says_why() {
    let folder = folder(&["a.log"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (spec, why) in [
        ("missing", "there is no such file or folder"),
        ("empty", "there is no file in it"),
        ("*.gz", "no file matches it"),
        ("missing/*.gz", "no file matches it"),
    ] {
        let spec = folder.path().join(spec).display().to_string();
        let (_, ended) = deliver(&spec);
        assert_eq!(ended.unwrap_err().to_string(), format!("cannot read {spec}: {why}"));
    }
}

#[test]
fn a_glob_that_cannot_be_read_is_refused() {
    let Err(error) = source::open("logs/[a.log", &Wanted::default()) else {
        panic!("the glob is taken")
    };
    assert!(
        error
            .to_string()
            .starts_with("cannot read logs/[a.log: unclosed character class"),
        "{error}"
    );
}

#[test]
fn an_unknown_scheme_names_what_there_is() {
    let Err(error) = source::open("gs://bucket/logs", &Wanted::default()) else {
        panic!("the scheme is taken")
    };
    let examples: Vec<_> = source::REGISTRY.iter().map(|kind| kind.example).collect();
    let expected = format!(
        "no source is called gs://; expected something like {}",
        examples.join(" or ")
    );
    assert_eq!(
        (error.what.as_str(), error.why),
        ("cannot read gs://bucket/logs", expected)
    );
    let Err(error) = source::open("file:///var/log", &Wanted::default()) else {
        panic!("the scheme is taken")
    };
    assert_eq!(error.hint.as_deref(), Some("give the path alone, without file://"));
}

#[test]
fn every_source_recognises_its_own_example_and_no_earlier_one_does() {
    for (index, kind) in source::REGISTRY.iter().enumerate() {
        let first = source::REGISTRY
            .iter()
            .position(|other| (other.recognises)(kind.example));
        assert_eq!(first, Some(index), "{}", kind.name);
    }
}

#[test]
fn standard_input_is_a_dash() {
    let (uris, ended) = deliver("-");
    assert_eq!((uris, ended), (vec!["-".to_owned()], Ok(())));
}

#[test]
fn nobody_listening_ends_a_delivery_early_without_error() {
    let folder = folder(&["a", "b", "c"]);
    for spec in [
        folder.path().display().to_string(),
        folder.path().join("a").display().to_string(),
        "-".to_owned(),
    ] {
        let (to, from) = sync_channel(0);
        drop(from);
        assert_eq!(source::open(&spec, &Wanted::default()).unwrap().deliver(&to), Ok(()));
    }
}
